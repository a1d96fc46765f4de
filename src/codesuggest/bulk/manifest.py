"""The manifest of a run: every row accounted for, and what may be expected of the codes. Ids and counts, no text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codesuggest.bulk.coding import PRE_CODED, coding_columns
from codesuggest.bulk.job import Described
from codesuggest.domain import Taxonomy
from codesuggest.metrics import exact_low
from codesuggest.rank import TARGETS

_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class AutomaticShare:
    """How much of one axis is coded automatically at one precision: here, and on the narratives it was chosen on.

    low  the exact lower bound of the precision on those, with 95% confidence.
    """

    target: float
    n_automatic: int
    held_out: int
    held_out_automatic: int
    held_out_right: int
    low: float


@dataclass(frozen=True, slots=True)
class RunManifest:
    """What a run did. `rows` counts them by status; they add up to those in `files`. None of them is confirmed.

    problems   the first thousand rows that have one: file, row, reason.
    whole      by precision, rows on which every axis is automatic.
    """

    run: str
    codesuggest: str
    model: str
    model_sha256: str
    taxonomy: str
    redactor: str
    embedder: str
    options: Sequence[Any]
    files: Sequence[Mapping[str, Any]]
    rows: Mapping[str, int]
    problems: Sequence[Sequence[Any]]
    n_problems: int
    carried: Sequence[str]
    withheld: Mapping[str, int]
    decisions: Mapping[str, Mapping[str, int]]
    automatic: Mapping[str, Sequence[AutomaticShare]]
    whole: Mapping[str, int]
    n_repeats: int
    n_confirmed: int = 0


class Tally:
    """Counts rows as they are written."""

    def __init__(self, described: Described) -> None:
        self._described = described
        self.taxonomy: Taxonomy = described.taxonomy
        self._status: Counter[str] = Counter()
        self._withheld: Counter[str] = Counter()
        self._carried: dict[str, None] = {}
        self._problems: list[tuple[str, int, str]] = []
        self._n_problems = 0
        self._decisions = {axis: Counter[str]() for axis in described.rules}
        self._automatic = {axis: [0] * len(TARGETS) for axis in described.rules}
        self._whole = [0] * len(TARGETS)

    def add(self, file: str, row: Mapping[str, Any]) -> None:
        """Count one row, as WorkFolder kept it."""
        self._status[row["status"]] += 1
        self._withheld.update(row["withheld"])
        if row["problem"]:
            self._n_problems += 1
            if len(self._problems) < _LISTED:
                self._problems.append((file, row["number"], row["problem"]))
        if row["status"] != PRE_CODED:
            return
        self._carried |= dict.fromkeys(row["cells"])
        reached = [
            [row["decisions"][a]["sure"] > r.threshold for r in rules] for a, rules in self._described.rules.items()
        ]
        for axis, of_axis in zip(self._described.rules, reached, strict=True):
            self._decisions[axis][row["decisions"][axis]["decision"]] += 1
            for number, is_automatic in enumerate(of_axis):
                self._automatic[axis][number] += is_automatic
        for number, all_axes in enumerate(zip(*reached, strict=True)):
            self._whole[number] += all(all_axes)

    def manifest(self, plan: Mapping[str, Any], files: Sequence[Mapping[str, Any]], n_repeats: int) -> RunManifest:
        """The counts with what the run was."""
        ours = set(coding_columns(self.taxonomy))
        return RunManifest(
            run=plan["run"],
            codesuggest=plan["codesuggest"],
            model=plan["model"][0],
            model_sha256=plan["model"][1],
            taxonomy=self.taxonomy.name,
            redactor=plan["redactor"],
            embedder=plan["embedder"],
            options=plan["options"],
            files=files,
            rows=dict(self._status),
            problems=self._problems,
            n_problems=self._n_problems,
            carried=[name for name in self._carried if name not in ours],
            withheld=dict(self._withheld),
            decisions={axis: dict(counts) for axis, counts in self._decisions.items()},
            automatic={axis: self._shares(axis) for axis in self._described.rules},
            whole={str(target): n for target, n in zip(TARGETS, self._whole, strict=True)},
            n_repeats=n_repeats,
        )

    def _shares(self, axis: str) -> list[AutomaticShare]:
        return [
            AutomaticShare(
                rule.target, n, rule.n, rule.n_automatic, rule.n_right, exact_low(rule.n_right, rule.n_automatic)
            )
            for rule, n in zip(self._described.rules[axis], self._automatic[axis], strict=True)
        ]
