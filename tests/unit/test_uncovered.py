"""What a source is for and cannot tell here: said on the sources screen and by the doctor."""

from __future__ import annotations

from msgspec.structs import replace

from omconsole.commands.doctor_state import uncovered_checks
from omconsole.domain.health import SourceHealth
from omconsole.screens.sources import said


def test_a_source_says_what_it_does_not_cover_beside_its_trouble() -> None:
    told = ("Licences: User.Read.All is missing.", "Apps that never checked in.")
    health = SourceHealth(name="users", interval_s=900, status="partial", error="Half was read.", uncovered=told)
    assert said(health) == f"Half was read. · Not covered: {told[0]} {told[1]}"
    assert said(replace(health, error=None, uncovered=())) == ""


def test_what_a_source_does_not_cover_is_worth_a_look() -> None:
    sources = [
        SourceHealth(name="devices", interval_s=900),
        SourceHealth(name="users", interval_s=900, uncovered=("Licences: User.Read.All is missing.",)),
    ]
    (check,) = uncovered_checks(sources)
    assert (check.name, check.group, check.mark) == ("uncovered.users", "state", "!")
    assert check.what == "users: Not covered: Licences: User.Read.All is missing."
