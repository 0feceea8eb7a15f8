"""What is said of one call to Graph: path, properties, members and permission."""

from __future__ import annotations

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """One call."""

    method: str
    version: str
    path: str
    select: tuple[str, ...]
    """The properties that are read; a collection is asked for exactly these."""
    enums: dict[str, tuple[str, ...]]
    """By property, the members that the program compares with."""
    permission: str
    """The least one, delegated and application."""

    def params(self) -> dict[str, str]:
        """Returns the query options that ask a collection for these properties only."""
        return {"$select": ",".join(self.select)}
