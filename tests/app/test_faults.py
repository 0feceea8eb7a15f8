"""Whatever goes wrong at Graph or on the way there: each source says so, nothing open is lost, and all recovers.

What is true is told by the model of the simulated tenant, which no fault touches.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from omconsole.graph import GraphClient, Round, TransportSettings, build_client
from omconsole.graph.paging import pages
from omconsole.graph.reports import report
from omconsole.graph.request import Bounds
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.simulator.fault_kinds import KINDS
from omconsole.simulator.faults import Faults
from tests.faulty_tenant import FaultyTenant, faulty_tenant
from tests.sign_in_tenant import SECRET, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

SOURCES: Final = ("devices", "messages", "compliance", "apps", "connectors")
ALL: Final = (*SOURCES, "service", "enrollment")
IMPATIENT: Final = Bounds(deadline_s=0.1, tries=2)
MODEST: Final = Bounds(body_bytes=1 << 20)


class Case(NamedTuple):
    """A fault of all traffic, and what the sources say of it: status and words, by source; other sources are ok."""

    spec: str
    status: Mapping[str, str]
    says: Mapping[str, str] = {}
    bounds: Bounds | None = None
    """Of requests while the fault lasts, over a real connection; None asks within this process."""


def every(word: str, **others: str) -> dict[str, str]:
    """The same for each source but the others."""
    return {**dict.fromkeys(SOURCES, word), **others}


def throttled(spec: str, says: str) -> Case:
    return Case(spec, every("throttled"), every(says))


def failed(spec: str, says: str, bounds: Bounds | None = None) -> Case:
    return Case(spec, every("failed"), every(says), bounds)


def on_the_wire(fault: str, says: str, bounds: Bounds) -> Case:
    """What is wrong with whole answers, those of batches too: a part of one has no wire of its own."""
    # The server gives a batch up whose parts never end.
    ends = {"hang": "he next poll asks again.", "cut": "cannot be reached"}
    said = every(says, connectors=ends.get(fault, says))
    return Case(f"{fault},{fault}@$batch", every("failed"), said, bounds)


CASES: Final = (
    throttled("throttled=90", "asks to wait 90 s before the next request"),
    throttled("throttled=2.5", "asks to wait 3 s before the next request"),
    throttled("throttled=date:90", "asks to wait 90 s before the next request"),
    throttled("throttled=message:90", "asks to wait 90 s before the next request"),
    throttled("throttled=none", "Nothing is asked before that; the program asks again by itself."),
    throttled("503=90", "asks to wait 90 s before the next request"),
    throttled("504=date:90", "asks to wait 90 s before the next request"),
    failed("503", "HTTP 503"),
    failed("500", "HTTP 500"),
    failed("502", "HTTP 502"),
    failed("504", "HTTP 504"),
    failed("html", "answered with a web page instead of data. Check graph_url"),
    failed("html=503", "HTTP 503"),
    failed("html=403", "A proxy refuses the request: HTTP 403. Check the proxy settings"),
    failed("redirect", "redirects to portal.example; Microsoft Graph does not do that. It was not followed."),
    failed("expired", "token"),
    failed("claims", "token"),
    Case(
        "forbidden",
        every("forbidden"),
        every("must have one of the following scopes", messages="does not have the permission"),
    ),
    Case("second-page", {"devices": "failed", "compliance": "failed"}, every("HTTP 500")),
    on_the_wire("slow=0.01", "did not answer completely within", IMPATIENT),
    on_the_wire("hang", "did not answer completely within", IMPATIENT),
    on_the_wire("cut", "peer closed connection", Bounds(tries=2)),
    on_the_wire("huge=2", "is larger than 1.0 MB and was not read to its end.", MODEST),
    on_the_wire("bomb=2", "is larger than 1.0 MB and was not read to its end.", MODEST),
    failed("truncated", "it is no JSON, or it is cut off."),
    Case(
        "types=object",
        every("failed", connectors="partial"),
        every(
            "the list named value is missing",
            compliance="Values is missing",
            apps="Values is missing",
            connectors="Not readable: Apple ADE token, VPP token, Certificate connector, Domain join connector",
        ),
    ),
    failed("types=list", "is missing"),
    Case("types=rows", every("partial"), every("rows and 0 values of the answer could not be read")),
    Case(
        "types=texts",
        {"devices": "partial", "messages": "partial", "connectors": "partial"},
        every("of the answer could not be read"),
    ),
    Case("types=numbers", every("partial"), every("of the answer could not be read")),
    Case(
        "damaged=2",
        every("partial"),
        every("rows and 0 values of the answer could not be read, such as"),
    ),
    Case(
        "nulls",
        {"compliance": "partial", "apps": "partial"},
        {"compliance": "SettingStatus: None", "apps": "FailedDeviceCount: None"},
    ),
    Case(
        "missing",
        {"compliance": "failed", "apps": "failed"},
        every("the report has no column"),
    ),
    Case(
        "unknown-members",
        {"compliance": "partial", "apps": "partial"},
        {
            "devices": "complianceState: addedLastWeek",
            "compliance": "SettingStatus: 98765",
            "apps": "AppInstallState: 98765",
            "connectors": "Unknown values are taken for medium: vpp.state: addedLastWeek",
        },
    ),
    Case("shuffled", {}),
    # What is said to be that long is exported, where the number is another.
    Case("total", {"apps": "partial"}, every("TotalRowCount: 100000")),
    Case("total=0", {}),
    # Ages are judged by the clock, and nothing tells which of the two is wrong.
    Case(
        "date=-30,date=-30@$batch",
        every("partial"),
        every("ahead of Microsoft's. Set it: until both agree nothing is taken to be"),
    ),
    Case("clock,clock@$batch", every("partial"), every("300 minutes behind Microsoft's. Set it")),
    Case(
        "foreign-link",
        {"devices": "failed", "messages": "failed", "apps": "failed", "connectors": "partial"},
        every("which is outside localhost. The link was not followed."),
    ),
    Case(
        "loop",
        # A report whose pages do not end is said to be long, and is exported.
        every("failed", connectors="partial", compliance="ok"),
        every("one that was read already", devices="leads back", messages="leads back", connectors="leads back"),
    ),
    Case(
        "endless",
        every("failed", connectors="partial", compliance="ok"),
        every("More than 9 pages came; the rest was not read."),
    ),
    Case("duplicates", {}),
    Case("moving", {}),
)
ELSEWHERE_TESTED: Final = {"emptied", "narrowed"}


@pytest.fixture
async def tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[FaultyTenant]:
    """A tenant of several pages, whose sources have all been read well once."""
    monkeypatch.setattr("omconsole.simulator.odata.LARGEST_PAGE", 100)
    monkeypatch.setattr("omconsole.simulator.reports.LARGEST_PAGE", 40)
    for read in (pages, report):
        assert read.__kwdefaults__ is not None
        monkeypatch.setitem(read.__kwdefaults__, "max_pages", 9)
    async with faulty_tenant(tmp_path, monkeypatch, on_a_wire=getattr(request, "param", False)) as tenant:
        await tenant.polls(*ALL)
        assert_true(tenant)
        yield tenant


def assert_true(tenant: FaultyTenant) -> None:
    """Every source is ok, and what is open is what is wrong in the tenant."""
    told = {name: (tenant.source(name).status, tenant.source(name).error) for name in ALL}
    assert told == dict.fromkeys(told, ("ok", None))
    assert tenant.open("devices") == tenant.true("devices")
    assert tenant.open("apps") == tenant.true("apps")
    assert tenant.open("enrollment") == tenant.true("enrollment")


def named(cases: tuple[Case, ...]) -> list[Any]:
    return [pytest.param(case, case.bounds is not None, id=case.spec) for case in cases]


def test_every_fault_has_a_test() -> None:
    tested = {part.partition("@")[0].partition("=")[0] for case in CASES for part in case.spec.split(",")}
    assert tested | ELSEWHERE_TESTED == set(KINDS)


@pytest.mark.parametrize(("case", "tenant"), named(CASES), indirect=["tenant"])
async def test_a_fault_is_said_takes_nothing_away_and_passes(case: Case, tenant: FaultyTenant) -> None:
    before, tenants = tenant.known(), {name: tenant.open(name) for name in ("connectors", "service")}
    tenant.faults.add(case.spec)
    with tenant.bound(case.bounds):
        await tenant.polls("devices", "messages", increment=True)
        await tenant.polls(*SOURCES, times=2)
    for name in SOURCES:
        source, says = tenant.source(name), case.says.get(name)
        assert (name, source.status) == (name, case.status.get(name, "ok"))
        if source.status != "ok" or (says is not None and case.spec == "unknown-members"):
            assert says is not None
            assert says in (source.error or "")
        if source.status in {"failed", "throttled"}:
            assert len((source.error or "").split(". ")) > 1, "what happened, and what to do"
    assert tenant.cleared() == []
    assert before - tenant.known() == set()
    await tenant.recovers(*ALL)
    assert_true(tenant)
    assert {name: tenant.open(name) for name in tenants} == tenants


@pytest.mark.parametrize("spec", ["expired", "claims"])
async def test_a_refused_token_needs_a_sign_in(spec: str, tenant: FaultyTenant) -> None:
    tenant.faults.add(spec)
    await tenant.polls(*SOURCES)
    assert {tenant.source(name).needs for name in SOURCES} == {("sign-in",)}


async def test_a_claims_challenge_is_answered_once_by_a_token_that_meets_it(tmp_path: Path) -> None:
    with serving() as served:
        served._app.add_middleware(Faults.parse(["claims=c7"]).around, lambda: datetime.now(UTC))
        sign_in = served.sign_in(tmp_path / "ada", "client-secret", {"SECRET": SECRET}, secret_env="SECRET")
        settings = TransportSettings(graph_url=served.root, ca_file=str(served.ca_file))
        async with build_client(settings) as http:
            graph = GraphClient(served.root, http, sign_in)
            reading = await DevicesSignal(DeviceThresholds()).sweep(graph, Round(), datetime.now(UTC), lambda _: None)
            await DevicesSignal(DeviceThresholds()).sweep(graph, Round(), datetime.now(UTC), lambda _: None)
        await served.leave()
    assert (reading.status, reading.items) == ("ok", 30)
    assert (served.asked.count("token"), served.asked.count("managedDevices")) == (2, 3)


async def test_a_missing_permission_is_named_by_the_source_that_lacks_it_alone(tenant: FaultyTenant) -> None:
    tenant.faults.add("forbidden@managedDevices,forbidden@serviceAnnouncement/messages,forbidden@vppTokens")
    await tenant.polls(*SOURCES)
    told = {name: (tenant.source(name).status, tenant.source(name).needs) for name in SOURCES}
    devices, service = "DeviceManagementManagedDevices", "DeviceManagementServiceConfig"
    assert told == {
        "devices": ("forbidden", (f"{devices}.Read.All", f"{devices}.ReadWrite.All")),
        "messages": ("forbidden", ("ServiceMessage.Read.All",)),
        "compliance": ("ok", ()),
        "apps": ("ok", ()),
        "connectors": ("partial", (f"{service}.Read.All", f"{service}.ReadWrite.All")),
    }
    assert tenant.source("connectors").error == "Not permitted: VPP token."
    assert tenant.cleared() == []


async def test_lists_that_are_empty_all_at_once_are_not_believed(tenant: FaultyTenant) -> None:
    before = tenant.known()
    assert min(len(tenant.open("devices")), len(tenant.open("apps"))) > 20
    tenant.faults.add("emptied")
    await tenant.polls("messages", "compliance", "devices", "apps")
    await tenant.polls("messages", "compliance", "devices", "apps")
    for name in ("devices", "apps"):
        source = tenant.source(name)
        assert source.status == "partial"
        assert f"({len(tenant.open(name))}) vanished at once; another whole list decides." in (source.error or "")
    assert tenant.cleared() == []
    assert before - tenant.known() == set()
    await tenant.recovers(*ALL)
    assert_true(tenant)


async def test_a_third_empty_list_is_believed(tenant: FaultyTenant) -> None:
    tenant.faults.add("emptied")
    await tenant.polls("devices", times=3)
    assert tenant.open("devices") == set()
    assert {event.why for event in tenant.cleared() if not tenant.is_cause(event)} == {"object gone"}


async def test_of_few_problems_one_empty_list_takes_none_away_and_the_next_one_counts_anew(
    tenant: FaultyTenant,
) -> None:
    before = tenant.known()
    for _turn in range(3):
        tenant.faults.add("emptied")
        await tenant.polls(*ALL)
        assert tenant.source("connectors").status == "ok"
        tenant.faults.clear()
        await tenant.polls(*ALL)
    assert tenant.cleared() == []
    assert before - tenant.known() == set()


async def test_whoever_sees_less_of_the_tenant_proves_nothing_gone(tenant: FaultyTenant) -> None:
    before = tenant.known()
    access = await tenant.service._signing_in.access()
    access.principal = "somebody with fewer scope tags"
    tenant.faults.add("narrowed@managedDevices")
    await tenant.polls("devices", times=4)
    source = tenant.source("devices")
    assert source.status == "partial"
    assert source.error is not None
    assert source.error.endswith("of the 300 objects that another one saw; none is taken to be gone.")
    assert tenant.cleared() == []
    assert before - tenant.known() == set()
    await tenant.recovers(*ALL)
    assert_true(tenant)


async def test_a_log_that_is_read_in_part_is_not_held_against_another_sign_in(tenant: FaultyTenant) -> None:
    """The first sweep of the audit log goes back for weeks, later ones for days: fewer events are no fewer rights."""
    await tenant.polls("audit")
    (await tenant.service._signing_in.access()).principal = "a colleague"
    await tenant.polls("audit", times=2)
    source = tenant.source("audit")
    assert (source.status, source.error, source.sweep_principal) == ("ok", None, "a colleague")


async def test_throttling_for_a_while_is_waited_out_within_the_poll(tenant: FaultyTenant) -> None:
    tenant.faults.add("throttled=5@managedDevices*3")
    await tenant.polls("devices")
    assert tenant.source("devices").status == "ok"
    assert tenant.waited_s >= 15
