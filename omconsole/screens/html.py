"""Microsoft's HTML as Markdown or plain text, without pictures, scripts and anything that a terminal would obey."""

from __future__ import annotations

import re
from functools import lru_cache

from omconsole.sanitize import sanitize_block

LONGEST = 200_000
"""Characters of HTML that are set; Microsoft's longest posts have some 20,000."""
_MARKS = ["a", "b", "strong", "em", "i", "u", "code", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"]


def as_markdown(html: str) -> str:
    """Return the text as Markdown."""
    return _converted(html, [])


@lru_cache(maxsize=64)
def as_text(html: str) -> str:
    """Return the text without marks; lists keep their dashes.

    Remembered: an incident's ten posts take some 15 ms, and its detail is drawn with every picture.
    """
    if "<" not in html and "&" not in html:
        return sanitize_block(html, LONGEST).strip()
    return re.sub(r"\n{2,}", "\n", _converted(html, _MARKS)).strip()


def _converted(html: str, strip: list[str]) -> str:
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(html[:LONGEST], "html.parser")
    for tag in soup(["script", "style", "img", "iframe", "object", "svg"]):
        tag.decompose()
    marked = not strip
    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", strip=strip or None, escape_asterisks=marked, escape_underscores=marked
    )
    text: str = converter.convert_soup(soup)
    # Character references may have brought control characters back.
    return sanitize_block(text, LONGEST)
