"""Where files lie, and that nobody else can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from omconsole import paths
from omconsole.errors import StateError, UsageError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_option_then_environment_then_file_then_default(own_home: Path) -> None:
    environ = {"OMCONSOLE_STATE_DIR": "/from/environment", "OMCONSOLE_CONFIG": "/c/from/environment.toml"}
    assert paths.state_root(environ, "/from/option", "/from/file") == Path("/from/option")
    assert paths.state_root(environ, None, "/from/file") == Path("/from/environment")
    assert paths.state_root({}, None, "/from/file") == Path("/from/file")
    assert paths.state_root({}).is_relative_to(own_home)
    assert paths.config_file(environ, "/c/from/option.toml") == Path("/c/from/option.toml")
    assert paths.config_file(environ) == Path("/c/from/environment.toml")
    assert paths.config_file({}).is_relative_to(own_home)
    assert paths.config_file({}).name == "config.toml"


def test_a_relative_path_and_a_tilde_become_absolute(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own_home)
    assert paths.state_root({}, "here") == own_home / "here"
    assert paths.state_root({}, "~/there") == own_home / "there"


def test_each_profile_has_its_own_directory() -> None:
    assert paths.profile_directory(Path("/state"), "contoso-eu_2") == Path("/state/contoso-eu_2")


@pytest.mark.parametrize("name", ["", "-a", "A", "a/b", "..", "a.b", "a" * 33, "ä", "a\n", "a b"])
def test_a_name_that_is_no_profile_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        paths.profile_directory(Path("/state"), name)
    assert caught.value.do
    assert "\n" not in caught.value.what


def test_the_user_directory_is_no_profile() -> None:
    with pytest.raises(UsageError):
        paths.validate_profile_name(paths.user_directory().name)


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o222])
def test_a_new_directory_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = paths.prepare_state_directory(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (mode(made), mode(made.parent)) == (0o700, 0o700)


def test_an_open_directory_is_closed_and_the_one_above_left_alone(tmp_path: Path) -> None:
    above = tmp_path / "shared"
    path = above / "demo"
    path.mkdir(parents=True)
    above.chmod(0o755)
    path.chmod(0o775)
    paths.prepare_state_directory(path)
    assert (mode(path), mode(above)) == (0o700, 0o755)


def test_a_link_is_refused_and_what_it_points_to_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    target.chmod(0o755)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(StateError, match="symbolic link"):
        paths.prepare_state_directory(tmp_path / "link")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StateError, match="symbolic link"):
        paths.prepare_state_directory(tmp_path / "dangling")
    assert mode(target) == 0o755


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="is a file"):
        paths.prepare_state_directory(tmp_path / "file")
    with pytest.raises(StateError) as caught:
        paths.prepare_state_directory(tmp_path / "file" / "below")
    assert caught.value.do
    assert caught.value.exit_code == 4


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(StateError, match="somebody else"):
        paths.prepare_state_directory(tmp_path)


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StateError, match="not writable"):
        paths.prepare_state_directory(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_parent_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match="Permission denied"):
        paths.prepare_state_directory(tmp_path / "a")
    tmp_path.chmod(0o700)
