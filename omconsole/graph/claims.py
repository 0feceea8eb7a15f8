"""Claims challenges as JSON text: what Graph and the sign-in server ask of the next token, put together."""

from __future__ import annotations

import json
from typing import Any


def merged_claims(*asked: str | None) -> str | None:
    """Returns one challenge that asks for everything; of the same claim the first one's wish counts.

    What is no JSON object asks for nothing. None when nothing is asked.
    """
    merged: dict[str, Any] = {}
    for text in reversed(asked):
        for place, wishes in _object(text).items():
            known = merged.get(place)
            merged[place] = {**known, **wishes} if isinstance(known, dict) and isinstance(wishes, dict) else wishes
    return json.dumps(merged) if merged else None


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
