"""What a profile knows, on disk: the journal is the truth, everything else can be made again from it.

`Store` is imported when it is asked for, so that the head reader costs the first paint nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omconsole.store.store import Store, Writing

__all__ = ["Store", "Writing"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from omconsole.store import store

        return getattr(store, name)
    raise AttributeError(name)
