"""The file that tokens are kept in: whole or not at all, one user's alone, shared by that user's consoles."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msal
import pytest

from omconsole.errors import StateError
from omconsole.graph.sign_in import token_cache
from omconsole.graph.sign_in.token_cache import KeptTokens

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens" / "contoso.tokens.json"


def content(person: str, **tokens: str) -> dict[str, dict[str, Any]]:
    """What msal keeps of a person, as far as the file is concerned."""
    return {
        "Account": {person: {"home_account_id": person}},
        "AccessToken": {name: {"secret": secret} for name, secret in tokens.items()},
    }


def fresh(person: str, **tokens: str) -> msal.SerializableTokenCache:
    cache = msal.SerializableTokenCache()
    cache.deserialize(json.dumps(content(person, **tokens)))
    return cache


def renew(kept: KeptTokens, name: str, secret: str) -> None:
    """As msal does when it was given a new token."""
    known = json.loads(kept.cache.serialize())
    known.setdefault("AccessToken", {})[name] = {"secret": secret}
    kept.cache.deserialize(json.dumps(known))
    kept.cache.has_state_changed = True


def tokens(file: Path) -> dict[str, str]:
    return {name: each["secret"] for name, each in json.loads(file.read_bytes())["AccessToken"].items()}


def test_what_two_consoles_renew_is_all_kept(file: Path) -> None:
    one, two = KeptTokens(file), KeptTokens(file)
    one.adopt(fresh("ada", graph="1"))
    turns = one.refresh(), two.refresh()
    renew(one, "graph", "2")
    renew(two, "other", "3")
    assert one.keep(turns[0])
    assert two.keep(turns[1])
    assert tokens(file) == {"graph": "2", "other": "3"}
    one.refresh()
    assert json.loads(one.cache.serialize())["AccessToken"]["other"] == {"secret": "3"}


def test_what_did_not_change_is_not_written(file: Path) -> None:
    kept = KeptTokens(file)
    kept.adopt(fresh("ada", graph="1"))
    before = token_cache.signature(file)
    assert kept.keep(kept.refresh())
    assert token_cache.signature(file) == before == kept.seen


def test_a_renewal_does_not_undo_a_sign_out(file: Path) -> None:
    one, two = KeptTokens(file), KeptTokens(file)
    one.adopt(fresh("ada", graph="1"))
    turn = two.refresh()
    assert one.forget()
    renew(two, "graph", "2")
    assert not two.keep(turn)
    assert not file.exists()
    assert json.loads(two.cache.serialize()) == {}
    assert not two.forget()


@pytest.mark.parametrize("is_filed", [True, False])
def test_a_renewal_does_not_undo_a_sign_out_of_its_own_console(file: Path, is_filed: bool) -> None:
    kept = KeptTokens(file if is_filed else None)
    kept.adopt(fresh("ada", graph="1"))
    turn = kept.refresh()
    assert kept.forget()
    renew(kept, "graph", "2")
    assert not kept.keep(turn)
    assert not file.exists()
    assert json.loads(kept.cache.serialize()) == {}


def test_a_late_renewal_does_not_replace_what_a_sign_in_brought_meanwhile(file: Path) -> None:
    one, two = KeptTokens(file), KeptTokens(file)
    one.adopt(fresh("ada", graph="1"))
    turn = two.refresh()
    one.adopt(fresh("ada", graph="of the sign-in"))
    renew(two, "graph", "of the session before")
    renew(two, "other", "3")
    assert two.keep(turn)
    assert tokens(file) == {"graph": "of the sign-in", "other": "3"}


def test_a_sign_out_leaves_no_token_in_any_file(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b'{"RefreshToken": {"x": "hush')
    kept = KeptTokens(file)
    kept.refresh()
    kept.adopt(fresh("ada", graph="1"))
    file.with_suffix(".4711.new").write_bytes(b"hush")  # as a killed process leaves it
    assert kept.forget()
    assert [path.name for path in file.parent.iterdir()] == ["contoso.tokens.lock"]


def test_a_file_of_another_shape_is_a_damaged_one(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b'{"Account": {"ada": 7}}')
    kept = KeptTokens(file)
    kept.refresh()
    assert "damaged" in (kept.notice or "")
    assert json.loads(kept.cache.serialize()) == {}


def test_a_renewal_adds_nothing_to_somebody_elses_sign_in(file: Path) -> None:
    one, two = KeptTokens(file), KeptTokens(file)
    one.adopt(fresh("ada", graph="1"))
    turn = two.refresh()
    one.adopt(fresh("bert", graph="b"))
    renew(two, "late", "2")
    assert not two.keep(turn)
    assert tokens(file) == {"graph": "b"}
    assert list(json.loads(two.cache.serialize())["Account"]) == ["bert"]


def test_what_was_there_can_be_put_back(file: Path) -> None:
    kept = KeptTokens(file)
    nothing = kept.adopt(fresh("ada", graph="1"))
    before = kept.adopt(fresh("bert", graph="b"))
    kept.put(before)
    assert tokens(file) == {"graph": "1"}
    kept.put(nothing)
    assert not file.exists()


def test_a_link_is_not_followed(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(json.dumps(content("eve")))
    file.parent.mkdir()
    file.symlink_to(elsewhere)
    with pytest.raises(StateError, match=r"contoso\.tokens\.json"):
        KeptTokens(file).refresh()
    assert stat.S_IMODE(elsewhere.stat().st_mode) != 0o600


def test_that_the_file_was_damaged_is_told_until_it_is_whole_again(file: Path) -> None:
    one, two = KeptTokens(file), KeptTokens(file)
    file.parent.mkdir()
    file.write_bytes(b"{")
    one.refresh()
    one.refresh()
    assert "damaged" in (one.notice or "")
    two.adopt(fresh("ada", graph="1"))
    one.refresh()
    assert one.notice is None


def test_a_full_disk_leaves_what_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptTokens(file)
    kept.adopt(fresh("ada", graph="1"))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left") as caught:
        kept.adopt(fresh("bert", graph="b"))
    assert "token_cache" in caught.value.do
    assert tokens(file) == {"graph": "1"}
    assert sorted(path.name for path in file.parent.iterdir()) == ["contoso.tokens.json", "contoso.tokens.lock"]


def test_somebody_who_holds_the_lock_is_not_waited_for_for_ever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "_LOCKED_S", 0.05)
    kept = KeptTokens(file)
    kept.adopt(fresh("ada"))
    with file.with_suffix(".lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StateError, match=r"\.lock"):
            kept.adopt(fresh("bert"))
    kept.adopt(fresh("bert"))


def test_a_lock_of_a_killed_process_holds_nobody_up(file: Path) -> None:
    KeptTokens(file).adopt(fresh("ada", graph="1"))
    program = "import fcntl, os, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX); os.kill(os.getpid(), 9)"
    lock = file.with_suffix(".lock")
    subprocess.run([sys.executable, "-S", "-c", program, str(lock)], check=False)
    assert lock.exists()
    KeptTokens(file).adopt(fresh("bert", graph="2"))
    assert tokens(file) == {"graph": "2"}


def test_in_memory_nothing_is_written(tmp_path: Path) -> None:
    kept = KeptTokens(None)
    kept.adopt(fresh("ada", graph="1"))
    turn = kept.refresh()
    renew(kept, "graph", "2")
    assert kept.keep(turn)
    kept.refresh()
    assert kept.forget()
    assert not kept.forget()
    assert list(tmp_path.iterdir()) == []
