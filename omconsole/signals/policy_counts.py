"""What the summary of all configuration policies counts: devices on which each applied, failed or met another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.deployments import Deployment
from omconsole.graph.lenient import Flaws
from omconsole.graph.members import as_number

if TYPE_CHECKING:
    from omconsole.graph.policy_shapes import PolicySummary


class Policy(msgspec.Struct):
    """One policy, all its platforms and versions together, in devices."""

    id: str
    name: str
    failed: int = 0
    """In error, or without what the policy wants."""
    conflicts: int = 0
    succeeded: int | None = 0
    """None where one of the rows does not say it."""

    @property
    def counts(self) -> tuple[int, int]:
        """What tells whether other devices fail than before."""
        return self.failed, self.conflicts

    @property
    def amiss(self) -> int:
        """Devices that have not got what the policy says."""
        return self.failed + self.conflicts


class PolicyCounts(msgspec.Struct):
    """The policies by id, and what could not be read of them."""

    policies: dict[str, Policy] = {}
    flaws: Flaws = Flaws()

    def add(self, row: PolicySummary) -> None:
        """Count a row; one that does not say in numbers what failed is a flaw."""
        errors, conflicts = as_number(row.number_of_error_devices), as_number(row.number_of_conflict_devices)
        without = 0 if row.number_of_non_compliant_devices is None else as_number(row.number_of_non_compliant_devices)
        if errors is None or conflicts is None or without is None or min(errors, conflicts, without) < 0:
            shown = f"{row.number_of_error_devices}, NumberOfConflictDevices: {row.number_of_conflict_devices}"
            self.flaws += Flaws(rejected=1, example=f"NumberOfErrorDevices: {shown}")
            return
        policy = self.policies.setdefault(row.policy_id, Policy(row.policy_id, row.policy_name or row.policy_id))
        policy.failed += errors + without
        policy.conflicts += conflicts
        succeeded = as_number(row.number_of_compliant_devices)
        known = policy.succeeded is not None and succeeded is not None and succeeded >= 0
        policy.succeeded = (policy.succeeded or 0) + (succeeded or 0) if known else None

    def wanted(self, before: PolicyCounts | None = None) -> list[Policy]:
        """The policies that fail on devices, the worst first; with `before` only those that count others than then."""
        known = before.policies if before is not None else {}
        found = [
            policy
            for policy in self.policies.values()
            if policy.amiss and (policy.id not in known or known[policy.id].counts != policy.counts)
        ]
        return sorted(found, key=lambda policy: (-policy.amiss, policy.id))

    def well(self) -> set[str]:
        """The policies that say that they failed nowhere; none where a row could not be read."""
        return set() if self.flaws else {id_ for id_, policy in self.policies.items() if not policy.amiss}

    def deployments(self) -> list[Deployment]:
        """How far each policy has come; the summary does not say where it is still on its way."""
        if self.flaws:
            return []
        return [Deployment("policy", each.id, each.name, each.succeeded, each.amiss) for each in self.policies.values()]
