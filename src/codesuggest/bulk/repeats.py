"""The same incident told twice: found across an archive by what its narratives share, in memory that stays small.

Each narrative's word triples are reduced to 64 numbers of 16 bits, of which two narratives agree on about the share of
triples that they have in common. Sixteen keys of four such numbers then bring likely repeats together by sorting.
Source: Broder (1997), Compression and Complexity of Sequences, 21-29; Leskovec, Rajaraman and Ullman (2020), Mining of
Massive Datasets, chapter 3 (bands); Li and König (2010), WWW, 671-680 (keeping few bits).
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

_N_HASHES, _N_BANDS = 64, 16
_DRAWN = np.random.default_rng(2026).integers(1, 2**63, (2, _N_HASHES), dtype=np.uint64)
_FACTORS, _OFFSETS = _DRAWN[0] | np.uint64(1), _DRAWN[1]
_WORD = re.compile(r"\w+")

SIGNATURE_BYTES = 2 * _N_HASHES
_BLOCK = 65_536

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Repeat:
    """Two rows, numbered from 0 over all files, whose narratives share about this share of their word triples."""

    first: int
    second: int
    likeness: float


def signature(text: str) -> bytes:
    """What a redacted narrative is compared by: 128 bytes."""
    words = [match[0].casefold() for match in _WORD.finditer(text)] or [""]
    triples = {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}
    hashes = np.fromiter((zlib.crc32(triple.encode()) for triple in triples), dtype=np.uint64, count=len(triples))
    with np.errstate(over="ignore"):
        mixed = (hashes[:, None] + np.uint64(1)) * _FACTORS + _OFFSETS
        mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return bytes((mixed.min(axis=0) >> np.uint64(16)).astype(np.uint16).tobytes())


def find_repeats(path: Path, *, least: float = 0.6) -> Iterator[Repeat]:
    """The rows whose narratives are alike to at least `least`: each later row with the earliest it was found to repeat.

    path  a file of signatures, one after the other; all zero bytes for a row that could not be coded.
    """
    n = path.stat().st_size // SIGNATURE_BYTES
    if n == 0:
        return
    signatures = np.memmap(path, dtype=np.uint16, mode="r").reshape(n, _N_HASHES)
    firsts, likenesses = np.full(n, n), np.zeros(n, dtype=np.float32)
    for earlier, later in _candidates(path, n):
        likeness = np.mean(signatures[earlier] == signatures[later], axis=1)
        better = (likeness >= least) & (earlier < firsts[later])
        firsts[later[better]] = earlier[better]
        likenesses[later[better]] = likeness[better]
    for second in map(int, np.flatnonzero(firsts < n)):
        yield Repeat(int(firsts[second]), second, round(float(likenesses[second]), 3))


def _candidates(path: Path, n: int) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of rows that agree on a whole band: each with the first of its kind, and with the one before it."""
    for band in range(_N_BANDS):
        keys = _keys(path, band, n)
        order = np.argsort(keys, kind="stable")
        order = order[keys[order] != 0]
        if len(order) == 0:
            continue
        starts = np.append(True, keys[order][1:] != keys[order][:-1])
        leaders = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
        members = np.flatnonzero(~starts)
        for start in range(0, len(members), _BLOCK):
            piece = members[start : start + _BLOCK]
            yield order[leaders[piece]], order[piece]
            yield order[piece - 1], order[piece]


def _keys(path: Path, band: int, n: int) -> npt.NDArray[np.uint64]:
    """One band of every signature, shape (n,), read a block at a time."""
    keys = np.empty(n, dtype=np.uint64)
    with path.open("rb") as file:
        for start in range(0, n, _BLOCK):
            block = np.frombuffer(file.read(_BLOCK * SIGNATURE_BYTES), dtype=np.uint64).reshape(-1, _N_BANDS)
            keys[start : start + len(block)] = block[:, band]
    return keys
