"""What the journal says since a file was written, for readers that do not load the whole state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.store.reading import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.events import Event
    from omconsole.store.segments import Position

SMALL_BYTES = 512 * 1024


def small_tail(directory: Path, position: Position) -> list[Event] | None:
    """Return the events behind `position`, or None when there are too many of them to fold before the first paint.

    Raises:
        StateError: the journal cannot be read or does not go on from there.
    """
    reader = JournalReader(directory)
    if not reader.holds(position):
        return None
    size = reader.segments.size(position.segment) - position.offset
    newest = max(reader.segments.numbers(), default=position.segment)
    if newest > position.segment:
        size += sum(reader.segments.size(number) for number in range(position.segment + 1, newest + 1))
    if size > SMALL_BYTES:
        return None
    reader.seek(position)
    events: list[Event] = []
    while new := reader.read_new():
        events.extend(new)
    return events
