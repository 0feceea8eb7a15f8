"""A profile is added to a settings file that people have written by hand: nothing of theirs is lost."""

from __future__ import annotations

import os
import stat
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omconsole.config.writing import write_profile
from omconsole.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

VALUES = {"tenant_id": "fabrikam.example", "client_id": "11111111-2222-3333-4444-555555555555", "auth": "device-code"}

BY_HAND = """\
# The team's console. Ask Anna before you change it.
language = "de"   # most of us

[profiles.contoso]           # the big one
tenant_id = "contoso.example"
client_id = "99999999-2222-3333-4444-555555555555"
auth = "certificate"
certificate_file = "omconsole.pem"
read_only = true
poll = { devices = "30m" }   # they have many

[profiles.contoso.thresholds]
# agreed in spring
stale_days = [20, 60]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "config.toml"


def by_hand(file: Path, text: str = BY_HAND) -> Path:
    file.parent.mkdir()
    file.write_bytes(text.encode())
    return file


def document(file: Path) -> dict[str, object]:
    return tomllib.loads(file.read_text("utf-8-sig"))


def test_tokens_that_are_not_to_be_kept_stay_so_when_another_sign_in_comes(file: Path) -> None:
    by_hand(file, BY_HAND.replace("read_only = true", 'token_cache = "off"'))
    assert not write_profile(file, "contoso", VALUES, {}, replace=True).profile.sign_in.keeps_tokens


def test_a_new_file_is_its_owners_alone_and_can_be_used(file: Path) -> None:
    old = os.umask(0)
    try:
        settings = write_profile(file, "fabrikam", VALUES, {}, language="de")
    finally:
        os.umask(old)
    assert (settings.profile_name, settings.language) == ("fabrikam", "de")
    assert settings.profile.tenant_id == "fabrikam.example"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


def test_every_byte_of_a_file_stays_and_the_profile_stands_at_its_end(file: Path) -> None:
    write_profile(by_hand(file), "fabrikam", VALUES, {}, language="en")
    written = file.read_text("utf-8")
    assert BY_HAND.rstrip() in written
    assert written.index("[profiles.fabrikam]") > written.index("stale_days")
    assert document(file)["language"] == "de"


def test_the_profile_that_was_meant_so_far_goes_on_being_meant(file: Path) -> None:
    write_profile(by_hand(file), "fabrikam", VALUES, {})
    assert document(file)["default_profile"] == "contoso"
    write_profile(file, "third", VALUES, {})
    assert document(file)["default_profile"] == "contoso"


def test_a_profile_of_that_name_is_not_overwritten(file: Path) -> None:
    with pytest.raises(SettingsError, match="contoso") as refused:
        write_profile(by_hand(file), "contoso", VALUES, {})
    assert "--replace" in refused.value.do
    assert file.read_text("utf-8") == BY_HAND


def test_a_replaced_profile_stays_as_a_comment_and_keeps_what_is_no_sign_in(file: Path) -> None:
    settings = write_profile(by_hand(file), "contoso", VALUES, {}, replace=True)
    written = file.read_text("utf-8")
    for line in BY_HAND.splitlines():
        assert line in written
    assert '# auth = "certificate"' in written
    assert settings.profile.sign_in.method == "device-code"
    assert settings.profile.poll == {"devices": 1800}
    assert settings.profile.thresholds.stale_days == (20, 60)
    assert "certificate_file" not in document(file)["profiles"]["contoso"]  # type: ignore[index]


def test_profiles_written_with_dotted_keys(file: Path) -> None:
    by_hand(file, 'profiles.contoso.tenant_id = "contoso.example" # short\n')
    write_profile(file, "fabrikam", VALUES, {})
    write_profile(file, "contoso", VALUES, {}, replace=True)
    assert set(document(file)["profiles"]) == {"contoso", "fabrikam"}  # type: ignore[call-overload]
    assert '# profiles.contoso.tenant_id = "contoso.example" # short' in file.read_text("utf-8")


def test_line_ends_mark_and_mode_of_a_file_stay(file: Path) -> None:
    by_hand(file, "\ufeff# ours\r\n[profiles.contoso]\r\ntenant_id = 'contoso.example'\r\n")
    file.chmod(0o640)
    write_profile(file, "fabrikam", VALUES, {})
    data = file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked.toml"
    link.symlink_to(by_hand(file))
    write_profile(link, "fabrikam", VALUES, {})
    assert link.is_symlink()
    assert "[profiles.fabrikam]" in file.read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "profiles = { contoso = { tenant_id = 'contoso.example' } }\n",
        'language = "de"\n[profiles.contoso]\nstate_dir = """\n[profiles.other]\n"""\n',
        '[profiles.contoso]\ntenant_id = "t.example"\n[profiles.x]\nproxy = """\n[profiles.contoso]\nhttp://h"""\n',
    ],
    ids=["inline", "header-in-a-text", "header-in-another-text"],
)
def test_what_cannot_be_edited_safely_is_left_alone(file: Path, text: str) -> None:
    by_hand(file, text)
    with pytest.raises(SettingsError) as refused:
        write_profile(file, "contoso", VALUES, {}, replace=True)
    assert refused.value.do
    assert file.read_text("utf-8") == text
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


def test_what_would_not_hold_is_not_written_and_told_of_the_right_file(file: Path) -> None:
    by_hand(file)
    with pytest.raises(SettingsError) as refused:
        write_profile(file, "fabrikam", {**VALUES, "auth": "certificate"}, {})
    assert f"{file}: profiles.fabrikam.certificate_file" in refused.value.what
    assert file.read_text("utf-8") == BY_HAND
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


def test_a_broken_file_is_told_and_left_alone(file: Path) -> None:
    by_hand(file, "[profiles.contoso\n")
    with pytest.raises(SettingsError, match="line 1"):
        write_profile(file, "fabrikam", VALUES, {})
    assert file.read_text("utf-8") == "[profiles.contoso\n"


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError) as refused:
        write_profile(tmp_path / "file" / "config.toml", "fabrikam", VALUES, {})
    assert "--config" in refused.value.do


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text_is_read_back_as_it_was_written(text: str) -> None:
    from omconsole.config import writing

    assert tomllib.loads(f"x = {writing._toml(text)}")["x"] == text
