"""The probe: each open question asked of the simulated tenant over its real surface, and of tenants that differ."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omconsole.domain import answers as ids
from omconsole.domain.answers import IGNORED, INCOMPLETE, NOT_ASKED, REFUSED, UNTOLD, WORKS, Answer, Value
from omconsole.errors import SignInError
from omconsole.graph import GraphClient, ReadyToken, TransportSettings, build_client
from omconsole.probe.asking import Found, Heard, Question, Sample
from omconsole.probe.filters import verdict
from omconsole.probe.questions import QUESTIONS
from omconsole.probe.running import PROBE_BOUNDS, ask_all
from omconsole.simulator.app import create_app
from omconsole.simulator.tokens import Grant, Issuer, Subject
from omconsole.simulator.world import World
from tests.unit.other_tenant import OtherTenant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omconsole.probe.asking import Inquiry, Row

ROOT = "http://localhost"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
NOW = EPOCH + timedelta(hours=9, minutes=41)


class Desk:
    """Probes of one simulated tenant."""

    def __init__(self, scenario: str = "busy", devices: int = 1_200) -> None:
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: NOW, token=None, root=ROOT)
        self.requests: list[httpx.Request] = []
        self.told: list[str] = []

    async def probe(
        self,
        answer: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None,
        *,
        only: Sequence[str] = (),
        token: str = "token",
        questions: Sequence[Question] = QUESTIONS,
        question_s: float = 60.0,
    ) -> dict[str, Answer]:
        transport = OtherTenant(self.app, answer)
        self.requests = transport.requests
        heard, tokens = Heard(), ReadyToken(token)
        async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
            http.event_hooks["response"].append(heard)
            answers = await ask_all(
                GraphClient(ROOT, http, tokens, bounds=PROBE_BOUNDS, sleep=no_sleep),
                tokens,
                heard,
                clock=lambda: NOW,
                tell=lambda question: self.told.append(question.id),
                questions=[each for each in questions if not only or each.id in only],
                question_s=question_s,
            )
        return {each.id: each for each in answers}


SMALL = Desk(devices=5)


async def no_sleep(_seconds: float) -> None:
    await asyncio.sleep(0)


def refuse(status: int = 400, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": "BadRequest", "message": message}})


def jwt(**claims: Any) -> str:
    return f"h.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"


async def test_the_simulated_tenant_answers_every_question_as_it_is() -> None:
    desk = Desk()
    answers = await desk.probe()
    assert {id_: each.answer for id_, each in answers.items()} == {
        ids.DEVICE_PAGE: 1000,
        ids.DEVICE_FILTER: IGNORED,
        ids.POST_FILTER: IGNORED,
        ids.ISSUE_FILTER: REFUSED,
        ids.REPORT_PARTS: "base64",
        ids.REPORT_SESSION: WORKS,
        ids.REPORT_COLUMNS: "all",
        ids.INTUNE_HEALTH: "Intune",
        ids.SERVICE_LIMITS: NOT_ASKED,
        ids.SECURITY_LIMITS: NOT_ASKED,
        ids.ACTION_IDS: NOT_ASKED,
        ids.LOG_COLLECTION: NOT_ASKED,
        ids.ROLES: UNTOLD,
    }
    assert desk.told == [each.id for each in QUESTIONS] == list(answers)
    for each in answers.values():
        assert each.words
        assert each.asked_at == NOW


async def test_a_probe_reads_alone_and_little() -> None:
    desk = Desk()
    await desk.probe()
    posts = {request.url.path for request in desk.requests if request.method != "GET"}
    assert all("/reports/get" in path or "/reports/retrieve" in path or path.endswith("/$batch") for path in posts)
    assert {request.method for request in desk.requests} == {"GET", "POST"}
    assert len(desk.requests) < 30


def test_every_question_says_what_it_is_and_how_it_is_asked() -> None:
    assert len({each.id for each in QUESTIONS}) == len(QUESTIONS) == 13
    for question in QUESTIONS:
        assert question.words().endswith("?")
        assert question.how()


# --- filters ----------------------------------------------------------------------------------------------------------


def rows(*names: str) -> list[Row]:
    return [{"id": name, "is": name[0]} for name in names]


@pytest.mark.parametrize(
    ("every", "filtered", "value"),
    [
        (Sample(rows("a1", "a2", "b1"), whole=True), Sample(rows("a1", "a2"), whole=True), WORKS),
        (Sample(rows("a1", "a2", "b1"), whole=False), Sample(rows("a1", "a2", "a3"), whole=True), WORKS),
        (Sample(rows("a1", "a2", "b1"), whole=True), Sample(rows("a1", "a2", "b1"), whole=True), IGNORED),
        (Sample(rows("b1"), whole=True), Sample(rows("b1"), whole=True), IGNORED),
        (Sample(rows("a1", "a2", "b1"), whole=True), Sample(rows("a1"), whole=True), INCOMPLETE),
        (Sample(rows("a1", "a2"), whole=True), Sample([], whole=True), INCOMPLETE),
        (Sample(rows("a1", "a2"), whole=True), Sample(rows("a1", "a2"), whole=True), UNTOLD),
        (Sample(rows("b1"), whole=True), Sample([], whole=True), UNTOLD),
        (Sample([], whole=True), Sample([], whole=True), UNTOLD),
        (Sample(rows("a1", "b1"), whole=False), Sample(rows("a2"), whole=False), UNTOLD),
    ],
)
def test_what_a_filter_does_is_seen_by_the_rows_it_should_give(every: Sample, filtered: Sample, value: str) -> None:
    assert verdict(every, filtered, lambda row: row["is"] == "a").answer == value


def filtering(request: httpx.Request, path: str, rows: Sequence[Row]) -> httpx.Response | None:
    if not request.url.path.endswith(path):
        return None
    return httpx.Response(200, json={"value": list(rows)})


@pytest.mark.parametrize(
    ("question", "path", "shown"),
    [
        (ids.DEVICE_FILTER, "/managedDevices", [{"id": "1", "complianceState": "compliant"}] * 3),
        (ids.DEVICE_FILTER, "/managedDevices", [{"id": "1", "complianceState": None}, {"id": "2"}]),
        (ids.POST_FILTER, "/messages", [{"id": "1", "services": ["Exchange Online"]}]),
        (ids.POST_FILTER, "/messages", [{"id": "1", "services": ["Microsoft Intune"]}, {"id": "2", "services": None}]),
        (ids.ISSUE_FILTER, "/issues", []),
    ],
)
async def test_a_filter_without_telling_rows_is_not_to_be_told(question: str, path: str, shown: list[Row]) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        wanted = [] if "filter" in request.url.params and question != ids.POST_FILTER else shown
        if "$filter" in request.url.params and question == ids.POST_FILTER:
            wanted = [row for row in shown if row["services"] != ["Exchange Online"]]
        return filtering(request, path, wanted)

    answers = await Desk(devices=20).probe(answer, only=[question])
    assert answers[question].answer == UNTOLD


@pytest.mark.parametrize(
    ("question", "path", "key", "values"),
    [
        (ids.DEVICE_FILTER, "/managedDevices", "complianceState", ["compliant", "noncompliant", "Compliant"]),
        (ids.POST_FILTER, "/messages", "services", [["Microsoft Intune", "Windows"], ["Exchange Online"], []]),
        (ids.ISSUE_FILTER, "/issues", "service", ["Microsoft Intune", "Exchange Online", "windows"]),
    ],
)
async def test_a_tenant_that_filters_is_seen_to(question: str, path: str, key: str, values: list[Any]) -> None:
    every = [{"id": str(index), key: value} for index, value in enumerate(values)]

    def answer(request: httpx.Request) -> httpx.Response | None:
        text = request.url.params.get("$filter", "").casefold()
        kept = [row for row in every if not text or _names(text, row[key])]
        return filtering(request, path, kept)

    answers = await Desk(devices=20).probe(answer, only=[question])
    assert answers[question].answer == WORKS, answers[question]


def _names(text: str, value: Any) -> bool:
    named = [value] if isinstance(value, str) else value
    return not named or any(f"eq '{each.casefold()}'" in text for each in named)


async def test_a_filter_that_is_refused_says_why() -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        return refuse(400, "Invalid filter clause") if "$filter" in request.url.params else None

    answers = await Desk().probe(answer, only=[ids.POST_FILTER, ids.DEVICE_FILTER])
    for each in answers.values():
        assert each.answer == REFUSED
        assert "Invalid filter clause" in each.why


# --- pages of devices -------------------------------------------------------------------------------------------------


def paging(total: int, usual: int, largest: int, *, cuts: bool = False) -> Callable[[httpx.Request], httpx.Response]:
    """A device list of so many rows, with pages of so many; `cuts`: `$top` ends the list, as it does elsewhere."""

    def answer(request: httpx.Request) -> httpx.Response:
        top = request.url.params.get("$top")
        if top is not None and int(top) > largest:
            return refuse(400, "The limit of '1000' for Top query has been exceeded.")
        size = min(int(top or usual), total)
        more = {"@odata.nextLink": f"{ROOT}/v1.0/x"} if size < total and not (top and cuts) else {}
        return httpx.Response(200, json={"value": [{"id": str(n)} for n in range(size)], **more})

    return answer


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (paging(2_000, 100, 1_000), 1_000),
        (paging(2_000, 100, 999), 999),
        (paging(9_000, 1_000, 5_000), 5_000),
        (paging(3_000, 1_000, 5_000), 5_000),
        (paging(3_000, 1_000, 5_000, cuts=True), INCOMPLETE),
        (paging(9_000, 1_000, 5_000, cuts=True), INCOMPLETE),
        (paging(500, 1_000, 5_000), UNTOLD),
        (paging(2_000, 100, 50), REFUSED),
    ],
)
async def test_the_size_of_a_page_is_one_that_does_not_cut_the_list(
    answer: Callable[[httpx.Request], httpx.Response], value: Value
) -> None:
    answers = await Desk(devices=20).probe(answer, only=[ids.DEVICE_PAGE])
    assert answers[ids.DEVICE_PAGE].answer == value


async def test_devices_that_all_come_on_one_page_do_not_tell_its_size() -> None:
    answers = await Desk(devices=20).probe(only=[ids.DEVICE_PAGE])
    assert answers[ids.DEVICE_PAGE].answer == UNTOLD
    assert "20" in answers[ids.DEVICE_PAGE].words


# --- reports ----------------------------------------------------------------------------------------------------------

COLUMNS = ("DeviceId", "PolicyName", "SettingName", "SettingStatus")


def table(numbers: Sequence[int], *, session: str | None = "s", columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    return {
        "TotalRowCount": 9,
        "Schema": [{"Column": name, "PropertyType": "String"} for name in columns],
        "Values": [[f"{name}{number}" for name in columns] for number in numbers],
        **({"SessionId": session} if session else {}),
    }


def octets(document: Any) -> httpx.Response:
    kind = {"content-type": "application/octet-stream"}
    return httpx.Response(200, content=json.dumps(document).encode(), headers=kind)


@pytest.mark.parametrize(
    ("resumed", "session", "value"),
    [
        ([2, 3], "s", WORKS),
        ([0, 1], "s", INCOMPLETE),
        ([2, 4], "s", INCOMPLETE),
        (None, "s", REFUSED),
        ([2, 3], None, IGNORED),
    ],
)
async def test_a_session_is_held_against_the_rows_without_one(
    resumed: list[int] | None, session: str | None, value: Value
) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        body = json.loads(request.content)
        if "sessionId" in body:
            return refuse(400) if resumed is None else octets(table(resumed))
        return octets(table(range(body["top"]), session=session))

    answers = await Desk(devices=20).probe(answer, only=[ids.REPORT_SESSION])
    assert answers[ids.REPORT_SESSION].answer == value


async def test_a_report_that_lacks_a_column_is_named_with_it() -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        if "NoncompliantDevices" not in request.url.path:
            return None
        return octets(table([1], columns=COLUMNS[:-1]))

    answers = await Desk().probe(answer, only=[ids.REPORT_COLUMNS])
    assert answers[ids.REPORT_COLUMNS].answer == "getNoncompliantDevicesAndSettingsReport.SettingStatus"


async def test_reports_without_rows_do_not_tell_their_columns() -> None:
    answers = await Desk().probe(lambda request: octets({"Values": []}), only=[ids.REPORT_COLUMNS])
    assert answers[ids.REPORT_COLUMNS].answer == UNTOLD


ALONE = table([0, 1])


@pytest.mark.parametrize(
    ("status", "body", "value"),
    [
        (200, ALONE, "object"),
        (200, b64encode(json.dumps(ALONE).encode()).decode(), "base64"),
        (200, table([0, 7]), INCOMPLETE),
        (200, json.dumps(ALONE), INCOMPLETE),
        (200, None, INCOMPLETE),
        (405, {"error": {"message": "Specified HTTP method is not allowed."}}, REFUSED),
        (429, {"error": {"message": "Too many requests"}}, None),
    ],
)
async def test_a_report_in_a_batch_is_held_against_the_same_report_alone(status: int, body: Any, value: Value) -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/$batch"):
            return octets(ALONE)
        (part,) = json.loads(request.content)["requests"]
        assert part["headers"] == {"Content-Type": "application/json"}
        return httpx.Response(200, json={"responses": [{"id": part["id"], "status": status, "body": body}]})

    answers = await Desk(devices=20).probe(answer, only=[ids.REPORT_PARTS])
    assert answers[ids.REPORT_PARTS].answer == value


# --- the tenant itself ------------------------------------------------------------------------------------------------


async def test_limits_are_recorded_where_an_answer_names_them() -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/healthOverviews"):
            return None
        headers = {"RateLimit-Limit": "240", "x-ms-throttle-limit-percentage": "0.8\x1b[2J".replace("\x1b", "")}
        return httpx.Response(200, json={"value": []}, headers=headers)

    answers = await Desk(devices=20).probe(answer)
    assert answers[ids.INTUNE_HEALTH].answer == UNTOLD
    told = str(answers[ids.SERVICE_LIMITS].answer)
    assert "ratelimit-limit: 240" in told
    assert "x-ms-throttle-limit-percentage: 0.8" in told
    assert answers[ids.SECURITY_LIMITS].answer == NOT_ASKED


@pytest.mark.parametrize(
    ("claims", "value"),
    [
        (
            {"scp": "a", "wids": ["F2EF992C-3AFB-46B9-B7CF-A126EE74C451", "3a2c62db-5318-420d-8d74-23affee5d9d5"]},
            "Global Reader, Intune Administrator",
        ),
        ({"scp": "a", "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]}, "none"),
        ({"scp": "a", "wids": ["11111111-2222-3333-4444-555555555555"]}, "11111111-2222-3333-4444-555555555555"),
        ({"scp": "a"}, UNTOLD),
        ({"roles": ["ServiceHealth.Read.All"], "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"]}, UNTOLD),
        ({"wids": "all"}, UNTOLD),
    ],
)
async def test_roles_are_read_from_the_token(claims: dict[str, Any], value: str) -> None:
    desk = Desk(devices=20)
    answers = await desk.probe(only=[ids.ROLES], token=jwt(**claims))
    assert answers[ids.ROLES].answer == value
    assert desk.requests == []


@pytest.mark.parametrize(("login", "value"), [("ada@contoso.example", "Global Reader"), ("", UNTOLD)])
async def test_a_token_of_the_simulated_sign_in_server_tells_a_persons_roles(login: str, value: str) -> None:
    issuer = Issuer("00000000-1111-2222-3333-444444444444", f"{ROOT}/tenant")
    grant = Grant("client", Subject("object", "Ada", login), ROOT, ("ServiceHealth.Read.All",))
    answers = await SMALL.probe(only=[ids.ROLES], token=issuer.issue(grant, int(NOW.timestamp()), 3600))
    assert answers[ids.ROLES].answer == value


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: refuse(403, "Application must have one of: DeviceManagementManagedDevices.Read.All"),
        lambda request: refuse(500),
        lambda request: httpx.Response(200, text="<html>", headers={"content-type": "text/html"}),
        lambda request: httpx.Response(200, json={"value": 7}),
        lambda request: httpx.Response(200, json=[]),
        lambda request: httpx.Response(200, json={"Values": [[1]], "Schema": 3}),
        lambda request: httpx.Response(302, headers={"location": "https://portal.example/"}),
    ],
)
async def test_no_failure_stops_the_other_questions(answer: Callable[[httpx.Request], httpx.Response]) -> None:
    answers = await Desk(devices=20).probe(answer)
    assert list(answers) == [each.id for each in QUESTIONS]
    assert answers[ids.DEVICE_PAGE].answer in (None, REFUSED)
    assert answers[ids.DEVICE_PAGE].why
    assert answers[ids.ACTION_IDS].answer == NOT_ASKED


NAMES = st.sampled_from(
    ("value", "@odata.nextLink", "Values", "Schema", "SessionId", "responses", "status", "body", "id", "services")
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(("\ud800", "\x1b[2J", "e30=", f"{ROOT}/v1.0/x", "Microsoft Intune"))
)
BODIES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)


@given(BODIES)
@settings(max_examples=60)
async def test_no_body_whatever_stops_a_probe(body: Any) -> None:
    content = json.dumps(body).encode()

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"content-type": "application/json"})

    answers = await SMALL.probe(answer)
    assert list(answers) == [each.id for each in QUESTIONS]
    for each in answers.values():
        msgspec.json.encode(each)


async def test_one_source_without_permission_leaves_the_others_answered() -> None:
    def answer(request: httpx.Request) -> httpx.Response | None:
        return refuse(403, "missing") if "/admin/" in request.url.path else None

    answers = await Desk().probe(answer)
    assert {id_ for id_, each in answers.items() if each.answer is None} == {
        ids.POST_FILTER,
        ids.ISSUE_FILTER,
        ids.INTUNE_HEALTH,
    }
    assert "missing" in answers[ids.POST_FILTER].why


async def test_after_a_failed_sign_in_nothing_is_asked_any_more() -> None:
    desk = Desk(devices=20)
    answers = await desk.probe(lambda request: refuse(401, "expired"))
    assert {each.answer for each in answers.values()} == {None}
    assert len(desk.requests) == 1


async def test_each_question_is_bounded() -> None:
    async def never(_inquiry: Inquiry) -> Found:
        await asyncio.Event().wait()
        raise AssertionError

    questions = [Question("slow", str, str, never), next(each for each in QUESTIONS if each.id == ids.ACTION_IDS)]
    answers = await Desk(devices=20).probe(questions=questions, question_s=0.01)
    assert answers["slow"].answer is None
    assert "s." in answers["slow"].why
    assert answers[ids.ACTION_IDS].answer == NOT_ASKED


async def test_what_was_answered_before_the_sign_in_failed_is_kept() -> None:
    async def fails(_inquiry: Inquiry) -> Found:
        raise SignInError("signed out")

    questions = [
        next(each for each in QUESTIONS if each.id == ids.ACTION_IDS),
        Question("first", str, str, fails),
        Question("second", str, str, fails),
    ]
    answers = await Desk(devices=20).probe(questions=questions)
    assert [each.answer for each in answers.values()] == [NOT_ASKED, None, None]
    assert answers["second"].why == "signed out"
