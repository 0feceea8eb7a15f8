"""`checkpoint-NNNNNN.msgpack`: the whole ledger but observations and posts, as it was before a segment.

Frames (head, then triage states, then past lives) and the SHA-256 of all of them at the end: a checkpoint is good or it
is passed over, since an older one and the journal lead to the same state.
"""

from __future__ import annotations

import io
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.deployments import Course
from omconsole.domain.figures import Sample
from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Triage
from omconsole.domain.updates import Receipt
from omconsole.store.frames import ENCODER, DamagedError, frames, read_bytes, write_frame, write_list
from omconsole.store.segments import Position, Segments

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from omconsole.domain.ledger import Ledger

FORMAT: Final = 1
_DIGEST_BYTES: Final = 32


class CheckpointHead(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but the items; `position` is where the journal goes on."""

    format: int
    tenant: str
    position: Position
    triage: int
    past: int
    known_posts: dict[str, datetime | None]
    receipts: dict[str, dict[str, Receipt]]
    sources: dict[str, SourceHealth]
    metrics: dict[str, list[Sample]]
    done_posts: dict[str, datetime] = {}
    backlog_posts: dict[str, None] = {}
    deployments: dict[str, Course] = {}
    evidence: dict[str, dict[str, bool]] = {}
    evidence_now: dict[str, dict[str, bool]] = {}


class Checkpoint(msgspec.Struct, frozen=True):
    """A good checkpoint, decoded."""

    head: CheckpointHead
    triage: list[Triage]
    past: list[Triage]

    def fill_items(self, ledger: Ledger) -> None:
        """Give a ledger its triage states; observations come back with the next poll."""
        ledger.triage.update((triage.key, triage) for triage in self.triage)
        ledger.past.update((triage.id, triage) for triage in self.past)
        ledger.items_seq = self.head.position.seq

    def fill_rest(self, ledger: Ledger) -> None:
        """Give a ledger receipts, sources, metrics and what posts are known."""
        ledger.known_posts.update(self.head.known_posts)
        ledger.receipts.update(self.head.receipts)
        ledger.metrics.update(self.head.metrics)
        ledger.deployments.update(self.head.deployments)
        ledger.done_posts.update(self.head.done_posts)
        ledger.backlog_posts.update(self.head.backlog_posts)
        ledger.evidence.update(self.head.evidence)
        ledger.evidence_now.update(self.head.evidence_now)
        add_sources(ledger, self.head.sources)
        ledger.rest_seq = self.head.position.seq


def add_sources(ledger: Ledger, stored: dict[str, SourceHealth]) -> None:
    """Lay stored healths over the configured ones, whose interval stays."""
    for name, health in stored.items():
        known = ledger.sources.get(name)
        interval = known.interval_s if known else health.interval_s
        ledger.sources[name] = msgspec.structs.replace(health, interval_s=interval, fetching_since=None, fetched=0)


def checkpoint_bytes(ledger: Ledger, tenant: str, position: Position) -> Generator[None, None, bytes]:
    """Encode a ledger that reflects everything before `position`, in steps. The ledger must not change meanwhile."""
    file = io.BytesIO()
    head = CheckpointHead(
        format=FORMAT,
        tenant=tenant,
        position=position,
        triage=len(ledger.triage),
        past=len(ledger.past),
        known_posts=ledger.known_posts,
        receipts=ledger.receipts,
        sources=ledger.sources,
        metrics=ledger.metrics,
        deployments=ledger.deployments,
        done_posts=ledger.done_posts,
        backlog_posts=ledger.backlog_posts,
        evidence=ledger.evidence,
        evidence_now=ledger.evidence_now,
    )
    write_frame(file, ENCODER.encode(head))
    yield from write_list(file, ledger.triage.values())
    yield from write_list(file, ledger.past.values())
    content = file.getvalue()
    return content + sha256(content).digest()


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return a checkpoint, or None when there is none or it is not good."""
    content = read_bytes(path)
    if content is None or sha256(content[:-_DIGEST_BYTES]).digest() != content[-_DIGEST_BYTES:]:
        return None
    try:
        parts = frames(memoryview(content)[:-_DIGEST_BYTES])
        head = msgspec.msgpack.decode(next(parts), type=CheckpointHead)
        decode = msgspec.msgpack.Decoder(list[Triage]).decode
        items = [triage for part in parts for triage in decode(part)]
    except (DamagedError, StopIteration, msgspec.MsgspecError):
        return None
    if head.format > FORMAT or len(items) != head.triage + head.past:
        return None
    return Checkpoint(head, items[: head.triage], items[head.triage :])


def newest_checkpoint(directory: Path) -> Checkpoint | None:
    """Return the newest good checkpoint of a state directory that a segment follows.

    A checkpoint without its segment is what a writer left that was killed in a roll: the segment before grew on.
    """
    segments = Segments(directory)
    for path in sorted(directory.glob("checkpoint-*.msgpack"), reverse=True):
        checkpoint = read_checkpoint(path)
        if checkpoint is not None and segments.exists(checkpoint.head.position.segment):
            return checkpoint
    return None
