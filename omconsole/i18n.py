"""Words in the user's language: gettext, resolved before anything is printed."""

from __future__ import annotations


def _(message: str) -> str:
    """Translate a message."""
    return message


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a message that depends on a number."""
    return singular if n == 1 else plural
