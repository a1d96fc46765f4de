"""How far two coders agree, beyond chance, on axes of one code and of many."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from codesuggest.errors import AgreementError
from codesuggest.metrics import Estimate

CodeSet = frozenset[str]


def jaccard(first: CodeSet, second: CodeSet) -> float:
    """Shared codes over all codes of two coders for one narrative; 1 where neither gave any."""
    return len(first & second) / len(first | second) if first | second else 1.0


def masi(first: CodeSet, second: CodeSet) -> float:
    """Likeness of two sets of codes in [0, 1]: Jaccard's, weighted 1, 2/3, 1/3 or 0 as they are equal, nested, crossing
    or apart.

    Source: Passonneau (2006), LREC, 831-836.
    """
    if first == second:
        return 1.0
    weight = 2 / 3 if first < second or second < first else 1 / 3
    return weight * jaccard(first, second) if first & second else 0.0


def cohen_kappa(first: Sequence[CodeSet], second: Sequence[CodeSet]) -> float:
    """Chance-corrected agreement of two coders on an axis of one code.

    first, second  the code each coder gave to narrative i, as a set of one.
    Returns kappa in [-1, 1]: 1 is full agreement, 0 what chance gives.
    Raises AgreementError if there is no narrative, or if one code was used throughout (kappa is undefined).

    Source: Cohen (1960), Educational and Psychological Measurement 20(1), 37-46.
    """
    n = len(first)
    if n == 0:
        raise AgreementError("No narrative was coded by both coders.")
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    expected = sum(first.count(code) * second.count(code) for code in set(first)) / n**2
    if expected == 1:
        raise AgreementError("One code was used throughout, so kappa is undefined.")
    return (observed - expected) / (1 - expected)


def krippendorff_alpha(
    first: Sequence[CodeSet], second: Sequence[CodeSet], likeness: Callable[[CodeSet, CodeSet], float] = masi
) -> float:
    """Chance-corrected agreement of two coders on an axis of many codes, partial agreement counted.

    Raises AgreementError if there is no narrative, or if all codings are the same (alpha is undefined).

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, with distance 1 - likeness.
    """
    n = len(first)
    if n == 0:
        raise AgreementError("No narrative was coded by both coders.")
    observed = sum(1 - likeness(a, b) for a, b in zip(first, second, strict=True)) / n
    pooled = [*first, *second]
    kinds = {kind: pooled.count(kind) for kind in set(pooled)}
    apart = sum(kinds[a] * kinds[b] * (1 - likeness(a, b)) for a, b in product(kinds, kinds))
    expected = apart / (len(pooled) * (len(pooled) - 1))
    if expected == 0:
        raise AgreementError("All codings are the same, so alpha is undefined.")
    return 1 - observed / expected


def with_interval(
    statistic: Callable[[Sequence[CodeSet], Sequence[CodeSet]], float],
    first: Sequence[CodeSet],
    second: Sequence[CodeSet],
    *,
    n_rounds: int = 1000,
    seed: int = 0,
) -> Estimate:
    """A statistic of two coders with its 95% bootstrap interval over narratives; undefined rounds are left out."""
    rng = np.random.default_rng(seed)
    rounds: list[float] = []
    for _ in range(n_rounds):
        chosen: npt.NDArray[np.int64] = rng.integers(0, len(first), len(first))
        try:
            rounds.append(statistic([first[i] for i in chosen], [second[i] for i in chosen]))
        except AgreementError:
            continue
    low, high = np.percentile(rounds, [2.5, 97.5]) if rounds else (float("nan"), float("nan"))
    return Estimate(statistic(first, second), float(low), float(high))


def mean_likeness(first: Sequence[CodeSet], second: Sequence[CodeSet]) -> float:
    """Mean Jaccard likeness of two coders; on an axis of one code this is the share of equal codes."""
    return sum(jaccard(a, b) for a, b in zip(first, second, strict=True)) / len(first)
