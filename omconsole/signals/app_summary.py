"""What the summary of all apps counts: installations that failed, succeeded or are under way, app by app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.deployments import Deployment
from omconsole.graph.lenient import Flaws
from omconsole.graph.members import as_number

if TYPE_CHECKING:
    from omconsole.graph import AppInstallSummary, MobileApp


class Counts(msgspec.Struct):
    """Of one app, all platforms and versions together; None where one of them is not told."""

    failed: int = 0
    """Devices, and users where there is no device."""
    failed_devices: int = 0
    installed: int | None = 0
    pending: int | None = 0


class Summary(msgspec.Struct):
    """The counts by app, and what could not be read of them."""

    apps: dict[str, Counts] = {}
    flaws: Flaws = Flaws()

    def add(self, row: AppInstallSummary) -> None:
        """Count a row; one that does not say in numbers what failed is a flaw."""
        devices = as_number(row.failed_device_count)
        users = 0 if row.failed_user_count is None else as_number(row.failed_user_count)
        if devices is None or devices < 0 or users is None:
            shown = f"{row.failed_device_count}, FailedUserCount: {row.failed_user_count}"
            self.flaws += Flaws(rejected=1, example=f"FailedDeviceCount: {shown}")
            return
        counts = self.apps.setdefault(row.application_id, Counts())
        counts.failed += devices + max(users, 0)
        counts.failed_devices += devices
        counts.installed = _plus(counts.installed, row.installed_device_count)
        counts.pending = _plus(counts.pending, row.pending_install_device_count)

    def failed(self, app: str) -> int | None:
        """Failed installations of an app; None when the summary does not name it."""
        counts = self.apps.get(app)
        return None if counts is None else counts.failed

    def failing(self) -> set[str]:
        """The apps that failed anywhere."""
        return {id_ for id_, counts in self.apps.items() if counts.failed}

    def deployment(self, app: MobileApp) -> Deployment | None:
        """How far an app has come; None when the summary does not name it."""
        counts = self.apps.get(app.id)
        if counts is None:
            return None
        name = app.display_name or app.id
        return Deployment("app", app.id, name, counts.installed, counts.failed_devices, counts.pending)


def _plus(sum_: int | None, value: int | str | None) -> int | None:
    number = as_number(value)
    return None if sum_ is None or number is None or number < 0 else sum_ + number
