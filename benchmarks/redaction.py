"""Measures the redactor beside Presidio's stock patterns, and what redaction costs coding.

Run: .venv/bin/python benchmarks/redaction.py [--data FOLDER] [--cost]   (one minute; with --cost twenty)
"""

import argparse
import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from real_data import SETS, run_recipe  # the same rows and recipes

from codesuggest.embed import CachingEmbedder, make_embedder
from codesuggest.redact import Redactor
from codesuggest.redaction.check import Gold, Share, check_findings, check_redaction, read_gold
from codesuggest.redaction.corpus import Filler, gold_rows, read_templates
from codesuggest.redaction.marked import Marked

ROOT = Path(__file__).parents[1]
TEST = ROOT / "training" / "redaction" / "test"
LISTS = ROOT / "training" / "redaction" / "lists"
NOT_ASKED = ("TITLE", "NRP", "DATE_TIME", "AGE")
"""Types marked in the foreign set that are no personal data here: titles, nationalities, any date, any age."""


def own_gold() -> list[Gold]:
    """The test texts, filled twice with names and numbers that no training saw."""
    templates = read_templates([TEST / "texts.jsonl", TEST / "negatives.jsonl"])
    rows = gold_rows(templates, Filler(LISTS, 1, for_testing=True), times=2)
    return [
        Gold(
            row["id"],
            Marked(row["text"], tuple((s["start"], s["end"], s["type"]) for s in row["spans"])),
            tuple(row["terms"]),
        )
        for row in rows
    ]


def stock(gold: Sequence[Gold]) -> list[list[tuple[int, int, str]]]:
    """What Presidio's pattern recognisers find as they come, without a language model."""
    none = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}])
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(nlp_engine=none)
    engine = AnalyzerEngine(registry=registry, nlp_engine=none)
    return [[(r.start, r.end, r.entity_type) for r in engine.analyze(item.marked.text, language="en")] for item in gold]


def main() -> None:
    """Measure, and write results/redaction.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cost", action="store_true", help="also measure what redaction costs coding")
    options = parser.parse_args()
    redactor = Redactor()
    sets = {"own test texts": own_gold(), "gold incidents of the sample": _sample_gold()}
    foreign = options.data / "pii_presidio_synth" / "data.jsonl"
    if foreign.exists():
        sets["pii_presidio_synth"] = read_gold(foreign, NOT_ASKED)
    lines = [
        "# Redaction",
        "",
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python benchmarks/redaction.py`. A marked span counts only if all its letters and",
        "digits are covered; a finding is right if it touches a marked span. In brackets the lower end of the one-sided 95% Wilson",
        "interval. Stock: Presidio's pattern recognisers as they come, which look for no names.",
        "",
        "| set | what | spans | ours: whole span | ours: characters | ours: precision | stock: whole span | stock: precision |",
        "|---|---|---|---|---|---|---|---|",
    ]
    terms = []
    for name, gold in sets.items():
        ours, theirs = check_redaction(redactor, gold), check_findings(gold, stock(gold))
        for group, figures in ours.groups.items():
            other = theirs.groups[group]
            cells = [
                _cell(figures.recall),
                _cell(figures.characters),
                _cell(figures.precision),
                _cell(other.recall),
                _cell(other.precision),
            ]
            lines.append(f"| {name}, {ours.n:,} texts | {group} | {figures.recall.of:,} | {' | '.join(cells)} |")
        if ours.touched_terms.of:
            share = f"{ours.touched_terms.n} of {ours.touched_terms.of} ({ours.touched_terms.value:.1%})"
            terms = ["", f"Terms in {name} that should survive (eponyms, makers, agents, protocols): {share} touched."]
    lines += terms
    if options.cost:
        lines += ["", *_cost(options.data)]
    (ROOT / "benchmarks" / "results" / "redaction.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _sample_gold() -> list[Gold]:
    """Incidents that the language model did not train on."""
    import json  # noqa: PLC0415

    sample = ROOT / "annotation" / "sample" / "incidents.jsonl"
    held_out = {
        row["id"] for row in map(json.loads, sample.read_text(encoding="utf-8").splitlines()) if row["split"] == "gold"
    }
    return [item for item in read_gold(sample) if item.id in held_out]


def _cost(data: Path) -> list[str]:
    """hit@1 and recall@5 of models trained and measured on redacted and on raw text."""
    embedder = CachingEmbedder(make_embedder("minilm"))
    lines = [
        "## What redaction costs coding",
        "",
        "Models trained on 2,000 narratives and measured on the same test rows, raw and redacted, with 95% intervals.",
        "",
        "| data and axis | hit@1 raw | hit@1 redacted | recall@5 raw | recall@5 redacted |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for name in [n for n in SETS if (data / n).exists()]:
            raw, redacted = (
                run_recipe(data, name, 2000, embedder, is_redacted=flag, work=Path(scratch) / f"{name}{flag}")
                for flag in (True, False)
            )
            for axis in raw.axes:
                pairs = [
                    measured.axes[axis].model[figure]
                    for figure in ("hit@1", "recall@5")
                    for measured in (raw, redacted)
                ]
                cells = [f"{e.value:.3f} ({e.low:.3f} to {e.high:.3f})" for e in pairs]
                lines.append(f"| {name}.{axis} | {' | '.join(cells)} |")
    return lines


def _cell(share: Share) -> str:
    return f"{share.value:.3f} [{share.low:.3f}]" if share.of else "-"


if __name__ == "__main__":
    main()
