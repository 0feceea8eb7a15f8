"""Key bindings, made from the table of verbs; ids are the verbs' ids, so that key maps can name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from omconsole import verbs
from widgets.key_bar import KeyHint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType


ALSO = {"console.help": "f1", "console.palette": "ctrl+p", "pane.fold": "left", "pane.unfold": "right"}
"""Second keys: what people look for when they are lost, and arrows."""
TABLE_KEYS = frozenset({"item.open"})
"""Verbs whose key the table itself answers, with the row under the cursor."""


def bindings() -> list[BindingType]:
    """Return one binding for each verb with a key; the action carries the verb's id."""
    made: list[BindingType] = [
        Binding(
            ",".join(filter(None, (verb.key, ALSO.get(verb.id)))),
            f"verb({verb.id!r})",
            verb.words,
            id=verb.id,
            show=False,
            priority=verb.id == "console.quit",
        )
        for verb in verbs.VERBS
        if verb.key and verb.id not in TABLE_KEYS
    ]
    return [*made, Binding("escape", "step_back", "back", id="console.escape", show=False)]


def hints(ids: Iterable[str]) -> tuple[KeyHint, ...]:
    """Return what the last line teaches of these verbs."""
    shown = (verbs.verb(each) for each in ids)
    return tuple(KeyHint(verbs.key_word(verb), verbs.words(verb), verb.id) for verb in shown)
