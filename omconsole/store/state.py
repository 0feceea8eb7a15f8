"""`state.json`: the working state as a TinyDB file, made from the ledger and read back into it.

Tables: `meta`, `receipts`, `sources`, `metrics`, `updates`, `checklist` and `items`, which holds alerts, causes and
every item that more than its mere opening has touched. Document ids follow from what a document is about, so that they
are the same in every process.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from omconsole.domain.deployments import Course, key_of
from omconsole.domain.figures import Sample
from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Handling, Triage
from omconsole.domain.updates import Receipt
from omconsole.store.checkpoint import add_sources
from omconsole.store.observed import split_id
from omconsole.store.segments import Position

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from omconsole.domain.ledger import Ledger
    from omconsole.store.tables import Tables

FILE_NAME: Final = "state.json"
FORMAT: Final = 1
META_ID: Final = "1"
_LIVES: Final = 1024
"""An item's document id is a number from its key, times this, plus the number of its life."""
_STEP: Final = 500
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_encode: Final = msgspec.json.Encoder().encode


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """The one document of `meta`: whose state it is and which event it reflects."""

    format: int
    tenant: str
    profile: str
    position: Position


class ReceiptRow(msgspec.Struct, frozen=True):
    """One person's reading of one post."""

    person: str
    post: str
    at: datetime
    changed: datetime | None


class MetricRow(msgspec.Struct, frozen=True):
    """One figure's samples, oldest first."""

    name: str
    samples: list[Sample]


class UpdateRow(msgspec.Struct, frozen=True):
    """The newest revision of a post that the history holds."""

    post: str
    changed: datetime | None
    done: datetime | None = None
    """When the team was through with it."""
    backlog: bool = False


class EvidenceRow(msgspec.Struct, frozen=True):
    """A task of the checklist: which parts of its evidence have ever been green."""

    template: str
    parts: dict[str, bool]
    now: dict[str, bool] = {}
    """Which of them were green when they last turned."""


class _State(msgspec.Struct):
    """What is read back; items come from the cache or the checkpoint."""

    meta: dict[str, Meta]
    receipts: dict[str, ReceiptRow] = {}
    sources: dict[str, SourceHealth] = {}
    metrics: dict[str, MetricRow] = {}
    deployments: dict[str, Course] = {}
    updates: dict[str, UpdateRow] = {}
    checklist: dict[str, EvidenceRow] = {}


class Captured(NamedTuple):
    """A ledger's working state at one moment; the containers belong to whoever captured them."""

    meta: Meta
    triage: dict[str, Triage]
    past: dict[str, Triage]
    receipts: dict[str, dict[str, Receipt]]
    sources: dict[str, SourceHealth]
    metrics: dict[str, list[Sample]]
    deployments: dict[str, Course]
    known_posts: dict[str, datetime | None]
    done_posts: dict[str, datetime]
    backlog_posts: dict[str, None]
    evidence: dict[str, dict[str, bool]]
    evidence_now: dict[str, dict[str, bool]]


def capture(ledger: Ledger, meta: Meta) -> Captured:
    """Take what is to be written out of a ledger that reflects `meta.position`."""
    return Captured(
        meta,
        dict(ledger.triage),
        dict(ledger.past),
        {person: dict(mine) for person, mine in ledger.receipts.items()},
        dict(ledger.sources),
        {name: list(samples) for name, samples in ledger.metrics.items()},
        dict(ledger.deployments),
        dict(ledger.known_posts),
        dict(ledger.done_posts),
        dict(ledger.backlog_posts),
        {template: dict(parts) for template, parts in ledger.evidence.items()},
        {template: dict(parts) for template, parts in ledger.evidence_now.items()},
    )


class StateEncoder:
    """Keeps each document's encoded form and encodes again only what has changed since."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, _Row]] = {}

    def tables(self, captured: Captured) -> Generator[None, None, Tables]:
        """Return every table of the file, `meta` first, in steps."""
        tables: Tables = {"meta": {META_ID: _encode(captured.meta)}}
        for name, rows in (
            ("sources", _source_rows(captured)),
            ("metrics", _metric_rows(captured)),
            ("deployments", _deployment_rows(captured)),
            ("receipts", _receipt_rows(captured)),
            ("updates", _update_rows(captured)),
            ("checklist", _evidence_rows(captured)),
            ("items", _item_rows(captured)),
        ):
            tables[name] = yield from self._table(name, rows)
        return tables

    def _table(self, name: str, rows: Iterable[_Candidate | None]) -> Generator[None, None, dict[str, bytes]]:
        known = self._known.get(name, {})
        fresh: dict[str, _Row] = {}
        document_id = item_document_id if name == "items" else _document_id
        for index, candidate in enumerate(rows):
            if candidate is not None:
                row = known.get(candidate.about)
                if row is None or row.token != candidate.token:
                    row = _Row(candidate.token, document_id(candidate.about), _encode(candidate.document))
                fresh[candidate.about] = row
            if index % _STEP == 0:
                yield
        self._known[name] = fresh
        return {row.id: row.encoded for row in fresh.values()}


class _Row(NamedTuple):
    token: object
    id: str
    encoded: bytes


class _Candidate(NamedTuple):
    """`token` compares as equal exactly when the document has not changed."""

    about: str
    token: object
    document: object


def _source_rows(captured: Captured) -> Iterator[_Candidate]:
    for name, health in captured.sources.items():
        yield _Candidate(name, health, health)


def _metric_rows(captured: Captured) -> Iterator[_Candidate]:
    for name, samples in captured.metrics.items():
        yield _Candidate(name, (samples[:1], samples[-1:], len(samples)), MetricRow(name, samples))


def _deployment_rows(captured: Captured) -> Iterator[_Candidate]:
    for key, course in captured.deployments.items():
        yield _Candidate(key, course, course)


def _receipt_rows(captured: Captured) -> Iterator[_Candidate]:
    for person, mine in captured.receipts.items():
        for post, receipt in mine.items():
            yield _Candidate(f"{person} {post}", receipt, ReceiptRow(person, post, receipt.at, receipt.changed))


def _update_rows(captured: Captured) -> Iterator[_Candidate]:
    for post, changed in captured.known_posts.items():
        row = UpdateRow(post, changed, captured.done_posts.get(post), post in captured.backlog_posts)
        yield _Candidate(post, row, row)


def _evidence_rows(captured: Captured) -> Iterator[_Candidate]:
    for template, parts in captured.evidence.items():
        row = EvidenceRow(template, parts, captured.evidence_now.get(template, {}))
        yield _Candidate(template, row, row)


def _item_rows(captured: Captured) -> Iterator[_Candidate | None]:
    """Touched items; None for the others, so that the steps stay short."""
    for lives in (captured.triage, captured.past):
        for triage in lives.values():
            yield _Candidate(triage.id, triage, triage) if is_touched(triage) else None


def is_touched(triage: Triage) -> bool:
    """Tells whether it is an alert, a cause, or an item with which more was done than to open it."""
    return (
        triage.is_cause
        or triage.pane == "alerts"
        or triage.touched
        or triage.handling in {Handling.ACKED, Handling.SNOOZED}
        or triage.assignee is not None
        or triage.starred
        or triage.escalation > 0
        or triage.flapping_since is not None
        or triage.notes > 0
    )


def item_document_id(id_: str) -> str:
    """The document id of one life of an item in the table `items`: ten characters are 50 bits."""
    name, life = split_id(id_)
    number = 0
    for character in name.decode():
        number = number * 32 + max(_ALPHABET.find(character), 0)
    return str(number * _LIVES + life)


def _document_id(about: str) -> str:
    return str(int.from_bytes(blake2b(about.encode(), digest_size=7).digest(), "big") + 1)


# --- reading ----------------------------------------------------------------------------------------------------------


def load_rest(path: Path, ledger: Ledger) -> Meta | None:
    """Fill a ledger's receipts, sources, metrics and known posts from the file; None when there is no file.

    Raises:
        ValueError: the file is damaged; the ledger is as it was.
        OSError: the system does not let us read it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        state = msgspec.json.decode(content, type=_State)
        meta = state.meta[META_ID]
    except (msgspec.MsgspecError, KeyError) as error:
        raise ValueError(str(error)) from error
    for receipt in state.receipts.values():
        ledger.receipts.setdefault(receipt.person, {})[receipt.post] = Receipt(receipt.at, receipt.changed)
    add_sources(ledger, {health.name: health for health in state.sources.values()})
    ledger.metrics.update((row.name, row.samples) for row in state.metrics.values())
    ledger.deployments.update((key_of(row.type, row.id), row) for row in state.deployments.values())
    for post in state.updates.values():
        ledger.known_posts[post.post] = post.changed
        if post.done is not None:
            ledger.done_posts[post.post] = post.done
        if post.backlog:
            ledger.backlog_posts[post.post] = None
    ledger.evidence.update((row.template, row.parts) for row in state.checklist.values())
    ledger.evidence_now.update((row.template, row.now) for row in state.checklist.values())
    ledger.rest_seq = meta.position.seq
    return meta


def read_meta(path: Path) -> Meta | None:
    """Return what the file says about itself from its beginning alone, or None when it does not say."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
        opening = b'{"meta":{"%s":' % META_ID.encode()
        if not start.startswith(opening):
            return None
        end = start.index(b"}}", len(opening)) + 2  # the position is its last member
        return msgspec.json.decode(start[len(opening) : end], type=Meta)
    except (OSError, ValueError):
        return None
