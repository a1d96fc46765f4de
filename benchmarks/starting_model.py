"""Writes the card of the starting model: gold figures beside the second coder's, failures, and a learning curve.

Run: .venv/bin/python benchmarks/starting_model.py   (after `make suggest`; about five minutes)
"""

import csv
import datetime as dt
import json
import random
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

from codesuggest.audit import AxisAgreement, agreement_of
from codesuggest.domain import Narrative, RedactedNarrative
from codesuggest.embed import CachingEmbedder, make_embedder
from codesuggest.evaluate import Evaluation, evaluate
from codesuggest.metrics import Estimate
from codesuggest.read import NarrativeReader, read_narratives
from codesuggest.redact import Redactor
from codesuggest.registry import load_model
from codesuggest.suggest import Suggester
from codesuggest.train import load_recipe, train

matplotlib.use("svg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "annotation" / "sample"
ALL = 577
SIZES = (0, 25, 50, 100, 200, 400, ALL)


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of a file of the sample."""
    return [json.loads(line) for line in (SAMPLE / name).read_text(encoding="utf-8").splitlines()]


def redacted(redactor: Redactor) -> list[RedactedNarrative]:
    """The whole sample, redacted."""
    read = read_narratives(SAMPLE / "incidents.jsonl", NarrativeReader())
    return [redactor.redact(row) for row in read if isinstance(row, Narrative)]


def main() -> None:
    """Measure, and write models/starting.md and models/learning-curve.svg."""
    incidents = {row["id"]: row for row in rows("incidents.jsonl")}
    redactor = Redactor().require_measured()
    embedder = CachingEmbedder(make_embedder("minilm"))
    narratives = {narrative.id: narrative for narrative in redacted(redactor)}
    gold = [narratives[id] for id, row in incidents.items() if row["split"] == "gold"]
    suggester = Suggester(load_model(ROOT / "models" / "starting"), embedder, redactor)
    evaluation = evaluate(suggester, gold)
    ceiling = _ceiling(incidents, suggester)
    curve = {size: _at_size(size, embedder, redactor, gold) for size in SIZES}
    _draw(curve, ROOT / "models" / "learning-curve.svg")
    parts = [
        _head(suggester, evaluation),
        _table(evaluation, ceiling),
        _slices(suggester, gold, incidents),
        _failures(suggester, gold),
        _curve_table(curve),
    ]
    (ROOT / "models" / "starting.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _ceiling(incidents: Mapping[str, dict[str, Any]], suggester: Suggester) -> dict[str, AxisAgreement]:
    first = {id: row["codes"] for id, row in incidents.items() if row["split"] == "gold"}
    second = {row["id"]: row["codes"] for row in rows("second-coding.jsonl")}
    return agreement_of(first, second, suggester.model.taxonomy)


def _at_size(
    size: int, embedder: CachingEmbedder, redactor: Redactor, gold: list[RedactedNarrative]
) -> tuple[int, Evaluation]:
    """A model trained on `size` training incidents drawn at random, measured on gold."""
    recipe = load_recipe(ROOT / "training" / "sample.toml")
    with tempfile.TemporaryDirectory() as scratch:
        split = Path(scratch) / "split.csv"
        training = sorted(row["id"] for row in rows("incidents.jsonl") if row["split"] == "train")
        draw = random.Random(size)  # noqa: S311  not a secret
        chosen = set(draw.sample(training, size))
        with split.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                [
                    ["id", "split"],
                    *([row["id"], "train" if row["id"] in chosen else "-"] for row in rows("incidents.jsonl")),
                ]
            )
        thinned = recipe.model_copy(update={"split": recipe.split.model_copy(update={"file": split})})
        if size == 0:
            thinned = thinned.model_copy(update={"data": recipe.data.model_copy(update={"files": ()})})
        made = train(thinned, embedder=embedder)
    return made.n_trained, evaluate(Suggester(made.model, embedder, redactor), gold, n_rounds=300)


def _head(suggester: Suggester, evaluation: Evaluation) -> str:
    manifest = suggester.model.manifest
    return "\n".join(
        [
            "# The starting model",
            "",
            f"Made by `make suggest` from `training/sample.toml`; measured {dt.datetime.now(dt.UTC).date()} by",
            "`python benchmarks/starting_model.py`. 95% bootstrap intervals in brackets.",
            "",
            f"- **Trained on** {manifest.data['n']} made-up incidents of the sample (`annotation/README.md`), redacted.",
            f"- **Measured on** {evaluation.n} gold incidents: two voices and one site that training never saw.",
            f"- **Taxonomy** {manifest.taxonomy}. **Embedder** {manifest.embedder}. **Redactor** {manifest.redactor}.",
            "- **For** trying the product, and for the first weeks of a department that has coded nothing yet.",
            "- **Not for** coding without a person, counting incidents, or judging anybody. A suggestion never decides.",
            "- **Not shown** by any figure here: accuracy on real incidents. Measure it on your own.",
        ]
    )


def _table(evaluation: Evaluation, ceiling: Mapping[str, AxisAgreement]) -> str:
    lines = [
        "## On gold, beside the second coder",
        "",
        "The second coder's micro F1 against the first is the ceiling: how well somebody does who has only the",
        "text and the guidelines. By frequency: codes ranked by how often training had them.",
        "",
        "| axis | n | hit@1 | by frequency | recall@3 | recall@5 | micro F1 | second coder | macro F1 | ECE |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for axis, result in evaluation.axes.items():
        model, base = result.model, result.by_frequency["hit@1"]
        cells = [model["hit@1"], base, model["recall@3"], model["recall@5"], model["micro_f1"], ceiling[axis].f1]
        last = [model["macro_f1"], model["ece"]]
        lines.append(f"| {axis} | {result.n} | " + " | ".join(_cell(figure) for figure in [*cells, *last]) + " |")
    return "\n".join(lines)


def _slices(suggester: Suggester, gold: list[RedactedNarrative], incidents: Mapping[str, dict[str, Any]]) -> str:
    """hit@1 for parts of gold: new voice or only new site, and incidents marked ambiguous."""
    parts = {
        "a voice never trained on": [n for n in gold if incidents[n.id]["author"] in ("superintendent", "newstarter")],
        "only the site is new": [n for n in gold if incidents[n.id]["author"] not in ("superintendent", "newstarter")],
        "marked ambiguous": [n for n in gold if incidents[n.id]["ambiguous"]],
        "not marked": [n for n in gold if not incidents[n.id]["ambiguous"]],
    }
    found = {name: evaluate(suggester, part, n_rounds=300) for name, part in parts.items()}
    axes = list(suggester.model.manifest.axes)
    lines = [
        "## For whom it is worse",
        "",
        "hit@1.",
        "",
        f"| part of gold | n | {' | '.join(axes)} |",
        "|---|---" + "|---" * len(axes) + "|",
    ]
    for name, evaluation in found.items():
        cells = [_cell(evaluation.axes[axis].model["hit@1"]) if axis in evaluation.axes else "" for axis in axes]
        lines.append(f"| {name} | {evaluation.n} | {' | '.join(cells)} |")
    return "\n".join(lines)


WHY = """Read through, the errors have these causes:

- The model sees words, not the order of events. Whether an error was stopped *before* or *after* something reached the
  patient decides severity (SEV2, SEV3, SEV4) and whether the performed modality is MOD-NONE, and often stands in one clause.
- A narrative about two examinations, or about what was *not* done, names modalities that are neither intended nor performed.
- Paperwork, audits and images put right after a proper examination read like the event they are about.
- The pathway code of the step that failed and that of the step that should have caught it use the same words.
- A contributory factor is often one remark at the end, or implied; 577 incidents hold some factors fewer than 30 times.
- Rare exposure types (staff, carers, research) are swamped by medical exposures.

With 230 narratives in 15 bins, a perfectly calibrated model would show an ECE of about 0.09 as well."""


def _failures(suggester: Suggester, gold: list[RedactedNarrative]) -> str:
    """The codes most often missed at rank 5 or below, and what was put first in place of the right code."""
    lines = ["## Where it fails", ""]
    for axis in suggester.model.manifest.axes:
        wrong: Counter[tuple[str, str]] = Counter()
        for narrative, incident in zip(gold, suggester.suggest_redacted(gold, top=1), strict=True):
            right = narrative.existing_codes.get(axis, ())
            first = incident.axes[axis][0].code
            if right and first not in right:
                wrong[right[0], first] += 1
        common = "; ".join(f"{right} read as {first} ({n})" for (right, first), n in wrong.most_common(5))
        lines.append(f"- **{axis}** {wrong.total()} of {len(gold)} wrong at rank 1. Most often: {common}.")
    return "\n".join([*lines, "", WHY])


def _curve_table(curve: Mapping[int, tuple[int, Evaluation]]) -> str:
    axes = list(curve[ALL][1].axes)
    lines = [
        "## Learning curve",
        "",
        "hit@1 on gold by number of training incidents; with none, from what the taxonomy says of its codes.\n\n![Learning curve](learning-curve.svg)",
        "",
        f"| trained on | {' | '.join(axes)} |",
        "|---" + "|---" * len(axes) + "|",
    ]
    for n, evaluation in curve.values():
        lines.append(f"| {n} | " + " | ".join(_cell(evaluation.axes[axis].model["hit@1"]) for axis in axes) + " |")
    return "\n".join(lines)


def _draw(curve: Mapping[int, tuple[int, Evaluation]], path: Path) -> None:
    figure, plot = plt.subplots(figsize=(7, 4.2))
    sizes = [n for n, _ in curve.values()]
    for axis, marker in zip(curve[ALL][1].axes, "osD^vP", strict=True):
        estimates = [evaluation.axes[axis].model["hit@1"] for _, evaluation in curve.values()]
        plot.plot(sizes, [e.value for e in estimates], marker=marker, label=axis.replace("_", " "))
        plot.fill_between(sizes, [e.low for e in estimates], [e.high for e in estimates], alpha=0.08)
    plot.set(xlabel="coded incidents trained on", ylabel="hit@1 on gold", ylim=(0, 1))
    plot.set_xscale("symlog", linthresh=25)
    plot.set_xticks(sizes, [str(size) for size in sizes])
    plot.minorticks_off()
    plot.grid(alpha=0.3)
    plot.legend(fontsize=8, ncols=2, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def _cell(figure: Estimate) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


if __name__ == "__main__":
    main()
