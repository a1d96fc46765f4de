"""How alike narratives are: cosine similarity of vectors of length 1."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from codesuggest.domain import Codes, Embeddings, SimilarIncident

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


@dataclass(frozen=True, slots=True)
class PastIncidents:
    """Coded incidents that a new one can be compared with. Of their text only the vectors are kept.

    vectors         shape (n, dim), a row an incident.
    sites           where each was, empty where that is not known; none at all where no site is.
    least_likeness  the similarity to its nearest neighbour that all but one in a hundred of them reach.
    """

    ids: tuple[str, ...]
    codes: tuple[Codes, ...]
    vectors: Embeddings
    least_likeness: float = -1.0
    sites: tuple[str, ...] = ()

    def similar(self, vector: Embeddings, n: int) -> tuple[SimilarIncident, ...]:
        """The n incidents most like one of shape (dim,), the most similar first."""
        if not self.ids:
            return ()
        ((_, found, similarity),) = nearest(vector[None, :], self.vectors, n)
        best = sorted(zip(similarity[0], found[0], strict=True), reverse=True)
        sites = self.sites or ("",) * len(self.ids)
        return tuple(SimilarIncident(self.ids[i], round(float(s), 3), self.codes[i], sites[i]) for s, i in best)


def least_likeness(vectors: Embeddings, share: float = 0.01) -> float:
    """The similarity to its nearest neighbour that all but a `share` of the rows reach; -1 where too few can say."""
    if len(vectors) < 1 / share:
        return -1.0
    to_nearest = [found.min(axis=1) for _, _, found in nearest(vectors, vectors, 2)]  # the other one is the row itself
    return float(np.quantile(np.concatenate(to_nearest), share))


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
