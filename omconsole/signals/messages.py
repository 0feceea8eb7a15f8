"""Source `messages`: the message centre, the update feed of the tenant (M5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from omconsole.domain.answers import UNANSWERED
from omconsole.domain.updates import Post
from omconsole.graph import MESSAGES_ASKED, SERVICE_UPDATE_MESSAGES, ServiceUpdateMessage, pages
from omconsole.signals.asking import first_understood
from omconsole.signals.reading import Mode, Progress, Reading
from omconsole.signals.relevance import POSTS_FILTER, concerns_devices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.domain.answers import Answers
    from omconsole.graph import GraphClient, Round

NAME = "messages"
WORKLOAD = "serviceAnnouncement"
"""Shared with service health: 240 requests a minute and 800 an hour (graph.md §15)."""
PAGE_SIZE = {"Prefer": "odata.maxpagesize=1000"}
OVERLAP = timedelta(minutes=5)


class MessagesSignal:
    """Reads posts and keeps those that concern device management.

    Args:
        answers: what the tenant is known to do; where it filters by service, the posts of others stay there.
    """

    name = NAME
    asks: tuple[str, ...] = ("ServiceMessage.Read.All",)
    kinds: frozenset[str] = frozenset()

    def __init__(self, *, answers: Answers = UNANSWERED) -> None:
        self._ways: list[Mapping[str, str]] = [{"$filter": POSTS_FILTER}, {}] if answers.filters_posts else [{}]
        self._newest: datetime | None = None

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read every post that the tenant still shows."""

        async def read(options: Mapping[str, str]) -> Reading:
            return await self._read(graph, budget, "sweep", options, progress)

        return await first_understood(self._ways, read)

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the posts changed since the newest known; a filter that Graph ignores only costs bytes."""
        if self._newest is None:
            return await self.sweep(graph, budget, now, progress)
        since = min(self._newest, now) - OVERLAP
        asked = {"$filter": f"lastModifiedDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"}
        return await self._read(graph, budget, "increment", asked, progress)

    async def _read(
        self, graph: GraphClient, budget: Round, mode: Mode, asked: Mapping[str, str], progress: Progress
    ) -> Reading:
        reading = Reading(source=NAME, mode=mode)
        async for page in pages(
            graph,
            MESSAGES_ASKED.path,
            decoder=SERVICE_UPDATE_MESSAGES,
            workload=WORKLOAD,
            params={**MESSAGES_ASKED.params(), **asked},
            headers=PAGE_SIZE,
            in_round=budget,
        ):
            reading.posts.extend(as_post(row) for row in page.rows if is_relevant(row))
            reading.items = len(reading.posts)
            reading.mark(page.flaws)
            progress(reading.items)
        changes = [post.changed for post in reading.posts if post.changed is not None]
        self._newest = max((*changes, *([self._newest] if self._newest else [])), default=None)
        return reading


def is_relevant(message: ServiceUpdateMessage) -> bool:
    """A post counts when one of its services manages devices; one that names no service is shown rather than lost."""
    return concerns_devices(message.services)


def as_post(message: ServiceUpdateMessage) -> Post:
    """Graph's message as the feed keeps it."""
    return Post(
        id=message.id,
        title=message.title or message.id,
        category=message.category or "",
        severity=(message.severity or "normal").casefold(),
        services=tuple(message.services or ()),
        tags=tuple(message.tags or ()),
        published=message.start_date_time,
        changed=message.last_modified_date_time,
        act_by=message.action_required_by_date_time,
        is_major=bool(message.is_major_change),
        body=(message.body.content or "") if message.body else "",
        details=tuple((detail.name or "", detail.value or "") for detail in message.details or ()),
    )
