"""The language of a run, and numbers and times in it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner

from omconsole import i18n

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2025, 11, 22, 8, 41, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compiles the committed German catalogue, and leaves English behind."""
    source = i18n.LOCALE_DIRECTORY / "de" / "LC_MESSAGES" / "omconsole.po"
    target = tmp_path / "locale" / "de" / "LC_MESSAGES" / "omconsole.mo"
    target.parent.mkdir(parents=True)
    with source.open("rb") as po, target.open("wb") as mo:
        write_mo(mo, read_po(po, locale="de"))
    monkeypatch.setattr(i18n, "LOCALE_DIRECTORY", tmp_path / "locale")
    i18n._catalogue.cache_clear()
    yield
    i18n._catalogue.cache_clear()
    i18n.activate(None)


@pytest.mark.parametrize(
    ("argv", "environ", "expected"),
    [
        ([], {}, "en"),
        ([], {"LANG": "de_DE.UTF-8"}, "de"),
        ([], {"LANG": "de_AT"}, "de"),
        ([], {"LANG": "fr_FR.UTF-8"}, "en"),
        ([], {"LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ([], {"LANG": "C", "LC_MESSAGES": "de_DE.UTF-8"}, "de"),
        ([], {"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "de"),
        ([], {"LANG": "de_DE.UTF-8", "OMCONSOLE_LANG": "en"}, "en"),
        (["list", "--lang", "de"], {"OMCONSOLE_LANG": "en"}, "de"),
        (["--lang=de"], {}, "de"),
        (["--lang", "en", "list", "--lang=de"], {}, "de"),
        (["note", "ID", "--", "--lang=de"], {}, "en"),
        (["--lang"], {}, "en"),
        (["--lang", "fr"], {"LANG": "de"}, "de"),
    ],
)
def test_which_language_a_run_speaks(argv: list[str], environ: dict[str, str], expected: str) -> None:
    assert i18n.resolve_language(argv, environ) == expected


def test_the_settings_file_goes_before_the_locale(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('language = "de"\n')
    assert i18n.resolve_language(["--config", str(file)], {"LANG": "en_US.UTF-8"}) == "de"
    assert i18n.resolve_language([], {"OMCONSOLE_CONFIG": str(file)}) == "de"
    assert i18n.resolve_language([], {"OMCONSOLE_CONFIG": str(file), "OMCONSOLE_LANG": "en"}) == "en"


@pytest.mark.parametrize("content", [b"language = ", b"\xff", b'language = ["de"]', b"language = 1"])
def test_a_broken_settings_file_does_not_stop_the_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(content)
    assert i18n.resolve_language([f"--config={file}"], {"LANG": "de_DE"}) == "de"


def test_german_words_follow_the_number() -> None:
    i18n.activate("de")
    assert i18n.language() == "de"
    assert i18n._("now") == "jetzt"
    assert i18n._("") == ""
    assert i18n._("A sentence that no catalogue has.") == "A sentence that no catalogue has."
    assert i18n.ngettext("{n} thing", "{n} things", 1) == "{n} thing"


def test_what_click_says_is_translated_too() -> None:
    command = click.Command("ack", params=[click.Argument(["id"])])
    i18n.activate("de")
    assert "Aufruf: ack" in CliRunner().invoke(command, ["--help"]).output
    assert "Es gibt keine Option '--x'." in CliRunner().invoke(command, ["--x"]).output
    i18n.activate("en")
    assert "Usage: ack" in CliRunner().invoke(command, ["--help"]).output


def test_an_unknown_language_and_a_missing_catalogue_are_english(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    i18n.activate("fr")
    assert i18n.language() == "en"
    monkeypatch.setattr(i18n, "LOCALE_DIRECTORY", tmp_path / "nowhere")
    i18n.activate("de")
    assert i18n._("now") == "now"


@pytest.mark.parametrize(
    ("language", "figures", "ages"),
    [
        (
            "en",
            ["18,204", "-1,000", "999", "93.1 %", "100 %", "1,234.50"],
            ["now", "now", "32 m", "5 h", "2 d", "1,000 d"],
        ),
        (
            "de",
            ["18.204", "-1.000", "999", "93,1 %", "100 %", "1.234,50"],
            ["jetzt", "jetzt", "32 m", "5 h", "2 d", "1.000 d"],
        ),
    ],
)
def test_what_stands_in_rows(language: str, figures: list[str], ages: list[str]) -> None:
    i18n.activate(language)
    assert [i18n.number(18204), i18n.number(-1000), i18n.number(999)] == figures[:3]
    assert [i18n.percent(93.14), i18n.percent(100, 0), i18n.decimal(1234.5, 2)] == figures[3:]
    seconds = (-5, 59.9, 32 * 60 + 59, 5 * 3600 + 1, 2 * 86400, 1000 * 86400)
    assert [i18n.short_age(s) for s in seconds] == ages
    assert i18n.clock(AT, BERLIN) == "09:41"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["22 November 2025", "22 Nov 2025, 09:41", "14 minutes ago", "1.2 MB"]),
        ("de", ["22. November 2025", "22.11.2025, 09:41", "vor 14 Minuten", "1,2 MB"]),
    ],
)
def test_what_stands_in_prose(language: str, expected: list[str]) -> None:
    i18n.activate(language)
    assert [
        i18n.date_long(AT, BERLIN),
        i18n.datetime_medium(AT, BERLIN),
        i18n.natural_age(AT, AT + timedelta(minutes=14)),
        i18n.natural_size(1_234_567),
    ] == expected


def test_ages_are_said_in_the_right_case() -> None:
    i18n.activate("de")
    ages = [timedelta(days=2), timedelta(hours=1), timedelta(minutes=59), -timedelta(days=3), timedelta(0)]
    said = [i18n.natural_age(AT, AT + age) for age in ages]
    assert said == ["vor 2 Tagen", "vor 1 Stunde", "vor 59 Minuten", "in 3 Tagen", "jetzt"]


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        i18n.clock(datetime(2025, 1, 1), BERLIN)  # noqa: DTZ001 - the point of the test


def test_the_base_layer_loads_nothing_heavy() -> None:
    code = (
        "import sys, omconsole.config; from omconsole import i18n; i18n.resolve_language([], {}); i18n.activate('de');"
        "i18n.number(1), i18n.percent(1.0), i18n.short_age(90.0);"
        "print(*{'babel', 'humanize', 'httpx', 'filelock', 'tinydb', 'textual', 'rich', 'click'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
