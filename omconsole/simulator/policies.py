"""The tenant's compliance policies."""

from __future__ import annotations

from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, iso_fraction

_POLICIES = 51

_COMPLIANCE = (
    ("windows10CompliancePolicy", "Windows – Mindeststandard", "Verschlüsselung, Firewall, sicherer Start"),
    ("windows10CompliancePolicy", "Windows – Mindestversion", "Ältere Builds gelten als nicht konform"),
    ("windows10CompliancePolicy", "Windows – Virenschutz", "Echtzeitschutz an, Signaturen aktuell"),
    ("iosCompliancePolicy", "iOS/iPadOS – Standard", "Kennung, Mindestversion, kein Jailbreak"),
    ("macOSCompliancePolicy", "macOS – Standard", "FileVault, Firewall, Systemintegrität"),
    ("androidWorkProfileCompliancePolicy", "Android – Arbeitsprofil", "Kennung, kein Root, Patchstand"),
    ("androidDeviceOwnerCompliancePolicy", "Android – firmeneigene Geräte", None),
)

#: Policies that no device has yet; two people made one with the same name.
_PILOTS = ("windows10CompliancePolicy", "Pilot – neue Mindestversion", "Noch keiner Gruppe zugewiesen")


def compliance_policies(seed: int, epoch: int, *, namesakes: bool = False) -> list[dict[str, object]]:
    """The rows of `deviceCompliancePolicies`; `epoch` in seconds since 1970 UTC.

    With `namesakes` there are two policies of one name, which no device fails.
    """
    rows: list[dict[str, object]] = []
    for number, (kind, name, description) in enumerate((*_COMPLIANCE, *(_PILOTS,) * 2) if namesakes else _COMPLIANCE):
        draw = Draw(seed, _POLICIES, number)
        created = epoch - draw.between(300, 1400) * DAY
        rows.append(
            {
                "@odata.type": f"#microsoft.graph.{kind}",
                "id": draw.uuid(),
                "displayName": name,
                "description": description,
                "version": draw.between(1, 14),
                "createdDateTime": iso_fraction(created, draw.below(10_000_000)),
                "lastModifiedDateTime": iso_fraction(created + draw.between(0, 290) * DAY, draw.below(10_000_000)),
            }
        )
    return rows
