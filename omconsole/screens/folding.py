"""Rows that unfold below another: which ones are shown, without making more of them than the screen shows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, overload

import msgspec

from omconsole.domain.items import Item

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

SEPARATOR = "/"
"""Between the keys of a place's parents; no key holds it."""


class Member(msgspec.Struct, frozen=True, gc=False):
    """A row at its place below another one; an item with two causes has two places."""

    item: Item
    parent: Item
    prefix: str
    """The keys of all parents, outermost first, each with `SEPARATOR` behind it."""

    @property
    def key(self) -> str:
        """Unique in its table, whatever else shows the same item."""
        return self.prefix + self.item.triage.key

    @property
    def depth(self) -> int:
        """1 directly below a row that folds under nothing."""
        return self.prefix.count(SEPARATOR)


ItemRow: TypeAlias = Item | Member


def item_of(row: ItemRow) -> Item:
    """Return the item that a row shows."""
    return row.item if isinstance(row, Member) else row


class _Run(msgspec.Struct, frozen=True):
    """Neighbours below one parent; `prefix` is empty for rows that fold under nothing."""

    items: Sequence[Item]
    begin: int
    end: int
    prefix: str = ""
    parent: Item | None = None


class FoldedRows(Sequence["ItemRow"]):
    """Rows with the members of those that are unfolded directly below them.

    Args:
        top: rows that stand by themselves.
        members: what folds under what, by the parent's id.
        unfolded: the keys of the rows whose members are shown; of members the key of their place.

    Takes as long as there are rows in `top` and runs of members; a member's row is made when it is asked for.
    """

    def __init__(self, top: Sequence[Item], members: Mapping[str, Sequence[Item]], unfolded: Collection[str]) -> None:
        self._runs: list[_Run] = []
        self._starts: list[int] = []
        self._length = 0
        self._lay(top, "", None, members, unfolded)

    def _lay(
        self,
        items: Sequence[Item],
        prefix: str,
        parent: Item | None,
        members: Mapping[str, Sequence[Item]],
        unfolded: Collection[str],
    ) -> None:
        keys = {key[len(prefix) :] for key in unfolded if key.startswith(prefix)}
        keys = {key for key in keys if SEPARATOR not in key}
        begin = 0
        for index, item in enumerate(items) if keys else ():
            if item.triage.key not in keys or not (below := members.get(item.triage.id)):
                continue
            self._add(_Run(items, begin, index + 1, prefix, parent))
            self._lay(below, f"{prefix}{item.triage.key}{SEPARATOR}", item, members, unfolded)
            begin = index + 1
        self._add(_Run(items, begin, len(items), prefix, parent))

    def _add(self, run: _Run) -> None:
        if run.end > run.begin:
            self._runs.append(run)
            self._starts.append(self._length)
            self._length += run.end - run.begin

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> ItemRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ItemRow]: ...
    def __getitem__(self, index: int | slice) -> ItemRow | Sequence[ItemRow]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._length))]
        if index < 0:
            index += self._length
        if not 0 <= index < self._length:
            raise IndexError(index)
        number = bisect_right(self._starts, index) - 1
        run = self._runs[number]
        item = run.items[run.begin + index - self._starts[number]]
        return item if run.parent is None else Member(item, run.parent, run.prefix)

    def position_of(self, key: str) -> int | None:
        """Return the index of the row with a key, None when there is none; makes no rows."""
        prefix, _separator, own = key.rpartition(SEPARATOR)
        prefix = f"{prefix}{SEPARATOR}" if prefix else ""
        for run, start in zip(self._runs, self._starts, strict=True):
            if run.prefix != prefix:
                continue
            for index in range(run.begin, run.end):
                if run.items[index].triage.key == own:
                    return start + index - run.begin
        return None


def place_above(row: ItemRow) -> str | None:
    """Return the key of the place of a member's parent; None for a row that folds under nothing."""
    return row.prefix[: -len(SEPARATOR)] if isinstance(row, Member) else None


def each_once(top: Iterable[Item], members: Mapping[str, Sequence[Item]], pane: str) -> Iterator[Item]:
    """Yield the rows of a pane that stand by themselves, then what folds under them, level by level, each once."""
    known: set[str] = set()
    level = list(top)
    while level:
        below: list[Item] = []
        for item in level:
            key = item.triage.key
            if key in known:
                continue
            known.add(key)
            if item.triage.pane == pane:
                yield item
            if item.triage.id in members:
                below += members[item.triage.id]
        level = below
