"""`answers.json`: what the tenant answered to the open questions, in its profile's state directory; may be dropped.

Whose answers they are follows from the directory, which is one tenant's. They do not depend on the program's version:
a question whose meaning changes gets another id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from omconsole.domain.answers import Answer
from omconsole.i18n import _
from omconsole.paths import prepare_state_directory
from omconsole.sanitize import sanitize
from omconsole.store.files import unwritable, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_NAME: Final = "answers.json"
FORMAT: Final = 1
_AT_MOST: Final = 100
"""Answers that are taken from a file."""


class _File(msgspec.Struct):
    format: int
    answers: tuple[Answer, ...]


class KeptAnswers(msgspec.Struct, frozen=True):
    """What the file holds."""

    answers: tuple[Answer, ...] = ()
    notice: str = ""
    """Why it is not used, for a person; empty when it is, or when there is none."""


def load_answers(directory: Path) -> KeptAnswers:
    """Returns what was answered; a file that is damaged or of another format is as good as none."""
    path = directory / FILE_NAME
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return KeptAnswers()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return _unused(
            _("{path} is damaged or cannot be read, and is not used; ask again: omconsole doctor --probe"), path
        )
    if file.format != FORMAT:
        return _unused(_("{path} is of another version, and is not used; ask again: omconsole doctor --probe"), path)
    return KeptAnswers(tuple(_made_safe(each) for each in file.answers[:_AT_MOST] if _is_instant(each.asked_at)))


def save_answers(directory: Path, answers: Iterable[Answer]) -> None:
    """Keeps the answers in place of those before, in one step, readable by the owner alone.

    Raises:
        StateError: the directory or the file cannot be written.
    """
    path = prepare_state_directory(directory) / FILE_NAME
    content = msgspec.json.encode(_File(FORMAT, tuple(_made_safe(each) for each in answers)))
    try:
        write_whole(path, msgspec.json.format(content, indent=1) + b"\n")
    except OSError as error:
        raise unwritable(path, error) from error


def _is_instant(at: datetime) -> bool:
    return at.tzinfo is not None and at.year > 2000  # with a zone, the year 1 may have no UTC


def _made_safe(answer: Answer) -> Answer:
    value = sanitize(answer.answer) if isinstance(answer.answer, str) else answer.answer
    return replace(
        answer,
        id=sanitize(answer.id, 60),
        answer=value,
        words=sanitize(answer.words),
        why=sanitize(answer.why),
        asked_at=answer.asked_at.astimezone(UTC),
    )


def _unused(words: str, path: Path) -> KeptAnswers:
    return KeptAnswers(notice=words.format(path=sanitize(path)))
