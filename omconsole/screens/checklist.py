"""One task of the checklist with all its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from omconsole.domain import checklist_words
from omconsole.i18n import _, datetime_medium, number
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.lines import columns, heading
from omconsole.screens.pages import MARGINS, PAGES_CSS, Page
from omconsole.screens.rows import OCCURRENCE_MARKS
from widgets.pane import PaneRule, RuleLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from omconsole.domain.occurrences import Occurrence, Part
    from omconsole.screens.lines import Line
    from omconsole.screens.ports import Host
    from omconsole.screens.reading import Reading


def occurrence_sheet(row: Occurrence, reading: Reading, width: int) -> Content:
    """Return an occurrence with all its evidence, in lines of `width` cells."""
    green = sum(part.ok is True for part in row.parts)
    counted = _("{n} of {total} green").format(n=number(green), total=number(len(row.parts)))
    lines: list[Line] = [
        (_("Area"), checklist_words.area_word(row.area)),
        (_("How often"), checklist_words.cadence_word(row.cadence)),
        (_("State"), f"{checklist_words.state_word(row.state)} · {counted}"),
    ]
    if row.due is not None:
        lines.append((_("Period ends"), datetime_medium(row.due, reading.tz)))
    if row.owner is not None:
        lines.append((_("Has it"), reading.full_name(row.owner)))
    if row.needs_action:
        lines.append((_("Needs you"), Content.styled(_("it was green before"), "bold $severity-high")))
    parts = [columns(lines, width=width), heading(_("Evidence"))]
    return Content("\n").join([*parts, *(_part(part, width) for part in row.parts)])


def _part(part: Part, width: int) -> Content:
    sign, ink = OCCURRENCE_MARKS[part.ok]
    name = Content.styled(checklist_words.part_word(part.name), "$ink-bright" if part.ok is not True else "$ink-soft")
    lines = [Content.assemble((sign, ink), " ", name), columns([(" ", Content.styled(part.why, "$ink"))], width=width)]
    if part.command is not None:
        lines.append(
            columns([(" ", Content.assemble((_("Do: "), "$ink-dim"), (part.command, "$accent-ink")))], width=width)
        )
    return Content("\n").join(lines)


class OccurrenceScreen(ConsoleScreen):
    """One task of the checklist: every piece of its evidence, and what supplies it."""

    CSS_PATH = PAGES_CSS
    TEACHES: ClassVar[tuple[str, ...]] = ("console.back", "item.copy_id", "console.palette", "console.help")

    def __init__(self, host: Host, row: Occurrence) -> None:
        super().__init__(host)
        self.row = row
        self._rule = RuleLine(PaneRule(""))
        self._text = Static(id="facts", markup=False)

    def compose(self) -> ComposeResult:
        """Yield title, text and last line."""
        yield self._rule
        with Page(id="page"):
            yield self._text
        yield self.foot

    def on_mount(self) -> None:
        """Show it."""
        self.query_one("#page", VerticalScroll).focus()
        self._draw()

    def on_resize(self) -> None:
        """Wrap the lines anew."""
        self._draw()

    def target(self) -> Occurrence:
        """The occurrence."""
        return self.row

    def show_picture(self) -> None:
        """Take it from the new picture; one that is over stays as it was last."""
        found = (each for each in self.host.reading.snapshot.checklist if each.key == self.row.key)
        self.row = next(found, self.row)
        self._draw()

    def verb_poll_refresh(self) -> None:
        self.host.refresh_source(None)

    def _draw(self) -> None:
        reading = self.host.reading
        sign, _ink = OCCURRENCE_MARKS[self.row.ok]
        self._rule.say(PaneRule(f"{sign} {self.row.title}", checklist_words.state_word(self.row.state)))
        self._text.update(occurrence_sheet(self.row, reading, self.size.width - MARGINS))
