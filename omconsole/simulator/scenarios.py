"""How much goes wrong in a world: the mixes by name."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from omconsole.simulator.instants import HOUR


@dataclass(slots=True, frozen=True)
class Mix:
    """Shares of the fleet in 1/10,000; each kind whose share is above 0 occurs at least once."""

    noncompliant: int
    stale: int
    in_grace: int
    error: int
    conflict: int
    unencrypted: int
    jail_broken: int
    #: Of the pace at which devices turn noncompliant and back in `busy`, in per cent.
    pace: int
    #: Required apps that fail, in a fleet of 20,000; and how many of the devices fail each of them there.
    failing_apps: int = 0
    failing_devices: int = 40
    #: Apps that are merely available and fail, in any fleet.
    failing_available_apps: int = 0
    #: Of eight devices that are enrolled, how many failed to for days before.
    troubled_enrolments: int = 1
    #: Ways in which Windows updates fail in turns, and how many devices fail each of them in a fleet of 20,000.
    failing_updates: int = 1
    failing_update_devices: int = 24
    #: Update rings that are paused now and then.
    paused_rings: int = 1
    #: Of 10,000 people, those who lose their licence, or whose app is flagged, now and then; of 10,000 devices, those
    #: that Autopilot fails to deploy now and then.
    unlicensed: int = 6
    flagged: int = 4
    deployments: int = 4
    #: Devices on which a configuration policy fails or meets another in turns, and those that have no compliance
    #: policy in turns: shares of the fleet as above.
    policy_errors: int = 12
    policy_conflicts: int = 5
    devices_without_policy: int = 8
    #: Devices that renew their management certificate late, and those on which a partner finds threats, in turns:
    #: shares of the fleet as above.
    late_certificates: int = 6
    threats: int = 3
    #: Cases that Defender has one after another, in any fleet.
    defender_cases: int = 3
    #: Devices on which a remote action fails in turns: a share of the fleet as above.
    remote_actions: int = 8
    #: Devices on which Defender is not healthy, or the firewall not on, in turns, and detections of malware: shares of
    #: the fleet as above.
    unhealthy_agents: int = 60
    firewalls_off: int = 20
    malware: int = 2
    #: Whether a few rows have members that nobody knows.
    unknown_members: bool = False
    #: Whether each failing device fails one setting alone, and all of them a few of the policies' settings.
    few_settings: bool = False
    #: Whether the demonstration's story (`story.py`) happens here.
    story: bool = False


#: `busy` is the tenant of day one: at 20,000 devices about 2,000 noncompliant, 2,400 stale, 300 unencrypted, 20
#: jailbroken, 60 apps failing on 40 devices each, 50 enrolments failing. In `storm` half the fleet fails, of few
#: causes. `story` is calm but for what a changed policy, an outage and a new app version do.
SCENARIOS: dict[str, Mix] = {
    "calm": Mix(
        noncompliant=80,
        stale=150,
        in_grace=30,
        error=5,
        conflict=3,
        unencrypted=20,
        jail_broken=1,
        pace=15,
        failing_apps=3,
        failing_devices=16,
    ),
    "busy": Mix(
        noncompliant=1000,
        stale=1200,
        in_grace=150,
        error=30,
        conflict=10,
        unencrypted=150,
        jail_broken=10,
        pace=100,
        failing_apps=60,
        failing_available_apps=4,
        unlicensed=40,
        flagged=15,
        deployments=20,
        troubled_enrolments=4,
        failing_updates=5,
        failing_update_devices=40,
        paused_rings=2,
        policy_errors=120,
        policy_conflicts=40,
        devices_without_policy=60,
        unhealthy_agents=200,
        firewalls_off=80,
        malware=10,
        unknown_members=True,
        late_certificates=40,
        threats=12,
        defender_cases=20,
        remote_actions=40,
    ),
    "storm": Mix(
        noncompliant=5000,
        stale=1200,
        in_grace=150,
        error=30,
        conflict=10,
        unencrypted=150,
        jail_broken=10,
        pace=100,
        troubled_enrolments=4,
        unlicensed=40,
        flagged=15,
        deployments=20,
        few_settings=True,
        failing_updates=5,
        failing_update_devices=400,
        paused_rings=2,
        policy_errors=120,
        policy_conflicts=40,
        devices_without_policy=60,
        unhealthy_agents=200,
        firewalls_off=80,
        malware=10,
        unknown_members=True,
        late_certificates=40,
        threats=12,
        defender_cases=20,
        remote_actions=40,
    ),
    "story": Mix(
        noncompliant=80,
        stale=150,
        in_grace=30,
        error=5,
        conflict=3,
        unencrypted=20,
        jail_broken=0,
        pace=15,
        failing_apps=3,
        failing_devices=16,
        unlicensed=0,
        flagged=0,
        deployments=0,
        policy_errors=0,
        policy_conflicts=4,
        devices_without_policy=0,
        unhealthy_agents=12,
        firewalls_off=0,
        malware=0,
        late_certificates=0,
        threats=0,
        defender_cases=0,
        remote_actions=0,
        story=True,
    ),
}


def share(devices: int, ten_thousandths: int) -> int:
    """That share of `devices`, at least 1."""
    return max(1, round(devices * ten_thousandths / 10_000))


def lively_count(devices: int, mix: Mix) -> int:
    """How many devices turn bad and good again within hours.

    A fifth of a small fleet; above 2,000 devices it grows with the square root, so that a big tenant is busier than a
    small one without flickering.
    """
    return max(1, round(min(devices / 5, 400 * sqrt(devices / 2000)) * mix.pace / 100))


def lively_period(devices: int) -> int:
    """The mean time from one fall to the next of such a device, in seconds.

    With `lively_count` it makes one change every 15 s at 2,000 devices in `busy`; never so quick that a device
    flaps (three times in three hours).
    """
    return min(max(6 * devices, HOUR + HOUR // 6), 12_000)
