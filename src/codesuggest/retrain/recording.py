"""A retraining as MLflow keeps it, and its card beside the models. No narrative goes in, nor what names a person."""

import json
import re
from collections.abc import Iterator, Mapping

import numpy as np

from codesuggest.evaluate import Appraisal
from codesuggest.gate import decision_json
from codesuggest.metrics import Estimate
from codesuggest.promotion import Shelf, write_whole
from codesuggest.report.document import Document, Table, impersonal
from codesuggest.report.figures import figure
from codesuggest.report.printing import in_every_form, to_html, to_markdown
from codesuggest.retrain.card import appraisal_of, card_document, curve_table, evaluation_of
from codesuggest.retrain.running import Retrained
from codesuggest.snapshot import counts_of
from codesuggest.tracking import RunRecord, Tracking

_EXAMPLE = "The wrong patient was called from the waiting room and scanned. Identity was not checked."
_REPORT = "reports/evaluation"
_LABEL = re.compile(r"[^A-Za-z0-9_.\-]+")


def record(of: Retrained, shelf: Shelf, tracking: Tracking) -> None:
    """Log a retraining in MLflow, and keep with the decision where it went. Raises TrackingError."""
    logged = tracking.log(record_of(of, shelf))
    decision = shelf.decision(of.name) or {}
    shelf.write_decision(of.name, {**decision, "run": logged.run, "version": logged.version})
    if of.learner.is_gold.any():
        shelf.note_report(of.name, _REPORT)


def record_of(of: Retrained, shelf: Shelf) -> RunRecord:
    """What MLflow is to keep of a retraining; the model's card is written beside the models on the way."""
    appraisal = appraisal_of(of)
    card = card_document(of, appraisal)
    write_whole(shelf.card_file(of.name), to_markdown(card))
    manifest, snapshot = of.model.manifest, of.learner.snapshot
    return RunRecord(
        name=of.name,
        parameters=dict(_flat(manifest.recipe)),
        metrics=dict(_metrics(of, appraisal)),
        texts={
            "card.md": to_markdown(card),
            "card.html": to_html(card),
            "decision.json": json.dumps(decision_json(of.comparison.decision), indent=1),
            "data.json": json.dumps(_data(of), indent=1),
            **(in_every_form(impersonal(evaluation_of(of, appraisal)), _REPORT) if appraisal else {}),
            **_figures(of, appraisal, card),
        },
        tags={
            "snapshot": snapshot.name,
            "taxonomy": manifest.taxonomy,
            "taxonomy_fingerprint": manifest.taxonomy_fingerprint,
            "redactor": manifest.redactor,
            "embedder": manifest.embedder,
            "decision": "promotable" if of.comparison.decision.is_promotable else "refused",
            "reasons": " ".join(of.comparison.decision.reasons),
        },
        model=shelf.folder / of.name,
        example=_EXAMPLE,
        requirements=[f"{name}=={version}" for name, version in sorted(manifest.libraries.items())],
    )


def _flat(content: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _data(of: Retrained) -> dict[str, object]:
    """The data's name and counts."""
    return {
        **of.model.manifest.data,
        "n_gold": len(of.learner.snapshot.gold),
        "left_out": dict(of.collected.left_out),
        "counts": {
            "trained on": counts_of(of.learner.snapshot.training),
            "gold": counts_of(of.learner.snapshot.gold_incidents),
        },
    }


def _metrics(of: Retrained, appraisal: Appraisal | None) -> Iterator[tuple[str, float]]:
    """Every figure that is a number, as `axis/figure`, intervals as `_low` and `_high`."""
    data = of.model.manifest.data
    found: dict[str, float] = {"n_trained_on": float(data["n"]), "accepted_share": float(data["accepted_share"])}
    if appraisal:
        found |= dict(_appraised(appraisal))
    for one in of.comparison.decision.findings:
        found |= {f"gate/{one.about}/{side}": getattr(one, side) for side in ("champion", "challenger", "gain", "low")}
    for part, figures in {"newest_quarter": of.beside.newest, **of.beside.sites}.items():
        for axis, estimate in figures.items():
            found |= dict(_bounds(f"kept_from/{part or 'unknown'}/{axis}/hit_at_1", estimate))
    if of.comparison.on_gold:
        covered = np.nanmean(of.comparison.on_gold.challenger.covered, axis=0)
        axes = of.comparison.on_gold.gold.axes
        found |= {f"{axis}/coverage": float(share) for axis, share in zip(axes, covered, strict=True)}
    yield from ((_named(name), value) for name, value in found.items() if np.isfinite(value))


def _appraised(appraisal: Appraisal) -> Iterator[tuple[str, float]]:
    for axis, measured in appraisal.evaluation.axes.items():
        for name, estimate in measured.model.items():
            yield from _bounds(f"{axis}/{name}", estimate)
        of = appraisal.axes[axis]
        if of.parent:
            yield from _bounds(f"{axis}/group/hit_at_1", of.parent)
        for code in of.codes:
            yield f"{axis}/code/{code.code}/n", float(code.n)
            yield from _bounds(f"{axis}/code/{code.code}/recall", code.recall)
            yield from _bounds(f"{axis}/code/{code.code}/precision", code.precision)


def _bounds(name: str, estimate: Estimate) -> Iterator[tuple[str, float]]:
    yield from ((name, estimate.value), (f"{name}_low", estimate.low), (f"{name}_high", estimate.high))


def _named(name: str) -> str:
    """A name that MLflow accepts: `hit@1` is `hit_at_1`."""
    return "/".join(_LABEL.sub("_", part) for part in name.replace("@", "_at_").split("/"))


def _figures(of: Retrained, appraisal: Appraisal | None, card: Document) -> dict[str, str]:
    """The card's drawings: reliability, confusions, the learning curve and the rest."""
    tables = [block for section in card.sections for block in section.blocks if isinstance(block, Table)]
    tables.append(curve_table(of, appraisal))
    drawn = {table.caption: figure(table) for table in tables}
    return {f"figures/{_file_name(caption)}.svg": svg for caption, svg in drawn.items() if svg}


def _file_name(caption: str) -> str:
    return _LABEL.sub("-", caption.casefold()).strip("-")[:80]
