"""A console without Graph and without files: the real ledger and the real law behind the screens."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from omconsole.app import ConsoleApp
from omconsole.domain import triage as law
from omconsole.domain import updates, words
from omconsole.domain.commands import Already, Done, Failed, Outcome
from omconsole.domain.events import Actor, Event
from omconsole.domain.health import SourceHealth
from omconsole.domain.identity import item_key
from omconsole.domain.items import Cause, Item, Observation, Severity
from omconsole.domain.kinds import KINDS
from omconsole.domain.ledger import Ledger
from omconsole.domain.updates import Post
from omconsole.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from textual.pilot import Pilot

    from omconsole.domain.backlog import Backlog
    from omconsole.domain.occurrences import Occurrence
    from omconsole.domain.sign_in import Account, SignInState, SignInStep
    from omconsole.domain.snapshot import Polling, Snapshot
    from omconsole.errors import ConsoleError

NOW = datetime(2025, 11, 22, 9, 41, tzinfo=UTC)
ANNA = Actor("p1", "console")
PERSONS = {"p1": "anna@contoso.com", "p2": "ben@contoso.com"}


async def nobody_signs_in(tell: Callable[[SignInStep], None]) -> Account:
    raise UsageError("This console uses a ready token; nobody signs in.")


class FakeConsole:
    """Holds a ledger; commands go through the law at once."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.subscribers: list[Callable[[Snapshot], None]] = []
        self.commands: list[tuple[str, tuple[str, ...], str | None]] = []
        self.refreshed: list[str | None] = []
        self.events: dict[str, list[Event]] = {}
        self.trouble: ConsoleError | None = None
        self.command_trouble: ConsoleError | None = None
        self.defect: Exception | None = None
        self.closed = False
        self.notice: str | None = None
        self.checklist: tuple[Occurrence, ...] = ()
        self.backlog: Backlog | None = None
        self.sign_in_state: SignInState | None = None
        self.polling: Polling = "self"
        self.signing_in: Callable[[Callable[[SignInStep], None]], Awaitable[Account]] = nobody_signs_in
        self.signed_out = 0
        self._seq = 0
        self.health("devices")
        self.health("messages")
        self.health("overview", interval_s=3600)

    # What a test puts in

    def health(self, name: str, *, interval_s: float = 900, ago: timedelta = timedelta(minutes=4)) -> None:
        self.ledger.sources[name] = SourceHealth(
            name=name, interval_s=interval_s, status="ok", since=NOW - timedelta(hours=9), last_ok=NOW - ago
        )

    def fail(self, name: str, error: str, *, ago: timedelta = timedelta(minutes=50)) -> None:
        health = self.ledger.sources[name]
        self.ledger.sources[name] = replace(health, status="failed", since=NOW - ago, last_ok=NOW - ago, error=error)
        self.ledger.set_stale([name])

    def device(
        self,
        name: str,
        *,
        kind: str = "device.noncompliant",
        severity: Severity = Severity.MEDIUM,
        user: str = "eva@contoso.com",
        platform: str = "Windows",
        age: timedelta = timedelta(hours=5),
    ) -> str:
        """Plant an item and return its id."""
        key = item_key("contoso", "devices", KINDS[kind].family, "device", name)
        seen = Observation(
            kind=kind,
            source="devices",
            severity=severity,
            subject_type="device",
            subject_id=f"guid-of-{name}",
            subject_name=name,
            user=user,
            platform=platform,
            evidence_at=NOW - timedelta(days=2),
            first_seen=NOW - age,
            last_seen=NOW - timedelta(minutes=4),
            facts={"complianceState": "noncompliant", "isEncrypted": False, "lastSyncDateTime": "2025-11-20T09:41:00Z"},
            causes=(Cause("policy", "p", "Baseline", "osMinimumVersion"),),
            portal_url="https://intune.microsoft.com/#view/x",
        )
        self.ledger.observe(key, seen)
        event = law.on_firing(self.ledger.triage.get(key), key, seen, NOW)
        assert event is not None
        self.apply(event)
        return self.ledger.triage[key].id

    def post_up(
        self, id_: str, title: str, *, body: str = "<p>Text</p>", days: int = 1, act_by: datetime | None = None
    ) -> None:
        changed = NOW - timedelta(days=days)
        self.ledger.posts[id_] = Post(
            id=id_,
            title=title,
            category="planForChange",
            services=("Microsoft Intune",),
            published=changed,
            changed=changed,
            act_by=act_by or NOW + timedelta(days=20),
            body=body,
        )

    def apply(self, event: Event) -> None:
        self._seq += 1
        written = replace(event, seq=self._seq, at=event.at or NOW)
        if written.key:
            self.events.setdefault(written.key, []).append(written)
        self.ledger.apply(written)

    def publish(self) -> None:
        for changed in self.subscribers:
            changed(self.snapshot)

    # What the screens ask

    @property
    def snapshot(self) -> Snapshot:
        picture = self.ledger.picture(
            tenant="Contoso", now=NOW, person="p1", persons=PERSONS, polling="self", notice=self.notice
        )
        return replace(
            picture,
            checklist=self.checklist,
            backlog=self.backlog or picture.backlog,
            sign_in=self.sign_in_state,
            polling=self.polling,
        )

    def subscribe(self, changed: Callable[[Snapshot], None]) -> None:
        self.subscribers.append(changed)

    async def command(
        self, verb: str, ids: Sequence[str], *, why: str | None = None, expected: Mapping[str, int] | None = None
    ) -> Outcome:
        if self.command_trouble is not None:
            raise self.command_trouble
        self.commands.append((verb, tuple(ids), why))
        answers = [self._one(verb, id_, why) for id_ in ids]
        self.publish()
        return Outcome(
            done=tuple(each for each in answers if isinstance(each, Done)),
            already=tuple(each for each in answers if isinstance(each, Already)),
            failed=tuple(each for each in answers if isinstance(each, Failed)),
        )

    def _one(self, verb: str, id_: str, why: str | None) -> Done | Already | Failed:
        post = self.ledger.posts.get(id_)
        if post is not None:
            if verb == "resolve":
                self.apply(updates.done(post, ANNA, "c", why))
                return Done(id_, None, "done")
            means = {"ack": updates.read, "unack": updates.unread, "reopen": updates.not_done}[verb]
            self.apply(means(post, ANNA, "c"))
            return Done(id_, None, "read")
        current = next(triage for triage in self.ledger.triage.values() if triage.id == id_)
        if verb == "seen":
            answer = law.seen(current, ANNA, "c")
        else:
            verbs = {"ack": law.ack, "unack": law.unack, "note": law.note, "resolve": law.resolve}
            answer = law.reopen(current, ANNA, "c", why) if verb == "reopen" else verbs[verb](current, ANNA, "c", why)
        if isinstance(answer, law.Refusal):
            told = words.refusal_words(answer.reason, by=PERSONS.get(answer.by or ""))
            return Already(id_, told) if answer.already else Failed(id_, told)
        self.apply(answer)
        after = self.ledger.triage[current.key]
        return Done(id_, after.version, Item(triage=after).label.value)

    async def refresh(self, source: str | None) -> None:
        self.refreshed.append(source)

    async def history(self, key: str) -> list[Event]:
        return self.events.get(key, [])

    async def post(self, id: str) -> Post | None:  # noqa: A002 - Graph's name
        return self.ledger.posts.get(id)

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        return await self.signing_in(tell)

    async def sign_out(self) -> bool:
        self.signed_out += 1
        return True

    async def run(self) -> None:
        if self.defect is not None:
            raise self.defect
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def console() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def app_of() -> Callable[..., ConsoleApp]:
    """Make the app on a fake console."""

    def make(console: FakeConsole, **options: object) -> ConsoleApp:
        async def open_console() -> FakeConsole:
            if console.trouble is not None:
                raise console.trouble
            return console

        settings: dict[str, object] = {"head": None, "timezone": "UTC", "clock": lambda: NOW, **options}
        return ConsoleApp(open_console=open_console, **settings)  # type: ignore[arg-type]

    return make


async def settle(pilot: Pilot[None]) -> None:
    """Let messages, orders and pictures run their course."""
    for _turn in range(3):
        await pilot.pause()
        workers = [each for each in pilot.app.workers if each.group != "console"]
        if workers:
            await pilot.app.workers.wait_for_complete(workers)
    await pilot.pause()


@pytest.fixture
def quiet() -> Callable[[Pilot[None]], object]:
    return settle


def picture(app: ConsoleApp) -> str:
    """Return the screen as text, one line a row."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@pytest.fixture
def seen() -> Callable[[ConsoleApp], str]:
    return picture
