"""Draws that depend on a seed, a purpose and a key, and on nothing else.

No generator carries state from row to row, so adding, removing or changing other rows (above all, later ones)
never changes a draw. Arrays go through splitmix64, single keys through blake2b.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
T = TypeVar("T")

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _digest(seed: int, what: str, key: str = "") -> int:
    return int.from_bytes(blake2b(f"{seed}/{what}/{key}".encode(), digest_size=8).digest(), "big")


def _mixed(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def words(seed: int, what: str, *keys: npt.ArrayLike) -> Words:
    """One 64-bit word per row of the (broadcast) keys."""
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(key, dtype=np.int64)) for key in keys))
    state = np.full(columns[0].shape, _digest(seed, what), dtype=np.uint64)
    for column in columns:
        state = _mixed((state ^ _mixed(column.astype(np.uint64) + _GOLDEN)) + _GOLDEN)
    return state


def chances(seed: int, what: str, *keys: npt.ArrayLike) -> Floats:
    """One number in [0, 1) per row of the keys."""
    return (words(seed, what, *keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def between(low: int, high: int, chance: Floats) -> Integers:
    """Whole numbers from `low` to `high`, both included."""
    return low + (chance * (high - low + 1)).astype(np.int64)


def identifiers(seed: int, what: str, *keys: npt.ArrayLike) -> list[str]:
    """One UUID-shaped identifier per row of the keys."""
    pairs = np.stack([words(seed, f"{what}/1", *keys), words(seed, f"{what}/2", *keys)], axis=1)
    text = pairs.astype(">u8").tobytes().hex()
    whole = (text[start : start + 32] for start in range(0, len(text), 32))
    return [f"{word[:8]}-{word[8:12]}-4{word[13:16]}-a{word[17:20]}-{word[20:]}" for word in whole]


def chance(seed: int, what: str, key: str) -> float:
    """One number in [0, 1) for one key."""
    return (_digest(seed, what, key) >> 11) * 2.0**-53


def pick(seed: int, what: str, key: str, options: Sequence[T]) -> T:
    return options[int(chance(seed, what, key) * len(options))]


def dealt(seed: int, what: str, keys: Iterable[str], shares: Mapping[str, float]) -> dict[str, str]:
    """Deal disjoint kinds to keys: each kind goes to its share of them, and to one at least while there are keys."""
    keys = sorted(keys)
    ranked = iter(sorted(keys, key=lambda key: (chance(seed, what, key), key)))
    wanted = {kind: max(1, round(share * len(keys))) for kind, share in shares.items()}
    return {key: kind for kind, count in wanted.items() for _, key in zip(range(count), ranked, strict=False)}
