"""How alike narratives are: cosine similarity of vectors of length 1."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from codesuggest.domain import Embeddings

_CHUNK = 1024


def nearest(
    queries: Embeddings, corpus: Embeddings, k: int
) -> Iterator[tuple[slice, npt.NDArray[np.intp], Embeddings]]:
    """The k rows of `corpus` most like each query, in no particular order, a chunk of queries at a time.

    Yields (which queries, indices of shape (m, k), similarities of shape (m, k)).
    """
    k = min(k, len(corpus))
    for start in range(0, len(queries), _CHUNK):
        rows = slice(start, start + _CHUNK)
        similarity = queries[rows] @ corpus.T
        found = np.argpartition(similarity, -k, axis=1)[:, -k:]
        yield rows, found, np.take_along_axis(similarity, found, axis=1)


def near_duplicate_groups(vectors: Embeddings, threshold: float = 0.95) -> npt.NDArray[np.int32]:
    """A group number a row, shape (n,): rows whose similarity reaches `threshold` share one, also by way of others."""
    firsts: list[npt.NDArray[np.intp]] = []
    seconds: list[npt.NDArray[np.intp]] = []
    for start in range(0, len(vectors), _CHUNK):
        first, second = np.nonzero(vectors[start : start + _CHUNK] @ vectors.T >= threshold)
        firsts.append(first + start)
        seconds.append(second)
    if not firsts:
        return np.empty(0, dtype=np.int32)
    pairs = np.concatenate(firsts), np.concatenate(seconds)
    graph = coo_array((np.ones(len(pairs[0]), dtype=bool), pairs), shape=(len(vectors), len(vectors)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)
