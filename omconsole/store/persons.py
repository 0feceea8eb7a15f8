"""`persons.json`: who the opaque ids of the journal are. Entries can be deleted without touching the history."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.errors import StateError
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store.files import Signature, file_mode, signature, unreadable
from omconsole.store.locks import StateLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_NAME: Final = "persons.json"
_TABLE: Final = "persons"
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One entry; `login` is compared without regard to case."""

    id: str
    name: str
    login: str


class _File(msgspec.Struct):
    persons: dict[str, Person] = {}


class Persons:
    """The table of one state directory. It follows the file: what another process adds is seen at the next question."""

    def __init__(self, directory: Path, *, group_mode: bool = False) -> None:
        self._path = directory / FILE_NAME
        self._mode = file_mode(group_mode=group_mode)
        self._lock = StateLock(directory, group_mode=group_mode)
        self._read: Signature | None = None
        self._rows: dict[str, Person] = {}

    def names(self) -> dict[str, str]:
        """Display names by opaque id.

        Raises:
            StateError: the file is damaged or cannot be read.
        """
        return {person.id: person.name for person in self._current().values()}

    def known(self, login: str) -> str | None:
        """Return the opaque id of a login that has one; nothing is written.

        Raises:
            StateError: the file is damaged or cannot be read.
        """
        person = self._find(sanitize(login).casefold())
        return person.id if person else None

    def person_for(self, login: str, name: str) -> str:
        """Return the opaque id of a login; a new one or a new name is written. Not inside a hold of `state.lock`.

        Raises:
            StateError: the file is damaged or cannot be written.
        """
        login, name = sanitize(login).casefold(), sanitize(name, 120)
        known = self._find(login)
        if known is not None and known.name == name:
            return known.id
        self._lock.acquire()
        try:
            known = self._find(login)
            person = Person(id=known.id if known else _new_id(), name=name, login=login)
            if person != known:
                self._write(lambda rows: rows.update({_document_id(person.id): person}))
            return person.id
        finally:
            self._lock.release()

    def forget(self, id_: str) -> bool:
        """Delete a person's entry; the history keeps the opaque id. False when there is none.

        Raises:
            StateError: the file is damaged or cannot be written.
        """
        self._lock.acquire()
        try:
            if id_ not in self.names():
                return False
            self._write(lambda rows: rows.pop(_document_id(id_)))
            return True
        finally:
            self._lock.release()

    def _find(self, login: str) -> Person | None:
        return next((person for person in self._current().values() if person.login == login), None)

    def _current(self) -> dict[str, Person]:
        now = signature(self._path)
        if now != self._read:
            self._rows = self._load() if now is not None else {}
            self._read = now
        return self._rows

    def _load(self) -> dict[str, Person]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_File).persons
        except OSError as error:
            raise unreadable(self._path, error) from error
        except msgspec.MsgspecError as error:
            raise StateError(
                _("{path} is damaged.").format(path=sanitize(self._path)),
                _("Put it back from a backup, or move it away: names are lost then, nothing else is."),
            ) from error

    def _write(self, change: Callable[[dict[str, Person]], object]) -> None:
        """Change the table under the lock, through a fresh TinyDB with explicit document ids."""
        from tinydb import TinyDB
        from tinydb.table import Document

        from omconsole.store.storage import SlicedStorage

        rows = dict(self._current())
        change(rows)
        with TinyDB(self._path, storage=SlicedStorage, mode=self._mode) as database:
            table = database.table(_TABLE)
            table.truncate()
            table.insert_multiple(Document(msgspec.to_builtins(each), doc_id=int(id_)) for id_, each in rows.items())
        self._read = None


def _new_id() -> str:
    return "p-" + "".join(secrets.choice(_ALPHABET) for _each in range(12))


def _document_id(id_: str) -> str:
    """60 random bits as a number: the same in every process."""
    number = 0
    for character in id_.removeprefix("p-"):
        number = number * 32 + _ALPHABET.index(character)
    return str(number)
