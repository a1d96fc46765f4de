"""An appraisal of a model as a report: how accurate it is, for whom it is worse, and what it is worth."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from codesuggest.audit import AxisAgreement
from codesuggest.domain import Taxonomy
from codesuggest.evaluate.appraisal import SHARES, TARGETS, Appraisal
from codesuggest.metrics import Estimate
from codesuggest.report.document import (
    NONE,
    Block,
    Cell,
    Chart,
    Count,
    Document,
    Figure,
    Kind,
    Number,
    Points,
    Section,
    Share,
    Style,
    Table,
    Words,
)

_MOST_WRONG = 20
_KINDS = {"OO": "one and one", "OM": "one and many", "MO": "many and one", "MM": "many and many"}


@dataclass(frozen=True, slots=True)
class Workload:
    """What coding costs a department: minutes to code one incident unaided, and to check one whose codes are filled
    in, and incidents a year."""

    minutes: float = 6.0
    minutes_checked: float = 2.0
    incidents: int = 1000


def evaluation_document(
    appraisal: Appraisal,
    taxonomy: Taxonomy,
    *,
    made: str,
    ceiling: Mapping[str, AxisAgreement] | None = None,
    workload: Workload | None = None,
) -> Document:
    """The report of an appraisal; `ceiling` is how far a second coder agreed with gold."""
    says = _Says(appraisal, taxonomy, ceiling or {}, workload or Workload())
    sections = [
        Section("Accuracy on each axis", tuple(says.accuracy())),
        Section("The code and the group above it", tuple(says.levels())),
        Section("For whom it is worse", tuple(says.slices())),
        Section("Each code", tuple(says.codes())),
        Section("One code or many", tuple(says.kinds())),
        Section("Do the scores mean what they say", tuple(says.calibration())),
        Section("How long a list has to be", tuple(says.coverage())),
        Section("What could be checked instead of coded", tuple(says.workload_simulated())),
        *([Section(f"Beside {appraisal.other}", tuple(says.comparison()))] if appraisal.other else []),
        Section("Why it is wrong", tuple(says.causes())),
        Section("The surest errors", tuple(says.worst()), is_internal=True),
        Section("Method and limits", tuple(says.method())),
    ]
    of = appraisal.evaluation
    facts: tuple[tuple[str, Cell], ...] = (
        ("Model", of.model),
        ("Taxonomy", of.taxonomy),
        ("Gold incidents", Count(of.n)),
        ("Left out: trained on", Count(of.n_trained_on)),
        ("Compared with", appraisal.other or "ranking by frequency"),
    )
    return Document(f"How good {of.model} is", made, facts, says.verdict(), tuple(sections))


class _Says:
    """The sections, one a method."""

    def __init__(
        self, appraisal: Appraisal, taxonomy: Taxonomy, ceiling: Mapping[str, AxisAgreement], workload: Workload
    ) -> None:
        self._of, self._taxonomy, self._ceiling, self._workload = appraisal, taxonomy, ceiling, workload

    def verdict(self) -> Words:
        axes = self._of.evaluation.axes
        best = max(axes, key=lambda axis: axes[axis].model["hit@1"].value)
        worst = min(axes, key=lambda axis: axes[axis].model["hit@1"].value)
        words: list[Cell] = [f"The first suggestion is right most often on {self._label(best)}, "]
        words += [_share(axes[best].model["hit@1"]), f", and least often on {self._label(worst)}, "]
        words += [_share(axes[worst].model["hit@1"]), "; a right one is among the first five there "]
        words += [_share(self._of.axes[worst].any_in_first.get(5, axes[worst].model["hit@1"])), " of the time. "]
        if worst in self._ceiling:
            words += ["A second coder reaches ", Number(self._ceiling[worst].f1.value, Style.plain)]
            words += [" of micro F1 on it, the model ", Number(axes[worst].model["micro_f1"].value), ". "]
        words += self._worse_for()
        minutes = self._saved(0.95)
        words += ["Checking instead of coding where 95% can be expected would save about "]
        words += [Number(minutes * self._workload.incidents / 60, Style.whole)]
        words += [" hours in ", Count(self._workload.incidents), " incidents."]
        return tuple(words)

    def accuracy(self) -> Iterator[Block]:
        head = ("axis", "incidents", "first is right", "by frequency", "recall at 3", "recall at 5", "mean rank")
        yield Table(
            "How often the first suggestion is right, and how many right codes are among the first three and five",
            head,
            tuple(
                (
                    self._label(axis),
                    Count(of.n),
                    _share(of.model["hit@1"]),
                    _share(of.by_frequency["hit@1"]),
                    _share(of.model["recall@3"]),
                    _share(of.model["recall@5"]),
                    Figure(of.model["mean_rank"], Style.rank),
                )
                for axis, of in self._of.evaluation.axes.items()
            ),
            counted=1,
            chart=Chart(Kind.intervals, (2, 3), low=0, high=1),
            note="By frequency: suggesting always the codes that training had most often.",
        )
        yield Table(
            "The codes that would be given without a person, beside a second coder",
            ("axis", "incidents", "micro F1", "macro F1", "second coder, micro F1", "incidents of both"),
            tuple(
                (
                    self._label(axis),
                    Count(of.n),
                    Figure(of.model["micro_f1"]),
                    Figure(of.model["macro_f1"]),
                    Figure(self._ceiling[axis].f1) if axis in self._ceiling else NONE,
                    Count(self._ceiling[axis].n) if axis in self._ceiling else NONE,
                )
                for axis, of in self._of.evaluation.axes.items()
            ),
            counted=1,
            chart=Chart(Kind.intervals, (2, 4) if self._ceiling else (2,), low=0, high=1),
            note="The second coder had the text and the guidelines only, and is measured against the same codes: no "
            "model can be expected to do better than that. Macro F1: every code counts alike, rare ones too.",
        ).trimmed

    def levels(self) -> Iterator[Block]:
        rows = tuple(
            (self._label(axis), Count(of.n), _share(of.model["hit@1"]), _share(parent))
            for axis, of in self._of.evaluation.axes.items()
            if (parent := self._of.axes[axis].parent)
        )
        yield Table(
            "First suggestion right, at the level of the code and of its group",
            ("axis", "incidents", "code", "group"),
            rows,
            counted=1,
            chart=Chart(Kind.intervals, (2, 3), low=0, high=1),
            note="Only axes whose codes have groups.",
        )

    def slices(self) -> Iterator[Block]:
        for kind, slices in self._of.slices.items():
            axes = list(self._of.axes)
            yield Table(
                f"First suggestion right, by {kind}",
                (kind, "incidents", "all axes", "against the rest, points", *(self._label(axis) for axis in axes)),
                tuple(
                    (
                        name,
                        Count(of.n),
                        _share(of.overall),
                        Figure(of.gap, Style.points),
                        *(Number(of.axes[axis].value, Style.share) for axis in axes),
                    )
                    for name, of in slices.items()
                ),
                counted=1,
                chart=Chart(Kind.intervals, (2,), self._mean(), 0, 1),
                note="Dashed: all gold together. All axes: mean over an incident's axes.",
            )
        if not self._of.slices:
            yield ("Gold says nothing of sites, dates, reporters or lengths.",)

    def codes(self) -> Iterator[Block]:
        for axis, of in self._of.axes.items():
            yield Table(
                f"{self._label(axis)}: found and rightly given, by code",
                ("code", "incidents", "found", "given", "rightly given"),
                tuple(
                    (self._coded(axis, c.code), Count(c.n), _share(c.recall), Count(c.n_given), _share(c.precision))
                    for c in of.codes
                ),
                counted=1,
                note="Of the incidents that have the code, how many the model would give it to; of those it would "
                "give it to, how many have it. A code on few incidents has a wide interval.",
            )

    def kinds(self) -> Iterator[Block]:
        many = {axis: of for axis, of in self._of.axes.items() if self._taxonomy.axis[axis].many}
        for axis, of in many.items():
            yield Table(
                f"{self._label(axis)}: how many codes people gave, and the model",
                ("people and model", "incidents", "exactly the same codes"),
                tuple((_KINDS[kind], Count(k.n), Share(k.n_same, k.n)) for kind, k in of.kinds.items()),
                counted=1,
            )
        if not many:
            yield ("Every axis takes one code.",)

    def calibration(self) -> Iterator[Block]:
        yield Table(
            "Distance of score from share right (expected calibration error of the first suggestion)",
            ("axis", "incidents", "distance", "by chance alone"),
            tuple(
                (self._label(axis), Count(of.n), Figure(of.model["ece"]), Number(self._of.axes[axis].ece_by_chance))
                for axis, of in self._of.evaluation.axes.items()
            ),
            counted=1,
            note="By chance alone: what perfectly calibrated scores would show on as many incidents.",
        )
        for axis, of in self._of.axes.items():
            yield Table(
                f"{self._label(axis)}: incidents of like score, from the least sure to the surest",
                ("mean score", "incidents", "score", "share right"),
                tuple((f"{b.score:.0%}", Count(b.n), Number(b.score, Style.share), _share(b.right)) for b in of.bins),
                counted=1,
                chart=Chart(Kind.lines, (3, 2), low=0, high=1),
            )

    def coverage(self) -> Iterator[Block]:
        for axis, of in self._of.axes.items():
            yield Table(
                f"{self._label(axis)}: right codes in a list of so many",
                ("list of", "incidents", "holds one right code", "holds all right codes"),
                tuple(
                    (str(k), Count(self._of.evaluation.axes[axis].n), _share(one), _share(of.all_in_first[k]))
                    for k, one in of.any_in_first.items()
                ),
                counted=1,
                chart=Chart(Kind.lines, (2, 3), low=0, high=1),
            )

    def workload_simulated(self) -> Iterator[Block]:
        yield (
            "If only the surest suggestions are filled in, to be checked by a coder, and the others coded as before: "
            "how right are those filled in, and how many are they?",
        )
        yield Table(
            "Share right among the surest suggestions",
            ("surest", *(self._label(axis) for axis in self._of.axes)),
            tuple((f"{share:.0%}", *(_share(of.by_share[share]) for of in self._of.axes.values())) for share in SHARES),
            chart=Chart(Kind.lines, tuple(range(1, len(self._of.axes) + 1)), 0.95, high=1),
            note="Dashed: 95%.",
        )
        for target in TARGETS:
            yield self._at(target)

    def comparison(self) -> Iterator[Block]:
        yield Table(
            f"First suggestion right: {self._of.evaluation.model} and {self._of.other} on the same incidents",
            ("axis", "incidents", "this", "the other", "difference, points", "only this", "only the other", "p"),
            tuple(
                (
                    self._label(axis),
                    Count(c.n),
                    Number(c.first, Style.share),
                    Number(c.second, Style.share),
                    Figure(c.difference, Style.points),
                    Count(c.n_only_first),
                    Count(c.n_only_second),
                    f"{c.p_value:.3f}",
                )
                for axis, c in self._of.comparison.items()
            ),
            counted=1,
            chart=Chart(Kind.intervals, (4,), 0),
            note="p: McNemar's exact test of the incidents on which only one of them is right.",
        )

    def causes(self) -> Iterator[Block]:
        for axis, of in self._of.axes.items():
            causes = Counter(wrong.cause for wrong in of.wrong)
            swaps = Counter((wrong.right[0], wrong.suggested) for wrong in of.wrong)
            yield Table(
                f"{self._label(axis)}: first suggestions that are wrong, by cause",
                ("cause", "errors", "share"),
                tuple((str(cause), Count(n), Share(n, len(of.wrong))) for cause, n in causes.most_common()),
                counted=1,
            )
            yield Table(
                f"{self._label(axis)}: most often suggested in place of the right code",
                ("right", "suggested", "errors"),
                tuple(
                    (self._coded(axis, right), self._coded(axis, wrong), Count(n))
                    for (right, wrong), n in swaps.most_common(6)
                ),
                counted=2,
            )

    def worst(self) -> Iterator[Block]:
        wrong = sorted(
            ((axis, w) for axis, of in self._of.axes.items() for w in of.wrong), key=lambda item: -item[1].score
        )
        yield Table(
            "The wrong suggestions with the highest scores",
            ("incident", "axis", "suggested", "score", "right", "its rank", "cause"),
            tuple(
                (
                    w.id,
                    self._label(axis),
                    w.suggested,
                    Number(w.score, Style.share),
                    ", ".join(w.right),
                    Number(w.rank, Style.whole),
                    str(w.cause),
                )
                for axis, w in wrong[:_MOST_WRONG]
            ),
            note="Some of them may be gold's errors: look at them first.",
        )

    def method(self) -> Iterator[Block]:
        yield Points(
            (
                ("Gold: incidents with settled codes, none of which the model was trained on, by their text.",),
                ("Intervals: 95%, by bootstrap samples of incidents; of plain shares, Wilson's.",),
                ("Thresholds are chosen on one half of gold and tried on the other, both ways round.",),
                (
                    "The minutes are the department's own and are assumed alike for every axis: no time was measured. "
                    "A filled-in suggestion is still looked at by a coder, who may follow it without thinking; see "
                    "blind against assisted coding in the audit.",
                ),
                (
                    "Figures hold for incidents like gold's. Elsewhere, or written in another way, they may be lower; "
                    "see for whom. Whoever coded gold may err too: none of this is the truth.",
                ),
            )
        )

    def _worse_for(self) -> list[Cell]:
        """The part of gold on which the model is most clearly worse than on the rest."""
        found = [
            (part.gap.high, kind, name, part)
            for kind, slices in self._of.slices.items()
            for name, part in slices.items()
            if part.gap.high < 0
        ]
        if not found:
            return ["On no part of gold is it clearly worse than on the rest. "] if self._of.slices else []
        _, kind, name, worst = min(found, key=lambda item: item[0])
        return [f"It is clearly worse for {kind} {name}: ", Figure(worst.gap, Style.points), " points over all axes. "]

    def _at(self, target: float) -> Table:
        handled = {axis: next(h for h in of.handled if h.target == target) for axis, of in self._of.axes.items()}
        saved = (self._workload.minutes - self._workload.minutes_checked) / len(self._of.axes)
        rows: list[tuple[Cell, ...]] = [
            (
                self._label(axis),
                Count(h.n),
                Number(h.share, Style.share),
                Number(h.accuracy, Style.share),
                Number(h.share * saved * self._workload.incidents, Style.whole),
            )
            for axis, h in handled.items()
        ]
        total = Number(self._saved(target) * self._workload.incidents, Style.whole)
        rows.append(("all axes", NONE, NONE, NONE, total))
        return Table(
            f"Filled in where {target:.0%} right can be expected",
            ("axis", "gold incidents", "share filled in", "right among them", "minutes saved"),
            tuple(rows),
            counted=1,
            note=f"Of {self._workload.incidents:,} incidents at {self._workload.minutes:g} minutes to code and "
            f"{self._workload.minutes_checked:g} to check, spread evenly over the axes.",
        )

    def _saved(self, target: float) -> float:
        """Minutes saved an incident."""
        shares = [next(h.share for h in of.handled if h.target == target) for of in self._of.axes.values()]
        return float(np.mean(shares)) * (self._workload.minutes - self._workload.minutes_checked)

    def _mean(self) -> float:
        return float(np.mean([of.model["hit@1"].value for of in self._of.evaluation.axes.values()]))

    def _label(self, axis: str) -> str:
        return self._taxonomy.axis[axis].label

    def _coded(self, axis: str, code: str) -> str:
        label = self._taxonomy.label(axis, code)
        return code if code == label else f"{code} {label}"


def _share(estimate: Estimate) -> Figure:
    return Figure(estimate, Style.share)
