"""Export jobs: a report is ordered, waited for, and fetched from a storage that wants no token (graph.md §14)."""

from __future__ import annotations

import asyncio
import csv
import hmac
import io
import secrets
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import msgspec
from starlette.responses import Response

from omconsole.simulator import report_actions, reports
from omconsole.simulator.instants import moment, seconds
from omconsole.simulator.replies import GraphError
from omconsole.simulator.reports import Report, ReportRow
from omconsole.simulator.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request

    from omconsole.simulator.reports import Asked
    from omconsole.simulator.workload import ReportAction
    from omconsole.simulator.world import World

#: So often a job that is asked for is still at work.
POLLS_AT_WORK: Final = 2
#: How long a finished one can be fetched.
KEPT: Final = timedelta(hours=6)
_NEVER: Final = "0001-01-01T00:00:00Z"
_ADDITIONAL: Final = "localizedvaluesasadditionalcolumn"
_REPLACED: Final = "replacelocalizablevalues"
_SLICE: Final = 200

DEVICES: Final = Report(
    (
        ("DeviceId", "String"),
        ("DeviceName", "String"),
        ("OS", "String"),
        ("OSVersion", "String"),
        ("OwnerType", "Int32"),
        ("CompliantState", "Int32"),
        ("JailBroken", "String"),
        ("CategoryName", "String"),
        ("CreatedDate", "DateTime"),
        ("LastContact", "DateTime"),
        ("UPN", "String"),
        ("UserName", "String"),
        ("SerialNumber", "String"),
        ("Manufacturer", "String"),
        ("Model", "String"),
    ),
    ("OwnerType", "CompliantState", "JailBroken", "CategoryName"),
)
_FROM_GRAPH: Final = {
    "DeviceId": "id",
    "DeviceName": "deviceName",
    "OS": "operatingSystem",
    "OSVersion": "osVersion",
    "JailBroken": "jailBroken",
    "CategoryName": "deviceCategoryDisplayName",
    "CreatedDate": "enrolledDateTime",
    "LastContact": "lastSyncDateTime",
    "UPN": "userPrincipalName",
    "UserName": "userDisplayName",
    "SerialNumber": "serialNumber",
    "Manufacturer": "manufacturer",
    "Model": "model",
}
_COMPLIANT: Final = {
    "unknown": 0,
    "compliant": 1,
    "noncompliant": 2,
    "conflict": 3,
    "error": 4,
    "inGracePeriod": 254,
    "configManager": 255,
}
_OWNER: Final = {"company": 1, "personal": 2}


def _devices(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    names = (*_FROM_GRAPH.values(), "managedDeviceOwnerType", "complianceState")
    for _, _, written in world.rows(moment(now), names):
        row: dict[str, Any] = msgspec.json.decode(written)
        shown: ReportRow = {column: row[name] for column, name in _FROM_GRAPH.items()}
        shown["OwnerType"] = _OWNER.get(row["managedDeviceOwnerType"], 0)
        shown["CompliantState"] = _COMPLIANT[row["complianceState"]]
        yield shown


REPORTS: Final[dict[str, ReportAction]] = {
    "Devices": (DEVICES, _devices),
    "NoncompliantDevicesAndSettings": report_actions.REPORTS["getNoncompliantDevicesAndSettingsReport"],
    "AppInstallStatusAggregate": report_actions.REPORTS["getAppsInstallSummaryReport"],
    "DeviceInstallStatusByApp": report_actions.REPORTS["retrieveDeviceAppInstallationStatusReport"],
    **{name: report for workload in WORKLOADS for name, report in workload.exports.items()},
}
"""By `reportName`; all but the first are the tables of report actions."""


class _Order(msgspec.Struct, rename="camel"):
    report_name: str
    filter: str | None = None
    select: list[str] | None = None
    format: Literal["csv", "json"] = "csv"
    localization_type: str = _REPLACED


@dataclass(slots=True)
class _Job:
    order: _Order
    asked: Asked
    began: int
    """Seconds since 1970 UTC; the report shows this instant."""
    polls: int = 0
    finished: datetime | None = None


class Exports:
    """The jobs of one tenant, whose Graph has the origin `root`."""

    def __init__(self, world: World, root: str) -> None:
        self._world = world
        self._storage = storage_of(root)
        self._jobs: dict[str, _Job] = {}
        self._key = secrets.token_bytes(32)

    def ordered(self, body: bytes, now: datetime) -> dict[str, object]:
        """Begin a job: its first state.

        Raises:
            GraphError: 400: there is no such report, column, filter or format.
        """
        try:
            order = msgspec.json.decode(body, type=_Order)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _refused(f"The request body is not valid: {error}") from error
        if order.report_name not in REPORTS:
            raise _refused(f"Invalid report name: {order.report_name}")
        if order.localization_type.casefold() not in (_ADDITIONAL, _REPLACED):
            raise _refused(f"Invalid localizationType: {order.localization_type}")
        report = REPORTS[order.report_name][0]
        canonical = {name.casefold(): name for name, _ in report.columns}
        select = [canonical.get(name.casefold(), name) for name in order.select or ()]
        asked = reports.asked(report, msgspec.json.encode({"select": select, "filter": order.filter}))
        job_id = f"{order.report_name}_{uuid4()}"
        self._jobs[job_id] = _Job(order, asked, seconds(now))
        return {
            "id": job_id,
            "reportName": order.report_name,
            "status": "notStarted",
            "url": None,
            "expirationDateTime": _NEVER,
        }

    def state(self, job_id: str, now: datetime) -> dict[str, object]:
        """What a job has come to; every question brings it on.

        Raises:
            GraphError: 404: there is none.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise GraphError(404, "ResourceNotFound", "An error has occurred", intune=True)
        job.polls += 1
        if job.polls <= POLLS_AT_WORK:
            return {"id": job_id, "status": "inProgress", "url": None, "expirationDateTime": _NEVER}
        if job.finished is None:
            job.finished = now
        until = f"{job.finished + KEPT:%Y-%m-%dT%H:%M:%SZ}"
        link = urlencode({"sv": "2019-07-07", "sr": "b", "se": until, "sp": "r", "sig": self._signature(job_id, until)})
        url = f"{self._storage}/exports/{job_id}.zip?{link}"
        return {"id": job_id, "status": "completed", "url": url, "expirationDateTime": until}

    async def fetched(self, request: Request, now: datetime) -> Response:
        """The storage's answer: the zip to whoever has the link, and shows no token of Graph's."""
        if "authorization" in request.headers:
            text = "Authentication information is not given in the correct format."
            return _storage_error(400, "InvalidAuthenticationInfo", f"{text} Check the value of Authorization header.")
        job_id, link = request.path_params["job"], request.query_params
        job, until = self._jobs.get(job_id), link.get("se", "")
        known = hmac.compare_digest(link.get("sig", "").encode(), self._signature(job_id, until).encode())
        if job is None or not known or now >= datetime.fromisoformat(until):
            text = "Server failed to authenticate the request. Make sure the value of the signature is correct."
            return _storage_error(403, "AuthenticationFailed", text)
        name = f"{job_id}.{job.order.format}"
        rows = await self._rows(job)
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, _as_json(rows) if job.order.format == "json" else _as_csv(job, rows))
        headers = {"Content-Disposition": f'attachment; filename="{job_id}.zip"', "Server": "Windows-Azure-Blob/1.0"}
        return Response(written.getvalue(), 200, headers, "application/octet-stream")

    def _signature(self, job_id: str, until: str) -> str:
        return hmac.digest(self._key, f"{job_id} {until}".encode(), "sha256").hex()

    async def _rows(self, job: _Job) -> list[ReportRow]:
        report_rows = REPORTS[job.order.report_name][1](self._world, job.asked, job.began)
        rows = []
        for number, row in enumerate(report_rows):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            if reports.meets(row, job.asked.terms):
                rows.append(_localized(job, row))
        return rows


def storage_of(root: str) -> str:
    """The origin that the files are fetched from: another host than Graph's, with the same server behind it."""
    split = urlsplit(root)
    others = {"127.0.0.1": "localhost", "::1": "localhost", "localhost": "127.0.0.1"}
    host = others.get(split.hostname or "", f"storage.{split.hostname}")
    return f"{split.scheme}://{host}" + (f":{split.port}" if split.port else "")


def _refused(text: str) -> GraphError:
    return GraphError(400, "BadRequest", text, intune=True)


def _columns(job: _Job) -> list[str]:
    names = [name for name, _ in job.asked.columns]
    additional = job.order.localization_type.casefold() == _ADDITIONAL
    return names if additional else [name for name in names if not name.endswith("_loc")]


def _localized(job: _Job, row: Mapping[str, object]) -> ReportRow:
    """The row with its texts beside the raw values, or in their place."""
    if job.order.localization_type.casefold() == _ADDITIONAL:
        return {name: row[name] for name in _columns(job)}
    return {name: row.get(f"{name}_loc", row[name]) for name in _columns(job)}


def _as_json(rows: list[ReportRow]) -> bytes:
    return msgspec.json.encode({"values": rows})


def _as_csv(job: _Job, rows: list[ReportRow]) -> bytes:
    """With a byte order mark, as files for Excel have."""
    written = io.StringIO(newline="")
    columns = _columns(job)
    writer = csv.DictWriter(written, columns)
    writer.writeheader()
    writer.writerows({name: "" if row[name] is None else row[name] for name in columns} for row in rows)
    return written.getvalue().encode("utf-8-sig")


def _storage_error(status: int, code: str, text: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    return Response(body, status, {"x-ms-error-code": code}, "application/xml")
