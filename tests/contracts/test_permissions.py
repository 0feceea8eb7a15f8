"""What administrators are asked to consent to is what the sources ask Graph for: nothing less, nothing more."""

from __future__ import annotations

from importlib import import_module
from inspect import isclass
from pathlib import Path
from pkgutil import iter_modules

import pytest

import omconsole.signals
from omconsole.graph import surface, tenant_surface
from omconsole.graph.asked import Asked
from omconsole.graph.permissions import PERMISSIONS, consent_link, needed_by
from omconsole.poll.schedule import DEFAULT_INTERVALS


def asked_by_source() -> dict[str, set[str]]:
    """The permissions that every source says it needs, by the source's name."""
    found: dict[str, set[str]] = {}
    for module in iter_modules(omconsole.signals.__path__, "omconsole.signals."):
        for each in vars(import_module(module.name)).values():
            name = getattr(each, "name", None)
            if isclass(each) and isinstance(name, str) and isinstance(getattr(each, "asks", None), tuple):
                found[name] = set(vars(each)["asks"])
    return found


def test_every_source_is_known() -> None:
    assert set(asked_by_source()) == set(DEFAULT_INTERVALS)


@pytest.mark.parametrize("source", sorted(DEFAULT_INTERVALS))
def test_the_table_names_what_a_source_asks_for(source: str) -> None:
    assert {each.name for each in needed_by(source)} == asked_by_source()[source]


def test_every_call_to_graph_is_covered_and_every_permission_is_used() -> None:
    named = [each for module in (surface, tenant_surface) for each in vars(module).values() if isinstance(each, Asked)]
    calls = [*surface.ASKED, *named]
    assert {each.permission for each in calls} == {each.name for each in PERMISSIONS}


def test_nothing_is_asked_for_that_writes() -> None:
    for each in PERMISSIONS:
        assert each.name.endswith((".Read.All", ".ReadBasic.All")), each.name
        assert each.why
        assert not set(each.panes) - {"alerts", "issues", "updates", "dashboard"}


def test_only_an_optional_permission_has_no_source() -> None:
    assert [each.name for each in PERMISSIONS if not each.sources] == [
        each.name for each in PERMISSIONS if each.optional
    ]


def test_the_readme_names_them_all() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for each in PERMISSIONS:
        assert each.name in readme


def test_the_consent_link_is_percent_encoded() -> None:
    link = consent_link("https://login.microsoftonline.com/contoso.example/", "c1", "https://graph.microsoft.com")
    assert link == (
        "https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id=c1"
        "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&redirect_uri=http%3A%2F%2Flocalhost"
    )
