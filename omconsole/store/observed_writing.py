"""Writing `observed.msgpack` in steps from what a ledger held at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from msgspec.structs import replace

from omconsole.store.frames import ENCODER, ITEMS_A_FRAME, write_frame, write_list
from omconsole.store.observed import ENTRY, FORMAT, HEADER_BYTES, MAGIC, Header, split_id

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from omconsole.domain.items import Item, Observation, Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.snapshot import Snapshot
    from omconsole.domain.updates import Post
    from omconsole.store.segments import Position

HEAD_ROWS: Final = 200


class Contents(NamedTuple):
    """A ledger's items part at one moment. The values are frozen; the containers belong to whoever captured them."""

    tenant: str
    position: Position
    picture: Snapshot
    triage: dict[str, Triage]
    past: dict[str, Triage]
    seen: dict[str, Observation]
    posts: list[Post]


def capture(ledger: Ledger, position: Position, tenant: str, picture: Snapshot) -> Contents:
    """Take what is to be written out of a ledger that reflects `position`; a matter of a millisecond."""
    return Contents(
        tenant,
        position,
        picture,
        dict(ledger.triage),
        dict(ledger.past),
        dict(ledger.seen),
        list(ledger.posts.values()),
    )


def write(file: BinaryIO, contents: Contents) -> Generator[None, None, None]:
    """Write the whole file in steps.

    Raises:
        OSError: the disk does not take it.
    """
    sections: dict[str, tuple[int, int]] = {}
    counts = {name: len(getattr(contents, name)) for name in ("triage", "past", "seen", "posts")}
    file.write(bytes(HEADER_BYTES))
    begin = file.tell()
    file.write(ENCODER.encode(cut_head(contents)))
    sections["head"] = (begin, file.tell() - begin)
    yield
    entries: dict[bytes, list[bytes]] = {}
    for name, values in (("triage", _by_priority(contents)), ("past", contents.past.values())):
        begin = file.tell()
        yield from _write_records(file, values, entries)
        sections[name] = (begin, file.tell() - begin)
    for name, others in (("seen", contents.seen.items()), ("posts", contents.posts)):
        begin = file.tell()
        yield from write_list(file, others)
        sections[name] = (begin, file.tell() - begin)
    begin = file.tell()
    for first in sorted(entries):
        file.write(b"".join(sorted(entries[first])))
        yield
    sections["index"] = (begin, file.tell() - begin)
    header = Header(format=FORMAT, tenant=contents.tenant, position=contents.position, counts=counts, sections=sections)
    file.seek(0)
    file.write(MAGIC)
    write_frame(file, ENCODER.encode(header))


def cut_head(contents: Contents) -> Snapshot:
    """The picture's first rows, brought to the state that the file reflects, without posts' bodies."""
    picture = contents.picture
    issues, alerts = (_fresh(rows[:HEAD_ROWS], contents) for rows in (picture.issues, picture.alerts))
    people = {name for item in (*issues, *alerts) for name in (item.triage.acked_by, item.triage.assignee) if name}
    return replace(
        picture,
        seq=contents.position.seq,
        issues=issues,
        alerts=alerts,
        updates=tuple(replace(update, post=replace(update.post, body="")) for update in picture.updates[:HEAD_ROWS]),
        members={},
        persons={id_: name for id_, name in picture.persons.items() if id_ in people},
        polling="nobody",
        complete=False,
        totals={
            "issues": len(picture.issues),
            "alerts": len(picture.alerts),
            "updates": len(picture.updates),
            **picture.totals,
        },
        sign_in=None,  # one user's own, and the file may be a team's
        notice=None,
    )


def _fresh(rows: tuple[Item, ...], contents: Contents) -> tuple[Item, ...]:
    """The rows as the captured triage has them: the picture may be a moment older."""
    fresh = (replace(row, triage=_light(contents.triage.get(row.key, row.triage))) for row in rows)
    return tuple(row for row in fresh if row.triage.is_open)


def _light(triage: Triage) -> Triage:
    """Without the thousands of members that a cause may have; how many they are stays."""
    return replace(triage, members=()) if triage.members else triage


def _by_priority(contents: Contents) -> Iterator[Triage]:
    """Open items in the picture's order first, so that loading finds them sorted; then all others."""
    rest = contents.triage
    for pane in (contents.picture.issues, contents.picture.alerts):
        for item in pane:
            triage = rest.pop(item.key, None)
            if triage is not None:
                yield triage
    yield from rest.values()


def _write_records(
    file: BinaryIO, values: Iterable[Triage], entries: dict[bytes, list[bytes]]
) -> Generator[None, None, None]:
    """Write triage states in frames and collect the index entries by the id's first character."""
    batch: list[Triage] = []
    for triage in values:
        batch.append(triage)
        if len(batch) == ITEMS_A_FRAME:
            _write_batch(file, batch, entries)
            batch.clear()
            yield
    if batch:
        _write_batch(file, batch, entries)


def _write_batch(file: BinaryIO, batch: list[Triage], entries: dict[bytes, list[bytes]]) -> None:
    records = [ENCODER.encode(triage) for triage in batch]
    head = b"\xdc" + len(records).to_bytes(2, "big")  # MessagePack's array of up to 65,535
    at = file.tell() + 4 + len(head)
    write_frame(file, b"".join((head, *records)))
    for triage, record in zip(batch, records, strict=True):
        name, life = split_id(triage.id)
        entries.setdefault(name[:1], []).append(ENTRY.pack(name, life, at, len(record)))
        at += len(record)
