"""The tenant's compliance policies and apps."""

from __future__ import annotations

from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, iso, iso_fraction

_POLICIES, _APPS = 51, 52

_COMPLIANCE = (
    ("windows10CompliancePolicy", "Windows – Mindeststandard", "Verschlüsselung, Firewall, sicherer Start"),
    ("windows10CompliancePolicy", "Windows – Mindestversion", "Ältere Builds gelten als nicht konform"),
    ("windows10CompliancePolicy", "Windows – Virenschutz", "Echtzeitschutz an, Signaturen aktuell"),
    ("iosCompliancePolicy", "iOS/iPadOS – Standard", "Kennung, Mindestversion, kein Jailbreak"),
    ("macOSCompliancePolicy", "macOS – Standard", "FileVault, Firewall, Systemintegrität"),
    ("androidWorkProfileCompliancePolicy", "Android – Arbeitsprofil", "Kennung, kein Root, Patchstand"),
    ("androidDeviceOwnerCompliancePolicy", "Android – firmeneigene Geräte", None),
)

_MOBILE_APPS = (
    ("officeSuiteApp", "Microsoft 365 Apps für Windows 10 und höher", "Microsoft"),
    ("win32LobApp", "7-Zip 24.09", "Igor Pavlov"),
    ("win32LobApp", "Adobe Acrobat Reader", "Adobe"),
    ("win32LobApp", "Contoso Außendienst", "Contoso GmbH"),
    ("win32LobApp", "Contoso Zeiterfassung", "Contoso GmbH"),
    ("win32LobApp", "Google Chrome", "Google LLC"),
    ("win32LobApp", "Notepad++", "Notepad++ Team"),
    ("win32LobApp", "SAP GUI 8.00", "SAP SE"),
    ("win32LobApp", "VPN-Client", "Contoso GmbH"),
    ("winGetApp", "Company Portal", "Microsoft Corporation"),
    ("windowsMicrosoftEdgeApp", "Microsoft Edge für Windows 10 und höher", "Microsoft"),
    ("iosVppApp", "DB Navigator", "Deutsche Bahn"),
    ("iosVppApp", "Microsoft Teams", "Microsoft Corporation"),
    ("iosStoreApp", "Microsoft Authenticator", "Microsoft Corporation"),
    ("iosLobApp", "Contoso Lager", "Contoso GmbH"),
    ("androidManagedStoreApp", "Microsoft Outlook", "Microsoft Corporation"),
    ("androidManagedStoreApp", "Managed Home Screen", "Microsoft Corporation"),
    ("androidManagedStoreApp", "Zebra OEMConfig", "Zebra Technologies"),
    ("macOSPkgApp", "Contoso VPN für Mac", "Contoso GmbH"),
    ("macOSDmgApp", "Firefox", "Mozilla"),
    ("macOSOfficeSuiteApp", "Microsoft 365 Apps für macOS", "Microsoft"),
)


def compliance_policies(seed: int, epoch: int) -> list[dict[str, object]]:
    """The rows of `deviceCompliancePolicies`; `epoch` in seconds since 1970 UTC."""
    rows: list[dict[str, object]] = []
    for number, (kind, name, description) in enumerate(_COMPLIANCE):
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


def mobile_apps(seed: int, epoch: int) -> list[dict[str, object]]:
    """The rows of `mobileApps`; `epoch` in seconds since 1970 UTC."""
    rows: list[dict[str, object]] = []
    for number, (kind, name, publisher) in enumerate(_MOBILE_APPS):
        draw = Draw(seed, _APPS, number)
        created = epoch - draw.between(120, 1100) * DAY
        rows.append(
            {
                "@odata.type": f"#microsoft.graph.{kind}",
                "id": draw.uuid(),
                "displayName": name,
                "publisher": publisher,
                "createdDateTime": iso(created),
                "lastModifiedDateTime": iso_fraction(created + draw.between(0, 110) * DAY, draw.below(10_000_000)),
                "publishingState": "processing" if number == 4 else "published",
                "isFeatured": draw.chance(100),
                "owner": "IT-Betrieb" if draw.chance(500) else "",
            }
        )
    return rows
