"""The log of requests: a line for each try, in a private file, that never holds a token or stops anything."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole import request_log
from omconsole.errors import GraphRejected, SignInError
from omconsole.request_log import LOGGER, RequestLog, logged, open_request_log
from tests.unit.graph_tools import TOKEN, Tenant, ok, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def log(tmp_path: Path, told: list[str]) -> Iterator[RequestLog]:
    opened = open_request_log(tmp_path / "user.d", "contoso", told.append)
    assert opened is not None
    yield opened
    opened.close()


def lines(log: RequestLog) -> list[str]:
    with open(log.baseFilename, encoding="utf-8") as file:
        return file.read().splitlines()


async def test_every_try_is_a_line_with_both_ids(log: RequestLog) -> None:
    tenant = Tenant(refused(503), httpx.ConnectError("no"), ok({"value": [1]}, **{"request-id": "graph-7"}))
    await tenant.ask(params={"$filter": "userPrincipalName eq 'anna'"})
    sent = [request.headers["client-request-id"] for request in tenant.wire.requests]
    assert len(set(sent)) == 3
    first, second, third = lines(log)
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z GET /v1\.0/things"
    assert re.fullmatch(rf"{stamp} 503 \d+ ms \d+ B try 1 devices client-request-id={sent[0]} request-id=-", first)
    assert " ConnectError " in second
    assert sent[1] in second
    assert re.fullmatch(
        rf"{stamp} 200 \d+ ms \d+ B try 3 devices client-request-id={sent[2]} request-id=graph-7", third
    )


async def test_s10_no_token_query_or_hostile_byte_gets_into_it(log: RequestLog) -> None:
    hostile = ok(**{"request-id": "a\x1b]52;c;x\x07\tb"})
    await Tenant(hostile).ask("/things/{id}", ids={"id": "a\nb c"}, params={"$filter": "secret"})
    with pytest.raises(SignInError):
        await Tenant(refused(401)).ask()
    text = "\n".join(lines(log))
    assert len(lines(log)) == 2
    assert TOKEN not in text
    assert "secret" not in text
    assert "Bearer" not in text
    assert "\x1b" not in text
    assert "/v1.0/things/a" in text


async def test_what_a_person_reads_has_no_request_id(log: RequestLog) -> None:
    tenant = Tenant(refused(400, "no", **{"request-id": "graph-8"}))
    with pytest.raises(GraphRejected) as error:
        await tenant.ask()
    sent = tenant.wire.requests[0].headers["client-request-id"]
    assert sent in lines(log)[0]
    assert "graph-8" in lines(log)[0]
    assert "graph-8" not in f"{error.value.what} {error.value.do}"
    assert sent not in f"{error.value.what} {error.value.do}"


def test_the_files_are_the_users_own_and_stay_small(
    log: RequestLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "maxBytes", 2_000)
    for number in range(100):
        with logged("GET", f"/v1.0/{number}", "devices", 1, "id"):
            pass
    files = sorted((tmp_path / "user.d").iterdir())
    assert [file.name for file in files] == [f"requests-contoso.log{end}" for end in ("", ".1", ".2")]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "user.d").stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert "/v1.0/99 " in lines(log)[-1]


def test_a_file_open_to_others_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "requests-contoso.log"
    file.touch()
    file.chmod(0o644)
    opened = open_request_log(tmp_path, "contoso")
    assert opened is not None
    with logged("GET", "/x", "devices", 1, "id"):
        pass
    opened.close()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_another_process_has_moved_away_is_opened_anew(log: RequestLog) -> None:
    for _n in range(2):
        with logged("GET", "/first", "devices", 1, "id"):
            pass
        os.replace(log.baseFilename, f"{log.baseFilename}.1")
    with logged("GET", "/second", "devices", 1, "id"):
        pass
    assert ["/second" in line for line in lines(log)] == [True]


def test_a_full_disk_ends_it_with_one_notice(log: RequestLog, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(log, "_open", full)
    for _n in range(3):
        with logged("GET", "/x", "devices", 1, "id"):
            pass
    assert told == ["Requests are no longer logged: No space left on device"]
    assert log.is_off
    assert log not in LOGGER.handlers


def test_a_directory_that_cannot_be_used_is_told_and_nothing_else(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "file").touch()
    assert open_request_log(tmp_path / "file", "contoso", told.append) is None
    assert open_request_log(tmp_path, "../x", told.append) is None
    assert len(told) == 2
    with logged("GET", "/x", "devices", 1, "id"):
        pass


def test_a_link_is_not_followed(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "requests-contoso.log").symlink_to(tmp_path / "other")
    opened = open_request_log(tmp_path, "contoso", told.append)
    with logged("GET", "/x", "devices", 1, "id"):
        pass
    assert opened is not None
    assert opened.is_off
    assert not (tmp_path / "other").exists()
    assert len(told) == 1


def test_without_a_log_lines_go_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    with logged("GET", "/x", "devices", 1, "id"):
        pass
    assert capsys.readouterr() == ("", "")
    assert request_log.LOGGER.propagate is False
