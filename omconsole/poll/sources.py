"""The sources that a tenant is read by: each with what it needs to know of the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from omconsole.domain.items import Condition
from omconsole.signals.actions import ActionsSignal
from omconsole.signals.apps import AppsSignal
from omconsole.signals.audit import AuditSignal
from omconsole.signals.compliance import ComplianceSignal
from omconsole.signals.connector_rules import ConnectorThresholds
from omconsole.signals.connectors import ConnectorsSignal
from omconsole.signals.defender import DefenderSignal
from omconsole.signals.enrollment import EnrollmentSignal
from omconsole.signals.firewall import FirewallSignal
from omconsole.signals.known import Known
from omconsole.signals.malware import MalwareSignal
from omconsole.signals.messages import MessagesSignal
from omconsole.signals.names import UserNames
from omconsole.signals.no_policy import NoPolicySignal
from omconsole.signals.os_updates import UpdatesSignal
from omconsole.signals.overview import OverviewSignal
from omconsole.signals.policies import PoliciesSignal
from omconsole.signals.security import SecuritySignal
from omconsole.signals.service import ServiceSignal, platform_words
from omconsole.signals.slices import LIGHT_SLICE, sliced
from omconsole.signals.subscription import SubscriptionSignal
from omconsole.signals.users import UsersSignal

if TYPE_CHECKING:
    from omconsole.config import Thresholds
    from omconsole.domain.answers import Answers
    from omconsole.domain.ledger import Ledger
    from omconsole.poll.access import Access
    from omconsole.signals.devices import DevicesSignal
    from omconsole.signals.reading import Signal


def every_signal(
    thresholds: Thresholds,
    devices: DevicesSignal,
    ledger: Ledger,
    access: Access,
    answers: Answers,
    *,
    security_alerts: bool = True,
) -> list[Signal]:
    """Every source of this version; without `security_alerts` Defender's are not asked for."""
    return [
        devices,
        OverviewSignal(),
        MessagesSignal(answers=answers),
        *device_signals(devices, ledger, answers),
        *tenant_signals(thresholds, devices, ledger, access, answers, security_alerts=security_alerts),
    ]


def device_signals(devices: DevicesSignal, ledger: Ledger, answers: Answers) -> list[Signal]:
    """The sources that speak of the tenant's devices and users one by one."""
    names = UserNames()
    enrollment = EnrollmentSignal(devices.settled, partial(firing_of, ledger, EnrollmentSignal.name), names)
    return [
        ComplianceSignal(partial(firing_of, ledger, devices.name), answers=answers),
        AppsSignal(devices.settled, partial(firing_of, ledger, AppsSignal.name), answers=answers),
        PoliciesSignal(devices.settled, partial(firing_of, ledger, PoliciesSignal.name), answers=answers),
        NoPolicySignal(devices.settled, partial(firing_of, ledger, NoPolicySignal.name), answers=answers),
        DefenderSignal(devices.settled, partial(firing_of, ledger, DefenderSignal.name), answers=answers),
        FirewallSignal(devices.settled, partial(firing_of, ledger, FirewallSignal.name), answers=answers),
        MalwareSignal(devices.settled, partial(firing_of, ledger, MalwareSignal.name), answers=answers),
        enrollment,
        ActionsSignal(devices.settled, partial(firing_of, ledger, ActionsSignal.name)),
        UsersSignal(
            devices.up_to_date,
            enrollment.lasting,
            partial(firing_of, ledger, UsersSignal.name),
            stale_days=devices.stale_days,
            names=names,
        ),
    ]


def tenant_signals(
    thresholds: Thresholds,
    devices: DevicesSignal,
    ledger: Ledger,
    access: Access,
    answers: Answers,
    *,
    security_alerts: bool = True,
) -> list[Signal]:
    """The sources that speak of the tenant as a whole, not of its devices."""
    return [
        ServiceSignal(
            lambda: platform_words(each.operating_system for each in devices.fleet.devices.values()), answers=answers
        ),
        ConnectorsSignal(
            ConnectorThresholds(thresholds.connector_days),
            credential_expiry=lambda: access.credential_expires,
            firing=partial(firing_of, ledger, ConnectorsSignal.name),
        ),
        SubscriptionSignal(),
        SecuritySignal(devices.settled, partial(firing_of, ledger, SecuritySignal.name), shown=security_alerts),
        UpdatesSignal(partial(firing_of, ledger, UpdatesSignal.name)),
        AuditSignal(),
    ]


async def firing_of(ledger: Ledger, source: str) -> list[Known]:
    """The items of a source that fire; looked for in slices."""
    return [
        Known(item.triage, item.seen)
        async for item in sliced(list(ledger.rows), LIGHT_SLICE)
        if item.triage.source == source and item.triage.condition is Condition.FIRING
    ]
