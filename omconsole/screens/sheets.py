"""Everything that is known of one row, set in lines; what a detail shows, and the preview beside the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import words
from omconsole.domain.items import Condition, Handling, Item
from omconsole.domain.updates import Update
from omconsole.i18n import _, ngettext, number
from omconsole.screens import alert_sheets, cause_sheet
from omconsole.screens.columns import label_cell
from omconsole.screens.evidence import facts, instant
from omconsole.screens.finding import by_ids
from omconsole.screens.lines import columns, heading, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omconsole.domain.events import Event
    from omconsole.domain.rows import Row
    from omconsole.domain.sharing import Shared
    from omconsole.screens.lines import Line
    from omconsole.screens.reading import Reading

PARENTS_TOLD = 4
LABEL = 20
"""Cells of the first column beside the inbox, so that it stays where it is from row to row."""


def sheet(item: Item, reading: Reading, width: int, common: Sequence[Shared] = (), *, wide: bool = False) -> Content:
    """Return what is known of an item, in lines of `width` cells.

    Args:
        item: it.
        reading: the picture and the time.
        width: of a line, in cells.
        common: what the members of a cause share.
        wide: Graph's own names have room beside the facts.
    """
    parts: list[Content] = []
    if item.is_cause:
        parts += [cause_sheet.headline(item, reading), Content("")]
    parts.append(columns(list(_lines(item, reading, common)), width=width))
    if item.triage.kind.startswith("service."):
        parts.append(alert_sheets.told(item, reading))
    elif not item.is_cause:
        parts += _evidence(item, reading, width, wide=wide)
    parts.append(heading(_("Where")))
    parts.append(columns([(_("Id"), item.id), (_("Graph id"), item.triage.subject_id)], width=width))
    if item.seen is not None and item.seen.portal_url:
        parts.append(Content.styled(item.seen.portal_url, "$accent-ink"))
    return Content("\n").join(parts)


def glance(row: Row, reading: Reading, width: int, common: Sequence[Shared] = ()) -> Content:
    """Return the same in short, for the room beside the inbox."""
    if isinstance(row, Update):
        return columns([(label.ljust(LABEL), text) for label, text in _post(row, reading)], width=width)
    if not isinstance(row, Item):
        from omconsole.screens.checklist import occurrence_sheet

        return occurrence_sheet(row, reading, width)
    lines = columns([(label.ljust(LABEL), text) for label, text in _lines(row, reading, common)], width=width)
    if row.is_cause:
        return Content("\n").join([cause_sheet.headline(row, reading), Content(""), lines])
    if row.triage.kind.startswith("service."):
        return Content("\n").join([lines, alert_sheets.told(row, reading)])
    return lines


def _lines(item: Item, reading: Reading, common: Sequence[Shared]) -> Iterator[Line]:
    """What it is, the telling things first."""
    yield from folds_under(item, reading)
    if item.is_cause:
        yield from cause_sheet.about(item, common, reading)
        return
    family = item.triage.family
    if family == "service.issue":
        yield from alert_sheets.incident(item, reading)
    elif family.startswith("connector."):
        yield from alert_sheets.connector(item, reading)
    yield _("State"), Content.assemble(label_cell(item), (f" · {condition(item)}", "$ink-soft"))
    yield _("Severity"), _severity(item, reading)
    yield _("Since"), instant(item.triage.first_seen, reading)
    seen = item.seen
    if item.triage.pane == "issues":
        yield _("User"), (seen.user if seen else None) or "–"
        yield _("Platform"), (seen.platform if seen else None) or "–"
    yield _("Has it"), reading.full_name(item.triage.assignee)
    if item.triage.acked_at is not None:
        yield _("Acknowledged"), _acknowledged(item, reading)


def folds_under(item: Item, reading: Reading) -> Iterator[Line]:
    """Yield what an item folds under, and whose verb covers it; of a marked one, the incident."""
    label = _("Folds under")
    for parent in by_ids(reading.snapshot, item.suppressed_by[:PARENTS_TOLD]):
        name = words.title(parent, now=reading.now, tz=reading.tz)
        yield label, Content.assemble((name, "$ink-bright"), (f" · {_covers(parent, reading)}", "$ink-soft"))
        label = ""
    if len(item.suppressed_by) > PARENTS_TOLD:
        more = len(item.suppressed_by) - PARENTS_TOLD
        yield "", ngettext("and {n} more", "and {n} more", more).format(n=number(more))
    label = _("Marked with")
    for incident in by_ids(reading.snapshot, item.marked_by):
        name = words.title(incident, now=reading.now, tz=reading.tz)
        remark = _("it may explain this; what is critical stays in sight")
        yield label, Content.assemble((name, "$ink-bright"), (f" · {remark}", "$ink-soft"))
        label = ""


def _covers(parent: Item, reading: Reading) -> str:
    triage = parent.triage
    if triage.handling is Handling.ACKED:
        return _("covered by {name}, who acknowledged it").format(name=reading.full_name(triage.acked_by))
    if triage.handling is Handling.SNOOZED:
        return _("covered: it is put off until {time}").format(time=instant(triage.snoozed_until, reading))
    return _("backlog") if triage.backlog else _("nobody has acknowledged it")


def _evidence(item: Item, reading: Reading, width: int, *, wide: bool) -> list[Content]:
    seen = item.seen
    parts = [heading(_("Evidence"))]
    if seen is None:
        return [*parts, paragraph(_("The source has not been read since this console started."))]
    parts.append(columns([fact if wide else fact[:2] for fact in facts(seen.facts, reading)], width=width))
    source = words.source_word(item.triage.source)
    told = _("Source: {source}. As of {time}.").format(
        source=source, time=instant(seen.evidence_at or seen.last_seen, reading)
    )
    parts.append(paragraph(told))
    if seen.causes:
        parts.append(heading(_("Causes")))
        rows = [(cause.name, cause.setting or "–", cause.code or "") for cause in seen.causes]
        parts.append(columns(rows, width=width))
    return parts


def _post(update: Update, reading: Reading) -> Iterator[Line]:
    post = update.post
    yield _("Category"), words.category_word(post.category)
    yield _("Services"), ", ".join(dict.fromkeys((*post.services, *post.platforms))) or "–"
    if post.act_by is not None:
        yield _("Act by"), Content.styled(instant(post.act_by, reading), "bold $severity-high")
    yield _("Published"), instant(post.published, reading)
    state = _("read") if update.read else _("unread")
    done = _("done") if update.done else _("not done")
    yield _("State"), f"{state} · {done}"


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


def _severity(item: Item, reading: Reading) -> Content:
    severity = item.triage.severity
    rule = alert_sheets.severity_reason(item, reading) or _("by the rule for “{kind}”").format(
        kind=words.kind_word(item.triage.kind)
    )
    word = Content.styled(words.severity_word(severity), f"bold $severity-{severity.value}")
    return Content.assemble(word, (f" · {rule}", "$ink-soft"))


def _acknowledged(item: Item, reading: Reading) -> str:
    triage = item.triage
    by = reading.full_name(triage.acked_by)
    return _("{time} by {name}").format(time=instant(triage.acked_at, reading), name=by)
