"""A small Graph by hand for Windows updates: rings, profiles, and exported reports by their names."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import httpx

from tests.unit.graph_tools import Tenant, ok, refused

if TYPE_CHECKING:
    from omconsole.graph import GraphClient

FEATURES = "windowsFeatureUpdateProfiles"
QUALITY = "windowsQualityUpdateProfiles"
FEATURE_POLICIES = "FeatureUpdatePolicyFailuresAggregate"
FEATURE_DEVICES = "DeviceFailuresByFeatureUpdatePolicy"
QUALITY_POLICIES = "QualityUpdatePolicyStatusSummary"
QUALITY_DEVICES = "QualityUpdateDeviceErrorsByPolicy"

COLUMNS = {
    FEATURE_POLICIES: ("NumberOfDevicesWithErrors", "PolicyName", "PolicyId", "FeatureUpdateVersion"),
    FEATURE_DEVICES: (
        *("AlertMessage", "AlertMessage_loc", "DeviceName", "AlertStatus", "EventDateTimeUTC", "StartDateTimeUTC"),
        *("ResolvedDateTimeUTC", "Win32ErrorCode", "DeviceId", "PolicyId"),
    ),
    QUALITY_POLICIES: ("CountDevicesErrorStatus", "ExpediteQUReleaseDate", "PolicyName", "PolicyId"),
    QUALITY_DEVICES: ("AlertMessage", "AlertMessage_loc", "DeviceName", "Win32ErrorCode", "DeviceId", "PolicyId"),
}


class UpdateGraph:
    """Answers with lists by the last part of the path, and with reports by their names; nothing is filtered.

    A report that is not planned has no rows; a response in place of rows is the answer to the order.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {"deviceConfigurations": [], FEATURES: [], QUALITY: [], **answers}
        self.tenant = Tenant(self._answer, tries=1, throttled_tries=1)
        self.ordered: list[tuple[str, str]] = []
        """Report and filter of each export, in order."""

    @property
    def client(self) -> GraphClient:
        return self.tenant.client

    @property
    def requests(self) -> int:
        return len(self.tenant.wire.requests)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if request.url.host == "storage.example":
            return self._file(name.removesuffix(".zip"))
        if name == "exportJobs":
            return self._order(json.loads(request.content))
        told = self.answers.get(name)
        if callable(told):
            told = told(request)
        if isinstance(told, httpx.Response):
            return told
        return refused(404, "none", "ResourceNotFound") if told is None else ok({"value": told})

    def _order(self, order: dict[str, Any]) -> httpx.Response:
        name = order["reportName"]
        self.ordered.append((name, order.get("filter", "")))
        if isinstance(told := self.answers.get(name), httpx.Response):
            return told
        if callable(told) and isinstance(told := told(order.get("filter", "")), httpx.Response):
            return told
        number = len(self.ordered) - 1
        job = {"id": f"job_{number}", "status": "completed", "url": f"https://storage.example/{number}.zip"}
        return httpx.Response(201, json=job)

    def _file(self, number: str) -> httpx.Response:
        name, filter_ = self.ordered[int(number)]
        rows = self.answers.get(name, [])
        rows = rows(filter_) if callable(rows) else rows
        text = io.StringIO(newline="")
        columns = self.answers.get("columns", COLUMNS)[name]
        writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.csv", text.getvalue().encode("utf-8-sig"))
        return httpx.Response(200, content=packed.getvalue())


def ring(id_: str = "r1", **changes: Any) -> dict[str, Any]:
    """A ring that holds nothing back."""
    return {
        "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
        "id": id_,
        "displayName": f"Ring {id_}",
        "lastModifiedDateTime": "2026-11-10T08:00:00.1234567Z",
        "qualityUpdatesPaused": False,
        "featureUpdatesPaused": False,
        "qualityUpdatesPauseStartDate": None,
        "featureUpdatesPauseStartDate": "0001-01-01",
        "qualityUpdatesPauseExpiryDateTime": "0001-01-01T00:00:00Z",
        "featureUpdatesPauseExpiryDateTime": None,
        **changes,
    }


def policy(id_: str, failed: int | str = 1) -> dict[str, Any]:
    """A row of the report of feature update policies."""
    return {
        "PolicyId": id_,
        "PolicyName": f"Policy {id_}",
        "FeatureUpdateVersion": "Windows 11, version 25H2",
        "NumberOfDevicesWithErrors": failed,
    }


def alert(device: str, policy_id: str = "p1", **changes: Any) -> dict[str, Any]:
    """A row of the report of a feature update policy's devices."""
    return {
        "PolicyId": policy_id,
        "DeviceId": device,
        "DeviceName": f"LAP-{device}",
        "AlertMessage": "DiskFull",
        "AlertMessage_loc": "Disk full",
        "AlertStatus": "Active",
        "Win32ErrorCode": "-2147024784",
        "EventDateTimeUTC": "2026-11-20 09:30:00.0000000",
        "StartDateTimeUTC": "2026-11-19 09:30:00.1234567",
        "ResolvedDateTimeUTC": "0001-01-01 00:00:00.0000000",
        **changes,
    }
