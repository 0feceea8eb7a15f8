"""The last line of a screen: a few keys and what they do.

    bar = KeyBar((KeyHint("a", _("acknowledge"), "acknowledge"), ..., KeyHint("?", _("help"), "help")))
    bar.keys = (...)

A hint that finds no room is left out, from the right; the one of `?` stays. A click posts `KeyBar.Pressed(action)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.message import Message
from textual.reactive import reactive

from widgets.cells import drawable
from widgets.drawn_lines import DrawnLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from widgets.drawn_lines import Parts

GAP = 2
MOST = 8
"""More keys than these nobody reads."""
ALWAYS = "?"


class KeyHint(NamedTuple):
    """A key, what it does in one or two words, and the action's name."""

    key: str
    words: str
    action: str

    @property
    def width(self) -> int:
        """Cells that the hint takes."""
        return cell_len(drawable(self.key)) + (1 + cell_len(drawable(self.words)) if self.words else 0)


class KeyBar(DrawnLines):
    """One line that teaches at most eight keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--words"}

    keys: reactive[tuple[KeyHint, ...]] = reactive((), repaint=False)
    """The hints, the most important first."""

    class Pressed(Message):
        """The user has clicked the hint of an action."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(
        self,
        keys: Sequence[KeyHint] = (),
        *,
        id: str | None = None,  # noqa: A002  # the name every widget of Textual gives it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(KeyBar.keys, tuple(keys))

    def watch_keys(self) -> None:
        """Repaint what differs."""
        self.redraw()

    def shown(self, width: int) -> list[tuple[int, KeyHint]]:
        """Return the hints that find room in so many cells, each with the cell at which it starts."""
        kept = list(self.keys[: MOST - 1]) if len(self.keys) > MOST else list(self.keys)
        if len(self.keys) > MOST:
            kept += [hint for hint in self.keys[MOST - 1 :] if hint.key == ALWAYS] or [self.keys[MOST - 1]]

        def is_too_wide() -> bool:
            return 1 + sum(hint.width + GAP for hint in kept) - GAP > width - 1

        if is_too_wide():
            kept = [KeyHint(hint.key, "", hint.action) if hint.key == ALWAYS else hint for hint in kept]
        while len(kept) > 1 and is_too_wide():
            droppable = [hint for hint in kept if hint.key != ALWAYS]
            kept.remove(droppable[-1])
        places: list[tuple[int, KeyHint]] = []
        x = 1
        for hint in kept:
            places.append((x, hint))
            x += hint.width + GAP
        return places

    def draw(self, width: int) -> list[Parts]:
        """Return the line of hints."""
        key = self.get_visual_style("key-bar--key").rich_style
        words = self.get_visual_style("key-bar--words").rich_style
        blank = self.visual_style.rich_style
        parts: list[Segment] = []
        for number, (_x, hint) in enumerate(self.shown(width)):
            parts.append(Segment(" " * (GAP if number else 1), blank))
            parts.append(Segment(drawable(hint.key), key))
            if hint.words:
                parts.append(Segment(f" {drawable(hint.words)}", words))
        return [parts]

    def on_click(self, event: events.Click) -> None:
        """Say whose hint was clicked."""
        for x, hint in self.shown(self.size.width):
            if x <= event.x < x + hint.width:
                event.stop()
                self.post_message(self.Pressed(hint.action))
