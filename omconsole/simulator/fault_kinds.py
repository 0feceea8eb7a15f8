"""Every fault by its name: the one table of what can go wrong with Graph."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from omconsole.simulator import fault_answers as answers
from omconsole.simulator import fault_bodies as bodies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from omconsole.simulator.fault_bodies import Content
    from omconsole.simulator.fault_exchange import Exchange, Reply, Wire
    from omconsole.simulator.faults import Fault

_NOTHING: Final = re.compile("")
_ANY: Final = re.compile(".*")
_WAITING: Final = re.compile(r"none|(?:(?:date|message):)?\d+(?:\.\d+)?")
_MAYBE_WAITING: Final = re.compile(f"|{_WAITING.pattern}")
_NUMBER: Final = re.compile(r"[1-9]\d{0,8}")
_WHOLE: Final = re.compile(r"\d{1,9}")
_MAYBE_WHOLE: Final = re.compile(r"\d{0,9}")
_SECONDS: Final = re.compile(r"\d+(?:\.\d+)?")
_MAYBE_SECONDS: Final = re.compile(f"|{_SECONDS.pattern}")
_HOURS: Final = re.compile(r"-?\d{1,4}(?:\.\d+)?")
_STATUS: Final = re.compile(r"[2-5]\d\d")
_ORIGIN: Final = re.compile(r"https?://\S+")
_SAYS_WHEN: Final = "SECONDS, date:SECONDS, message:SECONDS or none"


def _always(exchange: Exchange) -> bool:
    return True


class Kind(NamedTuple):
    """What a fault does: it answers itself, or changes the answer, or spoils the wire."""

    about: str
    #: What its value is, for people; empty when it has none.
    value: str = ""
    takes: re.Pattern[str] = _NOTHING
    default: str = ""
    meets: Callable[[Exchange], bool] = _always
    #: In place of the tenant; None lets the request through.
    answer: Callable[[Exchange, str], Reply | None] | None = None
    #: The body with which the tenant is asked.
    asks: Callable[[Exchange], bytes] | None = None
    change: Callable[[Exchange, Reply, Fault], None] | None = None
    #: How the answer is sent.
    ends: Callable[[Wire, Reply, str], Awaitable[None]] | None = None


def _on_reply(change: Callable[[Reply, str], None]) -> Callable[[Exchange, Reply, Fault], None]:
    def changed(exchange: Exchange, reply: Reply, fault: Fault) -> None:
        if reply.status == 200:
            change(reply, fault.value)

    return changed


def _on_content(change: Callable[[Content, str], None]) -> Callable[[Exchange, Reply, Fault], None]:
    def changed(exchange: Exchange, reply: Reply, fault: Fault) -> None:
        if reply.status != 200:
            return
        document: dict[str, Any] = msgspec.json.decode(reply.body)
        change(bodies.Content(exchange, document, fault.times, fault.memory), fault.value)
        reply.body = msgspec.json.encode(document)

    return changed


def _types(exchange: Exchange, reply: Reply, fault: Fault) -> None:
    change = _on_reply(bodies.as_list) if fault.value == "list" else _on_content(bodies.types)
    change(exchange, reply, fault)


def _goes_on(exchange: Exchange) -> bool:
    return exchange.goes_on


def _is_get(exchange: Exchange) -> bool:
    return str(exchange.scope["method"]) == "GET"


def _asks_again(exchange: Exchange) -> bytes:
    return bodies.from_the_beginning(exchange) if exchange.is_report else exchange.body


def _server_error(status: int) -> Kind:
    return Kind(f"HTTP {status}", f"{_SAYS_WHEN}; none", _MAYBE_WAITING, answer=answers.failing(status))


KINDS: Final[dict[str, Kind]] = {
    # --- in place of the tenant ---
    "throttled": Kind(
        "HTTP 429; Retry-After as a number, an HTTP date, in Intune's message alone, or nowhere",
        f"{_SAYS_WHEN}; 30",
        _WAITING,
        "30",
        answer=answers.throttled,
    ),
    **{str(status): _server_error(status) for status in (500, 502, 503, 504)},
    "html": Kind("the web page of a portal or proxy", "STATUS; 200", _STATUS, "200", answer=answers.web_page),
    "redirect": Kind(
        "HTTP 302 to another address",
        "URL; https://portal.example/",
        _ORIGIN,
        "https://portal.example/",
        answer=answers.redirect,
    ),
    "expired": Kind("HTTP 401, the token is expired", answer=answers.expired),
    "claims": Kind(
        "HTTP 401 with a claims challenge, until a token with this authentication context is shown",
        "CONTEXT; c1",
        re.compile(r"\w+"),
        "c1",
        answer=answers.challenge,
    ),
    "forbidden": Kind(
        "HTTP 403 that names the permissions that would do",
        "PERMISSION+PERMISSION...; those of the path",
        re.compile(r"[\w.+]*"),
        answer=answers.forbidden,
    ),
    "second-page": Kind(
        "an error in place of every page but the first",
        "STATUS; 500",
        re.compile("429|50[0234]"),
        "500",
        meets=_goes_on,
        answer=lambda exchange, value: answers.failing(int(value))(exchange, ""),
    ),
    # --- the wire ---
    "slow": Kind("one byte each so many seconds", "SECONDS; 1", _SECONDS, "1", ends=answers.slow),
    "hang": Kind("nothing for so long", "SECONDS; for ever", _MAYBE_SECONDS, ends=answers.hang),
    "cut": Kind("the connection ends within the body", "BYTES; half", _MAYBE_WHOLE, ends=answers.cut),
    "huge": Kind("a body of this size", "MEGABYTES; 100", _NUMBER, "100", ends=answers.huge),
    "bomb": Kind("the same, compressed", "MEGABYTES; 200", _NUMBER, "200", ends=answers.bomb),
    # --- the form ---
    "truncated": Kind("the JSON ends too early", "BYTES; half", _MAYBE_WHOLE, change=_on_reply(bodies.truncated)),
    "types": Kind(
        "JSON of other types: an object for the list, a list for the object, texts for rows, numbers or texts swapped",
        "object, list, rows, texts or numbers; object",
        re.compile("object|list|rows|texts|numbers"),
        "object",
        change=_types,
    ),
    "damaged": Kind("every so manyth row is none", "ROWS; 5", _NUMBER, "5", change=_on_content(bodies.damaged)),
    "nulls": Kind("null for every value but ids", "PROPERTY; all", _ANY, change=_on_content(bodies.nulls)),
    "missing": Kind("no values but ids", "PROPERTY; all", _ANY, change=_on_content(bodies.missing)),
    "unknown-members": Kind("members of enumerations that are new", change=_on_content(bodies.unknown_members)),
    "shuffled": Kind("columns and properties in another order", change=_on_content(bodies.shuffled)),
    "total": Kind("another number of rows in all", "ROWS; 100000", _WHOLE, "100000", change=_on_content(bodies.total)),
    "clock": Kind("a clock that is ahead, in all times", "HOURS; 5", _HOURS, "5", change=_on_reply(bodies.clock)),
    "date": Kind("the Date header alone is ahead", "HOURS; 5", _HOURS, "5", change=_on_reply(bodies.date)),
    # --- pages and rows ---
    "foreign-link": Kind(
        "the next page is said to be elsewhere",
        "ORIGIN; https://graph.elsewhere.example",
        _ORIGIN,
        "https://graph.elsewhere.example",
        _is_get,
        change=_on_content(bodies.foreign_link),
    ),
    "loop": Kind("the next page is the same one", asks=_asks_again, change=_on_content(bodies.loop)),
    "endless": Kind("pages without end", asks=_asks_again, change=_on_content(bodies.endless)),
    "emptied": Kind("lists without rows", change=_on_content(bodies.emptied)),
    "narrowed": Kind(
        "lists with a part of the rows, as with fewer scope tags",
        "PERCENT; 50",
        _SECONDS,
        "50",
        _is_get,
        change=_on_content(bodies.narrowed),
    ),
    "duplicates": Kind("rows that come twice, on one page and on two", change=_on_content(bodies.duplicates)),
    "moving": Kind("rows that move to a page that was read already", change=_on_content(bodies.moving)),
}
