"""Microsoft's service health as this tenant sees it: incidents, advisories and the state of each service."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omconsole.simulator import issue_texts as texts
from omconsole.simulator import story
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR, MINUTE, iso_fraction, long_date, moment, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

_ISSUES = 74
_FIRST_ID = {texts.INTUNE: ("IT", 1_080_000), texts.ENTRA: ("MO", 1_081_000)}
_OTHER_IDS = {texts.EXCHANGE: ("EX", 1_082_000), texts.TEAMS: ("TM", 1_083_000)}
#: Before its first post an issue is not shown; it is dropped so long after its end.
KEPT = 180 * DAY
#: Microsoft promises the next post within so long.
_NEXT_POST = 2 * HOUR

#: `id` and `service` of the services that the tenant subscribes to.
SERVICES = (
    ("Exchange", texts.EXCHANGE),
    ("Intune", texts.INTUNE),
    ("AzureActiveDirectory", texts.ENTRA),
    ("microsoftteams", texts.TEAMS),
    ("SharePoint", "SharePoint Online"),
    ("OneDriveForBusiness", "OneDrive for Business"),
    ("DefenderForEndpoint", "Microsoft Defender for Endpoint"),
    ("OSDPPlatform", "Microsoft 365 suite"),
)


class Issue(NamedTuple):
    """One incident or advisory; instants in seconds since 1970 UTC."""

    id: str
    text: texts.Text
    began: int
    #: When each of its posts appears; with the last one it is over.
    posts: tuple[int, ...]
    #: The incident stops the service instead of degrading it.
    interrupts: bool = False

    @property
    def ended(self) -> int:
        """When the last post says that it is over."""
        return self.posts[-1]

    def is_shown(self, now: int) -> bool:
        """Whether Microsoft tells of it at `now`."""
        return self.posts[0] <= now < self.ended + KEPT

    def is_open(self, now: int) -> bool:
        """Whether it is told of and not over."""
        return self.posts[0] <= now < self.ended


class _Plan(NamedTuple):
    """An issue by the seconds from the epoch."""

    text: texts.Text
    began: int
    posts: tuple[int, ...]
    interrupts: bool = False


_REPORTS_LONG_AGO = _Plan(texts.REPORT_ADVISORY, -62 * DAY, (-62 * DAY + HOUR, -60 * DAY))
_BUSY: tuple[_Plan, ...] = (
    _Plan(texts.MAIL_INCIDENT, -19 * DAY, (-19 * DAY + 40 * MINUTE, -19 * DAY + 5 * HOUR)),
    _Plan(texts.MEETING_ADVISORY, -12 * DAY, (-12 * DAY + HOUR, -7 * DAY)),
    _Plan(texts.SIGN_IN_ADVISORY, -4 * DAY, (-4 * DAY + 3 * HOUR, 4 * DAY)),
    _Plan(texts.CONNECTOR_ADVISORY, -30 * HOUR, (-28 * HOUR, 3 * DAY)),
)
_CHECK_INS = _Plan(texts.CHECK_IN_INCIDENT, -3 * HOUR, (-160 * MINUTE, -55 * MINUTE, 2 * DAY))
_STORY: tuple[_Plan, ...] = (
    _Plan(texts.ENROLLMENT_OUTAGE, story.OUTAGE_BEGAN, (*story.OUTAGE_POSTS, story.OUTAGE_ENDED)),
    _Plan(texts.CONNECTOR_ADVISORY, story.ADVISORY_APPEARED - 25 * MINUTE, (story.ADVISORY_APPEARED, DAY)),
)
_PLANS: dict[str, tuple[_Plan, ...]] = {
    "calm": (_REPORTS_LONG_AGO,),
    "busy": (_REPORTS_LONG_AGO, *_BUSY, _CHECK_INS),
    "storm": (_REPORTS_LONG_AGO, *_BUSY, _CHECK_INS._replace(interrupts=True)),
    "story": (_REPORTS_LONG_AGO, *_STORY),
}


def issues(world: World) -> tuple[Issue, ...]:
    """Every incident and advisory that this tenant ever meets, in the order of their first posts."""
    found = []
    for number, plan in enumerate(_PLANS[world.scenario]):
        prefix, first = (_FIRST_ID | _OTHER_IDS)[plan.text.service]
        id_ = f"{prefix}{first + world.seed % 1000 + 37 * number}"
        at = tuple(world.begin + post for post in plan.posts)
        found.append(Issue(id_, plan.text, world.begin + plan.began, at, plan.interrupts))
    return tuple(sorted(found, key=lambda issue: issue.posts[0]))


def issue_rows(world: World, now: datetime) -> list[Row]:
    """The rows of `serviceAnnouncement/issues` at `now`, oldest first, so that `$skip` pages stay apart."""
    at = seconds(now)
    return [_row(world, issue, at) for issue in issues(world) if issue.is_shown(at)]


def health_rows(world: World, now: datetime) -> list[Row]:
    """The rows of `serviceAnnouncement/healthOverviews` at `now`, with the `issues` of `$expand`."""
    at = seconds(now)
    shown = [issue for issue in issues(world) if issue.is_shown(at)]
    rows: list[Row] = []
    for id_, service in SERVICES:
        own = [issue for issue in shown if issue.text.service == service]
        states = [_status(issue, at) for issue in own if issue.is_open(at)]
        # An incident says more of a service than an advisory.
        status = max(states, key=_GRAVITY.index) if states else "serviceOperational"
        rows.append(
            {
                "id": id_,
                "service": service,
                "status": _cased(Draw(world.seed, _ISSUES, len(rows)), status),
                "issues": [_row(world, issue, at) for issue in own],
            }
        )
    return rows


_GRAVITY = ("restoringService", "investigating", "serviceDegradation", "serviceInterruption")


def _status(issue: Issue, now: int) -> str:
    posted = sum(post <= now for post in issue.posts)
    status = issue.text.posts[posted - 1].status
    return "serviceInterruption" if issue.interrupts and status == "serviceDegradation" else status


def _cased(draw: Draw, member: str) -> str:
    """A member as samples of the service show it: many begin with a capital."""
    return member if draw.chance(400) else member[0].upper() + member[1:]


def _row(world: World, issue: Issue, now: int) -> Row:
    text, over = issue.text, now >= issue.ended
    draw = Draw(world.seed, _ISSUES, issue.posts[0] - world.begin, len(text.title))
    fraction = draw.below(10_000_000)
    posted = [post for post in issue.posts if post <= now]
    return {
        "id": issue.id,
        "title": text.title,
        "service": text.service,
        "feature": text.feature,
        "featureGroup": text.feature_group,
        "classification": _cased(draw, text.classification),
        "origin": _cased(draw, "microsoft"),
        "status": _cased(draw, _status(issue, now)),
        "isResolved": over,
        "impactDescription": text.impact,
        "startDateTime": iso_fraction(issue.began, 0),
        "endDateTime": iso_fraction(issue.ended, 0) if over else None,
        "lastModifiedDateTime": iso_fraction(posted[-1], fraction),
        "posts": [
            {
                "createdDateTime": iso_fraction(post, fraction),
                "postType": _cased(draw, "regular"),
                "description": {"contentType": "html", "content": _html(issue, number)},
            }
            for number, post in enumerate(posted)
        ],
        "details": [],
    }


def _html(issue: Issue, number: int) -> str:
    """One post, as Microsoft lays it out: bold headings and line breaks."""
    text, last = issue.text, number == len(issue.posts) - 1
    parts = [
        f"<b>Title:</b> {text.title}",
        f"<b>User impact:</b> {text.impact}",
        f"<b>{'Final' if last else 'Current'} status:</b> {text.posts[number].words}",
        f"<b>Scope of impact:</b> {text.scope}",
    ]
    parts.extend(_times(issue) if last else [f"<b>Next update by:</b> {_spoken(issue.posts[number] + _NEXT_POST)}"])
    return "<p>" + "</p>\n<p>".join(parts) + "</p>"


def _times(issue: Issue) -> Iterator[str]:
    yield f"<b>Start time:</b> {_spoken(issue.began)}"
    yield f"<b>End time:</b> {_spoken(issue.ended)}"


def _spoken(instant: int) -> str:
    """`Monday, November 2, 2026, at 9:30 AM UTC`, without a say of the locale."""
    day = moment(instant)
    weekday = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[day.weekday()]
    half = "AM" if day.hour < 12 else "PM"
    return f"{weekday}, {long_date(instant)}, at {day.hour % 12 or 12}:{day.minute:02d} {half} UTC"
