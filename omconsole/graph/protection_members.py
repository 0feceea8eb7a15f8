"""Members and flags of Defender, firewalls and malware, as reports write them: by number here, by name there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.graph.members import as_number, member_of

if TYPE_CHECKING:
    from collections.abc import Mapping

DEVICE_STATE: Final = {
    0: "clean",
    1: "fullScanPending",
    2: "rebootPending",
    4: "manualStepsPending",
    8: "offlineScanPending",
    16: "critical",
}
"""windowsDeviceHealthState; flags."""
PRODUCT_STATUS: Final = {
    0: "noStatus",
    1 << 0: "serviceNotRunning",
    1 << 1: "serviceStartedWithoutMalwareProtection",
    1 << 2: "pendingFullScanDueToThreatAction",
    1 << 3: "pendingRebootDueToThreatAction",
    1 << 4: "pendingManualStepsDueToThreatAction",
    1 << 5: "avSignaturesOutOfDate",
    1 << 6: "asSignaturesOutOfDate",
    1 << 7: "noQuickScanHappenedForSpecifiedPeriod",
    1 << 8: "noFullScanHappenedForSpecifiedPeriod",
    1 << 9: "systemInitiatedScanInProgress",
    1 << 10: "systemInitiatedCleanInProgress",
    1 << 11: "samplesPendingSubmission",
    1 << 12: "productRunningInEvaluationMode",
    1 << 13: "productRunningInNonGenuineMode",
    1 << 14: "productExpired",
    1 << 15: "offlineScanRequired",
    1 << 16: "serviceShutdownAsPartOfSystemShutdown",
    1 << 17: "threatRemediationFailedCritically",
    1 << 18: "threatRemediationFailedNonCritically",
    1 << 19: "noStatusFlagsSet",
    1 << 20: "platformOutOfDate",
    1 << 21: "platformUpdateInProgress",
    1 << 22: "platformAboutToBeOutdated",
    1 << 23: "signatureOrPlatformEndOfLifeIsPastOrIsImpending",
    1 << 24: "windowsSModeSignaturesInUseOnNonWin10SInstall",
}
"""windowsDefenderProductStatus; flags, the bits that the Defender CSP documents for `Health/ProductStatus`."""
FIREWALL_STATUS: Final = {0: "enabled", 1: "disabled", 2: "limited", 3: "temporarilyDisabled", 4: "notApplicable"}
"""The numbers of the DeviceStatus CSP's `Firewall/Status`, by the words that the admin center has for them. Graph
documents no enumeration for the report."""
THREAT_STATE: Final = {
    0: "active",
    1: "actionFailed",
    2: "manualStepsRequired",
    3: "fullScanRequired",
    4: "rebootRequired",
    5: "remediatedWithNonCriticalFailures",
    6: "quarantined",
    7: "removed",
    8: "cleaned",
    9: "allowed",
    10: "noStatusCleared",
}
EXECUTION_STATE: Final = {0: "unknown", 1: "blocked", 2: "allowed", 3: "running", 4: "notRunning"}
MALWARE_SEVERITY: Final = {0: "unknown", 1: "low", 2: "moderate", 4: "high", 5: "severe"}
MALWARE_CATEGORY: Final = {
    0: "invalid",
    1: "adware",
    2: "spyware",
    3: "passwordStealer",
    4: "trojanDownloader",
    5: "worm",
    6: "backdoor",
    7: "remoteAccessTrojan",
    8: "trojan",
    9: "emailFlooder",
    10: "keylogger",
    11: "dialer",
    12: "monitoringSoftware",
    13: "browserModifier",
    14: "cookie",
    15: "browserPlugin",
    16: "aolExploit",
    17: "nuker",
    18: "securityDisabler",
    19: "jokeProgram",
    20: "hostileActiveXControl",
    21: "softwareBundler",
    22: "stealthNotifier",
    23: "settingsModifier",
    24: "toolBar",
    25: "remoteControlSoftware",
    26: "trojanFtp",
    27: "potentialUnwantedSoftware",
    28: "icqExploit",
    29: "trojanTelnet",
    30: "exploit",
    31: "filesharingProgram",
    32: "malwareCreationTool",
    33: "remote_Control_Software",
    34: "tool",
    36: "trojanDenialOfService",
    37: "trojanDropper",
    38: "trojanMassMailer",
    39: "trojanMonitoringSoftware",
    40: "trojanProxyServer",
    42: "virus",
    43: "known",
    44: "unknown",
    45: "spp",
    46: "behavior",
    47: "vulnerability",
    48: "policy",
    49: "enterpriseUnwantedSoftware",
    50: "ransom",
    51: "hipsRule",
}
"""The windowsMalware enumerations, by the numbers of Graph's schema."""

_FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def flag(value: bool | int | str | None) -> bool | None:
    """A report's yes or no; None for anything else."""
    return value if value is None or isinstance(value, bool) else _FLAGS.get(str(value).strip().casefold())


def flags_of(names: Mapping[int, str], value: int | str | None) -> tuple[str, ...] | None:
    """The members that are set: of a number by its bits, of a text by the names between its commas.

    Returns:
        The members in the order of their numbers, the one for 0 where no other is set; None when any part is unknown.
    """
    number = as_number(value)
    if number is not None:
        if number < 0 or number & ~_every(names):
            return None
        return tuple(name for bit, name in names.items() if bit & number) or (names[0],)
    if value is None or not str(value).strip():
        return None
    found = {known(names, part) for part in str(value).split(",")}
    if None in found:
        return None
    return tuple(name for bit, name in names.items() if bit and name in found) or (names[0],)


def known(names: Mapping[int, str], value: int | str | None) -> str | None:
    """The one member that a value stands for: by number, or by name in any case and with or without spaces."""
    if value is None or as_number(value) is not None:
        return member_of(names, value)
    text = "".join(each for each in str(value).casefold() if each.isalnum() or each == "_")
    return member_of(names, text.removesuffix("default"))


def _every(names: Mapping[int, str]) -> int:
    every = 0
    for bit in names:
        every |= bit
    return every
