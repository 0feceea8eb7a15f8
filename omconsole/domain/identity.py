"""Who an item is: a key that severity, texts, counts and times never change (design.md §3)."""

from __future__ import annotations

import hashlib

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
"""Two characters for each ten bits: four times as quick as the standard library's base32."""
ID_LENGTH = 10


def item_key(tenant: str, source: str, family: str, subject_type: str, subject_id: str, sub_key: str = "") -> str:
    """The identity of a problem as 32 characters of lower-case Crockford base32 (160 bits of BLAKE2b)."""
    parts = (tenant, source, family, subject_type, subject_id, *((sub_key,) if sub_key else ()))
    number = int.from_bytes(hashlib.blake2b("\x1f".join(parts).encode(), digest_size=20).digest())
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(150, -1, -10)])


def item_id(key: str, successor: int = 1) -> str:
    """The id people type: the first ten characters of the key; a successor (T13) appends `.2`, `.3`, ..."""
    return key[:ID_LENGTH] if successor < 2 else f"{key[:ID_LENGTH]}.{successor}"


def successor_of(id_: str) -> int:
    """The number of the item that follows `id_` for the same key."""
    _, _, number = id_.partition(".")
    return int(number or 1) + 1


def normalised(text: str) -> str:
    """An id as typed, in the alphabet's canonical form (Crockford: case is free, i and l are 1, o is 0)."""
    return text.strip().lower().translate(str.maketrans("ilo", "110"))
