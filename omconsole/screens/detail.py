"""One item: what, whom, since when, why this severity, the evidence, and what has happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from omconsole.domain import words
from omconsole.domain.items import Condition, Item
from omconsole.i18n import _
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.columns import label_cell
from omconsole.screens.evidence import facts, instant
from omconsole.screens.lines import columns, heading, paragraph
from omconsole.screens.pages import MARGINS, PAGES_CSS
from widgets.pane import PaneRule, RuleLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from omconsole.domain.events import Event
    from omconsole.screens.ports import Host
    from omconsole.screens.reading import Reading


BESIDE = 117
"""Cells of text from which the history stands beside the facts (`pages.tcss`: 120 with the margins)."""
GUTTER = 3
WIDE = 160
"""Cells from which Graph's own names stand beside the facts."""


class DetailScreen(ConsoleScreen):
    """Everything that is known of one item. Opening it says that somebody has seen it."""

    CSS_PATH = PAGES_CSS
    TEACHES: ClassVar[tuple[str, ...]] = (
        "console.back",
        "triage.ack",
        "triage.unack",
        "triage.note",
        "item.copy_id",
        "console.palette",
        "console.help",
    )

    def __init__(self, host: Host, item: Item) -> None:
        super().__init__(host)
        self.item = item
        self._events: Sequence[Event] = ()
        self._rule = RuleLine(PaneRule(""))
        self._left = Static(id="facts", markup=False)
        self._right = Static(id="history", markup=False)

    def compose(self) -> ComposeResult:
        """Yield title, text and last line."""
        yield self._rule
        with VerticalScroll(id="page"), Container(id="sheet"):
            yield self._left
            yield self._right
        yield self.foot

    def on_mount(self) -> None:
        """Show the item, mark it seen, and fetch its history."""
        self.query_one("#page").focus()
        self._draw()
        self.host.order("seen", [self.item], quiet=True)
        self._read_history()

    def target(self) -> Item:
        """The item."""
        return self.item

    def show_picture(self) -> None:
        """Take the item from the new picture; one that is no longer open stays as it was last."""
        snapshot = self.host.reading.snapshot
        pane = snapshot.alerts if self.item.triage.pane == "alerts" else snapshot.issues
        found = next((each for each in pane if each.key == self.item.key), None)
        if found is None or found is self.item:
            return
        self.item = found
        self._draw()
        self._read_history()

    def on_resize(self) -> None:
        """Show as much as there is room for."""
        self._draw()

    def tick(self) -> None:
        """Let ages grow."""
        self._draw()

    def verb_poll_refresh(self) -> None:
        self.host.refresh_source(self.item.triage.source)

    @work(group="history", exclusive=True)
    async def _read_history(self) -> None:
        key = self.item.key
        events = await self.host.ask(lambda console: console.history(key))
        if events is not None:
            self._events = events
            self._draw()

    def _draw(self) -> None:
        reading, item = self.host.reading, self.item
        state = words.label_word(item.label)
        right = f"{words.severity_word(item.triage.severity)} · {state} · {reading.age(item.triage.first_seen)}"
        stale = _("STALE") if item.condition is Condition.UNKNOWN else ""
        self._rule.say(PaneRule(words.title(item, now=reading.now, tz=reading.tz), right, stale))
        room = self.size.width - MARGINS
        beside = room >= BESIDE
        first, second = ((room - GUTTER) * 3 // 5, (room - GUTTER) * 2 // 5) if beside else (room, room)
        self._left.update(sheet(item, reading, first, wide=self.size.width >= WIDE))
        self._right.update(history(self._events, reading, second))


def sheet(item: Item, reading: Reading, width: int, *, wide: bool = False) -> Content:
    """Return what is known of the item, in lines of `width` cells: what and whom, evidence, causes, links."""
    triage, seen = item.triage, item.seen
    rows: list[tuple[str, str | Content]] = [
        (_("State"), Content.assemble(label_cell(item), (f" · {condition(item)}", "$ink-soft"))),
        (_("Severity"), _severity(item)),
        (_("Since"), instant(triage.first_seen, reading)),
        (_("User"), (seen.user if seen else None) or "–"),
        (_("Platform"), (seen.platform if seen else None) or "–"),
        (_("Has it"), reading.full_name(triage.assignee)),
    ]
    if triage.acked_at is not None:
        rows.append((_("Acknowledged"), _acknowledged(item, reading)))
    parts = [columns(rows, width=width), heading(_("Evidence"))]
    if seen is None:
        parts.append(paragraph(_("The source has not been read since this console started.")))
    else:
        parts.append(columns([fact if wide else fact[:2] for fact in facts(seen.facts, reading)], width=width))
        source = words.source_word(triage.source)
        told = _("Source: {source}. As of {time}.").format(source=source, time=instant(seen.evidence_at, reading))
        parts.append(paragraph(told))
        if seen.causes:
            parts.append(heading(_("Causes")))
            parts.append(
                columns([(cause.name, cause.setting or "–", cause.code or "") for cause in seen.causes], width=width)
            )
    parts.append(heading(_("Where")))
    parts.append(columns([(_("Id"), item.id), (_("Graph id"), triage.subject_id)], width=width))
    if seen is not None and seen.portal_url:
        parts.append(Content.styled(seen.portal_url, "$accent-ink"))
    return Content("\n").join(parts)


def history(events: Sequence[Event], reading: Reading, width: int) -> Content:
    """Return what has happened to the item, the newest first, in lines of `width` cells."""
    parts = [heading(_("History"), first=True)]
    persons = reading.snapshot.persons
    for event in reversed(events):
        when = Content.styled(reading.stamp(event.at), "$ink-dim") if event.at else Content("–")
        who = Content.styled(words.actor_word(event, persons), "$ink-soft")
        parts.append(Content.assemble(when, "  ", who))
        parts.append(columns([("", Content.styled(words.change_words(event), "$ink"))], width=width))
    if not events:
        parts.append(paragraph(_("Nothing has been read yet.")))
    return Content("\n").join(parts)


def condition(item: Item) -> str:
    """Return in words what the item's source says of it."""
    return {
        Condition.FIRING: _("Graph reports it"),
        Condition.CLEAR: _("Graph does not report it any more"),
        Condition.UNKNOWN: _("nobody knows at present: its source is stale"),
    }[item.condition]


def _severity(item: Item) -> Content:
    severity = item.triage.severity
    rule = _("by the rule for “{kind}”").format(kind=words.kind_word(item.triage.kind))
    word = Content.styled(words.severity_word(severity), f"bold $severity-{severity.value}")
    return Content.assemble(word, (f" · {rule}", "$ink-soft"))


def _acknowledged(item: Item, reading: Reading) -> str:
    triage = item.triage
    by = reading.full_name(triage.acked_by)
    return _("{time} by {name}").format(time=instant(triage.acked_at, reading), name=by)
