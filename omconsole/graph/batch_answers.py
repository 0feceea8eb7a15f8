"""Answers inside the answer to a batch: each read and judged as if it had come alone (graph.md §15)."""

from __future__ import annotations

import json
from base64 import b64decode
from functools import cached_property
from typing import Annotated, Any, Final

import httpx
import msgspec

from omconsole.errors import GraphProtocolError
from omconsole.graph.answers import Reply, check_is_json, proxy_advice
from omconsole.graph.lenient import not_graph, read_json
from omconsole.graph.trouble import Denial, Setback, judged, redirected, refused
from omconsole.i18n import _
from omconsole.sanitize import sanitize

FAILED_DEPENDENCY: Final = 424
_Small = Annotated[int, msgspec.Meta(ge=0, le=999)]


class _Answers(msgspec.Struct):
    responses: list[msgspec.Raw]


class Answer(msgspec.Struct, dict=True):
    """The answer to one part as it stands in a batch."""

    id: str | _Small
    status: str | _Small
    headers: dict[str, Any] | None = None
    body: msgspec.Raw = msgspec.Raw()

    @property
    def code(self) -> int:
        """The status; 0 when it is none."""
        text = str(self.status)
        return int(text) if text.isascii() and text.isdecimal() and len(text) == 3 and "200" <= text < "600" else 0

    @cached_property
    def told(self) -> httpx.Headers:
        named = {name: value for name, value in (self.headers or {}).items() if isinstance(value, str | int | float)}
        return httpx.Headers({name: str(value) for name, value in named.items()}, encoding="utf-8")

    @cached_property
    def content(self) -> bytes:
        """Its body as it would have come alone."""
        return _opened(bytes(self.body))

    @property
    def request_id(self) -> str:
        """Graph's own, sanitised."""
        return sanitize(self.told.get("request-id", ""), 80)


_ANSWER: Final = msgspec.json.Decoder(Answer)
_BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def answers_in(body: bytes) -> dict[str, Answer]:
    """Returns the answers in a batch by id; one that cannot be read is as if it were missing.

    Raises:
        GraphProtocolError: it is no answer to a batch.
    """
    try:
        raw: list[Any] = list(msgspec.json.decode(body, type=_Answers).responses)
    except _BROKEN:
        document = read_json(body)
        listed = document.get("responses") if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise not_graph(_("the list named responses is missing")) from None
        raw = listed
    found: dict[str, Answer] = {}
    for each in raw:
        try:
            answer = _ANSWER.decode(each if isinstance(each, msgspec.Raw) else json.dumps(each))
        except _BROKEN:
            continue
        found.setdefault(str(answer.id), answer)
    return found


def part_judged(answer: Answer | None, url: str, reply: Reply) -> Reply | Setback | Denial:
    """Returns what the answer to one part comes to.

    Args:
        answer: None where the batch has none.
        url: of the part, absolute.
        reply: the batch's.

    Raises:
        GraphError: it is final.
    """
    asked = httpx.URL(url)
    if answer is None or not answer.code:
        return Setback(
            GraphProtocolError(
                _("The batch of Microsoft Graph lacks the answer to {path}.").format(path=sanitize(asked.path, 120)),
                proxy_advice(),
            )
        )
    told, status, body = answer.told, answer.code, answer.content
    if reply.date:
        told.setdefault("date", reply.date)  # a waiting time that is a date counts from when Graph said it
    if 300 <= status < 400:
        raise redirected(asked, told.get("location", ""))
    if status == FAILED_DEPENDENCY:  # no part depends on another one
        return Setback(refused(status, body))
    if status >= 400:
        return judged(status, told, body)
    check_is_json(told, asked.host, body)
    return Reply(
        status=status, body=body, url=url, client_request_id=reply.client_request_id, request_id=answer.request_id
    )


def _opened(raw: bytes) -> bytes:
    """The body of a part: JSON as it stands there, or the bytes that a text holds in base64 (graph.md §5)."""
    if raw in {b"", b"null"}:
        return b""
    text = read_json(raw) if raw.startswith(b'"') else None
    if not isinstance(text, str):
        return raw
    if not text.lstrip().startswith(("{", "[", "<")):
        try:
            return b64decode(text.strip(), validate=True)
        except ValueError:
            pass  # a text that is none
    return text.encode("utf-8", "replace")
