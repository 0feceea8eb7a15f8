"""What users install: the wheel's contents and metadata, and that it runs away from the checkout."""

from __future__ import annotations

import email.parser
import gettext
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from babel.messages.pofile import PoFileError, read_po

import omconsole
from hatch_build import compile_catalogue

if TYPE_CHECKING:
    from email.message import Message

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("omconsole", "widgets", "styles")

PO: Final = """msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Device"
msgstr "Gerät"
"""


def build(target: str, folder: Path) -> zipfile.ZipFile:
    """Builds a wheel from the checkout with what is installed; nothing is fetched."""
    code = f"import sys; from hatchling.build import build_{target}; build_{target}(sys.argv[1])"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return email.parser.Parser().parsestr(wheel.read(f"{info_folder(wheel)}/METADATA").decode())


def info_folder(wheel: zipfile.ZipFile) -> str:
    (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    return folder


@pytest.mark.slow
def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {*PACKAGES, info_folder(wheel)}


@pytest.mark.slow
def test_every_file_of_the_packages_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".po", ".pot", ".mo"} and not path.name.startswith(".")
    }
    assert {"omconsole/py.typed", "widgets/py.typed", "styles/py.typed"} <= ours
    assert any(name.endswith(".tcss") for name in ours)
    assert ours - set(wheel.namelist()) == set()


@pytest.mark.slow
def test_every_catalogue_is_compiled_into_the_wheel(wheel: zipfile.ZipFile) -> None:
    catalogues = sorted((ROOT / "omconsole/locale").glob("*/LC_MESSAGES/*.po"))
    assert [name for name in wheel.namelist() if name.endswith((".po", ".pot"))] == []
    for po in catalogues:
        compiled = gettext.GNUTranslations(
            io.BytesIO(wheel.read(po.with_suffix(".mo").relative_to(ROOT).as_posix())),
        )
        with po.open("rb") as source:
            entries = [each for each in read_po(source) if each.id and each.string and not each.fuzzy]
        for entry in entries:
            if isinstance(entry.id, str) and not entry.context:
                assert compiled.gettext(entry.id) == entry.string


@pytest.mark.slow
def test_the_metadata_says_what_the_project_is(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["Name"] == "omconsole"
    assert metadata["Version"] == omconsole.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_all("Provides-Extra") == ["simulate"]
    assert f"{info_folder(wheel)}/licenses/LICENSE" in wheel.namelist()


@pytest.mark.slow
def test_a_real_tenant_needs_no_simulator(metadata: Message) -> None:
    plain = [each for each in metadata.get_all("Requires-Dist") or () if "extra ==" not in each]
    assert [each for each in plain if each.startswith(("starlette", "uvicorn"))] == []
    assert "textual==8.2.8" in plain


@pytest.mark.slow
def test_the_installed_command_starts_away_from_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    entry = wheel.read(f"{info_folder(wheel)}/entry_points.txt").decode()
    assert "omconsole = omconsole.__main__:main" in entry
    # -P and an own path leave neither the checkout nor the working folder ahead of the unpacked wheel.
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "omconsole", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert omconsole.__version__ in ran.stdout


@pytest.mark.slow
def test_an_editable_install_points_at_the_checkout_with_compiled_catalogues(tmp_path: Path) -> None:
    wheel = build("editable", tmp_path)
    (pth,) = (name for name in wheel.namelist() if name.endswith(".pth"))
    assert wheel.read(pth).decode().split() == [str(ROOT)]
    for po in (ROOT / "omconsole/locale").glob("*/LC_MESSAGES/*.po"):
        assert po.with_suffix(".mo").is_file()


def write_po(folder: Path, text: str) -> Path:
    po = folder / "de/LC_MESSAGES/omconsole.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(text, encoding="utf-8")
    return po


def test_a_catalogue_is_compiled_beside_itself(tmp_path: Path) -> None:
    mo = compile_catalogue(write_po(tmp_path, PO))
    with mo.open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Device") == "Gerät"
    assert [path.name for path in sorted(mo.parent.iterdir())] == ["omconsole.mo", "omconsole.po"]


def test_an_unchanged_catalogue_is_left_alone(tmp_path: Path) -> None:
    po = write_po(tmp_path, PO)
    before = compile_catalogue(po).stat()
    assert compile_catalogue(po).stat().st_ino == before.st_ino
    po.write_text(PO.replace("Gerät", "Geräte"), encoding="utf-8")
    assert compile_catalogue(po).stat().st_ino != before.st_ino


def test_a_damaged_catalogue_stops_the_build(tmp_path: Path) -> None:
    po = write_po(tmp_path, PO + "\nmsgid Device\n")
    with pytest.raises(PoFileError):
        compile_catalogue(po)
    assert not po.with_suffix(".mo").exists()
