"""German is complete, and speaks as the admin centre does.

After a change of words, bring the catalogue up to date and fill in what is new:

    pybabel extract -k N_ -k pgettext:1c,2 --sort-by-file --add-location=file --no-wrap \\
        -o /tmp/omconsole.pot omconsole widgets
    pybabel update -D omconsole -d omconsole/locale -i /tmp/omconsole.pot \\
        --no-fuzzy-matching --ignore-obsolete --no-wrap
    pybabel compile -D omconsole -d omconsole/locale

Installing the package compiles it too. Words that a term of `omconsole/locale/glossary.md` covers are translated as
written there; a message where the term means something else says so in a translator's comment,
`# glossary: not TERM`.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po

from omconsole.i18n import CLICK_SENTENCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Catalog, Message

ROOT = Path(__file__).parents[2]
PACKAGES = ("omconsole", "widgets")
LOCALE = ROOT / "omconsole" / "locale"
KEYWORDS = {**DEFAULT_KEYWORDS, **parse_keywords(["N_", "pgettext:1c,2"])}
TRANSLATORS = {"_": 1, "N_": 1, "gettext": 1, "ngettext": 2, "pgettext": 2}
"""Functions whose first arguments are messages, and how many of them."""


class Term(NamedTuple):
    english: str
    forms: tuple[str, ...]
    """Beginnings of words, any of which stands in a right translation."""


@cache
def catalogue() -> Catalog:
    with (LOCALE / "de" / "LC_MESSAGES" / "omconsole.po").open("rb") as po:
        return read_po(po, locale="de", abort_invalid=True)


@cache
def extracted() -> dict[tuple[str | None, str | tuple[str, ...]], str]:
    """Returns the messages of the sources by context and id, with a place where each stands."""
    found: dict[tuple[str | None, str | tuple[str, ...]], str] = {}
    for package in PACKAGES:
        for file, line, ids, _comments, context in extract_from_dir(ROOT / package, keywords=KEYWORDS):
            found.setdefault((context, ids), f"{package}/{file}:{line}")
    return found


def messages() -> Iterator[Message]:
    return (message for message in catalogue() if message.id)


def english(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[-1]


def german(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}


def singular(ids: str | tuple[str, ...] | list[str]) -> str:
    return ids if isinstance(ids, str) else ids[0]


@cache
def glossary() -> tuple[Term, ...]:
    """Returns the terms, the longest first, so that “compliance policy” is not taken for a “policy”."""
    rows = (
        line.strip().strip("|").split("|")
        for line in (LOCALE / "glossary.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| English")
    )
    terms = [Term(row[0].strip(), tuple(form.strip() for form in row[2].split(","))) for row in rows]
    return tuple(sorted(terms, key=lambda term: -len(term.english)))


def terms_of(text: str) -> list[Term]:
    """Returns the terms in the words of a message; placeholders and commands are no words."""
    found = []
    text = re.sub(r"\{\w*\}|omconsole (?:demo|doctor|list|poll|simulate)(?: [\w-]+)*", "", text)
    for term in glossary():
        pattern = rf"(?<![\w-]){re.escape(term.english)}(?:e?s)?(?![\w-]|:\w)"
        text, count = re.subn(pattern, "\0", text, flags=re.IGNORECASE)
        if count:
            found.append(term)
    return found


def test_there_are_messages_of_every_package_that_speaks() -> None:
    assert any(place.startswith("omconsole/") for place in extracted().values())


def test_every_message_is_translated() -> None:
    known = {(message.context, singular(message.id)) for message in messages() if all(german(message))}
    missing = [
        f"{place}: {ids!r}" for (context, ids), place in extracted().items() if (context, singular(ids)) not in known
    ]
    assert not missing, "\n".join(["Not translated:", *missing])


def test_nothing_is_fuzzy_empty_or_left_over() -> None:
    wanted = {(context, singular(ids)) for context, ids in extracted()}
    assert [english(message) for message in messages() if message.fuzzy or not all(german(message))] == []
    assert [english(message) for message in messages() if (message.context, singular(message.id)) not in wanted] == []
    assert list(catalogue().obsolete) == []


def test_plurals_have_both_forms() -> None:
    plural = {singular(ids) for _context, ids in extracted() if not isinstance(ids, str)}
    assert [message.id for message in messages() if message.pluralizable != (singular(message.id) in plural)] == []
    assert [message.id for message in messages() if message.pluralizable and len(german(message)) != 2] == []


def test_every_placeholder_is_kept() -> None:
    wrong = []
    for message in messages():
        wanted = fields(english(message))
        *singulars, last = german(message)
        if fields(last) != wanted or any(
            not fields(text) <= wanted | fields(singular(message.id)) for text in singulars
        ):
            wrong.append(f"{message.id!r} -> {message.string!r}")
    assert not wrong, "\n".join(wrong)


def test_what_click_says_is_what_this_version_of_it_says() -> None:
    said = {singular(ids) for _file, _line, ids, _comments, _context in extract_from_dir(Path(click.__file__).parent)}
    assert set(CLICK_SENTENCES) - said == set()


def test_placeholders_are_named() -> None:
    assert [
        ids
        for _context, ids in extracted()
        for text in ([ids] if isinstance(ids, str) else ids)
        if any(not name.isidentifier() for name in fields(text))
    ] == []


def test_ends_and_spaces_are_kept() -> None:
    """A sentence stays a sentence, and a message that is joined to something keeps its spaces."""
    wrong = []
    for message in messages():
        for text in german(message):
            source = english(message)
            same_space = (text[:1].isspace(), text[-1:].isspace()) == (source[:1].isspace(), source[-1:].isspace())
            if not same_space or (source[-1:] in ".?!:…" and len(source) > 1 and source[-1:] != text[-1:]):
                wrong.append(f"{source!r} -> {text!r}")
    assert not wrong, "\n".join(wrong)


def test_terms_are_those_of_the_glossary() -> None:
    wrong = []
    for message in messages():
        exempt = {comment.removeprefix("glossary: not ").lower() for comment in message.user_comments}
        for term in terms_of(english(message)):
            if term.english.lower() in exempt:
                continue
            wrong += [
                f"{term.english} = {', '.join(term.forms)}: {english(message)!r} -> {text!r}"
                for text in german(message)
                if not any(form.lower() in text.lower() for form in term.forms)
            ]
    assert not wrong, "\n".join(wrong)


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def translating(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yields the calls of a source that translate, with the function's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRANSLATORS:
            yield node.func.id, node


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_message_is_one_that_the_extractor_sees(path: Path) -> None:
    """A message that is put together, or translated inside an f-string, is in no catalogue."""
    tree = ast.parse(path.read_text("utf-8"))
    built = (ast.JoinedStr, ast.BinOp, ast.Call)
    wrong = [
        call.lineno
        for name, call in translating(tree)
        if any(isinstance(argument, built) for argument in call.args[: TRANSLATORS[name]])
    ]
    formatted = (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr))
    wrong += [call.lineno for node in formatted for _name, call in translating(node)]
    assert [f"{path.relative_to(ROOT)}:{line}" for line in wrong] == []
