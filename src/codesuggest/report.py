"""Results as tables for the terminal and as JSON: the same numbers in both."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from codesuggest.audit import AxisAgreement
from codesuggest.bulk import RunManifest
from codesuggest.bulk.acceptance import AxisVerdict
from codesuggest.bulk.harvest import Harvest
from codesuggest.domain import Codes, SuggestedIncident, Suggestion, Taxonomy
from codesuggest.evaluate import Evaluation
from codesuggest.metrics import Estimate, exact_interval
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
        lines.append(f"Already coded - {_codes(incident.existing_codes)}")
    if incident.notice:
        lines += ["", f"Little evidence. {incident.notice}"]
    width = max((len(s.code) for ranked in incident.axes.values() for s in ranked), default=0)
    for axis, ranked in incident.axes.items():
        lines += ["", taxonomy.axis[axis].label, *_axis_lines(incident, axis, ranked, taxonomy, width)]
    if incident.conflicts:
        lines += ["", "Check", *(f"  {conflict.message}" for conflict in incident.conflicts)]
    if incident.similar:
        lines += ["", "Similar incidents, as they were coded"]
        lines += [f"  {s.similarity:.2f}  {s.id}  {_codes(s.codes)}" for s in incident.similar]
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
        yield from textwrap.wrap(f"{unsettled.reason} {unsettled.question}", 100, initial_indent="      ")


def _parent(taxonomy: Taxonomy, axis: str, code: str) -> str:
    known = taxonomy.by_code.get(axis, {}).get(code)
    return known.parent or code if known else code


def _codes(codes: Codes) -> str:
    return "; ".join(f"{axis}: {', '.join(given)}" for axis, given in codes.items() if given)


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
    return "\n".join([*notes, *aligned([head, *rows])])


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


def bulk_report(manifest: RunManifest, out: str, minutes: float) -> str:
    """A bulk run to read: what became of each axis, what is automatic at each precision, and every row accounted for.

    minutes  what a person takes to code one incident.
    """
    n = manifest.rows.get("pre-coded", 0)
    rows = [("axis", "auto", "review", "abstain", *(f"auto at {target}" for target in manifest.whole))]
    for axis, counts in manifest.decisions.items():
        shares = [_share(of.n_automatic, n) for of in manifest.automatic[axis]]
        rows.append((axis, *(f"{counts.get(what, 0):,}" for what in ("auto", "review", "abstain")), *shares))
    rows.append(("every axis", "", "", "", *(_share(of, n) for of in manifest.whole.values())))
    lines = [
        f"Run {manifest.run}: model {manifest.model}, taxonomy {manifest.taxonomy}, redactor {manifest.redactor}.",
        "auto: right and complete at the precision asked for, with 95% confidence on narratives like those trained on;",
        "review: a person reads; abstain: a person reads, and no code is more likely right than wrong.",
        *aligned(rows),
        *_hours(manifest, n, minutes),
    ]
    if manifest.carried:
        lines.append(f"Carried as they stand, so look that none says who somebody is: {', '.join(manifest.carried)}.")
    if manifest.withheld:
        withheld = ", ".join(f"{column} ({count:,})" for column, count in manifest.withheld.items())
        lines.append(f"Cells as long as a narrative, so not written: {withheld}.")
    if manifest.n_repeats:
        lines.append(f"{manifest.n_repeats:,} rows read like an earlier one: {out}.repeats.csv.")
    others = "".join(f"; {count:,} {status}" for status, count in manifest.rows.items() if status != "pre-coded")
    problems = f", each with its reason ({manifest.n_problems:,} rows have a remark)" if manifest.n_problems else ""
    total = sum(manifest.rows.values())
    lines.append(f"Pre-coded {n:,} of {total:,} rows{others}{problems}. In {out}; none is confirmed.")
    return "\n".join(lines)


def _hours(manifest: RunManifest, n: int, minutes: float) -> list[str]:
    """The hours of coding that automatic codes save: at least those of incidents that nobody has to read, at most an
    equal part of each incident for every axis.
    """
    rows = [("hours saved at", "no axis to read", "axis by axis")]
    hours = n * minutes / 60
    for number, (target, n_whole) in enumerate(manifest.whole.items()):
        shares = [exact_interval(of[number].n_automatic, n) for of in manifest.automatic.values()]
        mean = [sum(getattr(share, end) for share in shares) / len(shares) for end in ("value", "low", "high")]
        whole = exact_interval(n_whole, n)
        rows.append((target, _hour_range(hours, whole), _hour_range(hours, Estimate(*mean))))
    note = f"Hours at {minutes:g} minutes an incident. 95% exact intervals, for batches like this one."
    return [*aligned(rows), note] if n else []


def _hour_range(hours: float, of: Estimate) -> str:
    return f"{hours * of.value:,.1f} [{hours * of.low:,.1f}, {hours * of.high:,.1f}]"


def _share(count: int, n: int) -> str:
    share = exact_interval(count, n)
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]" if n else ""


def verdict_table(verdicts: Sequence[AxisVerdict]) -> str:
    """What an acceptance sample showed: a row an axis."""
    rows = [("axis", "automatic", "read", "right", "precision at least", "asked for", "")]
    for of in verdicts:
        verdict = ("ACCEPT" if of.is_accepted else "DO NOT ACCEPT") if of.n_automatic else "nothing automatic"
        figures = (f"{of.n_automatic:,}", f"{of.n:,}", f"{of.n_right:,}", f"{of.low:.3f}", f"{of.target:.2f}")
        rows.append((of.axis, *figures, verdict))
    note = "Exact binomial lower bound with 95% confidence. Accepted is not confirmed: nobody has read the other rows."
    return "\n".join([*aligned(rows), note])


def harvest_report(harvest: Harvest) -> str:
    """What an archive gave: rows by outcome, unknown codes, and the codes that the model finds least likely."""
    total = sum(harvest.counts.values())
    lines = aligned([("rows", ""), *((kind, f"{count:,}") for kind, count in harvest.counts.items())])
    if harvest.unknown:
        worst = sorted(harvest.unknown.items(), key=lambda item: (-item[1], item[0]))[:20]
        lines.append(f"Not in the taxonomy: {', '.join(f'{token} ({count:,})' for token, count in worst)}.")
    if harvest.contradictions:
        lines.append("Strings that the model contradicts most:")
        rows = [("row", "id", "axis", "in the string", "the model's best", "gap", "")]
        for of in harvest.contradictions:
            note = "trained on" if of.is_trained_on else ""
            rows.append((str(of.row), of.id, of.axis, of.given, of.best, f"{of.gap:.2f}", note))
        lines += aligned(rows)
    lines.append(
        f"Harvested {harvest.counts.get('coded', 0):,} coded narratives of {total:,} rows into {harvest.coded}; "
        f"what could not be used is in {harvest.findings}."
    )
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
