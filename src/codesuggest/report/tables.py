"""Results as tables for the terminal and as JSON: the same numbers in both."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from codesuggest.audit import AxisAgreement
from codesuggest.domain import Codes, SuggestedIncident, Suggestion, Taxonomy
from codesuggest.evaluate import Evaluation
from codesuggest.metrics import Estimate
from codesuggest.redaction.check import RedactionCheck, Share, TypeCheck

FIGURES = ("hit@1", "recall@3", "recall@5", "mean_rank", "macro_f1", "micro_f1", "ndcg@5", "ece")


def incident_json(incident: SuggestedIncident) -> dict[str, Any]:
    """One incident's suggestions in the documented shape of JSON Lines and of the service."""
    return {
        "id": incident.id,
        "redacted": incident.redacted,
        "axes": {axis: [asdict(suggestion) for suggestion in ranked] for axis, ranked in incident.axes.items()},
        "shortlists": {axis: list(codes) for axis, codes in incident.shortlists.items()},
        "unsettled": {axis: asdict(unsettled) for axis, unsettled in incident.unsettled.items()},
        "conflicts": [asdict(conflict) for conflict in incident.conflicts],
        "similar": [asdict(similar) for similar in incident.similar],
        "notice": incident.notice,
        "existing_codes": {axis: list(codes) for axis, codes in incident.existing_codes.items()},
        "model": incident.model,
        "taxonomy": incident.taxonomy,
    }


def incident_rows(incident: SuggestedIncident) -> list[list[str]]:
    """One incident's suggestions as rows of id, axis, rank, code, label, score, model, taxonomy."""
    return [
        [incident.id, axis, str(s.rank), s.code, s.label, f"{s.score:.4f}", incident.model, incident.taxonomy]
        for axis, ranked in incident.axes.items()
        for s in ranked
    ]


INCIDENT_COLUMNS = ["id", "axis", "rank", "code", "label", "score", "model", "taxonomy"]


def incident_table(incident: SuggestedIncident, taxonomy: Taxonomy) -> str:
    """One incident's suggestions to read: the redacted narrative, then each axis with its codes, best first.

    A star marks the codes of the shortlist.
    """
    lines = textwrap.wrap(f"{incident.id}  {incident.redacted}", width=100)
    if incident.existing_codes:
        lines.append(f"Already coded - {_codes(incident.existing_codes, taxonomy)}")
    if incident.notice:
        lines += ["", f"Little evidence. {incident.notice}"]
    width = max((len(s.code) for ranked in incident.axes.values() for s in ranked), default=0)
    for axis, ranked in incident.axes.items():
        lines += ["", taxonomy.axis[axis].label, *_axis_lines(incident, axis, ranked, taxonomy, width)]
    if incident.conflicts:
        lines += ["", "Check", *(f"  {conflict.message}" for conflict in incident.conflicts)]
    if incident.similar:
        lines += ["", "Similar incidents, as they were coded"]
        lines += [f"  {s.similarity:.2f}  {s.id}  {_codes(s.codes, taxonomy)}" for s in incident.similar]
    return "\n".join(lines)


def _axis_lines(
    incident: SuggestedIncident, axis: str, ranked: Sequence[Suggestion], taxonomy: Taxonomy, width: int
) -> Iterator[str]:
    shortlist = incident.shortlists.get(axis, ())
    for s in ranked:
        is_listed = not {s.code, _parent(taxonomy, axis, s.code)}.isdisjoint(shortlist)
        star = "*" if is_listed else " "
        yield f"  {s.rank} {star} {s.score:>6.1%}  {_bar(s.score)}  {s.code:<{width}}  {s.label}"
    if ranked and ranked[0].words:
        words = ", ".join(incident.redacted[start:end] for start, end in ranked[0].words)
        yield f"      {ranked[0].code} because of: {words}"
    if unsettled := incident.unsettled.get(axis):
        yield from textwrap.wrap(
            f"{unsettled.reason} {unsettled.question}", 100, initial_indent="      ", subsequent_indent="      "
        )


def _parent(taxonomy: Taxonomy, axis: str, code: str) -> str:
    known = taxonomy.by_code.get(axis, {}).get(code)
    return known.parent or code if known else code


def _codes(codes: Codes, taxonomy: Taxonomy) -> str:
    labels = {key: axis.label for key, axis in taxonomy.axis.items()}
    return "; ".join(f"{labels.get(axis, axis)}: {', '.join(given)}" for axis, given in codes.items() if given)


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation with every figure's interval."""
    return asdict(evaluation)


def evaluation_table(evaluation: Evaluation) -> str:
    """An evaluation to read: a row an axis and figure, the model beside ranking by frequency."""
    lines = [
        f"Model {evaluation.model} on {evaluation.n:,} gold narratives, taxonomy {evaluation.taxonomy}.",
        "95% bootstrap intervals; in the last column codes are ranked by how often training had them.",
    ]
    if evaluation.n_trained_on:
        lines.append(f"Left out: {evaluation.n_trained_on:,} narratives that the model was trained on.")
    for axis, result in evaluation.axes.items():
        unknown = f", {result.n_unknown} codes unknown to the model" if result.n_unknown else ""
        lines += ["", f"{axis} ({result.n:,} narratives{unknown})"]
        rows = [(name, _shown(name, result.model[name]), _shown(name, result.by_frequency[name])) for name in FIGURES]
        lines += aligned([("figure", "model", "by frequency"), *rows])
    return "\n".join(lines)


def agreement_table(axes: Mapping[str, AxisAgreement]) -> str:
    """The agreement of two coders to read: a row an axis."""
    n = next(iter(axes.values())).n
    rows = [
        (
            axis,
            _shown("", result.likeness),
            _shown("", result.chance_corrected),
            _shown("", result.f1),
            "" if result.floor is None else f"{result.floor:.2f} {'met' if result.meets_floor else 'MISSED'}",
        )
        for axis, result in axes.items()
    ]
    head = ("axis", "codes in common", "beyond chance", "micro F1", "floor")
    notes = (
        f"Two coders, {n:,} incidents, 95% bootstrap intervals. Codes in common: mean Jaccard likeness. Beyond chance:",
        "Cohen's kappa on axes of one code, Krippendorff's alpha (MASI) on axes of many.",
    )
    little = ", ".join(axis for axis, result in axes.items() if result.says_little)
    more = (
        f"{little}: the coders hardly differ, but nearly all incidents have one code; beyond chance says little there."
    )
    return "\n".join([*notes, *aligned([head, *rows]), *([more] if little else [])])


def redaction_json(check: RedactionCheck) -> dict[str, Any]:
    """A redaction check with every share's lower bound; leaks by id, type and place."""

    def share(of: Share) -> dict[str, float]:
        return {"n": of.n, "of": of.of, "value": of.value, "low": of.low}

    def figures(of: TypeCheck) -> dict[str, Any]:
        return {"recall": share(of.recall), "characters": share(of.characters), "precision": share(of.precision)}

    return {
        "n": check.n,
        "groups": {name: figures(group) for name, group in check.groups.items()},
        "types": {name: figures(type) for name, type in check.types.items()},
        "touched_terms": share(check.touched_terms),
        "refused": list(check.refused),
        "leaks": [{"id": id, "type": type, "start": start, "end": end} for id, type, start, end in check.leaks],
    }


def redaction_table(check: RedactionCheck) -> str:
    """A redaction check to read: a row a group and type, then the leaks by id and type."""
    rows = [("", "spans", "whole span", "characters", "findings", "precision")]
    for name, figures in (*check.groups.items(), *check.types.items()):
        rows.append(
            (
                name,
                f"{figures.recall.of:,}",
                _bounded(figures.recall),
                _bounded(figures.characters),
                f"{figures.precision.of:,}",
                _bounded(figures.precision),
            )
        )
    lines = [f"{check.n:,} texts. In brackets the lower end of the one-sided 95% Wilson interval.", *aligned(rows)]
    if check.touched_terms.of:
        touched = check.touched_terms
        lines.append(f"Terms that should survive: {touched.n} of {touched.of} touched ({touched.value:.1%}).")
    if check.refused:
        lines.append(f"Refused, so nothing of them was kept: {', '.join(check.refused)}.")
    lines += [f"Leak: {id} {type} at {start}-{end}" for id, type, start, end in check.leaks]
    return "\n".join(lines)


def _bounded(share: Share) -> str:
    return f"{share.value:.3f} [{share.low:.3f}]" if share.of else ""


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of cells as lines with the columns aligned."""
    table = [list(row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    ]


def _shown(name: str, figure: Estimate) -> str:
    style = ".2f" if name == "mean_rank" else ".3f"
    return f"{figure.value:{style}} [{figure.low:{style}}, {figure.high:{style}}]"


def _bar(score: float) -> str:
    return ("█" * round(score * 10)).ljust(10, "·")
