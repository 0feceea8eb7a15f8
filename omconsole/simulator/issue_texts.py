"""Incidents and advisories as Microsoft words them; the names in them are the service's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Post(NamedTuple):
    """One post: the status that the whole issue has from it on, and the status in words."""

    status: str
    words: str


@dataclass(slots=True, frozen=True)
class Text:
    """One incident or advisory: what never changes of it, and what its posts say one after another.

    The last post is the one that says it is over.
    """

    title: str
    classification: str
    service: str
    feature: str
    feature_group: str
    impact: str
    scope: str
    posts: tuple[Post, ...]


INTUNE, ENTRA, EXCHANGE, TEAMS = "Microsoft Intune", "Microsoft Entra", "Exchange Online", "Microsoft Teams"

ENROLLMENT_OUTAGE = Text(
    title="Some users can't enroll devices in Microsoft Intune",
    classification="incident",
    service=INTUNE,
    feature="Device enrollment",
    feature_group="Microsoft Intune",
    impact="Users may be unable to enroll Windows, iOS/iPadOS and Android devices in Microsoft Intune.",
    scope="Your organization is affected by this event, and any user who enrolls a device may be impacted.",
    posts=(
        Post(
            "serviceDegradation",
            "We're reviewing service telemetry and failed enrollment requests to isolate where account validation "
            "times out.",
        ),
        Post(
            "serviceDegradation",
            "We've identified that a recent deployment to the account validation service rejects a portion of the "
            "enrollment requests. We're reverting the deployment in the affected infrastructure.",
        ),
        Post(
            "serviceDegradation",
            "The deployment has been reverted in most of the affected infrastructure, and the success rate of "
            "enrollments is rising. Users who retry may succeed.",
        ),
        Post(
            "restoringService",
            "The reversion has completed. We're monitoring the success rate of enrollments to confirm the recovery.",
        ),
        Post(
            "serviceRestored",
            "We've confirmed after monitoring that devices enroll as expected. Users whose enrollment failed can try "
            "again.",
        ),
    ),
)
CHECK_IN_INCIDENT = Text(
    title="Devices may be late to receive policies and apps from Microsoft Intune",
    classification="incident",
    service=INTUNE,
    feature="Device check-in",
    feature_group="Microsoft Intune",
    impact="Devices may take several hours to receive changed policies and newly assigned apps.",
    scope="Your organization is affected by this event, and any managed device may be impacted.",
    posts=(
        Post("investigating", "We're analyzing check-in requests that are answered late to isolate the cause."),
        Post(
            "serviceDegradation",
            "A portion of the infrastructure that answers check-in requests runs beyond its capacity. We're adding "
            "capacity and moving requests to healthy infrastructure.",
        ),
        Post("serviceRestored", "We've confirmed that check-in requests are answered in time again."),
    ),
)
REPORT_ADVISORY = Text(
    title="Admins may see stale figures in Microsoft Intune device compliance reports",
    classification="advisory",
    service=INTUNE,
    feature="Reporting",
    feature_group="Microsoft Intune",
    impact="Admins may see figures in the device compliance reports that are up to 24 hours old.",
    scope="Any admin who opens these reports may be impacted. Compliance itself is evaluated as expected.",
    posts=(
        Post("serviceDegradation", "We're processing a backlog of report data that a maintenance left behind."),
        Post("serviceRestored", "The backlog has been processed, and the reports show current figures."),
    ),
)
CONNECTOR_ADVISORY = Text(
    title="Some iOS/iPadOS apps purchased in volume may show an outdated number of licenses",
    classification="advisory",
    service=INTUNE,
    feature="App management",
    feature_group="Microsoft Intune",
    impact="Admins may see an outdated number of available licenses of apps purchased in volume.",
    scope="Admins of organizations with Apple volume purchase tokens may be impacted.",
    posts=(
        Post("investigating", "We're working with Apple to understand why requests for license counts are declined."),
        Post("serviceRestored", "License counts are read as expected again."),
    ),
)
SIGN_IN_ADVISORY = Text(
    title="Users may be prompted for multifactor authentication more often than expected",
    classification="advisory",
    service=ENTRA,
    feature="Authentication",
    feature_group="Microsoft Entra",
    impact="Users may have to authenticate again within the sign-in frequency that your policies set.",
    scope="A small number of users who sign in on devices running iOS may be impacted.",
    posts=(
        Post("serviceDegradation", "We're validating a fix that keeps the time of the last authentication."),
        Post("serviceRestored", "The fix has been deployed, and prompts appear as configured."),
    ),
)
MAIL_INCIDENT = Text(
    title="Some users' email messages may be delayed",
    classification="incident",
    service=EXCHANGE,
    feature="E-Mail timely delivery",
    feature_group="E-Mail timely delivery",
    impact="Users may receive email messages up to 40 minutes late.",
    scope="Some users who are served through the affected infrastructure may have been impacted.",
    posts=(
        Post("serviceDegradation", "We're rebalancing the queues of the affected transport servers."),
        Post("serviceRestored", "The queues have drained, and messages are delivered in time."),
    ),
)
MEETING_ADVISORY = Text(
    title="Users may be unable to load meeting recordings in Microsoft Teams",
    classification="advisory",
    service=TEAMS,
    feature="Teams Components",
    feature_group="Teams Components",
    impact="Users may see an error when they open the recording of a meeting.",
    scope="Some users who attempt to open recordings may have been impacted.",
    posts=(
        Post("serviceDegradation", "We're restarting the affected service instances."),
        Post("postIncidentReviewPublished", "A review after the incident has been published."),
    ),
)
