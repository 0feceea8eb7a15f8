"""Questions that Graph may not understand: asked in several ways, the cheapest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from omconsole.errors import GraphRejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

T = TypeVar("T")

_BAD_REQUEST: Final = 400


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
