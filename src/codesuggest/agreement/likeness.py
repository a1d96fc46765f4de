"""How alike two sets of codes are, from 0 (nothing in common) to 1 (the same), for every pair of sets at once.

Everywhere: `values` are k distinct sets of codes; the result has shape (k, k), is symmetric, and is 1 on its diagonal.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

CodeSet = frozenset[str]
Likeness = npt.NDArray[np.float64]


def exact(values: Sequence[CodeSet]) -> Likeness:
    """1 for the same set, 0 for any other: the nominal scale."""
    return np.eye(len(values))


def jaccard(values: Sequence[CodeSet]) -> Likeness:
    """Shared codes over all codes; two empty sets are alike."""
    shared, either = _shared(values)
    return np.divide(shared, either, out=np.ones_like(shared), where=either > 0)


def masi(values: Sequence[CodeSet]) -> Likeness:
    """Jaccard's likeness, weighted 1, 2/3, 1/3 or 0 as the two sets are equal, nested, crossing or apart.

    Source: Passonneau (2006), LREC, 831-836.
    """
    shared, either = _shared(values)
    size = np.diag(shared)
    smaller = np.minimum(size[:, None], size[None, :])
    weight = np.select([either == shared, shared == 0, shared == smaller], [1.0, 0.0, 2 / 3], 1 / 3)
    return weight * jaccard(values)


def tree(values: Sequence[CodeSet], parents: Mapping[str, str]) -> Likeness:
    """Likeness by place in a tree: each code is matched with the nearest of the other set, and the matches averaged.

    parents  code to parent, empty at the top. Two codes are as near as their shared ancestors reach down: twice the
             depth of the deepest shared one over the sum of their own depths.

    Source of the nearness: Wu and Palmer (1994), ACL, 133-138; depth is 1 at the top, and nothing is shared above it.
    """
    codes = sorted(set().union(*values))
    paths = [_path(code, parents) for code in codes]
    near = np.array([[2 * _in_common(a, b) / (len(a) + len(b)) for b in paths] for a in paths]).reshape(len(codes), -1)
    members = _members(values, codes)
    best = np.stack([near[row].max(axis=0) if row.any() else np.zeros(len(codes)) for row in members])
    matched = best @ members.T
    sizes = members.sum(axis=1)
    total = sizes[:, None] + sizes[None, :]
    return np.asarray(np.divide(matched + matched.T, total, out=np.ones_like(matched), where=total > 0))


def _path(code: str, parents: Mapping[str, str]) -> list[str]:
    path = [code]
    while parent := parents.get(path[0], ""):
        path.insert(0, parent)
    return path


def _in_common(first: Sequence[str], second: Sequence[str]) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def _members(values: Sequence[CodeSet], codes: Sequence[str]) -> npt.NDArray[np.bool_]:
    column = {code: number for number, code in enumerate(codes)}
    members = np.zeros((len(values), len(codes)), dtype=bool)
    for row, value in enumerate(values):
        members[row, [column[code] for code in value]] = True
    return members


def _shared(values: Sequence[CodeSet]) -> tuple[Likeness, Likeness]:
    """How many codes each pair of sets shares, and how many are in either."""
    members = _members(values, sorted(set().union(*values))).astype(np.float64)
    shared, sizes = members @ members.T, members.sum(axis=1)
    return shared, sizes[:, None] + sizes[None, :] - shared
