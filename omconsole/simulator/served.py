"""One call that the simulated tenant answers."""

from __future__ import annotations

from typing import NamedTuple


class Served(NamedTuple):
    """One call that is answered."""

    version: str
    path: str
    #: The type as `$select` errors and `@odata.context` name it.
    entity: str
    properties: tuple[str, ...]
    #: Every member of each enumeration that a row may carry, by property (`outer.inner` inside a complex one).
    enums: dict[str, tuple[str, ...]] = {}
    method: str = "GET"
