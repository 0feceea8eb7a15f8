"""The update feed: a post as Graph shows it, and what people made of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from omconsole.domain.events import Actor, Event

ACT_WITHIN = timedelta(days=30)
"""A post needs action when its date is no further away than this, or past."""


class Post(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message-centre post: an observation, immutable but for newer revisions (`changed`). Times are UTC."""

    id: str
    title: str
    category: str = ""
    severity: str = "normal"
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published: datetime | None = None
    changed: datetime | None = None
    act_by: datetime | None = None
    is_major: bool = False
    body: str = ""
    """HTML, sanitised, line breaks kept; empty in the head that the first paint reads."""
    details: tuple[tuple[str, str], ...] = ()

    @property
    def triage(self) -> str:
        """`act`, `plan` or `know`, by Microsoft's category and the date (intune-needs.md §3)."""
        category = self.category.casefold()
        if category == "preventorfixissue" or self.act_by is not None:
            return "act"
        return "plan" if category == "planforchange" else "know"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms that the title names, in a fixed order."""
        return tuple(name for name, pattern in _PLATFORMS if pattern.search(self.title))


_PLATFORMS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("iOS", r"\biOS|iPadOS|\bADE\b"),
        ("macOS", r"\bmacOS|\bMac\b"),
        ("Android", r"\bAndroid|work profile|Managed Google Play|Samsung Knox"),
        ("Windows", r"\bWindows|Autopilot|\bWin32\b|BitLocker"),
        ("Linux", r"\bLinux|Ubuntu"),
    )
)


class Receipt(msgspec.Struct, frozen=True):
    """One person's reading of one revision of a post."""

    at: datetime
    changed: datetime | None


class Update(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A post as one person sees it."""

    post: Post
    read: bool = False
    revised: bool = False
    """Read before, but Microsoft has changed it since."""
    starred: bool = False
    done: bool = False
    """The team is through with it; it belongs to all, while `read` is one person's."""
    backlog: bool = False
    """Found by the first whole list: it asks nothing of anybody."""

    @property
    def key(self) -> str:
        return self.post.id

    def needs_action(self, now: datetime) -> bool:
        """Not done, and its date is near or past (triage.md, "Needs action"); `now` is UTC."""
        act_by = self.post.act_by
        return not self.done and not self.backlog and act_by is not None and act_by - now <= ACT_WITHIN


def as_read_by(post: Post, receipt: Receipt | None) -> Update:
    """The post with a person's receipt: a newer revision becomes unread again."""
    if receipt is None:
        return Update(post=post)
    current = receipt.changed == post.changed
    return Update(post=post, read=current, revised=not current)


def on_post(known: datetime | None, is_known: bool, post: Post, *, backlog: bool = False) -> Event | None:
    """The event that follows when the feed shows a post: posted, revised or nothing new.

    `known` is the revision time that the history holds (UTC); `backlog`: the feed has never been read as a whole.
    """
    if not is_known:
        data = {**_revision(post), "backlog": True} if backlog else _revision(post)
        return Event(event="update.posted", ref=post.id, data=data)
    return Event(event="update.revised", ref=post.id, data=_revision(post)) if known != post.changed else None


def read(post: Post, actor: Actor, command_id: str) -> Event:
    """This person has read this revision."""
    return _receipt("update.read", post, actor, command_id)


def unread(post: Post, actor: Actor, command_id: str) -> Event:
    """This person wants to read the post again."""
    return _receipt("update.unread", post, actor, command_id)


def done(post: Post, actor: Actor, command_id: str, why: str | None) -> Event:
    """The team is through with the post."""
    return replace(_receipt("update.done", post, actor, command_id), why=why)


def not_done(post: Post, actor: Actor, command_id: str) -> Event:
    """The team takes the post up again."""
    return _receipt("update.reopened", post, actor, command_id)


def _receipt(name: str, post: Post, actor: Actor, command_id: str) -> Event:
    return Event(
        event=name,
        ref=post.id,
        data=_revision(post),
        actor=actor.person,
        actor_kind=actor.kind,
        via=actor.via,
        command_id=command_id,
    )


def _revision(post: Post) -> dict[str, object]:
    return {"changed": post.changed.isoformat().replace("+00:00", "Z") if post.changed else None}
