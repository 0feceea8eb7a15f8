"""The shapes of what Microsoft says about its service and the tenant's subscription. Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Block, Identifier, Instant, RowDecoder, Text, Word
from omconsole.graph.shapes import Body


class ServiceHealthIssuePost(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What Microsoft wrote about an issue at one time."""

    created_date_time: Instant = None
    description: Body | None = None


class ServiceHealthIssue(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /admin/serviceAnnouncement/issues: an incident or an advisory."""

    id: Identifier
    title: Text = None
    service: Word = None
    feature: Word = None
    feature_group: Word = None
    classification: Word = None
    status: Word = None
    is_resolved: bool | None = None
    impact_description: Block = None
    start_date_time: Instant = None
    end_date_time: Instant = None
    last_modified_date_time: Instant = None
    posts: tuple[ServiceHealthIssuePost, ...] | None = None


class SubscriptionState(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/subscriptionState, a property of the tenant that is asked for alone."""

    value: Word = None


SERVICE_ISSUES: Final = RowDecoder(ServiceHealthIssue, slice_rows=1)
"""One issue at a time: sanitising its posts takes milliseconds."""
SUBSCRIPTION_STATE: Final = RowDecoder(SubscriptionState)
