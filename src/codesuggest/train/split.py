"""Which narratives train and which are held out, so that a figure measured on the latter is honest."""

import csv
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from codesuggest.domain import Narrative
from codesuggest.errors import RecipeError
from codesuggest.train.recipe import SplitPart

Kept = npt.NDArray[np.bool_]


def training_rows(
    split: SplitPart, narratives: Sequence[Narrative], groups: Callable[[], npt.NDArray[np.int32]], seed: int
) -> Kept:
    """Which of n narratives train, shape (n,).

    groups  gives each narrative's near-duplicate group; asked for only by the random split.
    Raises RecipeError if a narrative lacks the column that the split needs, or if nothing is left to train on.
    """
    if split.by == "none" or not narratives:
        return np.ones(len(narratives), dtype=bool)
    if split.by == "random":
        kept = _random(groups(), split.share, seed)
    else:
        values = _values(split, narratives)
        kept = {"column": _column, "site": _site, "time": _time}[split.by](split, values)
    if not kept.any():
        raise RecipeError(f"split: no narrative is left to train on (by = '{split.by}', column = '{split.column}').")
    return kept


def _values(split: SplitPart, narratives: Sequence[Narrative]) -> list[str]:
    apart = _read_apart(split.file, split.column) if split.file else None
    values = []
    for narrative in narratives:
        value = apart.get(narrative.id, "") if apart is not None else narrative.details.get(split.column, "")
        if not value:
            raise RecipeError(
                f"split: incident {narrative.id} has no '{split.column}' in "
                f"{split.file.name if split.file else 'its row'}. Fill it in, or split by something else."
            )
        values.append(value)
    return values


def _read_apart(path: Path, column: str) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            return {row["id"]: row[column] for row in rows}
    except OSError as error:
        raise RecipeError(f"split.file {path}: cannot be opened ({error.strerror}).") from error
    except KeyError as error:
        raise RecipeError(f"split.file {path}: no column {error}. Expected 'id' and '{column}'.") from error


def _column(split: SplitPart, values: Sequence[str]) -> Kept:
    return np.isin(values, split.train)


def _site(split: SplitPart, values: Sequence[str]) -> Kept:
    return np.asarray(~np.isin(values, split.hold_out), dtype=bool)


def _time(split: SplitPart, values: Sequence[str]) -> Kept:
    """The oldest train: all dates up to the one at which the share to hold out begins."""
    dates = np.array([_ordinal(value, split.column) for value in values])
    first_held_out = np.sort(dates)[round(len(dates) * (1 - split.share))]
    return np.asarray(dates < first_held_out, dtype=bool)


def _ordinal(value: str, column: str) -> int:
    try:
        return dt.date.fromisoformat(value if len(value) > 4 else f"{value}-01-01").toordinal()
    except ValueError as error:
        raise RecipeError(f"split: '{column}' holds something that is no date such as 2026-03-14.") from error


def _random(groups: npt.NDArray[np.int32], share: float, seed: int) -> Kept:
    """Whole groups are held out until their narratives make up the share."""
    order = np.random.default_rng(seed).permutation(groups.max() + 1)
    sizes = np.bincount(groups)[order]
    held_out = order[np.cumsum(sizes) <= share * len(groups)]
    return np.asarray(~np.isin(groups, held_out), dtype=bool)
