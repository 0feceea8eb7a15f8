"""Rules of the house that no other tool checks: tree, sizes, colours, handlers, import origin, locks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import omconsole
import styles
import widgets

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("omconsole", "widgets", "styles")
MAX_LINES: Final = 400

TOP_LEVEL: Final = {
    *PACKAGES,
    *("tests", "requirements", "docs", ".ci", ".gitignore", "Makefile", "pyproject.toml", "hatch_build.py"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
}
"""The tree's first level; a new entry is a decision (docs/decisions.md)."""

IMPORT_NAMES: Final = {"beautifulsoup4": "bs4", "pyjwt": "jwt", "python-dateutil": "dateutil"}
"""Distributions whose import name is not their own."""

LOCKED_LINE: Final = re.compile(
    r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [a-z_]+ [<>=!]+ '[\w.]+'( (and|or) [a-z_]+ [<>=!]+ '[\w.]+')*)? \\"
    r"|    --hash=sha256:[0-9a-f]{64}( \\)?"
)
"""All that a lock file may hold: no address, path, option or comment fits."""


@cache
def sources(*folders: str) -> tuple[Path, ...]:
    """All Python files of these folders."""
    return tuple(sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_source_file_is_longer_than_a_reader_bears() -> None:
    lengths = {name_of(path): path.read_bytes().count(b"\n") for path in (*sources(*PACKAGES), ROOT / "hatch_build.py")}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_colours_are_named_in_the_themes_alone() -> None:
    stylesheets = [path for package in PACKAGES for path in (ROOT / package).rglob("*.tcss")]
    drawing = [path for path in sources("widgets", "styles", "omconsole/screens") if path.name != "themes.py"]
    coloured = {
        f"{name_of(path)}: {found}"
        for path in (*stylesheets, *drawing)
        for found in re.findall(r"#[0-9a-fA-F]{6}\b|\brgba?\(", path.read_text(encoding="utf-8"))
    }
    assert coloured == set()


def is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )


def is_silent(handler: ast.ExceptHandler) -> bool:
    return all(isinstance(step, ast.Pass | ast.Continue | ast.Break) or is_constant(step) for step in handler.body)


def is_constant(step: ast.stmt) -> bool:
    """Tells whether a statement only names or returns a fixed value, such as a docstring or `return None`."""
    return isinstance(step, ast.Expr | ast.Return) and isinstance(step.value, ast.Constant | None)


def test_no_handler_swallows_everything_in_silence() -> None:
    silent = {
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*PACKAGES, "tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler) and is_broad(node) and is_silent(node)
    }
    assert silent == set()


def test_suppress_names_what_it_suppresses() -> None:
    wide = {
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*PACKAGES)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress")
        if {"Exception", "BaseException"} & {ast.unparse(argument) for argument in node.args}
    }
    assert wide == set()


def test_nothing_is_left_for_later_in_the_text() -> None:
    marks = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))
    left = {
        f"{name_of(path)}:{number}"
        for path in sources(*PACKAGES, "tests")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if marks.search(line)
    }
    assert left == set()


def test_only_a_described_method_of_a_parent_class_may_be_unimplemented() -> None:
    stubs = {
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*PACKAGES, "tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if any(isinstance(step, ast.Raise) and "NotImplementedError" in ast.unparse(step) for step in node.body)
        if len(node.body) != 2 or not ast.get_docstring(node)
    }
    assert stubs == set()


def test_classes_are_named_by_what_they_are() -> None:
    vague = {
        f"{name_of(path)}:{node.name}"
        for path in sources(*PACKAGES)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Utils?|Mixin|Base|Processor)$", node.name)
    }
    assert vague == set()


@pytest.mark.parametrize("package", [omconsole, widgets, styles], ids=lambda package: package.__name__)
def test_the_packages_under_test_are_those_of_this_checkout(package: Any) -> None:
    assert Path(package.__file__).parent == ROOT / package.__name__


def test_folders_of_tests_are_no_packages() -> None:
    """A `tests/widgets/__init__.py` would let `widgets` mean the tests' folder to whatever puts `tests` on the path."""
    assert [name_of(path) for path in sources("tests") if path.name == "__init__.py"] == []


def test_imports_find_the_packages_from_any_test_folder() -> None:
    """Also with `tests` itself ahead on the path, as pytest's older import modes and some editors put it."""
    code = "import widgets, styles; print(widgets.__file__, styles.__file__)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == [str(ROOT / "widgets/__init__.py"), str(ROOT / "styles/__init__.py")]


def test_the_tree_begins_as_the_design_says() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name.split("/")[0] for name in listed.split("\0") if name} == TOP_LEVEL


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


@cache
def locked(name: str) -> dict[str, list[str]]:
    """The pinned versions of each distribution in a lock file."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if "==" in line:
            requirement = Requirement(line.removesuffix(" \\"))
            pins.setdefault(requirement.name, []).append(str(requirement.specifier).removeprefix("=="))
    return pins


@pytest.mark.parametrize("name", ["demo.txt", "dev.txt"])
def test_lock_files_hold_versions_and_hashes_and_nothing_else(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not LOCKED_LINE.fullmatch(line)] == []
    pins = [number for number, line in enumerate(lines) if "==" in line]
    assert pins
    assert [lines[number] for number in pins if "--hash=sha256:" not in lines[number + 1]] == []


@pytest.mark.parametrize(
    ("name", "groups"), [("demo.txt", ("build",)), ("dev.txt", ("build", "test", "static"))], ids=["demo", "dev"]
)
def test_lock_files_fit_what_the_project_asks_for(name: str, groups: tuple[str, ...]) -> None:
    project = pyproject()["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["simulate"]]
    for group in groups:
        wanted += pyproject()["dependency-groups"][group]
    wanted += [each for each in pyproject()["build-system"]["requires"] if each not in wanted]
    for requirement in map(Requirement, wanted):
        pins = locked(name).get(canonicalize_name(requirement.name), [])
        assert pins, f"{requirement.name} is not in requirements/{name}: run make lock"
        assert all(requirement.specifier.contains(pin) for pin in pins), f"{requirement} is locked as {pins}"


def test_the_demo_runs_on_the_very_versions_that_are_tested() -> None:
    assert {name: pins for name, pins in locked("demo.txt").items() if locked("dev.txt").get(name) != pins} == {}


def test_every_import_is_of_a_declared_dependency() -> None:
    project = pyproject()["project"]
    declared = {
        IMPORT_NAMES.get(name, name)
        for name in (
            canonicalize_name(Requirement(line).name)
            for line in (*project["dependencies"], *project["optional-dependencies"]["simulate"])
        )
    }
    known = declared | sys.stdlib_module_names | set(PACKAGES) | {"rich"}  # rich is part of Textual's own interface
    foreign = {
        f"{name_of(path)}: {name}"
        for path in sources(*PACKAGES)
        for node in ast.walk(tree_of(path))
        for name in imported(node)
        if name not in known
    }
    assert foreign == set()


def imported(node: ast.AST) -> list[str]:
    """The top-level packages that an import statement names; none for relative imports."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module.split(".")[0]]
    return []


def test_the_changelog_has_a_place_for_contracts() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = text.split("\n## ")[1]
    assert unreleased.startswith("[Unreleased]")
    assert "\n### Contracts\n" in unreleased


def test_every_command_of_the_makefile_explains_itself() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony
    assert phony[1].split() == re.findall(r"^([a-z]+): ## \S", text, re.MULTILINE)
