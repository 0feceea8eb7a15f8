"""One part of Intune's service that brings its own calls, reports and problems to the simulated tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.reports import Asked, Report, ReportRow
    from omconsole.simulator.served import Served
    from omconsole.simulator.world import Truth, World

ReportAction: TypeAlias = "tuple[Report, Callable[[World, Asked, int], Iterable[ReportRow]]]"
"""A report, and its rows at an instant in seconds since 1970 UTC, unfiltered but for what it requires."""


class Workload(NamedTuple):
    """What a part of the service serves. Paths are those of its `surface`, instants are aware."""

    surface: tuple[Served, ...]
    #: By path: every row of a list, of which the answer is a page; `$filter` on `filterable`, others are ignored.
    collections: Mapping[str, Callable[[World, datetime], list[Row]]] = {}
    #: By path: the one object; None for what the tenant has not configured.
    singletons: Mapping[str, Callable[[World, datetime], Row | None]] = {}
    #: By path with one `{key}`: the object, or the rows of a list below it; None for a key that nothing has.
    keyed: Mapping[str, Callable[[World, str, datetime], Row | list[Row] | None]] = {}
    #: By path: the properties that `$filter` and `$orderby` may name.
    filterable: Mapping[str, tuple[str, ...]] = {}
    #: By path: what `$expand` may name.
    navigations: Mapping[str, tuple[str, ...]] = {}
    #: By path: the rows of one page, where it is not 100.
    page_sizes: Mapping[str, int] = {}
    #: By the last segment of the path of a report action.
    reports: Mapping[str, ReportAction] = {}
    #: By `reportName` of an export job.
    exports: Mapping[str, ReportAction] = {}
    #: The problems of devices and users that it has at an instant.
    planted: Callable[[World, datetime], Iterable[Truth]] = lambda _world, _now: ()
    #: The alerts that it has at an instant: kind and subject id.
    alerts: Callable[[World, datetime], Iterable[tuple[str, str]]] = lambda _world, _now: ()
