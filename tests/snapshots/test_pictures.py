"""What the screens look like.

After a wanted change run `pytest tests/snapshots --snapshot-update` and look at each picture that has changed. The
pictures belong to one version of Textual: with another one they are not compared.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from omconsole import i18n
from omconsole.app import ConsoleApp
from omconsole.domain.backlog import Backlog
from omconsole.domain.checklist import Evidence, checklist
from omconsole.domain.figures import Sample
from omconsole.domain.items import Cause, Severity
from tests.app import pictures_of_causes as pictures
from tests.app.conftest import NOW, FakeConsole, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.pilot import Pilot

DRAWN_WITH = "8.2.8"
"""The version of Textual in `pyproject.toml`."""

pytestmark = pytest.mark.skipif(
    version("textual") != DRAWN_WITH, reason=f"the pictures were drawn with Textual {DRAWN_WITH}"
)

DEVICES = (
    ("iPhone von Anton", "device.jailbroken", Severity.HIGH, "iOS", "anton.arnold@contoso.com", 2),
    ("anna.lehmann_AndroidEnterprise_1/9/2025_7:19 AM", "device.jailbroken", Severity.HIGH, "Android", "", 1),
    ("DE-LEJ-PC-78930", "device.stale", Severity.MEDIUM, "Windows", "ruediger.bauer@contoso.com", 460 * 24),
    ("DE-LEJ-LT-29588", "device.noncompliant", Severity.MEDIUM, "Windows", "eva.diaz@contoso.com", 190),
    ("MAC-WIE-MH570", "device.compliance-error", Severity.MEDIUM, "macOS", "greta.dvorak@contoso.com", 70),
    ("DE-MUC-LT-73149", "device.unencrypted", Severity.MEDIUM, "Windows", "chloe.krueger@contoso.com", 50),
    ("[@click=app.quit]x[/]", "device.noncompliant", Severity.MEDIUM, "Windows", "thị.busch@contoso.com", 40),
    ("東京-PC-01", "device.unencrypted", Severity.LOW, "Windows", "yuki@contoso.com", 30),
    ("DE-ZRH-LT-13591", "device.in-grace", Severity.INFO, "Windows", "volker.voigt@contoso.com", 5),
)
"""Name, kind, severity, platform, user, hours since it began."""
POSTS = (
    ("MC1180704", "Plan for Change: Intune raises its minimum to iOS/iPadOS 17", 74),
    ("MC1180408", "(Updated) Plan for Change: Kiosk profiles for Windows need a named account", -5),
    ("MC1180301", "Take Action: Update the Intune App SDK for Android before the change [bold]", 3),
)
"""Id, title, days until the act-by date."""
BODY = """<p>Intune will <b>no longer</b> support iOS 16.</p><h2>How does this affect you?</h2>
<ul><li>Devices below iOS 17 cannot enrol any more.</li><li>Enrolled ones keep working.</li></ul>
<p>See <a href="https://learn.microsoft.com/x">the list</a>.</p>"""


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Go back to the language that the other tests speak."""
    before = i18n.language()
    yield
    i18n.activate(before)


HEALTH = {
    "devices": 18_204.0,
    "compliant_percent": 93.1,
    "protected_percent": 98.7,
    "malware_devices": 1.0,
    "checked_in_percent": 97.2,
    "encrypted_percent": 91.4,
    "os_current_percent": 88.0,
    "patch_current_percent": 79.3,
}
RISES = (4.0, 3.0, 1.0, 0.0)
"""How much less a percentage was, hour by hour."""
PORTAL = Cause("app", "a1", "Company Portal", None, "0x87D1041C")
PASSCODE = Cause("compliance", "p2", "iOS Standard", "passcodeRequired")


def tenant(*, devices: bool = True) -> FakeConsole:
    """A tenant in the morning: something of everything, and somebody who has worked on it."""
    console = FakeConsole()
    for source in ("service", "connectors"):
        console.health(source)
    if devices:
        _trouble(console)
    for place, (id_, title, days) in enumerate(POSTS):
        console.post_up(id_, title, body=BODY, days=place + 1, act_by=NOW + timedelta(days=days))
    for name, value in HEALTH.items():
        rises = RISES if name.endswith("percent") else (0.0,)
        console.ledger.metrics[name] = [
            Sample(NOW - timedelta(minutes=4 + 60 * (len(rises) - 1 - place)), value - rise)
            for place, rise in enumerate(rises)
        ]
    since = NOW - timedelta(days=9)
    console.backlog = Backlog(62, 2410, since, since + timedelta(days=30), (2410.0, 2300.0, 1800.0, 900.0, 400.0, 62.0))
    read = console.snapshot
    evidence = Evidence(sources=read.sources, alerts=read.alerts, issues=read.issues, updates=read.updates)
    console.checklist = checklist(evidence, NOW, UTC)
    return console


def _trouble(console: FakeConsole) -> None:
    pictures.apple_push(console)
    pictures.outage(console)
    pictures.changed(console)
    pictures.noncompliant(console, 60)
    pictures.noncompliant(console, 38, first=100, cause=PORTAL)
    pictures.noncompliant(console, 12, first=200, cause=PASSCODE)
    pictures.find_causes(console)
    causes = {each.subject_id: each for each in console.ledger.triage.values() if each.is_cause}
    grown = [["2025-11-22T08:00:00Z", 4], ["2025-11-22T08:40:00Z", 21], ["2025-11-22T09:20:00Z", 60]]
    key = causes["p1"].key
    seen = console.ledger.seen[key]
    console.ledger.observe(key, replace(seen, facts={**seen.facts, "curve": grown}))
    console.ledger.triage[causes["p2"].key] = replace(causes["p2"], backlog=True)
    console.ledger._place(causes["p2"].key)
    console._one("ack", causes["a1"].id, None)
    for name, kind, severity, platform, user, hours in DEVICES:
        age = timedelta(hours=hours)
        id_ = console.device(name, kind=kind, severity=severity, platform=platform, user=user, age=age)
        if name == "DE-LEJ-LT-29588":
            console._one("ack", id_, None)


def failing() -> FakeConsole:
    """The tenant after Graph has been away for a while."""
    console = tenant()
    console.fail("devices", "Graph did not answer within 30 seconds")
    return console


PICTURES: dict[str, tuple[tuple[int, int], str, str, Callable[[], FakeConsole], tuple[str, ...]]] = {
    "dashboard-80x24": ((80, 24), "en", "dark", tenant, ()),
    "dashboard-80x24-de": ((80, 24), "de", "dark", tenant, ()),
    "dashboard-120x36": ((120, 36), "en", "dark", tenant, ()),
    "dashboard-120x36-light": ((120, 36), "en", "light", tenant, ()),
    "dashboard-160x45-de": ((160, 45), "de", "dark", tenant, ()),
    "dashboard-200x50": ((200, 50), "en", "dark", tenant, ()),
    "members-80x24": ((80, 24), "en", "dark", tenant, ("j", "l", "j")),
    "backlog-80x24": ((80, 24), "en", "dark", tenant, ("comma",)),
    "no-issues": ((80, 24), "en", "dark", lambda: tenant(devices=False), ()),
    "stale-source": ((120, 24), "en", "dark", failing, ()),
    "detail-80x24": ((80, 24), "en", "dark", tenant, ("j", "enter")),
    "reader-120x36": ((120, 36), "en", "dark", tenant, ("3", "enter")),
}
"""Size, language, theme, tenant, keys."""


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str, snap_compare: Any) -> None:
    size, language, theme, make, keys = PICTURES[name]
    i18n.activate(language)
    console = make()

    async def open_console() -> FakeConsole:
        return console

    async def press(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    app = ConsoleApp(
        head=console.snapshot, open_console=open_console, theme=f"om-{theme}", timezone="UTC", clock=lambda: NOW
    )
    assert snap_compare(app, terminal_size=size, run_before=press)
