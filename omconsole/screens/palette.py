"""The command line (`:`, ctrl+p): every verb by its name, from the same table that binds the keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import CommandPalette, DiscoveryHit, Hit, Provider
from textual.content import Content

from omconsole import verbs
from omconsole.i18n import _
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.pages import PAGES_CSS

if TYPE_CHECKING:
    from textual.command import Hits

    from omconsole.verbs import Verb

ALIASES = {"q": "console.quit", "h": "console.help"}
"""What fingers type without looking."""


EXACT, BEGINNING = 2_000.0, 1_000.0
"""Scores above any that the fuzzy matcher gives."""


class CommandLine(CommandPalette):
    """The palette in the console's own dress."""

    CSS_PATH = PAGES_CSS

    def __init__(self) -> None:
        super().__init__(placeholder=_("Command or what it does"), id="--command-palette")


class VerbProvider(Provider):
    """Finds verbs by command word, words and help."""

    async def discover(self) -> Hits:
        """Yield every verb."""
        for verb in verbs.VERBS:
            yield DiscoveryHit(_shown(verb), partial(self._do, verb), text=verb.command, help=self._help(verb))

    async def search(self, query: str) -> Hits:
        """Yield the verbs that match; one whose command is typed in full comes first."""
        matcher = self.matcher(query)
        typed = query.strip().casefold()
        for verb in verbs.VERBS:
            text = f"{verb.command}  {verbs.words(verb)}  {verbs.help_text(verb)}"
            score = matcher.match(text)
            if verb.command == typed or ALIASES.get(typed) == verb.id:
                score = EXACT
            elif verb.command.startswith(typed):
                score = BEGINNING
            if score > 0:
                yield Hit(score, _shown(verb), partial(self._do, verb), text=verb.command, help=self._help(verb))

    def _help(self, verb: Verb) -> str:
        screen = self.screen
        refusal = screen.refusal(verb) if isinstance(screen, ConsoleScreen) else None
        return refusal or verbs.help_text(verb)

    async def _do(self, verb: Verb) -> None:
        if isinstance(self.screen, ConsoleScreen):
            await self.screen.action_verb(verb.id)


def _shown(verb: Verb) -> Content:
    return Content.assemble((verb.command.ljust(16), "bold"), (verbs.key_word(verb), "$accent-ink"))
