"""The coded narratives that every peer is given alike: the same training rows, the same test rows, the same order."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from codesuggest.domain import Codes, Embeddings, Narrative, Taxonomy, Truth
from codesuggest.read import Columns, NarrativeReader, read_narratives
from codesuggest.taxonomy.table import taxonomy_from_codings

SETS = {
    "osha_imis": ("event_type", "nature_of_injury", "part_of_body", "environmental_factor", "human_factor"),
    "nhs_feedback_p1": ("category", "subcategory", "criticality"),
    "asrs_synopses": ("contributing_factors", "primary_problem"),
}
MANY = ("contributing_factors",)


@dataclass(frozen=True, eq=False)
class Incidents:
    """Coded narratives with their embeddings, shape (n, dim); and when each was reported, where that is known."""

    texts: tuple[str, ...]
    codings: tuple[Codes, ...]
    vectors: Embeddings
    dates: tuple[dt.date, ...] = ()

    def take(self, rows: npt.NDArray[np.intp]) -> "Incidents":
        """Those of some rows."""
        return Incidents(
            tuple(self.texts[row] for row in rows),
            tuple(self.codings[row] for row in rows),
            self.vectors[rows],
            tuple(self.dates[row] for row in rows) if self.dates else (),
        )


@dataclass(frozen=True, eq=False)
class Sample:
    """What is trained on and what is measured on, in one round. `size` is 'all' or a number of narratives."""

    data: str
    size: str
    seed: int
    taxonomy: Taxonomy
    train: Incidents
    test: Incidents


@dataclass(frozen=True, eq=False)
class Cell:
    """One axis of a sample.

    codes     every code of the axis, those that training has most of first, so that ties fall to the likelier code.
    train     the training narratives that are coded on the axis; `given` says with what, shape (n, n_codes).
    test      the same of the test part, with `right`.
    coded     rows of the sample's test part that `test` holds.
    trained   rows of the sample's training part that `train` holds.
    """

    sample: Sample
    axis: str
    exclusive: bool
    codes: tuple[str, ...]
    train: Incidents
    given: Truth
    test: Incidents
    right: Truth
    coded: npt.NDArray[np.intp]
    trained: npt.NDArray[np.intp]

    @property
    def name(self) -> str:
        """Data, axis, size and seed."""
        return f"{self.sample.data}.{self.axis}.{self.sample.size}.{self.sample.seed}"


def read_texts(folder: Path) -> list[Narrative]:
    """Every narrative of a data set in the order of its file, with its codes."""
    axes = SETS[folder.name]
    reader = NarrativeReader(max_chars=1_000_000)
    rows = read_narratives(folder / "data.csv", reader, Columns(codes={axis: axis for axis in axes}))
    return [row for row in rows if isinstance(row, Narrative)]


def make_sample(
    folder: Path, narratives: Sequence[Narrative], vectors: Embeddings, size: str, *, seed: int, most_tested: int
) -> Sample:
    """`size` narratives of the training part, and the test part thinned to `most_tested`."""
    axes = SETS[folder.name]
    with (folder / "split.csv").open(newline="", encoding="utf-8") as file:
        part = {row["id"]: row["split"] for row in csv.DictReader(file)}
    incidents = Incidents(
        tuple(n.text for n in narratives),
        tuple({axis: n.existing_codes.get(axis, ()) for axis in axes} for n in narratives),
        vectors,
    )
    train = np.flatnonzero([part[n.id] == "train" for n in narratives])
    test = np.flatnonzero([part[n.id] == "test" for n in narratives])
    n_train = len(train) if size == "all" else min(int(size), len(train))
    return Sample(
        data=folder.name,
        size=size,
        seed=seed,
        taxonomy=taxonomy_from_codings(incidents.codings, axes, name=folder.name.replace("_", "-"), many=MANY),
        train=incidents.take(np.sort(np.random.default_rng(seed).permutation(train)[:n_train])),
        test=incidents.take(np.sort(np.random.default_rng(0).permutation(test)[:most_tested])),
    )


def cells(sample: Sample) -> list[Cell]:
    """One cell an axis."""
    return [_cell(sample, axis) for axis in sample.taxonomy.axis]


def _cell(sample: Sample, axis: str) -> Cell:
    often = Counter(code for coding in sample.train.codings for code in coding[axis])
    codes = tuple(sorted(sample.taxonomy.by_code[axis], key=lambda code: (-often[code], code)))
    given, right = _truth(sample.train, axis, codes), _truth(sample.test, axis, codes)
    trained, coded = np.flatnonzero(given.any(axis=1)), np.flatnonzero(right.any(axis=1))
    return Cell(
        sample,
        axis,
        exclusive=not sample.taxonomy.axis[axis].many,
        codes=codes,
        train=sample.train.take(trained),
        given=given[trained],
        test=sample.test.take(coded),
        right=right[coded],
        coded=coded,
        trained=trained,
    )


def _truth(incidents: Incidents, axis: str, codes: Sequence[str]) -> Truth:
    column = {code: number for number, code in enumerate(codes)}
    truth = np.zeros((len(incidents.codings), len(codes)), dtype=bool)
    for row, coding in enumerate(incidents.codings):
        truth[row, [column[code] for code in coding[axis]]] = True
    return truth
