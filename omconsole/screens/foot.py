"""The last line of a screen: eight keys, or for a while what the console has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from rich.segment import Segment

from widgets.cells import drawable
from widgets.key_bar import KeyBar, KeyHint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from widgets.drawn_lines import Parts

Tone = Literal["plain", "warning"]
NOTICE_S = 8.0
"""How long a notice stands unless another takes its place, in seconds."""


class Foot(KeyBar):
    """Teaches keys; `say` puts a sentence in their place, which is literal text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"foot--plain", "foot--warning"}

    def __init__(self, keys: Sequence[KeyHint]) -> None:
        super().__init__(keys)
        self.notice = ""
        self._tone: Tone = "plain"
        self._timer: Timer | None = None

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Show a sentence for a while; an empty one brings the keys back."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.notice, self._tone = drawable(text), tone
        self.redraw()
        if text:
            self._timer = self.set_timer(NOTICE_S, lambda: self.say(""))

    def shown(self, width: int) -> list[tuple[int, KeyHint]]:
        """Return the hints with their places; none while a sentence stands there."""
        return [] if self.notice else super().shown(width)

    def draw(self, width: int) -> list[Parts]:
        """Return the line."""
        if not self.notice:
            return super().draw(width)
        style = self.get_visual_style(f"foot--{self._tone}").rich_style
        return [[Segment(" ", self.visual_style.rich_style), Segment(self.notice, style)]]
