"""The query options of a request, read as Graph reads them."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from omconsole.simulator.instants import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omconsole.simulator.courses import Moving

#: The largest page of `managedDevices`; also what a request without `$top` gets.
LARGEST_PAGE = 1000


class OptionError(ValueError):
    """A query option that Graph answers with 400; its text is the error's message."""


@dataclass(slots=True, frozen=True)
class Filter:
    """A documented `$filter`: one predicate over the moving state, or over the device's category."""

    moving: Callable[[Moving], bool] | None = None
    categories: frozenset[str] | None = None


def whole(options: Mapping[str, str], name: str) -> int | None:
    """A non-negative whole number; None when the option is absent."""
    text = options.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise OptionError(
            f"Invalid value '{text}' for {name} query option found. The {name} query option requires a non-"
            "negative integer value."
        )
    return int(text)


def page_size(options: Mapping[str, str]) -> int:
    """How many rows of `managedDevices` a page has."""
    top = whole(options, "$top")
    if top == 0:
        raise OptionError("The limit of '0' for $top query is invalid.")
    return min(top or LARGEST_PAGE, LARGEST_PAGE)


def selected(options: Mapping[str, str], entity: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The properties to show, in the order of `known`."""
    text = options.get("$select")
    if not text:
        return known
    asked = {name.strip() for name in text.split(",")}
    for name in sorted(asked.difference(known)):
        raise OptionError(
            f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
            f"'microsoft.graph.{entity}'."
        )
    return tuple(name for name in known if name in asked)


def expanded(options: Mapping[str, str], entity: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The navigation properties to show with each row."""
    asked = {name.strip() for name in options.get("$expand", "").split(",") if name.strip()}
    for name in sorted(asked.difference(known)):
        raise OptionError(
            f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
            f"'microsoft.graph.{entity}'."
        )
    return tuple(name for name in known if name in asked)


_TIME = re.compile(r"\s*(lastSyncDateTime|enrolledDateTime)\s+(lt|gt)\s+'?([0-9T:.+Z-]+)'?\s*")
_EQUALS = re.compile(r"\s*(jailBroken|deviceCategoryDisplayName)\s+eq\s+'((?:[^']|'')*)'\s*")


def documented_filter(options: Mapping[str, str]) -> Filter | None:
    """What `$filter` asks for; None when it is absent or anything but the few documented forms.

    Graph ignores the others without a word. Of an `or` over two properties it evaluates the first part alone.
    """
    text = options.get("$filter", "")
    time = _TIME.fullmatch(text)
    if time is not None:
        return _by_time(*time.groups())
    parts = [_EQUALS.fullmatch(part) for part in re.split(r"\s+or\s+", text)]
    first = parts[0]
    if first is None:
        return None
    values = frozenset(
        part[2].replace("''", "'").casefold() for part in parts if part is not None and part[1] == first[1]
    )
    if first[1] == "jailBroken":
        return Filter(moving=lambda state: state.jail_broken.casefold() in values)
    return Filter(categories=values)


def _by_time(name: str, operator: str, text: str) -> Filter | None:
    try:
        limit = datetime.fromisoformat(text)
    except ValueError as error:
        raise OptionError(f"Unrecognized 'Edm.String' literal '{text}' in filter expression.") from error
    limit = limit if limit.tzinfo is not None else limit.replace(tzinfo=UTC)
    bound = seconds(limit)
    exact = limit.microsecond == 0

    def value(state: Moving) -> int:
        return state.last_sync if name == "lastSyncDateTime" else state.enrolled

    if operator == "gt":
        return Filter(moving=lambda state: value(state) > bound)
    return Filter(moving=lambda state: value(state) < bound or (not exact and value(state) == bound))


class SkipToken(msgspec.Struct, array_like=True, frozen=True):
    """Where a sweep goes on, and the instant at which it began: all its pages show that one instant."""

    instant: Annotated[int, msgspec.Meta(ge=0, le=1 << 33)]
    start: Annotated[int, msgspec.Meta(ge=0)]

    def written(self) -> str:
        """As `$skiptoken` carries it."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()


def skip_token(options: Mapping[str, str]) -> SkipToken | None:
    """The `$skiptoken`; None when absent."""
    text = options.get("$skiptoken")
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=SkipToken)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise OptionError("Skip token is null or invalid.") from error
