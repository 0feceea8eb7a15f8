"""The answers to what is asked about the tenant itself: from the option of the request to the rows of the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator import connectors, listing, odata, partners, service_health
from omconsole.simulator import tenant_surface as surface
from omconsole.simulator.audit import AuditLog
from omconsole.simulator.instants import seconds
from omconsole.simulator.replies import GraphError
from omconsole.simulator.user_care import UserCare
from omconsole.simulator.users import Directory
from omconsole.simulator.workloads import users

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.served import Served
    from omconsole.simulator.world import World

COLLECTIONS: Final[dict[str, Callable[[World, datetime], list[Row]]]] = {
    surface.HEALTH_OVERVIEWS.path: service_health.health_rows,
    surface.ADE_TOKENS.path: connectors.ade_tokens,
    surface.VPP_TOKENS.path: connectors.vpp_tokens,
    surface.NDES_CONNECTORS.path: partners.ndes_connectors,
    surface.CERTIFICATE_CONNECTORS.path: partners.certificate_connectors,
    surface.DOMAIN_JOIN_CONNECTORS.path: partners.domain_join_connectors,
    surface.EXCHANGE_CONNECTORS.path: partners.exchange_connectors,
    surface.THREAT_DEFENSE_CONNECTORS.path: partners.threat_defense_connectors,
    surface.DEVICE_PARTNERS.path: partners.device_partners,
    surface.COMPLIANCE_PARTNERS.path: partners.compliance_partners,
}
SINGLETONS: Final[dict[str, Callable[[World, datetime], Row | None]]] = {
    surface.APPLE_PUSH.path: connectors.apple_push,
    surface.GOOGLE_PLAY.path: connectors.google_play,
    surface.AUTOPILOT.path: connectors.autopilot,
    surface.SUBSCRIPTION.path: connectors.subscription_state,
}
"""None for what the tenant has not configured."""
NAVIGATIONS: Final = {surface.HEALTH_OVERVIEWS.path: ("issues",)}

_NEITHER_COMPARED: Final = ("posts", "details")


class TenantCalls:
    """Answers the calls that page, filter or look for one object; `root` is the origin of next links."""

    def __init__(self, world: World, root: str) -> None:
        self._world = world
        self._root = root
        self._audit = AuditLog(world)
        self._directory = Directory(world)

    async def answered(self, call: Served, key: str, options: Mapping[str, str], now: datetime) -> Row | None:
        """The body without its context; None for a call that is answered elsewhere.

        Raises:
            GraphError: there is no such object.
            odata.OptionError: an option is wrong.
        """
        if call is surface.ISSUES:
            return self._issues(options, now)
        if call is surface.AUDIT_EVENTS:
            return await self._events(options, now)
        if call is surface.USER:
            return await self._user(options, key, now)
        if call is users.USERS:
            return users.users_page(self._world, self._root, options, now)
        return None

    def _issues(self, options: Mapping[str, str], now: datetime) -> Row:
        call = surface.ISSUES
        compared = [name for name in call.properties if name not in _NEITHER_COMPARED]
        rows = service_health.issue_rows(self._world, now)
        keeps = listing.wanted(options.get("$filter", ""), compared)
        if keeps is None:
            raise odata.OptionError("Invalid filter clause")
        return listing.page(listing.ordered(list(filter(keeps, rows)), options, compared), options, call, self._root)

    async def _events(self, options: Mapping[str, str], now: datetime) -> Row:
        call, compared = surface.AUDIT_EVENTS, ("activityDateTime", "activityType", "category")
        rows = await self._audit.rows(now)
        keeps = listing.wanted(options.get("$filter", ""), compared)
        # Intune answers a filter that it does not know as if there were none.
        rows = rows if keeps is None else list(filter(keeps, rows))
        return listing.page(listing.ordered(rows, options, compared), options, call, self._root)

    async def _user(self, options: Mapping[str, str], key: str, now: datetime) -> Row:
        names = odata.selected(options, surface.USER.entity, surface.USER.properties)
        row = await self._directory.user(key)
        if row is None:
            missing = (
                f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
            )
            raise GraphError(404, "Request_ResourceNotFound", missing)
        lacking = self._world.part(UserCare).without_licence(seconds(now)) if "assignedPlans" in names else set[str]()
        return listing.chosen(row | users.plans_of(self._world, str(row["id"]), lacking), names)
