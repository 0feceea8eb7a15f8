"""Export jobs: a report is ordered, waited for, fetched from its storage and read (graph.md §14)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from omconsole.errors import GraphProtocolError, GraphRejected, GraphUnreachable
from omconsole.graph.answers import proxy_advice
from omconsole.graph.budgets import EXPORTS
from omconsole.graph.decoding import T, same
from omconsole.graph.downloads import download
from omconsole.graph.export_files import ExportFile
from omconsole.graph.lenient import not_graph, read_json
from omconsole.graph.paging import Page
from omconsole.graph.throttling import Round
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from omconsole.graph.reports import ReportDecoder, Table
    from omconsole.graph.request import GraphClient

PATH: Final = "/deviceManagement/reports/exportJobs"
_ID: Final = re.compile(r"[!-~]{3,512}")
_LATER_LOOKS_S: Final = 15.0
_IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of a file that stays in memory; a larger one lies unnamed in the system's directory for such."""


class ExportBounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one export may cost."""

    file_bytes: int = 128 * 1024 * 1024
    """Of the zip."""
    decoded_bytes: int = 2 * 1024 * 1024 * 1024
    """Of the file in it, of which a piece is in memory at a time."""
    written_s: float = 600.0
    """Until the report is there."""
    fetched_s: float = 300.0
    """For one try to fetch it."""


class _Order(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    report_name: str
    select: Sequence[str]
    format: str
    localization_type: str
    filter: str = ""


async def export_job(  # noqa: PLR0913 - what a report says, and what it may cost
    client: GraphClient,
    report_name: str,
    select: Sequence[str],
    *,
    decoder: ReportDecoder[T],
    filter_: str = "",
    format: Literal["csv", "json"] = "csv",  # noqa: A002 - Graph's own word
    version: str = "v1.0",
    in_round: Round | None = None,
    bounds: ExportBounds = ExportBounds(),  # noqa: B008 - frozen
    slice_rows: int = 200,
) -> AsyncGenerator[Page[T], None]:
    """Yields the rows of an exported report, some at a time; only the page with `complete` proves that they are all.

    Ending it early, also by cancelling the task, leaves nothing behind but the job, which Graph forgets by itself.

    Args:
        client: orders it and waits for it; its storage is asked without a token.
        report_name: for example `Devices`.
        select: its columns, always named, since Graph's own choice changes.
        decoder: of its rows.
        filter_: in the report's own grammar.
        format: of the file; both are read to the same rows.
        version: `v1.0` or `beta`.
        in_round: whose counters these are; waiting for the report takes nothing from its waiting time.
        bounds: what it may cost.
        slice_rows: rows of one page at most.

    Raises:
        GraphRejected: Graph could not write the report, or its link has expired.
        GraphProtocolError: an answer, address or file that is none.
        GraphUnreachable: the report or its file did not come in time.
        GraphError, SignInError: as for `GraphClient.get`.
    """
    turn = in_round or Round()
    order = _Order(report_name, select, format, "LocalizedValuesAsAdditionalColumn", filter_)
    reply = await client.post(PATH, msgspec.json.encode(order), workload=EXPORTS, version=version, in_round=turn)
    job = _Job(report_name, reply.body)
    url = await _written(client, job, version, bounds.written_s, turn)
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        await download(
            client,
            url,
            file,
            workload=EXPORTS,
            at_most=bounds.file_bytes,
            deadline_s=bounds.fetched_s,
            in_round=turn,
        )
        opened = await asyncio.to_thread(ExportFile, file, at_most=bounds.decoded_bytes, slice_rows=slice_rows)
        tables, index = opened.tables(), 0
        later: Table | None = next(tables)
        while (table := later) is not None:
            await next_turn()
            later = next(tables, None)
            rows, flaws = await decoder.rows(table)
            yield Page(rows, index, later is None, flaws)
            index += 1


class _Job:
    """A job as Graph describes it."""

    def __init__(self, report_name: str, body: bytes) -> None:
        document = read_json(body)
        told: dict[str, Any] = document if isinstance(document, dict) else {}
        id_, status, url = told.get("id"), told.get("status"), told.get("url")
        if not (isinstance(id_, str) and _ID.fullmatch(id_) and isinstance(status, str)):
            raise not_graph(_("the export job has no id or no status"))
        self.report_name = sanitize(report_name, 80)
        self.id = id_
        self.status = status
        self.url = url if isinstance(url, str) else ""

    def is_at_work(self) -> bool:
        """Tells whether the report is still being written.

        Raises:
            GraphRejected: it has failed. GraphProtocolError: nobody knows.
        """
        if same(self.status, "failed"):
            raise GraphRejected(
                _("Microsoft Graph could not write the report {name}.").format(name=self.report_name),
                _("The next poll orders it anew."),
            )
        if same(self.status, "completed"):
            if not self.url:
                raise not_graph(_("the export job is completed, but names no file"))
            return False
        if same(self.status, "notStarted") or same(self.status, "inProgress"):
            return True
        raise GraphProtocolError(
            _("The export of the report {name} has a status that is not known: {status}").format(
                name=self.report_name, status=sanitize(self.status, 60)
            ),
            proxy_advice(),
        )


async def _written(client: GraphClient, job: _Job, version: str, within_s: float, turn: Round) -> str:
    """Waits until the report is there, and returns the address of its file."""
    pacing = client.pacing
    end = pacing.clock() + within_s
    delay = client.first_look_s
    at = pacing.clock()
    while job.is_at_work():
        if at + delay > end:
            raise GraphUnreachable(
                _("The report {name} was not ready within {seconds} s.").format(
                    name=job.report_name, seconds=round(within_s)
                ),
                _("The next poll orders it anew."),
            )
        await pacing.wait(delay, EXPORTS, "report")
        at = max(at + delay, pacing.clock())
        delay = min(2 * delay, _LATER_LOOKS_S)
        reply = await client.get(
            PATH + "('{id}')", workload=EXPORTS, version=version, ids={"id": job.id}, in_round=turn
        )
        job = _Job(job.report_name, reply.body)
    return job.url
