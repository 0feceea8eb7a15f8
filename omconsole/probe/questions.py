"""The open questions (graph.md §17), in the order in which they are asked."""

from __future__ import annotations

from typing import Final

from omconsole.domain import answers as ids
from omconsole.i18n import _
from omconsole.probe.asking import Question
from omconsole.probe.device_pages import device_page
from omconsole.probe.filters import device_filter, issue_filter, post_filter
from omconsole.probe.report_answers import report_columns, report_parts, report_session
from omconsole.probe.tenant_answers import (
    action_ids,
    intune_health,
    log_collection,
    roles,
    security_limits,
    service_limits,
)

QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        ids.DEVICE_PAGE,
        lambda: _("How many devices does a page of the device list have?"),
        lambda: _("reads first pages of the device list, ids alone, with and without $top"),
        device_page,
    ),
    Question(
        ids.DEVICE_FILTER,
        lambda: _("Does the device list filter by complianceState?"),
        lambda: _("reads a page of the device list, and what the filter gives"),
        device_filter,
    ),
    Question(
        ids.POST_FILTER,
        lambda: _("Does the message centre filter by service?"),
        lambda: _("reads the ids of the posts, and what the filter gives"),
        post_filter,
    ),
    Question(
        ids.ISSUE_FILTER,
        lambda: _("Does service health filter by service?"),
        lambda: _("reads the ids of the issues, and what the filter gives"),
        issue_filter,
    ),
    Question(
        ids.REPORT_PARTS,
        lambda: _("In which form does a report come inside a batch?"),
        lambda: _("reads two rows of a report, alone and in a batch"),
        report_parts,
    ),
    Question(
        ids.REPORT_SESSION,
        lambda: _("May the session of a report be sent back?"),
        lambda: _("reads four rows of a report, at once and in two pages"),
        report_session,
    ),
    Question(
        ids.REPORT_COLUMNS,
        lambda: _("Do the reports have the columns that the console needs?"),
        lambda: _("reads a few rows of each report; no export is made"),
        report_columns,
    ),
    Question(
        ids.INTUNE_HEALTH,
        lambda: _("What is Intune's id in service health?"),
        lambda: _("reads the list of services"),
        intune_health,
    ),
    Question(
        ids.SERVICE_LIMITS,
        lambda: _("How many requests may service health and the message centre take?"),
        lambda: _("looks at the headers of the answers so far"),
        service_limits,
    ),
    Question(
        ids.SECURITY_LIMITS,
        lambda: _("How many requests may security alerts take?"),
        lambda: _("asks nothing"),
        security_limits,
    ),
    Question(
        ids.ACTION_IDS,
        lambda: _("How many devices may one bulk action name?"),
        lambda: _("asks nothing"),
        action_ids,
    ),
    Question(
        ids.LOG_COLLECTION,
        lambda: _("What does a request to collect a device's logs look like?"),
        lambda: _("asks nothing"),
        log_collection,
    ),
    Question(
        ids.ROLES,
        lambda: _("Which roles does the signed-in person have?"),
        lambda: _("reads the token"),
        roles,
    ),
)
