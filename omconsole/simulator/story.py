"""The demonstration's story: when each thing of the scenario `story` happens, in seconds after the epoch.

Negative numbers lie before the epoch. What begins here is planted by the parts that own it: the devices, the audit
events, the service's issues, the connectors.
"""

from __future__ import annotations

from omconsole.simulator.instants import DAY, HOUR, MINUTE

#: The name of the compliance policy that was changed (`policies.compliance_policies` gives its id).
CHANGED_POLICY = "Windows – Mindestversion"
#: The property of it that was changed, as the audit event names it, and the Windows build asked for before and after.
CHANGED_PROPERTY = "OsMinimumVersion"
OLD_MINIMUM, NEW_MINIMUM = "10.0.22621", "10.0.22631"
#: An administrator changed it; the devices fail it from their next check-in on.
POLICY_CHANGED = -38 * MINUTE

#: Enrolments fail from here on ...
OUTAGE_BEGAN = -70 * MINUTE
#: ... Microsoft says so first, then names the cause ...
OUTAGE_POSTS = (-52 * MINUTE, -21 * MINUTE, 10 * MINUTE, 20 * MINUTE)
#: ... and says that it is over, when enrolments succeed again.
OUTAGE_ENDED = 40 * MINUTE

#: The Apple push certificate ends in five days and some hours.
APPLE_PUSH_EXPIRES = 5 * DAY + 7 * HOUR

#: An advisory of Microsoft Intune appears.
ADVISORY_APPEARED = 6 * MINUTE
#: The volume purchase token of the organisation `VPP_ORGANIZATION` fails to sync.
VPP_SYNC_FAILED = 15 * MINUTE
VPP_ORGANIZATION = "EDU"
#: Its next sync succeeds.
VPP_SYNC_WORKS = 195 * MINUTE

#: An administrator uploads a new version of the app `CHANGED_APP`, which then fails to install.
APP_CHANGED = -6 * MINUTE
CHANGED_APP = "VPN-Client"
