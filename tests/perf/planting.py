"""A state directory as a console leaves it behind: items opened by the law, journal, caches, fleet, feed and figures.

`python -m tests.perf.planting FOLDER [ITEMS]` plants one beside its settings file. Every source was read well just now
and is polled once a day, so that no poll is due for as long as a measurement takes; the address leads nowhere.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.events import Event
from omconsole.domain.items import Cause
from omconsole.domain.standings import CauseThresholds
from omconsole.domain.updates import Post
from omconsole.graph import ManagedDevice
from omconsole.poll.causing import Causing
from omconsole.poll.intake import Intake
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.service import configured_sources
from omconsole.signals.judging import DeviceThresholds, Judge
from omconsole.signals.reading import Reading
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.config import Settings

PROFILE: Final = "contoso"
SETTINGS: Final = f"""\
[profiles.contoso]
tenant_id = "contoso"
auth = "token"
graph_url = "http://127.0.0.1:9"
poll = {{ {", ".join(f'{name} = "24h"' for name in DEFAULT_INTERVALS)} }}
"""
POLICY_SETTINGS: Final = ("OsMinimumVersion", "BitLockerEnabled", "ActiveFirewallRequired", "PasswordRequired")
FIRST_NAMES: Final = ("Anna", "Jürgen", "Siobhán", "Marek", "Chloë", "Wei", "Fatima", "Lars", "Olga", "Tomás")
LAST_NAMES: Final = ("Meyer", "Größer", "Nowak", "O'Brien", "Tanaka", "Schmidt-Lorenz", "Rossi", "Yılmaz", "Kowalski")
PLATFORMS: Final = (
    ("Windows", "10.0.22631.4317", ("Latitude 7440", "EliteBook 840 G9", "ThinkPad T14 Gen 4"), "DESKTOP-"),
    ("iOS", "18.1", ("iPhone 15", "iPhone SE (3rd generation)"), "iPhone-"),
    ("macOS", "15.1", ("MacBook Pro", "MacBook Air"), "MBP-"),
    ("Android", "14", ("Pixel 8", "SM-S921B"), "AND-"),
    ("Linux", "24.04", ("Precision 5690",), "lx-"),
)
STATES: Final = ("compliant",) * 13 + ("noncompliant",) * 4 + ("inGracePeriod",) * 2 + ("error",)


def fleet(count: int, now: datetime, first: int = 0) -> list[ManagedDevice]:
    """Devices of a grown tenant, the same for the same numbers; about every second one shows a problem."""
    chance = random.Random(f"{first} {count}")
    return [_device(number, now, chance) for number in range(first, first + count)]


def _device(number: int, now: datetime, chance: random.Random) -> ManagedDevice:
    system, version, models, prefix = chance.choice(PLATFORMS)
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    silent_days = chance.choice((0,) * 8 + (35, 120))
    return ManagedDevice(
        id=f"{number:08x}-4d2f-4b1a-9c3e-7f5a2d1c0b9e",
        device_name=f"{prefix}{number:07d}",
        user_id=f"{number // 2:08x}-0000-4000-8000-000000000000",
        user_principal_name=f"{first}.{last}{number // 90}@contoso.example".lower(),
        operating_system=system,
        os_version=version,
        compliance_state=chance.choice(STATES),
        compliance_grace_period_expiration_date_time=now + timedelta(hours=chance.randrange(1, 200)),
        last_sync_date_time=now - timedelta(days=silent_days, minutes=chance.randrange(1, 600)),
        enrolled_date_time=now - timedelta(days=chance.randrange(150, 1200)),
        managed_device_owner_type=chance.choice(("company", "company", "personal")),
        is_encrypted=chance.random() > 0.08,
        jail_broken="True" if chance.random() < 0.0005 else "False",
        serial_number=f"5CG{number:07d}",
        model=chance.choice(models),
    )


def reading_of(devices: list[ManagedDevice], now: datetime, problems: int | None = None) -> Reading:
    """What the source `devices` makes of a sweep over these devices; at most `problems` of what it finds."""
    reading = Reading(source="devices", mode="sweep", subjects={device.id for device in devices}, items=len(devices))
    compliant = {device.user_id for device in devices if device.compliance_state == "compliant"}
    judge = Judge(DeviceThresholds(), now, compliant)
    for device in devices:
        judge(device, reading)
    if problems is not None:
        assert len(reading.observations) >= problems, "the fleet has too few problems"
        del reading.observations[problems:]
    return reading


def reasons_of(reading: Reading) -> Reading:
    """What the source `compliance` says of the same devices: of each the policy of its platform, and one setting."""
    causes: dict[tuple[str, str], tuple[Cause, ...]] = {}
    for seen in reading.observations:
        if seen.family == "device.compliance":
            setting = POLICY_SETTINGS[int(seen.subject_id[:8], 16) % len(POLICY_SETTINGS)]
            cause = Cause("compliance", f"policy-{seen.platform}", f"{seen.platform} – standard", setting=setting)
            causes[seen.subject_id, seen.family] = (cause,)
    return Reading(source="compliance", mode="sweep", enriches="device.compliance", causes=causes)


def finished(counts: dict[str, int]) -> Event:
    """The end of a round that read every source wholly."""
    told = [{"name": name, "status": "ok", "mode": "sweep", "items": counts.get(name, 0)} for name in DEFAULT_INTERVALS]
    return Event(event="poll.finished", data={"sources": told})


def feed(now: datetime) -> Iterator[Post]:
    """A message centre of the usual size."""
    for number in range(300):
        yield Post(
            id=f"MC{900000 + number}",
            title=f"Plan for Change: setting {number} of Windows and iOS devices",
            category=("planForChange", "stayInformed", "preventOrFixIssue")[number % 3],
            services=("Microsoft Intune",),
            published=now - timedelta(days=number, hours=5),
            changed=now - timedelta(days=number // 2, hours=4),
            body="<p>What changes, for whom, and until when.</p>" * 40,
        )


async def plant(settings: Settings, items: int) -> None:
    """Fill the profile's state directory as sweeps do; `items` are open afterwards, of twice as many devices, behind
    their causes. A sweep of an empty tenant comes first, so that nothing of it is backlog.

    Raises:
        StateError: the directory cannot be used.
    """
    now = datetime.now(UTC)
    store = Store.open(settings.state_directory, tenant=PROFILE, profile=PROFILE, sources=configured_sources(settings))
    ledger = await store.load()
    async with store.writing(ledger) as writing:
        writing.append([Event(event="source.state", ref=name, to="ok") for name in DEFAULT_INTERVALS], now)
        writing.append([finished({})], now - timedelta(minutes=5))
    intake = Intake(PROFILE, ledger, store)
    devices = fleet(items * 2, now)
    seen = reading_of(devices, now, items)
    await intake.take(seen, now)
    await intake.take(reasons_of(seen), now)
    await intake.take(Reading(source="messages", mode="sweep", posts=list(feed(now)), items=300), now)
    figures = {"devices": len(devices), "compliant_percent": 65.0, "protected_percent": 91.2}
    figures["active_devices"] = 0.9 * len(devices)
    await intake.take(Reading(source="overview", mode="sweep", figures=figures, items=3), now)
    causing = Causing(PROFILE, ledger, store, CauseThresholds())
    await causing.after_round(now, unswept=frozenset(), swept=frozenset({"devices", "compliance"}))
    async with store.writing(ledger) as writing:
        writing.append([finished({"devices": len(devices), "messages": 300, "overview": 3})], datetime.now(UTC))
    person = store.persons.person_for("os:anna", "Anna")
    picture = ledger.picture(
        tenant=PROFILE, now=now, person=person, persons=store.persons.names(), polling="nobody", notice=None
    )
    await store.save_fleet(devices)
    await store.save_caches(ledger, picture)
    await store.save_state(ledger)
    store.close()


class Planted(msgspec.Struct, frozen=True):
    """A planted profile in a folder of its own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to work on it, whatever the surroundings say."""
        return {
            "OMCONSOLE_CONFIG": str(self.folder / "config.toml"),
            "OMCONSOLE_STATE_DIR": str(self.folder / "state"),
            "OMCONSOLE_TOKEN": "planted",
            "OMCONSOLE_LANG": "en",
            "OMCONSOLE_USER": "Anna",
            "OMCONSOLE_PROFILE": PROFILE,
        }

    def settings(self) -> Settings:
        """The settings that such a process loads."""
        from omconsole.config import load

        return load(None, self.environment)


def prepare(folder: Path) -> Planted:
    """Write the settings file; nothing is planted yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(SETTINGS, encoding="utf-8")
    return Planted(folder)


def planted_by_child(folder: Path, items: int) -> Planted:
    """Plant in a process of its own, so that the one that measures stays small."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-m", "tests.perf.planting", str(folder), str(items)], cwd=root, check=True)
    return Planted(folder)


def main() -> None:
    folder, items = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    asyncio.run(plant(prepare(folder).settings(), items))


if __name__ == "__main__":
    main()
