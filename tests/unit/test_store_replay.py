"""Whatever happened: caches, checkpoint and the whole journal lead to the same state."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from omconsole.domain import triage as law
from omconsole.domain import updates
from omconsole.domain.deployments import Deployment, counted
from omconsole.domain.events import Event
from omconsole.domain.figures import sampled
from omconsole.domain.items import Severity
from omconsole.domain.updates import Post
from omconsole.store import Store
from tests.unit.domain_builders import ANNA, BEN, HOUR, T0, key_of, observation
from tests.unit.store_builders import SOURCES, files, new_store, picture, state_of

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.domain.ledger import Ledger

DEVICES = ("d1", "d2", "d3")
SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.CRITICAL)
POST = Post(id="MC1", title="Plan for change", changed=T0)

device = st.sampled_from(DEVICES)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("show"), device, st.sampled_from(SEVERITIES)),
        st.tuples(st.just("clear"), device, st.sampled_from([law.FIXED, law.OBJECT_GONE])),
        st.tuples(st.sampled_from(["ack", "unack", "note"]), device, st.sampled_from([ANNA, BEN])),
        st.tuples(st.just("pass"), st.just(""), st.sampled_from([1, 30, 200])),
        st.tuples(
            st.sampled_from(["post", "read", "unread", "metric", "deployment", "poll", "state"]),
            st.just(""),
            st.integers(0, 9),
        ),
        st.tuples(st.sampled_from(["caches", "save", "roll"]), st.just(""), st.none()),
    ),
    max_size=40,
)


class Life:
    """Plays steps on a store."""

    def __init__(self, directory: Path) -> None:
        self.store = new_store(directory, segment_bytes=1)
        self.ledger = self.store.load_now()
        self.now: datetime = T0

    def play(self, step: tuple[str, str, Any]) -> None:
        name, subject, value = step
        if name == "pass":
            self.now += value * HOUR
        elif name == "caches":
            self.store.save_caches_now(self.ledger, picture(self.ledger))
        elif name == "save":
            self.store.journal._segment_bytes = 2**30
            self.store.save_state_now(self.ledger)
        elif name == "roll":
            self.store.journal._segment_bytes = 1
            self.store.save_state_now(self.ledger)
        else:
            draft = self.draft(name, subject, value)
            if isinstance(draft, Event):
                with self.store.writing_now(self.ledger) as writing:
                    writing.append([draft], self.now)
        self.now += timedelta(seconds=1)

    def draft(self, name: str, subject: str, value: Any) -> object:
        if name in {"show", "clear", "ack", "unack", "note"}:
            return self.item_draft(name, subject, value)
        if name == "metric":
            return sampled({"devices": float(value)})
        if name == "deployment":
            return counted(self.ledger.deployments, [Deployment("app", "a", "App", value, 1, None)], self.now)
        if name == "state":
            return Event(event="source.state", ref="devices", to="failed", why=str(value))
        if name == "poll":
            report = {"name": "devices", "status": "ok", "mode": "sweep", "items": value}
            return Event(event="poll.finished", data={"sources": [report]})
        if name == "post":
            return updates.on_post(None, False, POST)
        return {"read": updates.read, "unread": updates.unread}[name](POST, ANNA, "c")

    def item_draft(self, name: str, subject: str, value: Any) -> object:
        seen = observation(subject, severity=value if name == "show" else Severity.LOW)
        key = key_of(seen)
        current = self.ledger.triage.get(key)
        if name == "show":
            self.ledger.observe(key, seen)
            return law.on_firing(current, key, seen, self.now)
        if current is None:
            return None
        if name == "clear":
            return law.on_clear(current, value)
        return {"ack": law.ack, "unack": law.unack, "note": law.note}[name](current, value, "c", "because")


def loaded(directory: Path) -> tuple[Store, Ledger]:
    store = Store(directory, tenant="contoso", profile="work", sources=SOURCES, read_only=True)
    return store, store.load_now()


@settings(max_examples=120)
@given(steps)
def test_replay_is_exact_from_caches_from_checkpoint_and_from_the_first_line(
    played: list[tuple[str, str, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "work"
        life = Life(directory)
        for step in played:
            life.play(step)
        lived = state_of(life.ledger)

        assert state_of(loaded(directory)[1]) == lived

        bare = Path(temporary) / "bare"
        shutil.copytree(directory, bare)
        for name in ("observed.msgpack", "state.json"):
            (bare / name).unlink(missing_ok=True)
        assert state_of(loaded(bare)[1]) == lived

        for name in files(bare):
            if name.startswith("checkpoint-"):
                (bare / name).unlink()
        store, ledger = loaded(bare)
        assert state_of(ledger) == lived
        assert store.journal.verify() == []
