"""A post to read: who is concerned, until when, and Microsoft's own text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.content import Content
from textual.widgets import Markdown, Static

from omconsole.domain import words
from omconsole.i18n import _, date_long, ngettext, number
from omconsole.sanitize import sanitize
from omconsole.screens import html
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.evidence import instant
from omconsole.screens.lines import columns
from omconsole.screens.pages import PAGES_CSS, Page
from omconsole.screens.update_columns import days_left
from widgets.pane import PaneRule, RuleLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from omconsole.domain.updates import Post, Update
    from omconsole.screens.ports import Host


class ReaderScreen(ConsoleScreen):
    """One post. Opening it marks it read for the person who does."""

    CSS_PATH = PAGES_CSS
    TEACHES: ClassVar[tuple[str, ...]] = (
        "console.back",
        "pane.needs_action",
        "pane.needs_action_before",
        "triage.unack",
        "triage.resolve",
        "item.copy_id",
        "console.palette",
        "console.help",
    )

    def __init__(self, host: Host, post_id: str) -> None:
        super().__init__(host)
        self._rule = RuleLine(PaneRule(""))
        self._meta = Static(id="meta", markup=False)
        self._text = Markdown(id="post", open_links=False)
        self._post_id = post_id
        self._unread = tuple(each.key for each in host.reading.snapshot.updates if not each.read)
        """What was unread when the reader was opened: reading one must not change what comes next."""

    def compose(self) -> ComposeResult:
        """Yield title, facts, text and last line."""
        yield self._rule
        with Page(id="page"):
            yield self._meta
            yield self._text
        yield self.foot

    def on_mount(self) -> None:
        """Show the post."""
        self.query_one("#page").focus()
        self.read(self._post_id)

    def target(self) -> Update | None:
        """The post as this person sees it."""
        return next((each for each in self.host.reading.snapshot.updates if each.key == self._post_id), None)

    def show_picture(self) -> None:
        """Say anew what depends on the picture and the time."""
        update = self.target()
        if update is not None:
            state = _("read") if update.read else _("unread")
            said = [update.post.id, state, *([_("done")] if update.done else [])]
            self._rule.say(PaneRule(update.post.title, " · ".join(said)))
            self._meta.update(facts_of(update, self.host))

    def read(self, post_id: str) -> None:
        """Show another post from its beginning, and mark it read."""
        self._post_id = post_id
        self.show_picture()
        self.query_one("#page").scroll_home(animate=False)
        update = self.target()
        if update is not None and not update.read:
            self.host.order("ack", [update], quiet=True)
        self._set_text(post_id)

    @work(group="text", exclusive=True)
    async def _set_text(self, post_id: str) -> None:
        post = await self.host.ask(lambda console: console.post(post_id))
        if post_id == self._post_id:
            await self._text.update(as_markdown(post))

    def verb_pane_needs_action(self) -> None:
        self._step(1)

    def verb_pane_needs_action_before(self) -> None:
        self._step(-1)

    def _step(self, direction: int) -> None:
        keys = [each.key for each in self.host.reading.snapshot.updates]
        order = [key for key in self._unread if key in keys]
        at = order.index(self._post_id) if self._post_id in order else -1 if direction > 0 else len(order)
        if 0 <= at + direction < len(order):
            self.read(order[at + direction])
        else:
            self.say(_("No other unread post this way."))

    def verb_poll_refresh(self) -> None:
        self.host.refresh_source("messages")

    def on_markdown_link_clicked(self, message: Markdown.LinkClicked) -> None:
        """Show where a link leads; nothing is opened from here."""
        message.stop()
        href = sanitize(message.href)
        if href.casefold().startswith(("https://", "http://")):
            self.app.copy_to_clipboard(href)
            self.say(_("{url} was sent to the terminal's clipboard.").format(url=href))
        else:
            self.say(_("This link is no web address: {url}").format(url=href), "warning")


def facts_of(update: Update, host: Host) -> Content:
    """Return the lines above the text: category, services, deadline, dates."""
    post, reading = update.post, host.reading
    rows: list[tuple[str, str | Content]] = [(_("Category"), words.category_word(post.category))]
    rows.append((_("Services"), ", ".join(dict.fromkeys((*post.services, *post.platforms))) or "–"))
    if post.act_by is not None:
        left = days_left(update, reading)
        far = ngettext("{n} day left", "{n} days left", left).format(n=number(left)) if left >= 0 else _("past")
        rows.append(
            (_("Act by"), Content.styled(f"{date_long(post.act_by, reading.tz)} · {far}", "bold $severity-high"))
        )
    rows.append((_("Published"), instant(post.published, reading)))
    if post.changed is not None and post.changed != post.published:
        rows.append((_("Changed"), instant(post.changed, reading)))
    return columns(rows)


def as_markdown(post: Post | None) -> str:
    """Return the body of a post as Markdown."""
    if post is None:
        return _("*This post is not in the feed any more.*")
    return html.as_markdown(post.body) if post.body else _("*This post has no text.*")
