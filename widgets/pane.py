"""A pane: a rule that carries the title, and below it one widget.

    pane = Pane(QueueTable(...), rule=PaneRule("1 Alerts", "3 unread · 1 due", more="+8"), id="alerts")
    pane.rule = PaneRule("1 Alerts", "4", warning="STALE since 09:41")

The title is bright while the focus is within. A click on the rule puts the focus on the child. Texts are literal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cells import drawable, fit, width_of
from widgets.drawn_lines import DrawnLines

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from widgets.drawn_lines import Parts

RULE = "─"
SEPARATOR = " · "
TITLE_MINIMUM = 12
"""Cells that a title keeps before a warning gives way."""


class PaneRule(msgspec.Struct, frozen=True):
    """What the rule of a pane says."""

    title: str
    right: str = ""
    """Counts and hints, dim, at the right edge, joined by ` · `; the last ones give way first."""
    warning: str = ""
    """What must not be overlooked, at the very end; the last to give way when the pane is narrow."""
    more: str = ""
    """A short word between the two, such as how many rows do not fit."""


class RuleLine(DrawnLines):
    """The line of a pane's rule."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rule--line",
        "rule--title",
        "rule--title-focused",
        "rule--right",
        "rule--warning",
    }

    def __init__(self, rule: PaneRule) -> None:
        super().__init__()
        self._rule = rule
        self._bright = False

    def brighten(self, bright: bool) -> None:
        """Draw the title bright or quiet from now on."""
        self._bright = bright
        self.redraw()

    def say(self, rule: PaneRule) -> None:
        """Say something else from now on."""
        self._rule = rule
        self.redraw()

    def draw(self, width: int) -> list[Parts]:
        """Return ` title ──────── right · warning ─`, without what finds no room."""
        title_class = "rule--title-focused" if self._bright else "rule--title"
        blank, line, title, right, warning = [
            self.get_visual_style(*name).rich_style
            for name in ((), ("rule--line",), (title_class,), ("rule--right",), ("rule--warning",))
        ]
        name = drawable(self._rule.title)
        ends = self._ends(width - 3, cell_len(name))
        tail: list[Segment] = []
        for text in ends:
            tail += [Segment(SEPARATOR, right)] if tail else [Segment(" ", blank)]
            tail.append(Segment(text, warning if text == drawable(self._rule.warning) else right))
        tail += [Segment(" ", blank), Segment(RULE, line)] if tail else []
        used = width_of(tail)
        head = [Segment(" ", blank), *fit([Segment(name, title)], min(cell_len(name), width - used - 3), title)]
        head.append(Segment(" ", blank))
        dashes = Segment(RULE * max(0, width - used - width_of(head)), line)
        return [[*head, dashes, *tail]]

    def _ends(self, room: int, title: int) -> list[str]:
        """As many of the texts at the right as find room: first the counts go, from the last to the first.

        A title loses letters to a warning alone.
        """
        rule = self._rule
        counts = [drawable(each) for each in rule.right.split(SEPARATOR) if each]
        rest = [drawable(each) for each in (rule.more, rule.warning) if each]

        def taken() -> int:
            return sum(cell_len(each) + 3 for each in (*counts, *rest))

        while counts and taken() > room - title:
            counts.pop()
        while rest and taken() > room - min(title, TITLE_MINIMUM):
            rest.pop(0)
        return [*counts, *rest]


class Pane(Widget):
    """A title rule and one child below it, without a box."""

    DEFAULT_CSS = """
    Pane { layout: vertical; height: 1fr; width: 1fr; }
    """

    rule: reactive[PaneRule] = reactive(PaneRule(""), repaint=False)
    """What the rule says."""

    def __init__(
        self,
        child: Widget,
        *,
        rule: PaneRule,
        id: str | None = None,  # noqa: A002  # the name every widget of Textual gives it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.child = child
        self._line = RuleLine(rule)
        self.set_reactive(Pane.rule, rule)

    def compose(self) -> ComposeResult:
        """Yield the rule and the child."""
        yield self._line
        yield self.child

    def watch_rule(self, rule: PaneRule) -> None:
        """Repaint what differs in the rule."""
        self._line.say(rule)

    def on_descendant_focus(self) -> None:
        """Brighten the title."""
        self._line.brighten(True)

    def on_descendant_blur(self) -> None:
        """Quieten the title."""
        self._line.brighten(False)

    def on_click(self) -> None:
        """Focus the child when its rule is clicked."""
        if self.child.focusable and not self.child.has_focus:
            self.child.focus(scroll_visible=False)
