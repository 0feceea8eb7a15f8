"""The answers to the calls that the parts of the service bring, as `workload.py` describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator import listing, odata
from omconsole.simulator.replies import GraphError
from omconsole.simulator.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.served import Served
    from omconsole.simulator.workload import Workload
    from omconsole.simulator.world import World

_OF = {(call.version, call.path): workload for workload in WORKLOADS for call in workload.surface}


def answered(world: World, root: str, call: Served, key: str, options: Mapping[str, str], now: datetime) -> Row | None:
    """The body without its context; None for a call that is answered elsewhere.

    Raises:
        GraphError: there is no such object.
        odata.OptionError: an option is wrong.
    """
    workload = _OF.get((call.version, call.path))
    if workload is None:
        return None
    if call.path in workload.collections:
        return _list(workload.collections[call.path](world, now), workload, root, call, key, options)
    if call.path in workload.keyed:
        found = workload.keyed[call.path](world, key, now)
        if isinstance(found, list):
            return _list(found, workload, root, call, key, options)
    elif call.path in workload.singletons:
        found = workload.singletons[call.path](world, now)
    else:
        return None
    if found is None:
        raise GraphError(404, "ResourceNotFound", "An error has occurred", intune=True)
    return listing.chosen(found, _names(workload, call, options))


def _names(workload: Workload, call: Served, options: Mapping[str, str]) -> tuple[str, ...]:
    names = odata.selected(options, call.entity, call.properties)
    return names + odata.expanded(options, call.entity, workload.navigations.get(call.path, ()))


def _list(rows: list[Row], workload: Workload, root: str, call: Served, key: str, options: Mapping[str, str]) -> Row:
    compared = workload.filterable.get(call.path, ())
    keeps = listing.wanted(options.get("$filter", ""), compared)
    # Intune answers a filter that it does not know as if there were none.
    kept = rows if keeps is None else list(filter(keeps, rows))
    here = call if not key else call._replace(path=_with_key(call.path, key))
    size = workload.page_sizes.get(call.path, listing.PAGE)
    navigations = odata.expanded(options, call.entity, workload.navigations.get(call.path, ()))
    return listing.page(listing.ordered(kept, options, compared), options, here, root, size, navigations)


def _with_key(path: str, key: str) -> str:
    head, _, rest = path.partition("{")
    return head + key + rest.partition("}")[2]
