"""What a bulk run, its acceptance sample and a harvest came to, to read in a terminal."""

from collections.abc import Sequence

from codesuggest.bulk import RunManifest
from codesuggest.bulk.acceptance import AxisVerdict
from codesuggest.bulk.harvest import Harvest
from codesuggest.metrics import Estimate, exact_interval
from codesuggest.report.tables import aligned


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
