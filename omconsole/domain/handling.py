"""Verbs on ids: which item is meant, what the law says, and the answer people and scripts get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain import triage as law
from omconsole.domain.commands import Already, Done, Failed, Outcome
from omconsole.domain.fold import fold
from omconsole.domain.items import Item
from omconsole.domain.triage import Refusal
from omconsole.domain.updates import Post, done, not_done, read, unread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omconsole.domain.commands import Command
    from omconsole.domain.events import Event
    from omconsole.domain.items import Triage

POST_VERBS = ("ack", "unack", "resolve", "reopen")
ITEM_VERBS = ("ack", "unack", "resolve", "reopen", "note", "seen")


def decide(command: Command, current: Triage) -> Event | Refusal:
    """What the law makes of the command for one item."""
    if command.verb == "ack":
        return law.ack(current, command.actor, command.command_id, command.why)
    if command.verb == "unack":
        if _overtaken(command, current):
            return Refusal("changed meanwhile", by=current.acked_by, at=current.acked_at)
        return law.unack(current, command.actor, command.command_id, command.why)
    if command.verb == "resolve":
        return law.resolve(current, command.actor, command.command_id, command.why)
    if command.verb == "reopen":
        return law.reopen(current, command.actor, command.command_id, command.why)
    if command.verb == "note":
        return law.note(current, command.actor, command.command_id, command.why)
    if command.verb == "seen":
        return law.seen(current, command.actor, command.command_id)
    return Refusal(f"unknown verb {command.verb}")


def _overtaken(command: Command, current: Triage) -> bool:
    """Somebody has changed the item since the picture that the command was given on."""
    return command.expected.get(current.id, current.version) != current.version


def decide_post(command: Command, post: Post, *, is_read: bool, is_done: bool = False) -> Event | Refusal:
    """What the command means for a post: acknowledging is one person's reading, resolving is the team's being done."""
    if command.verb == "ack":
        return Refusal("read", already=True) if is_read else read(post, command.actor, command.command_id)
    if command.verb == "unack":
        return unread(post, command.actor, command.command_id) if is_read else Refusal("unread", already=True)
    if command.verb == "resolve":
        return Refusal("done", already=True) if is_done else done(post, command.actor, command.command_id, command.why)
    if command.verb == "reopen":
        return not_done(post, command.actor, command.command_id) if is_done else Refusal("not done", already=True)
    if command.verb == "seen":
        return Refusal("seen", already=True)
    return Refusal("not for a post")


class Answers:
    """Collects the answer to one command, id by id. `words` turn a stable reason into words."""

    def __init__(self, words: Callable[[str], str], names: Callable[[], Mapping[str, str]]) -> None:
        self._words = words
        self._names = names
        self._done: list[Done] = []
        self._already: list[Already] = []
        self._failed: list[Failed] = []

    def done(self, id_: str, version: int | None, label: str) -> None:
        self._done.append(Done(id_, version, label))

    def item_done(self, current: Triage, event: Event) -> None:
        """The item as it stands after the event."""
        after = fold(current, event)
        assert after is not None
        self.done(after.id, after.version, Item(triage=after).label.value)

    def refused(self, id_: str, refusal: Refusal) -> None:
        words = self._words(refusal.reason)
        by = self._names().get(refusal.by, refusal.by) if refusal.by else None
        if refusal.already:
            self._already.append(Already(id_, words if by is None else f"{words}: {by}"))
        else:
            self._failed.append(Failed(id_, words, by, refusal.at))

    def failed(self, id_: str, why: str) -> None:
        self._failed.append(Failed(id_, why))

    def outcome(self) -> Outcome:
        return Outcome(tuple(self._done), tuple(self._already), tuple(self._failed))
