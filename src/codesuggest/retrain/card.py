"""A model's card, made from its run: what it is of, how good it is, where it fails, and what it is for."""

from collections import Counter
from collections.abc import Iterator, Mapping

from codesuggest.audit import AxisAgreement, agreement_of
from codesuggest.domain import Taxonomy, TrainingIncident
from codesuggest.evaluate import Appraisal, appraise
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
    impersonal,
)
from codesuggest.report.evaluating import evaluation_document
from codesuggest.retrain.learner import identity
from codesuggest.retrain.running import Retrained
from codesuggest.snapshot import counts_of, sources_of
from codesuggest.suggest import Scorer

_ENOUGH = 20
"""Incidents coded twice from which on a ceiling is worth quoting."""

_MOST_CONFUSED = 8

_USE = Points(
    (
        ("For suggesting codes, ranked, to a person who reads the narrative and decides.",),
        (
            "Not for coding without a person, counting incidents, comparing departments or people, deciding on "
            "notification, or anything about a patient's care.",
        ),
        ("It knows the words of the report only, as this department wrote and coded them until the last date above.",),
        ("It may repeat habits of the coders it learnt from; the audit shows what these are.",),
    )
)


def appraisal_of(of: Retrained) -> Appraisal | None:
    """The challenger appraised on its gold, beside the champion; None where there is no gold."""
    learner = of.learner
    gold = learner.gold_narratives(learner.is_gold)
    if not gold:
        return None
    details = {
        identity(one): {"site": one.site, "month": f"{one.reported:%Y-%m}" if one.reported else ""}
        for one in learner.snapshot.gold_incidents
    }
    return appraise(Scorer(of.model, learner.embedder), gold, details=details)


def ceiling_of(of: Retrained) -> dict[str, AxisAgreement]:
    """How far two coders agree who saw no suggestions; nothing where too few incidents were coded twice."""
    pairs = of.collected.double_coded
    if len(pairs) < _ENOUGH:
        return {}
    first, second = ({str(n): pair[side] for n, pair in enumerate(pairs)} for side in (0, 1))
    return agreement_of(first, second, of.learner.taxonomy)


def evaluation_of(of: Retrained, appraisal: Appraisal) -> Document:
    """The whole report of the appraisal, as `codesuggest evaluate --report` makes it."""
    return evaluation_document(appraisal, of.learner.taxonomy, made=of.made[:10], ceiling=ceiling_of(of))


def card_document(of: Retrained, appraisal: Appraisal | None) -> Document:
    """The card as a document, without anything about single incidents or people."""
    learner, manifest = of.learner, of.model.manifest
    measured = _measured(of, appraisal) if appraisal else ()
    dates = sorted(one.reported for one in learner.snapshot.training if one.reported)
    facts: tuple[tuple[str, Cell], ...] = (
        ("Trained", manifest.created[:10]),
        ("Trained on", Count(float(manifest.data["n"]))),
        ("Reported", f"{dates[0]} to {dates[-1]}" if dates else NONE),
        ("Gold incidents, never trained on", Count(len(learner.snapshot.gold))),
        ("Snapshot", learner.snapshot.name),
        ("Taxonomy", f"{manifest.taxonomy} ({manifest.taxonomy_fingerprint[:12]})"),
        ("Redactor", manifest.redactor),
        ("Embedder", manifest.embedder),
    )
    sections = (
        Section("What it is for", (_USE,)),
        Section("What it learnt from", tuple(_learnt_from(of))),
        Section("Beside the model in use", tuple(_beside(of))),
        *measured,
        Section("On what it was kept from", tuple(_kept_from(of))),
    )
    return Document(manifest.name, of.made[:10], facts, _verdict(of), sections)


def confusions(appraisal: Appraisal, taxonomy: Taxonomy) -> Iterator[Table]:
    """By axis, a heat map of the right codes against those suggested in their place."""
    for axis, of in appraisal.axes.items():
        swaps = Counter((wrong.right[0], wrong.suggested) for wrong in of.wrong)
        codes = [code for code, _ in Counter(code for pair in swaps.elements() for code in pair).most_common()]
        shown = codes[:_MOST_CONFUSED]
        yield Table(
            f"{taxonomy.axis[axis].label}: right code (row) and first suggestion in its place (column)",
            ("", *shown),
            tuple((right, *(Count(swaps[right, wrong]) for wrong in shown)) for right in shown),
            chart=Chart(Kind.shades),
        )


def curve_table(of: Retrained, appraisal: Appraisal | None) -> Table:
    """hit@1 on gold by the number of incidents trained on."""
    axes = list(of.learner.taxonomy.axis)
    curve: dict[int, Mapping[str, Estimate]] = dict(of.beside.curve)
    if appraisal:
        found = {axis: figures.model["hit@1"] for axis, figures in appraisal.evaluation.axes.items()}
        curve[int(of.model.manifest.data["n"])] = found
    return Table(
        "First suggestion right on gold, by the number of incidents trained on",
        ("trained on", *axes),
        tuple((f"{n:,}", *(_cell(figures, axis) for axis in axes)) for n, figures in sorted(curve.items())),
        chart=Chart(Kind.lines, tuple(range(1, len(axes) + 1)), low=0, high=1),
    )


def _verdict(of: Retrained) -> Words:
    decision = of.comparison.decision
    champion = of.comparison.champion.model.manifest.name if of.comparison.champion else "none"
    may = "may replace" if decision.is_promotable else "may not replace"
    return (f"It {may} the model in use ({champion}). {' '.join(decision.reasons)}",)


def _measured(of: Retrained, appraisal: Appraisal) -> tuple[Section, ...]:
    kept = impersonal(evaluation_of(of, appraisal)).sections
    maps = Section("What is taken for what", tuple(confusions(appraisal, of.learner.taxonomy)))
    return (*kept[:-1], maps, kept[-1])


def _learnt_from(of: Retrained) -> Iterator[Block]:
    data, labels = of.model.manifest.data, of.learner.recipe.labels
    trained_on = [
        one for one, used in zip(of.learner.snapshot.incidents, of.learner.is_trained_on, strict=True) if used
    ]
    yield Table(
        "Where the codes come from, the most trusted first",
        ("source", "incidents", "share"),
        tuple((source, Count(n), Share(n, len(trained_on))) for source, n in sources_of(trained_on).items()),
        counted=1,
    )
    yield (
        "Of all labels, ",
        Number(float(data["accepted_share"]), Style.share),
        f" are a suggestion that was accepted; these count {labels.accepted:g} of a label. What a model suggested and "
        "a coder let stand may be its echo: judge by gold, which nobody was led on.",
    )
    yield Table(
        "Incidents by site",
        ("site", "trained on", "gold"),
        tuple(_by_site(of, trained_on)),
        counted=1,
    )
    for axis, counts in counts_of(trained_on).items():
        rows = tuple((code, of.learner.taxonomy.label(axis, code), Count(n)) for code, n in counts.items())
        yield Table(
            f"{of.learner.taxonomy.axis[axis].label}: incidents by code", ("code", "label", "incidents"), rows, 2
        )
    left_out = tuple((why, Count(n)) for why, n in of.collected.left_out.items())
    if left_out:
        yield Table("Left out", ("why", "incidents"), left_out, counted=1)


def _by_site(of: Retrained, trained_on: list[TrainingIncident]) -> Iterator[tuple[Cell, ...]]:
    sites = Counter(one.site for one in trained_on)
    gold = Counter(one.site for one in of.learner.snapshot.gold_incidents)
    for site in sorted({*sites, *gold}):
        yield site or "not known", Count(sites[site]), Count(gold[site])


def _beside(of: Retrained) -> Iterator[Block]:
    decision = of.comparison.decision
    yield Points(tuple((reason,) for reason in decision.reasons))
    rows = tuple(
        (
            one.about,
            Count(one.n),
            Number(one.champion),
            Number(one.challenger),
            Number(one.gain, Style.points),
            Number(one.low, Style.points),
            Number(-one.margin, Style.points),
            str(one.verdict),
        )
        for one in decision.findings
    )
    if rows and decision.rules:
        yield Table(
            "The gate's findings on gold that neither model was trained on",
            ("of", "incidents", "in use", "this", "gain, points", "at the worst", "allowed", "found"),
            rows,
            counted=1,
            note=f"At the worst: the lower bound of the gain, with {decision.rules.confidence:.0%} confidence.",
        )


def _kept_from(of: Retrained) -> Iterator[Block]:
    axes = list(of.learner.taxonomy.axis)
    parts = {"newest quarter": of.beside.newest} if of.beside.newest else {}
    parts |= {f"site {site}": figures for site, figures in sorted(of.beside.sites.items())}
    if parts:
        yield Table(
            "First suggestion right, by models trained without the part",
            ("part", *axes),
            tuple((part, *(_cell(figures, axis) for axis in axes)) for part, figures in parts.items()),
            note="The recipe's figures, not this very model's: it learnt from these parts, except for their gold.",
        )
    if of.beside.curve:
        yield curve_table(of, None)
    if not parts and not of.beside.curve:
        yield ("Too few incidents to keep any part back.",)


def _cell(figures: Mapping[str, Estimate], axis: str) -> Cell:
    return Figure(figures[axis], Style.share) if axis in figures else NONE
