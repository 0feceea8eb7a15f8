"""Who signs the requests: when a person is needed, whom the token belongs to, and how a silent server is spared."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from omconsole.accounts import Account, keep_account
from omconsole.config import Options, load
from omconsole.domain.sign_in import SignInState
from omconsole.errors import GraphUnreachable, SignInError, SignInNeeded, UsageError
from omconsole.poll.access import SILENT_FOR_S, Access

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omconsole.domain.sign_in import SignInStep

TENANT = "8f1c6c6a-0000-4000-8000-000000000001"
ANNA = Account("anna@contoso.example", TENANT, "o-1")


def token(tenant: str = TENANT, rights: str = "A.Read.All") -> str:
    said = msgspec.json.encode({"tid": tenant, "oid": "o-1", "scp": rights})
    return f"h.{urlsafe_b64encode(said).rstrip(b'=').decode()}.s"


class PlannedSignIn:
    """Answers as planned, the last answer for ever."""

    method = "device-code"
    notice = None

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.who: Account | None = None
        self.claims: str | None = None

    async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def account(self) -> Account | None:
        return self.who

    async def credential_expiry(self) -> datetime | None:
        return datetime(2027, 1, 1, tzinfo=UTC)

    def challenged(self, claims: str | None) -> None:
        self.claims = claims

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        self.who = ANNA
        return ANNA

    async def sign_out(self) -> bool:
        were, self.who = self.who is not None, None
        return were


class Door:
    """An access with a planned sign-in behind it, and a clock of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *answers: str | Exception) -> None:
        file = folder / "c.toml"
        file.write_text(f'[profiles.a]\ntenant_id = "{TENANT}"\nclient_id = "c"\nauth = "device-code"\n')
        self.sign_in = PlannedSignIn(*answers)
        monkeypatch.setattr("omconsole.poll.access.sign_in_for", lambda _settings: self.sign_in)
        self.now = 0.0
        self.changes = 0
        self.settings = load(file, {}, Options())
        self.access = Access(self.settings, self._changed, clock=lambda: self.now)

    def _changed(self) -> None:
        self.changes += 1


async def test_a_person_is_needed_until_a_token_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(tmp_path, monkeypatch, SignInNeeded("Nobody is signed in."), token())
    with pytest.raises(SignInNeeded):
        await door.access.token()
    state = door.access.state
    assert state is not None
    assert (state.needed, state.why, state.account, door.changes) == (True, "Nobody is signed in.", None, 1)
    assert await door.access.sign_in(lambda _step: None) == ANNA
    assert await door.access.token() == token()
    state = door.access.state
    assert state is not None
    assert (state.needed, state.why, state.account) == (False, "", ANNA)
    changes = door.changes
    await door.access.token()
    assert door.changes == changes, "the same again is no news"
    assert await door.access.sign_out()
    assert door.access.state is not None
    assert door.access.state.account is None


async def test_who_signed_out_in_another_console_is_no_longer_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(tmp_path, monkeypatch, token(), SignInNeeded("Nobody is signed in."))
    door.sign_in.who = ANNA
    await door.access.token()
    assert door.access.state == SignInState("device-code", ANNA)
    door.sign_in.who = None
    with pytest.raises(SignInNeeded):
        await door.access.token()
    state = door.access.state
    assert (state.account, state.needed) == (None, True)


async def test_a_challenge_of_graph_stands_until_another_token_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(tmp_path, monkeypatch, token(), token(), token(rights="A.Read.All again"))
    await door.access.token()
    door.access.challenged(SignInNeeded("Graph wants more.", claims="{}"))
    await door.access.token()
    assert door.access.state is not None
    assert door.access.state.needed, "the token that is not enough changes nothing"
    assert door.sign_in.claims == "{}"
    await door.access.token()
    assert not door.access.state.needed


def test_who_signed_in_before_is_known_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(tmp_path, monkeypatch, token())
    keep_account(ANNA, door.settings.profile.sign_in, "a")
    again = Access(door.settings, lambda: None)
    assert again.state is not None
    assert again.state.account == ANNA


async def test_a_silent_sign_in_server_is_not_asked_by_each_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(tmp_path, monkeypatch, GraphUnreachable("login.example is silent."), token())
    for _source in range(10):
        with pytest.raises(GraphUnreachable):
            await door.access.token()
    assert door.sign_in.asked == 1
    door.now += SILENT_FOR_S
    assert await door.access.token() == token()


async def test_the_principal_is_the_last_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(tmp_path, monkeypatch, token(), token(rights="B.Read.All"))
    await door.access.token()
    first = door.access.principal
    await door.access.token()
    assert door.access.principal != first
    assert door.access.credential_expires == datetime(2027, 1, 1, tzinfo=UTC)


async def test_a_token_of_another_tenant_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(tmp_path, monkeypatch, token(tenant=TENANT.replace("8", "9")))
    with pytest.raises(SignInError, match="tenant"):
        await door.access.token()


async def test_nobody_signs_in_beside_a_ready_token(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[profiles.a]\ntenant_id = "t"\n')
    access = Access(load(file, {"OMCONSOLE_TOKEN": "ready"}, Options()), lambda: None)
    assert access.state is None
    assert await access.token() == "ready"
    with pytest.raises(UsageError):
        await access.sign_in(lambda _step: None)
    assert not await access.sign_out()
