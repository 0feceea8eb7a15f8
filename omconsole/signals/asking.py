"""Questions that Graph may not understand: asked in several ways, the cheapest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from omconsole.errors import GraphError, GraphForbidden, GraphRejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

T = TypeVar("T")

_BAD_REQUEST: Final = 400
_BROKEN: Final = 500


async def first_understood(ways: Sequence[Mapping[str, str]], read: Callable[[Mapping[str, str]], Awaitable[T]]) -> T:
    """Returns what the first way brings whose query options Graph does not refuse with 400.

    Args:
        ways: query options, at least one set; the last one's refusal stands.
        read: asks with them, from the beginning.

    Raises:
        GraphError: whatever else is refused.
    """
    for options in ways[:-1]:
        try:
            return await read(options)
        except GraphRejected as refused:
            if refused.status != _BAD_REQUEST:
                raise
    return await read(ways[-1])


def not_covered_for(error: GraphError, permission: str) -> str | None:
    """Returns why a part of a source is left out, in a few words; None where it is trouble that may pass.

    Args:
        error: what came of asking for the part.
        permission: the least one that the part needs.
    """
    if isinstance(error, GraphForbidden):
        return permission
    return error.what.rstrip(".") if isinstance(error, GraphRejected) and error.status < _BROKEN else None
