"""The one table of verbs: bindings, palette, `:` commands, `?` help and the command line are made from it.

`applies` names a predicate; the domain's rules give the final word and the reason.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from omconsole.i18n import N_, _

Group = Literal["triage", "move", "view", "console"]
Applies = Literal["item", "row", "pane", "always"]


class Verb(NamedTuple):
    """One thing a person can do.

    `key` is empty where none is worth one. `id` is dotted and stable (users' key maps and scripts name it); `command` is the word after `:` and, for triage
    verbs, on the command line; `words` is what the footer says, `help` one sentence. Texts are English msgids, translated
    when they are shown.
    """

    id: str
    key: str
    command: str
    words: str
    help: str
    group: Group
    applies: Applies
    cli: bool = False
    asks: str | None = None
    """The question of the dialog that asks for a text before the verb runs."""


# One verb a line reads as the table that it is.
# ruff: noqa: E501
# fmt: off
VERBS: tuple[Verb, ...] = (
    Verb("triage.ack", "a", "ack", N_("ack"), N_("Acknowledge: somebody has it. A post: mark it read."), "triage", "item", cli=True),
    Verb("triage.unack", "A", "unack", N_("un-ack"), N_("Give the acknowledgement back. A post: mark it unread."), "triage", "item", cli=True),
    Verb("triage.resolve", "x", "resolve", N_("resolve"), N_("Resolve: it is over; while it still fires that needs a reason. A post: the team is done."), "triage", "item", cli=True, asks=N_("Reason")),
    Verb("triage.reopen", "X", "reopen", N_("reopen"), N_("Take a resolved item up again. A post: it is not done yet."), "triage", "item", cli=True),
    Verb("triage.note", "c", "note", N_("note"), N_("Write a note on the item."), "triage", "item", cli=True, asks=N_("Note")),
    Verb("item.open", "enter", "open", N_("open"), N_("Open the item or read the post."), "move", "row"),
    Verb("pane.alerts", "1", "alerts", N_("alerts"), N_("Go to the alerts."), "move", "always"),
    Verb("pane.issues", "2", "issues", N_("issues"), N_("Go to the issues."), "move", "always"),
    Verb("pane.updates", "3", "updates", N_("updates"), N_("Go to the update feed."), "move", "always"),
    Verb("pane.checklist", "4", "checklist", N_("checklist"), N_("Go to the checklist."), "move", "always"),
    Verb("pane.next", "tab", "next-pane", N_("next pane"), N_("Go to the next pane."), "move", "always"),
    Verb("pane.previous", "shift+tab", "previous-pane", N_("previous pane"), N_("Go to the previous pane."), "move", "always"),
    Verb("pane.needs_action", "n", "next", N_("next"), N_("Go to the next row that needs action."), "move", "pane"),
    Verb("pane.needs_action_before", "p", "previous", N_("previous"), N_("Go to the previous row that needs action."), "move", "pane"),
    Verb("pane.unfold", "l", "unfold", N_("unfold"), N_("Show what folds under this row."), "move", "row"),
    Verb("pane.fold", "h", "fold", N_("fold"), N_("Fold it again; on a member: go to its cause and fold that."), "move", "row"),
    Verb("pane.filter", "slash", "filter", N_("filter"), N_("Show only the rows that hold all these words."), "view", "pane"),
    Verb("pane.zoom", "z", "zoom", N_("zoom"), N_("Give this pane the whole screen, or give it back."), "view", "pane"),
    Verb("pane.grouping", "comma", "grouping", N_("view"), N_("Show the issues by cause, the backlog, or every row."), "view", "pane"),
    Verb("view.inbox", "0", "inbox", N_("inbox"), N_("Show what needs somebody, of all panes, worst first."), "view", "always"),
    Verb("view.sources", "5", "sources", N_("sources"), N_("Show how fresh each source is, and why not."), "view", "always"),
    Verb("poll.refresh", "r", "refresh", N_("refresh"), N_("Ask Graph again for this pane's source."), "console", "pane"),
    Verb("poll.refresh_all", "R", "refresh-all", N_("refresh all"), N_("Ask Graph again for every source, whole lists."), "console", "always"),
    Verb("view.pause", "P", "pause", N_("pause"), N_("Hold the picture still; polling goes on."), "view", "always"),
    Verb("view.theme", "T", "theme", N_("theme"), N_("Change between the dark and the light theme."), "view", "always"),
    Verb("item.copy_id", "y", "copy-id", N_("copy id"), N_("Send the id to the terminal's clipboard; it is shown as well."), "view", "row"),
    Verb("view.repaint", "ctrl+l", "repaint", N_("repaint"), N_("Draw the whole screen again."), "view", "always"),
    Verb("console.palette", "colon", "palette", N_("command"), N_("Type a command by name."), "console", "always"),
    Verb("console.sign_in", "", "login", N_("sign in"), N_("Sign in to the tenant, or sign in anew."), "console", "always"),
    Verb("console.sign_out", "", "logout", N_("sign out"), N_("Remove your tokens from this machine; what was read stays."), "console", "always"),
    Verb("console.help", "question_mark", "help", N_("help"), N_("Show the keys for what has the focus."), "console", "always"),
    Verb("console.back", "q", "back", N_("back"), N_("Go back; at the root ask before leaving."), "console", "always"),
    Verb("console.quit", "ctrl+q", "quit", N_("quit"), N_("Leave the console."), "console", "always"),
)
# fmt: on


def verb(id_: str) -> Verb:
    """The verb with this id."""
    return next(each for each in VERBS if each.id == id_)


def words(each: Verb) -> str:
    """What the footer says of a verb, in the user's language."""
    return _(each.words)


def help_text(each: Verb) -> str:
    """One sentence about a verb, in the user's language."""
    return _(each.help)


_KEY_WORDS = {"slash": "/", "colon": ":", "question_mark": "?", "comma": ",", "enter": "⏎", "shift+tab": "⇧tab"}


def key_word(each: Verb) -> str:
    """The key as people write it."""
    return _KEY_WORDS.get(each.key, each.key)
