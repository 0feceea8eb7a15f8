"""How a profile signs in: named, by default, or refused for what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omconsole.config import Options, load
from omconsole.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.config import SignInSettings


def sign_in(folder: Path, lines: str, environ: dict[str, str] | None = None) -> SignInSettings:
    """Returns what a profile with these lines says of signing in."""
    file = folder / "c.toml"
    file.write_text(f'[profiles.a]\ntenant_id = "t"\n{lines}')
    return load(file, environ or {}, Options()).profile.sign_in


@pytest.mark.parametrize(
    ("lines", "environ", "method"),
    [
        ("", {}, "token"),
        ('client_id = "c"', {}, "device-code"),
        ('client_id = "c"', {"DISPLAY": ":0"}, "browser"),
        ('client_id = "c"', {"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "x"}, "device-code"),
        ('client_id = "c"\nauth = "browser"', {}, "browser"),
        ('client_id = "c"\nauth = "browser"', {"OMCONSOLE_TOKEN": "ey.J.x"}, "token"),
        ('auth = "managed-identity"', {}, "managed-identity"),
        ('client_id = "c"\nauth = "client-secret"\nsecret_env = "S"', {}, "client-secret"),
        ('client_id = "c"\nauth = "client-secret"\nsecret_command = ["pass", "x"]', {}, "client-secret"),
        ('client_id = "c"\nauth = "certificate"\ncertificate_file = "c.pem"', {}, "certificate"),
    ],
)
def test_which_way_of_signing_in(
    tmp_path: Path, lines: str, environ: dict[str, str], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert sign_in(tmp_path, lines, environ).method == method


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('auth = "device-code"', "client_id"),
        ('auth = "client-secret"\nclient_id = "c"', "secret_env"),
        ('auth = "certificate"\nclient_id = "c"', "certificate_file"),
    ],
)
def test_a_way_of_signing_in_that_lacks_something(tmp_path: Path, lines: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        sign_in(tmp_path, lines)
    assert f"profiles.a.{key}: " in caught.value.what


def test_where_a_profile_signs_in(tmp_path: Path) -> None:
    def authority(lines: str) -> str:
        return sign_in(tmp_path, lines).authority

    assert authority("") == "https://login.microsoftonline.com/t"
    assert authority('cloud = "us-dod"') == "https://login.microsoftonline.us/t"
    assert authority('authority = "https://127.0.0.1:8443"') == "https://127.0.0.1:8443/t"
    assert authority('authority = "https://127.0.0.1:8443/u/"') == "https://127.0.0.1:8443/u"


@pytest.mark.parametrize("command", ['""', '"\'"', '[""]', '["", "x"]', '["a\\u0000b"]', '"a\\u0000b"'])
def test_what_cannot_be_run_is_no_command(tmp_path: Path, command: str) -> None:
    with pytest.raises(SettingsError) as caught:
        sign_in(tmp_path, f'client_id = "c"\nauth = "client-secret"\nsecret_command = {command}')
    assert "profiles.a.secret_command: " in caught.value.what
