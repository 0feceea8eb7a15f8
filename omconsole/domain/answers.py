"""What a tenant answered to the questions that no documentation settles, and how sources choose their way by it.

The questions are asked by `omconsole doctor --probe`. A source that has no answer goes the slow, safe way.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.health import is_ahead

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = str | int | bool | None

WORKS: Final = "works"
IGNORED: Final = "ignored"
REFUSED: Final = "refused"
INCOMPLETE: Final = "incomplete"
"""The answer lacks rows that it should have."""
UNTOLD: Final = "not to be told"
"""It was asked, and the tenant's data do not show the difference."""
NOT_ASKED: Final = "not asked"
"""Asking would change something, or use up a quota."""

DEVICE_PAGE: Final = "device-page"
DEVICE_FILTER: Final = "device-filter"
POST_FILTER: Final = "post-filter"
ISSUE_FILTER: Final = "issue-filter"
REPORT_PARTS: Final = "report-parts"
REPORT_SESSION: Final = "report-session"
REPORT_COLUMNS: Final = "report-columns"
ACTION_IDS: Final = "action-ids"
LOG_COLLECTION: Final = "log-collection"
SERVICE_LIMITS: Final = "service-limits"
SECURITY_LIMITS: Final = "security-limits"
INTUNE_HEALTH: Final = "intune-health"
ROLES: Final = "roles"
"""The questions by id. A question whose meaning changes gets another id, so that an old answer never answers it."""

JSON_PARTS: Final = frozenset(("object", "base64"))
"""How a report may come inside a batch, so that it can be read."""
LARGEST_PAGE: Final = 5_000
"""Devices at most that a page is asked for."""

GOOD_FOR: Final = timedelta(days=180)
"""Microsoft changes its service without a word: an older answer counts as none."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question's answer; `words` and `why` are in the language of who asked."""

    id: str
    answer: Value
    """None when the question could not be asked, which `why` explains."""
    words: str
    asked_at: datetime
    """UTC."""
    why: str = ""

    @property
    def tells(self) -> bool:
        """Whether it says anything about the tenant."""
        return self.answer not in (None, UNTOLD, NOT_ASKED)

    def is_good(self, now: datetime) -> bool:
        """Whether it still counts at `now` (UTC): neither too old nor from the future."""
        return now - self.asked_at <= GOOD_FOR and not is_ahead(self.asked_at, now)


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What the sources choose their way by. The defaults are the slow, safe way."""

    device_page: int | None = None
    """Devices on a page that `$top` asks for without cutting the list short; None: as many as Graph likes."""
    filters_posts: bool = False
    """The message centre can be filtered by service."""
    filters_issues: bool = False
    """Service health can be filtered by service."""
    keeps_session: bool = False
    """A report goes on correctly when its session is sent back."""
    batches_reports: bool = False
    """Reports come whole inside a batch."""

    @classmethod
    def of(cls, answers: Iterable[Answer], now: datetime) -> Answers:
        """What these answers allow at `now` (UTC)."""
        told = {each.id: each.answer for each in answers if each.tells and each.is_good(now)}
        page = told.get(DEVICE_PAGE)
        return cls(
            device_page=page if type(page) is int and 0 < page <= LARGEST_PAGE else None,
            filters_posts=told.get(POST_FILTER) == WORKS,
            filters_issues=told.get(ISSUE_FILTER) == WORKS,
            keeps_session=told.get(REPORT_SESSION) == WORKS,
            batches_reports=told.get(REPORT_PARTS) in JSON_PARTS,
        )


UNANSWERED: Final = Answers()


def merged(before: Iterable[Answer], now_told: Iterable[Answer], now: datetime) -> tuple[Answer, ...]:
    """The newer answers over the older ones, `now` being UTC; one that tells nothing takes no good answer away."""
    kept = {each.id: each for each in before}
    for answer in now_told:
        old = kept.get(answer.id)
        if answer.tells or old is None or not (old.tells and old.is_good(now)):
            kept[answer.id] = answer
    return tuple(kept.values())
