"""An appraisal of a model as a report: how accurate it is, for whom it is worse, and what it is worth."""

from collections.abc import Iterator, Mapping

from codesuggest.audit import AxisAgreement
from codesuggest.domain import Taxonomy
from codesuggest.evaluate.appraisal import Appraisal
from codesuggest.evaluate.measuring import AxisEvaluation
from codesuggest.evaluate.slices import ENOUGH
from codesuggest.evaluate.studies import Studies
from codesuggest.report import accuracy, mistakes, studying, usefulness
from codesuggest.report.appraised import Appraised, Workload
from codesuggest.report.document import (
    Block,
    Cell,
    Count,
    Document,
    Figure,
    Number,
    Points,
    Section,
    Style,
    Words,
)

_AIMS = (0.95, 0.90, 0.80)
"""Shares right at which the verdict looks what could be filled in, the first that is worth while."""

_MUCH = 0.02


def evaluation_document(
    appraisal: Appraisal,
    taxonomy: Taxonomy,
    *,
    made: str,
    ceiling: Mapping[str, AxisAgreement] | None = None,
    workload: Workload | None = None,
    studies: Studies | None = None,
) -> Document:
    """The report of an appraisal.

    ceiling  how far a second coder agreed with gold.
    studies  models trained anew, for the learning curve, the splits and the cost of redaction.
    """
    of = Appraised(appraisal, taxonomy, ceiling or {}, workload or Workload(), studies)
    sections = (
        Section("Accuracy on each axis", tuple(accuracy.accuracy(of))),
        Section("The code and the group above it", tuple(accuracy.levels(of))),
        Section("For whom it is worse", tuple(accuracy.slices(of))),
        *_studied(of),
        Section("What it is worth", tuple(usefulness.worth(of))),
        Section("How long a list has to be", tuple(usefulness.lists(of))),
        Section("Do the scores mean what they say", tuple(usefulness.calibration(of))),
        *([Section(f"Beside {appraisal.other}", tuple(studying.comparison(of)))] if appraisal.other else []),
        Section("Why it is wrong", tuple(mistakes.causes(of))),
        Section("The surest errors", tuple(mistakes.worst(of)), is_internal=True),
        Section("One code or several", tuple(accuracy.kinds(of))),
        Section("Each code", tuple(accuracy.codes(of))),
        Section("Method and limits", tuple(_method(of))),
    )
    measured = appraisal.evaluation
    facts: tuple[tuple[str, Cell], ...] = (
        ("Model", measured.model),
        ("Taxonomy", measured.taxonomy),
        ("Gold incidents", Count(measured.n)),
        ("Left out: trained on", Count(measured.n_trained_on)),
        ("Compared with", appraisal.other or "always the commonest code"),
    )
    told = tuple(section for section in sections if section.blocks)
    return Document(f"How good the model {measured.model} is", made, facts, _verdict(of), told)


def _studied(of: Appraised) -> Iterator[Section]:
    if of.studies:
        yield Section("On a new site and later", tuple(studying.splits(of, of.studies)))
        yield Section("How much coding it takes", tuple(studying.curve(of, of.studies)))
        if of.studies.redaction:
            yield Section("What redaction costs", tuple(studying.redaction(of, of.studies)))


def _verdict(of: Appraised) -> Words:
    axes, appraisal = of.appraisal.evaluation.axes, of.appraisal
    best = max(axes, key=lambda axis: axes[axis].model["hit@1"].value)
    worst = min(axes, key=lambda axis: axes[axis].model["hit@1"].value)
    words: list[Cell] = ["The first suggestion is right ", Figure(appraisal.overall, Style.share)]
    words += [" of the time over all axes"]
    if appraisal.second:
        words += ["; a second coder is ", Figure(appraisal.second, Style.share)]
    else:
        words += ["; how often people would be is not known, for none coded gold twice"]
    words += [f". It is best on {of.label(best)}, ", *_beside_commonest(axes[best])]
    words += [" by always taking the commonest code"]
    if worst != best:
        words += [f"; and weakest on {of.label(worst)}, ", *_beside_commonest(axes[worst])]
    words += [". "]
    words += [*_worse_for(of), *_misses(of)]
    return (*words, *_worth(of))


def _beside_commonest(found: AxisEvaluation) -> Words:
    first, commonest = found.model["hit@1"], found.by_frequency["hit@1"]
    return Figure(first, Style.share), " against ", Figure(commonest, Style.share)


def _worth(of: Appraised) -> Words:
    """The hours saved at the highest accuracy at which anything much can be filled in."""
    targets = [target for target in _AIMS if of.filled_in(target).share.value >= _MUCH]
    if not targets:
        return (
            "Hardly any suggestion is sure enough to be filled in, even where four in five right would do: what it is "
            "worth is a short list to choose from.",
        )
    highest = targets[0]
    words: list[Cell] = [
        f"Filled in only where {highest:.0%} right can be expected, and checked by a coder, suggestions "
    ]
    words += ["would save about ", Figure(of.hours_saved(highest), Style.whole)]
    words += [" of the ", Number(of.workload.hours, Style.whole), " hours that ", Count(of.workload.incidents)]
    words += [" incidents take"]
    words += [f"; hardly any is sure enough for {_AIMS[0]:.0%}." if highest != _AIMS[0] else "."]
    return tuple(words)


def _worse_for(of: Appraised) -> list[Cell]:
    if not of.appraisal.slices:
        return []
    found, kinds = accuracy.clearly_worse(of), " or ".join(of.appraisal.slices)
    if found is None:
        return [f"By {kinds}, which is all that gold tells, no part is clearly worse than the rest. "]
    kind, name, gap = found
    return [f"It is clearly worse for {kind} {name}: ", Figure(gap, Style.points), " points against the rest. "]


def _misses(of: Appraised) -> list[Cell]:
    codes = accuracy.missed(of)
    if not codes:
        return []
    n = sum(code.n >= ENOUGH for found in of.appraisal.axes.values() for code in found.codes)
    (axis, worst), *_ = codes
    words: list[Cell] = [
        f"Of {n} codes that ten incidents or more have it would mostly miss {len(codes)}, most of all "
    ]
    words += [f"{of.coded(axis, worst.code)} ({of.label(axis)}), found in ", Figure(worst.recall, Style.share), ". "]
    return words


def _method(of: Appraised) -> Iterator[Block]:
    items = [
        "Gold: incidents with settled codes, none of which the model was trained on, by their text.",
        "Intervals: 95%, in brackets, by bootstrap samples of incidents; of plain shares, Wilson's. Where a part is "
        "compared with the rest, the interval of the difference decides, not whether two intervals overlap.",
        "Shortlists are conformal: thresholds are read off training incidents that the model had not seen.",
        "Filled in: thresholds are chosen on one half of gold and tried on the other, both ways round.",
        "The minutes are the department's own and are assumed alike for every axis: no time was measured. A filled-in "
        "suggestion is still looked at by a coder, who may follow it without thinking; see blind against assisted "
        "coding in the audit.",
        "Of many parts compared with the rest, one in twenty will look worse or better by chance alone.",
        "Figures hold for incidents like gold's. Elsewhere, or written in another way, they may be lower; see for "
        "whom. Whoever coded gold may err too: none of this is the truth.",
    ]
    if of.studies:
        items.insert(
            1,
            f"On a new site, by number of incidents, and redaction: models trained anew as the recipe "
            f"{of.studies.recipe} says, for this report only. Curve and cost are measured on gold.",
        )
    else:
        items.append(
            "Not measured here: new sites, later times, the learning curve, and what redaction costs (--recipe)."
        )
    yield Points(tuple((item,) for item in items))
