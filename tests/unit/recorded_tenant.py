"""The answers of a small simulated tenant, recorded once, and each source of the console over what is made of them."""

from __future__ import annotations

import asyncio
import copy
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import httpx
from msgspec.structs import replace

from omconsole.domain.health import SourceHealth
from omconsole.domain.instants import iso
from omconsole.domain.ledger import Ledger
from omconsole.graph import Bounds, GraphClient, ReadyToken, Round
from omconsole.poll.intake import Intake
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.poll.sources import firing_of
from omconsole.signals.actions import ActionsSignal
from omconsole.signals.apps import AppsSignal
from omconsole.signals.audit import AuditSignal
from omconsole.signals.compliance import FAMILY, ComplianceSignal
from omconsole.signals.connector_rules import ConnectorThresholds
from omconsole.signals.connector_table import CONNECTORS
from omconsole.signals.connectors import ConnectorsSignal
from omconsole.signals.defender import DefenderSignal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.enrollment import EnrollmentSignal
from omconsole.signals.firewall import FirewallSignal
from omconsole.signals.fleet import Fleet
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.malware import MalwareSignal
from omconsole.signals.messages import MessagesSignal
from omconsole.signals.no_policy import NoPolicySignal
from omconsole.signals.os_updates import UpdatesSignal
from omconsole.signals.overview import OverviewSignal
from omconsole.signals.policies import PoliciesSignal
from omconsole.signals.security import SecuritySignal
from omconsole.signals.service import ServiceSignal
from omconsole.signals.subscription import SubscriptionSignal
from omconsole.signals.users import UsersSignal, no_failures
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from tests.unit.graph_tools import FakeTime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from omconsole.domain.events import Event
    from omconsole.graph import ManagedDevice
    from omconsole.poll.intake import Tally
    from omconsole.signals.reading import Mode, Reading, Signal
    from omconsole.store import Store

ROOT: Final = "https://graph.example"
EPOCH: Final = datetime(2026, 11, 22, tzinfo=UTC)
NOW: Final = EPOCH + timedelta(hours=9, minutes=41)
DEVICES: Final = 30
ROWS_A_PAGE: Final = 8
ILLNESSES: Final = ("silent", "state", "error")
"""What is wrong with every connector: one thing at a time, so that each alone keeps its item firing."""
SOURCES: Final = tuple(sorted({*DEFAULT_INTERVALS, *(f"connectors {illness}" for illness in ILLNESSES)}))
"""Every source; the connectors also in three states of their own."""

_OF_DEVICES: Final = frozenset(
    {
        *("actions", "apps", "compliance", "defender", "enrollment", "firewall", "malware", "nopolicy", "policies"),
        *("security", "users"),
    }
)
"""Sources that need the fleet."""

Question = tuple[str, str, bytes]
"""Method, address and body."""


class Said(NamedTuple):
    """An answer: status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Pieces(httpx.AsyncByteStream):
    """A body as a socket gives it: not yet read, not yet decoded."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 4_096):
            yield self._body[start : start + 4_096]


class Recording(httpx.AsyncBaseTransport):
    """Asks a simulated tenant and remembers what it says; long lists are cut into pages.

    Without `batches` the parts of a batch are asked for one by one, so that each answer can be changed by itself.
    """

    def __init__(self, scenario: str, *, batches: bool = True) -> None:
        self._batches = batches
        world = World(1, scenario, EPOCH, DEVICES)
        self._app = httpx.ASGITransport(app=create_app(world, clock=lambda: NOW, token=None, root=ROOT))
        self.said: dict[Question, Said] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = question(request)
        if not self._batches and request.url.path.endswith("/$batch"):
            return httpx.Response(404)
        is_job = "/exportJobs" in request.url.path  # which is asked about again until it is done
        if asked not in self.said or (is_job and b'"inProgress"' in self.said[asked].body):
            request.headers["accept-encoding"] = "identity"
            response = await self._app.handle_async_request(request)
            kind = {"content-type": response.headers["content-type"]}
            self._keep(asked, Said(response.status_code, kind, await response.aread()))
        return responded(self.said[asked])

    def _keep(self, asked: Question, said: Said) -> None:
        try:
            document = json.loads(said.body)
        except ValueError:  # an exported file
            document = {}
        rows = document.get("value")
        if isinstance(rows, list) and len(rows) > ROWS_A_PAGE and "@odata.nextLink" not in document:
            method, url, body = asked
            further = f"{url}{'&' if '?' in url else '?'}$skiptoken=more"
            rest = said._replace(body=json.dumps({**document, "value": rows[ROWS_A_PAGE:]}).encode())
            self.said[method, further, body] = rest
            first = {**document, "value": rows[:ROWS_A_PAGE], "@odata.nextLink": further}
            said = said._replace(body=json.dumps(first).encode())
        self.said[asked] = said


class Replaying(httpx.AsyncBaseTransport):
    """Says again what was recorded, or what `made` makes of it; a question that is new is not found."""

    def __init__(self, said: dict[Question, Said], made: Callable[[int, Said], Said] | None = None) -> None:
        self._said = said
        self._made = made
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        unknown = Said(404, {"content-type": "application/json"}, b'{"error":{"code":"ResourceNotFound"}}')
        said = self._said.get(question(request), unknown)
        if self._made is not None:
            said = self._made(self.asked, said)
        self.asked += 1
        return responded(said)


def question(request: httpx.Request) -> Question:
    return request.method, str(request.url), request.content


def responded(said: Said) -> httpx.Response:
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in said.headers.items()]
    return httpx.Response(said.status, headers=headers, stream=_Pieces(said.body))


class Notebook:
    """A store in memory: it numbers events and folds them in."""

    def __init__(self, seq: int = 0) -> None:
        self.events: list[Event] = []
        self._seq = seq

    @asynccontextmanager
    async def writing(self, ledger: Ledger, *, durable: bool = True) -> AsyncIterator[Notebook]:
        self._ledger = ledger
        yield self

    def append(self, drafts: Sequence[Event], at: datetime) -> list[Event]:
        events = [replace(draft, seq=self._seq + number, at=at) for number, draft in enumerate(drafts, 1)]
        self._seq += len(events)
        self.events += events
        for event in events:
            self._ledger.apply(event)
        self._ledger.reflect(self._seq)
        return events


class Desk:
    """One source over a ledger that knows what the tenant showed when all was well."""

    def __init__(self, source: str, ledger: Ledger, fleet: Sequence[ManagedDevice]) -> None:
        self.source = source
        self.ledger = ledger
        self.now = NOW + timedelta(minutes=5)
        self.notebook = Notebook(ledger.seq)
        self.intake = Intake("contoso", ledger, cast("Store", self.notebook))
        self.signal = signal_of(source, ledger, fleet)
        self._reasons = _reasons(ledger)

    async def read(self, transport: httpx.AsyncBaseTransport, mode: Mode = "sweep") -> Reading:
        """One poll, without waiting for anything that is asked for."""
        time = FakeTime()
        async with httpx.AsyncClient(transport=transport) as http:
            graph = GraphClient(
                ROOT,
                http,
                ReadyToken("token"),
                clock=time.clock,
                sleep=time.sleep,
                random=lambda: 1.0,
                bounds=Bounds(tries=2, throttled_tries=2),
            )
            read = self.signal.sweep if mode == "sweep" else self.signal.increment
            async with asyncio.timeout(20):
                return await read(graph, Round(), self.now, lambda _rows: None)

    async def take(self, reading: Reading) -> Tally:
        """Take it in, as the poller does."""
        self.now += timedelta(minutes=1)
        return await self.intake.take(reading, self.now)

    @property
    def ended(self) -> list[str]:
        """The kinds of the items that were cleared, and the reasons that items have lost."""
        keys = [event.key or "" for event in self.notebook.events if event.event == "item.cleared"]
        lost = self._reasons - _reasons(self.ledger)
        return [*(self.ledger.triage[key].kind for key in keys), *sorted(f"{key} {name}" for key, name in lost)]


def _reasons(ledger: Ledger) -> set[tuple[str, str]]:
    """Why devices are not compliant, by key: another source's items."""
    return {
        (key, f"{cause.id} {cause.setting}")
        for key, seen in ledger.seen.items()
        if seen.family == FAMILY
        for cause in seen.causes
    }


def signal_of(source: str, ledger: Ledger, fleet: Sequence[ManagedDevice]) -> Signal:
    """The source's signal, as the console wires it."""
    firing = partial(firing_of, ledger, source)

    async def settled() -> Fleet:
        return Fleet(fleet)

    made: dict[str, Callable[[], Signal]] = {
        "actions": lambda: ActionsSignal(settled, firing),
        "apps": lambda: AppsSignal(settled, firing),
        "audit": AuditSignal,
        "compliance": lambda: ComplianceSignal(partial(firing_of, ledger, "devices")),
        "connectors": lambda: ConnectorsSignal(ConnectorThresholds(), firing=firing),
        "defender": lambda: DefenderSignal(settled, firing),
        "devices": lambda: DevicesSignal(DeviceThresholds(), Fleet(fleet)),
        "enrollment": lambda: EnrollmentSignal(settled, firing),
        "firewall": lambda: FirewallSignal(settled, firing),
        "malware": lambda: MalwareSignal(settled, firing),
        "messages": MessagesSignal,
        "osupdates": lambda: UpdatesSignal(firing),
        "nopolicy": lambda: NoPolicySignal(settled, firing),
        "overview": OverviewSignal,
        "policies": lambda: PoliciesSignal(settled, firing),
        "security": lambda: SecuritySignal(settled, firing),
        "service": lambda: ServiceSignal(lambda: ("Windows", "iOS")),
        "subscription": SubscriptionSignal,
        "users": lambda: UsersSignal(settled, no_failures, firing),
    }
    return made[source]()


class Tenant(NamedTuple):
    """What one source's questions were answered with, and the state that came of it."""

    said: dict[Question, Said]
    ledger: Ledger
    fleet: list[ManagedDevice]

    def replaying(self, made: Callable[[int, Said], Said] | None = None) -> Replaying:
        return Replaying(self.said, made)


@cache
def tenant(source: str) -> Tenant:
    """The tenant as a source has read it twice."""
    return asyncio.run(_recorded(*source.split()))


def desk(source: str) -> Desk:
    """A fresh desk; what it does to its ledger touches no other."""
    known = tenant(source)
    return Desk(source.split(maxsplit=1)[0], copy.deepcopy(known.ledger), known.fleet)


async def _recorded(source: str, illness: str = "") -> Tenant:
    recording = Recording("storm" if source == "subscription" else "busy", batches=source != "connectors")
    ledger, fleet = Ledger(), list[Any]()
    needs = ("devices",) if source in _OF_DEVICES else ()
    for name in (*needs, source):
        ledger.sources[name] = SourceHealth(name=name, interval_s=900, status="ok", last_ok=NOW, last_sweep=NOW)
        recording.said.clear()
        await Desk(name, Ledger(), fleet).read(recording)
        said = {asked: _ill(asked, answer, illness) for asked, answer in recording.said.items()}
        for _twice in range(2):
            at = Desk(name, ledger, fleet)
            reading = await at.read(Replaying(said))
            assert (reading.status, reading.complete) == ("ok", True), reading.error
            await at.take(reading)
        if isinstance(at.signal, DevicesSignal):
            fleet = list(at.signal.fleet.devices.values())
    return Tenant(said, ledger, fleet)


def _ill(asked: Question, said: Said, illness: str) -> Said:
    """Every connector with this one thing wrong with it, and about to expire; others as they were."""
    _nothing, _version, path = httpx.URL(asked[1]).path.split("/", 2)
    connector = next((each for each in CONNECTORS if each.asked.path == f"/{path}"), None)
    if not illness or connector is None or said.status != 200:
        return said
    document = json.loads(said.body)
    for row in [document] if connector.single else document["value"]:
        if connector.expires:
            row[connector.expires] = iso(NOW + timedelta(days=5))
        if connector.heartbeat and row[connector.heartbeat]:
            row[connector.heartbeat] = iso(NOW - (timedelta(days=4) if illness == "silent" else timedelta(minutes=1)))
        if connector.bad and illness != "silent":
            name, members = list(connector.bad.items())[0 if illness == "state" else -1]
            row[name] = min(members)
        if illness == "error":
            row.update(dict.fromkeys(connector.errors, 7 if "lastSyncErrorCode" in connector.errors else "refused"))
    return said._replace(body=json.dumps(document).encode())
