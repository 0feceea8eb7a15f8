"""The simulated tenant as an ASGI application."""

from __future__ import annotations

import asyncio
import hmac
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from omconsole.simulator import (
    batch,
    figures,
    listing,
    odata,
    permissions,
    report_actions,
    reports,
    surface,
    tenant_calls,
    workload_calls,
)
from omconsole.simulator.exports import Exports
from omconsole.simulator.instants import moment, seconds
from omconsole.simulator.replies import GraphError, answer, refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from omconsole.simulator.courses import Moving
    from omconsole.simulator.faults import Faults
    from omconsole.simulator.served import Served
    from omconsole.simulator.sign_in import SignInServer
    from omconsole.simulator.world import World

#: After so many rows the loop gets its turn, for the console may live on it.
_SLICE = 50
_REPORTS = "/deviceManagement/reports/"
_BATCHES = ("v1.0/$batch", "beta/$batch")
#: A key behind its collection, `exportJobs('Devices_1')`, which is the same as `exportJobs/Devices_1`.
_KEYED = re.compile(r"([A-Za-z]+)\('([^']*)'\)")

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_COLLECTIONS: dict[str, Callable[[World, datetime], list[dict[str, object]]]] = {
    surface.COMPLIANCE_POLICIES.path: lambda world, _: world.compliance_policies(),
    surface.MOBILE_APPS.path: lambda world, _: world.mobile_apps(),
    **tenant_calls.COLLECTIONS,
}
#: What `$expand` may name.
_NAVIGATIONS = {surface.MOBILE_APPS.path: ("assignments",), **tenant_calls.NAVIGATIONS}
_SINGLETONS: dict[str, Callable[[World, datetime], dict[str, object] | None]] = {
    surface.DEVICE_OVERVIEW.path: figures.device_overview,
    surface.COMPLIANCE_SUMMARY.path: figures.compliance_summary,
    surface.PROTECTION_OVERVIEW.path: figures.protection_overview,
    surface.MALWARE_OVERVIEW.path: figures.malware_overview,
    **tenant_calls.SINGLETONS,
}


class Tenant:
    """Answers requests about one world; `root` is the origin that next links start with."""

    def __init__(
        self,
        world: World,
        clock: Callable[[], datetime],
        token: str | None,
        root: str,
        sign_in: SignInServer | None = None,
    ) -> None:
        self.world = world
        self.clock = clock
        self.token = token
        self.root = root.rstrip("/")
        self.sign_in = sign_in
        self.exports = Exports(world, self.root)
        #: What the parts of a batch go through: this tenant, and what stands before it.
        self.entry: ASGIApp | None = None
        self._calls = tenant_calls.TenantCalls(world, self.root)

    async def reply(self, request: Request) -> Response:
        """The answer to any request."""
        now = self.clock().astimezone(UTC)
        try:
            granted = self._let_in(request.headers.get("authorization", ""))
            if self.entry is not None and request.path_params["path"] in _BATCHES and request.method == "POST":
                return answer(request, now, await batch.answered(request, self.entry))
            call, key = self._route(request)
            if granted is not None:
                permissions.check(call.path, granted)
            if call is surface.EXPORT_JOBS:
                job = msgspec.json.encode(self.exports.ordered(await request.body(), now))
                return answer(request, now, job, status=201)
            if call is surface.EXPORT_JOB:
                return answer(request, now, msgspec.json.encode(self.exports.state(key, now)))
            if call.path.startswith(_REPORTS):
                action = call.path.removeprefix(_REPORTS)
                body = await report_actions.answered(self.world, action, await request.body(), seconds(now))
                return answer(request, now, body, reports.CONTENT_TYPE)
            return answer(request, now, await self._serve(request, call, key, now))
        except odata.OptionError as error:
            return refuse(request, now, GraphError(400, "BadRequest", str(error)))
        except GraphError as error:
            return refuse(request, now, error)

    def _let_in(self, authorization: str) -> frozenset[str] | None:
        """The permissions of the token that is shown; None: all of them."""
        if self.token is None:
            return None
        scheme, _, shown = authorization.partition(" ")
        if scheme.lower() != "bearer" or not shown.strip():
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
        if hmac.compare_digest(shown.strip().encode(), self.token.encode()):
            if self.sign_in is not None:
                self.sign_in.issuer.check_demand({})
            return None
        if self.sign_in is None:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
        return self.sign_in.issuer.permissions(shown.strip(), self.root, self.sign_in.now())

    @staticmethod
    def _route(request: Request) -> tuple[Served, str]:
        """The call and, for one object, its id."""
        version, *segments = _KEYED.sub(r"\1/\2", request.path_params["path"].strip("/")).split("/")
        if version not in ("v1.0", "beta"):
            raise GraphError(400, "BadRequest", f"Invalid version: {version}")
        for call in surface.SURFACE:
            wanted = call.path.strip("/").split("/")
            if call.version != version or len(wanted) != len(segments):
                continue
            pairs = list(zip(wanted, segments, strict=True))
            if all(_meets(want, have) for want, have in pairs):
                if request.method != call.method:
                    raise GraphError(405, "BadRequest", "Specified HTTP method is not allowed for the request target.")
                return call, next((have for want, have in pairs if want.startswith("{")), "")
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{_unknown(version, segments)}'.")

    async def _serve(self, request: Request, call: Served, key: str, now: datetime) -> bytes:
        special: dict[str, Callable[[], Awaitable[bytes]]] = {
            surface.DEVICES.path: lambda: self._devices(request.query_params, now),
            surface.DEVICE.path: lambda: self._device(request.query_params, key, now),
            surface.MESSAGES.path: lambda: self._messages(request, now),
            surface.TROUBLESHOOTING_EVENTS.path: lambda: self._events(request.query_params, now),
        }
        if call.path in special:
            return await special[call.path]()
        context = {"@odata.context": self._context(call, "/$entity" if key else "")}
        body = await self._calls.answered(call, key, request.query_params, now)
        body = body or workload_calls.answered(self.world, self.root, call, key, request.query_params, now)
        if body is not None:
            return msgspec.json.encode(context | body)
        names = odata.selected(request.query_params, call.entity, call.properties)
        names += odata.expanded(request.query_params, call.entity, _NAVIGATIONS.get(call.path, ()))
        if call.path in _SINGLETONS:
            row = _SINGLETONS[call.path](self.world, now)
            if row is None:
                raise GraphError(404, "ResourceNotFound", "An error has occurred", intune=True)
            return msgspec.json.encode(context | {name: row[name] for name in names})
        rows = _COLLECTIONS[call.path](self.world, now)
        return msgspec.json.encode(context | {"value": [listing.chosen(row, names) for row in rows]})

    def _context(self, call: Served, suffix: str = "") -> str:
        path = call.path.partition("/{")[0].lstrip("/")
        return f"{self.root}/{call.version}/$metadata#{path}{suffix}"

    # --- devices ------------------------------------------------------------------------------------------------

    async def _device(self, options: Mapping[str, str], key: str, now: datetime) -> bytes:
        known = (*surface.DEVICE_PROPERTIES, *surface.ONE_DEVICE_PROPERTIES)
        names = odata.selected(options, surface.DEVICE.entity, known)
        index = self.world.index_of(key, now)
        if index is None:
            raise GraphError(404, "ResourceNotFound", "An error has occurred", intune=True)
        row = self.world.device(index, now)
        context = {"@odata.context": self._context(surface.DEVICE, "/$entity")}
        return msgspec.json.encode(context | {name: row[name] for name in names})

    async def _devices(self, options: Mapping[str, str], now: datetime) -> bytes:
        names = odata.selected(options, surface.DEVICES.entity, surface.DEVICE_PROPERTIES)
        size = odata.page_size(options)
        token = odata.skip_token(options)
        start, cut = (0, now) if token is None else (token.start, moment(token.instant))
        matches = self._matcher(odata.documented_filter(options), cut)
        rows: list[bytes] = []
        following: int | None = None
        for index, state, row in self.world.rows(cut, names, start):
            if index % _SLICE == 0:
                await asyncio.sleep(0)
            if not matches(index, state):
                continue
            if len(rows) == size:
                following = index
                break
            rows.append(row)
        head: dict[str, object] = {"@odata.context": self._context(surface.DEVICES)}
        if options.get("$count", "").lower() == "true":
            every = self.world.rows(cut, ("id",))
            head["@odata.count"] = sum(matches(index, state) for index, state, _ in every)
        if following is not None:
            next_token = odata.SkipToken(seconds(cut), following).written()
            head["@odata.nextLink"] = listing.next_link(self.root, surface.DEVICES, options, {"$skiptoken": next_token})
        return msgspec.json.encode(head)[:-1] + b',"value":[' + b",".join(rows) + b"]}"

    def _matcher(self, wanted: odata.Filter | None, cut: datetime) -> Callable[[int, Moving], bool]:
        if wanted is None:
            return lambda index, state: True
        if wanted.moving is not None:
            predicate = wanted.moving
            return lambda index, state: predicate(state)
        categories = wanted.categories or frozenset()
        return lambda index, state: self.world.category(index, cut).casefold() in categories

    # --- enrolments ---------------------------------------------------------------------------------------------

    async def _events(self, options: Mapping[str, str], now: datetime) -> bytes:
        call = surface.TROUBLESHOOTING_EVENTS
        chosen = bool(options.get("$select"))
        names = odata.selected(options, call.entity, surface.EVENT_BASE_PROPERTIES if chosen else call.properties)
        size = odata.page_size(options)
        token = odata.skip_token(options) or odata.SkipToken(seconds(now), 0)
        rows = self.world.enrolments.rows(token.instant)
        end = token.start + size
        head: dict[str, object] = {"@odata.context": self._context(call)}
        if end < len(rows):
            following = odata.SkipToken(token.instant, end).written()
            head["@odata.nextLink"] = listing.next_link(self.root, call, options, {"$skiptoken": following})
        return msgspec.json.encode(head | {"value": [listing.chosen(row, names) for row in rows[token.start : end]]})

    # --- message centre -----------------------------------------------------------------------------------------

    async def _messages(self, request: Request, now: datetime) -> bytes:
        size = _preferred_page(request.headers.get("prefer", "")) or listing.PAGE
        posts = self.world.messages(now)
        page = listing.page(posts, request.query_params, surface.MESSAGES, self.root, size)
        return msgspec.json.encode({"@odata.context": self._context(surface.MESSAGES)} | page)


def _meets(wanted: str, segment: str) -> bool:
    """Whether a segment of a request's path is what a served path has in that place."""
    return wanted == segment or wanted.startswith("{")


def _unknown(version: str, segments: list[str]) -> str:
    """The first segment that no served path has in that place."""
    paths = [call.path.strip("/").split("/") for call in surface.SURFACE if call.version == version]
    for place, segment in enumerate(segments):
        paths = [path for path in paths if place < len(path) and _meets(path[place], segment)]
        if not paths:
            return segment
    return segments[-1] if segments else ""


def _preferred_page(prefer: str) -> int | None:
    found = re.search(r"odata\.maxpagesize\s*=\s*([0-9]{1,6})", prefer, re.IGNORECASE)
    return min(int(found[1]), 1000) or None if found else None


def create_app(
    world: World,
    *,
    clock: Callable[[], datetime],
    token: str | None,
    root: str,
    sign_in: SignInServer | None = None,
    faults: Faults | None = None,
) -> Starlette:
    """The ASGI application that serves `world` under `/v1.0` and `/beta`, and the sign-in server if there is one.

    `clock` gives the instant (aware) that is served; `root` is the origin in next links, as `http://127.0.0.1:8080`;
    with `token` None every request is let in, else only those that show it, or a token of `sign_in`, as a bearer
    token. The former may read everything, the latter what it was granted. `faults` may be changed while it serves.
    """
    tenant = Tenant(world, clock, token, root, sign_in)

    async def fetched(request: Request) -> Response:
        return await tenant.exports.fetched(request, clock().astimezone(UTC))

    graph = Starlette(
        routes=[Route("/exports/{job}.zip", fetched), Route("/{path:path}", tenant.reply, methods=_METHODS)],
        middleware=[Middleware(faults.around, clock)] if faults is not None else None,
    )
    tenant.entry = graph
    # The sign-in server has faults of its own, some of which are no answer at all: Graph's do not stand before it.
    return Starlette(routes=[*sign_in.routes(), Route("/{path:path}", graph)]) if sign_in is not None else graph
