"""Plants errors in coded data and looks how many of them the list of suspect codes finds, beside other rankings.

Run: .venv/bin/python benchmarks/suspects.py [--data FOLDER] [--sets sample,nhs_feedback_p1] [--rates 0.05,0.1] [--most N]
"""

import argparse
import csv
import datetime as dt
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cleanlab.multilabel_classification import get_label_quality_scores as quality_of_many
from cleanlab.rank import get_label_quality_scores as quality_of_one

from codesuggest.audit.suspects import Suspects, suspects
from codesuggest.audit.two_coders import Coding
from codesuggest.cli.agreeing import read_coding
from codesuggest.domain import Embeddings, Narrative, RedactedNarrative, RedactedText, Taxonomy
from codesuggest.embed import CachingEmbedder, make_embedder
from codesuggest.metrics import wilson
from codesuggest.rank import CodeRanker, LexicalFeatures, rank_columns
from codesuggest.read import Columns, NarrativeReader, read_narratives
from codesuggest.registry import digest
from codesuggest.similarity import near_duplicate_groups
from codesuggest.taxonomy import load_taxonomy
from codesuggest.taxonomy.table import taxonomy_from_codings

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "annotation" / "sample"
AXES = {
    "nhs_feedback_p1": ("category", "subcategory"),
    "osha_imis": ("event_type", "nature_of_injury"),
    "asrs_synopses": ("contributing_factors", "primary_problem"),
}
_HEAD = "| data and axis | coded | planted | precision at n | found by 2n | cleanlab | by loss | random | slips among n, at most | planted among n |"


@dataclass(frozen=True)
class Archive:
    """Coded narratives with their vectors."""

    name: str
    narratives: Sequence[RedactedNarrative]
    vectors: Embeddings
    taxonomy: Taxonomy
    context: Mapping[str, str]


def archive(name: str, folder: Path, embedder: CachingEmbedder, most: int) -> Archive:
    """The sample, or at most so many rows of a set of the folder, drawn at random, with the axes named above."""
    if name == "sample":
        read = read_narratives(SAMPLE / "incidents.jsonl", NarrativeReader())
        taxonomy = load_taxonomy("imaging-working-1")
    else:
        columns = Columns(codes={axis: axis for axis in AXES[name]})
        read = read_narratives(folder / name / "data.csv", NarrativeReader(max_chars=1_000_000), columns)
        taxonomy = Taxonomy("none", "none", ())
    rows = [row for row in read if isinstance(row, Narrative)]
    chosen = np.random.default_rng(0).permutation(len(rows))[:most] if most else np.arange(len(rows))
    rows = [rows[number] for number in sorted(chosen)]
    narratives = [RedactedNarrative(n.id, RedactedText(n.text), n.existing_codes) for n in rows]
    if name != "sample":
        codings = [n.existing_codes for n in narratives]
        taxonomy = taxonomy_from_codings(codings, AXES[name], name=name, many=("contributing_factors",))
    vectors = embedder.embed([n.text for n in narratives], show_progress=True)
    return Archive(name, narratives, vectors, taxonomy, {n.id: n.details.get("question", "") for n in rows})


def planted(of: Archive, axis: str, rate: float, seed: int = 0) -> tuple[list[RedactedNarrative], set[str]]:
    """The narratives with one code of a share of them swapped at random, and which."""
    rng = np.random.default_rng(seed)
    codes = sorted({code for n in of.narratives for code in n.existing_codes.get(axis, ())})
    changed, wrong = [], set()
    for narrative in of.narratives:
        given = narrative.existing_codes.get(axis, ())
        others = [code for code in codes if code not in given]
        if given and others and rng.uniform() < rate:
            kept = list(given)
            kept[int(rng.integers(len(kept)))] = others[int(rng.integers(len(others)))]
            narrative = replace(narrative, existing_codes={**narrative.existing_codes, axis: tuple(kept)})  # noqa: PLW2901
            wrong.add(narrative.id)
        changed.append(replace(narrative, existing_codes={axis: narrative.existing_codes.get(axis, ())}))
    return changed, wrong


def rates(of: Archive, axis: str, rate: float) -> str:
    """One row of the table."""
    narratives, wrong = planted(of, axis, rate)
    alone = replace(of.taxonomy, axes=(of.taxonomy.axis[axis],))
    found = suspects(narratives, of.vectors, alone)
    n = len(wrong)
    order = [suspect.id for suspect in found.ranked]
    hits = sum(id in wrong for id in order[:n])
    within = sum(id in wrong for id in order[: 2 * n])
    beside = [_precision(ids, wrong) for ids in _others(of, narratives, axis)]
    cells = [
        f"{of.name}.{axis}, {rate:.0%}",
        f"{found.n:,}",
        f"{n:,}",
        _share(hits, n),
        _share(within, n),
        *(f"{share:.2f}" for share in beside),
        f"{n / found.n:.2f}",
        _at_most(found, n),
        f"{hits:,}",
    ]
    return f"| {' | '.join(cells)} |"


def _others(of: Archive, narratives: Sequence[RedactedNarrative], axis: str) -> Iterator[list[str]]:
    """The same narratives ranked by cleanlab's quality of a label, and by the loss of the out-of-fold scores."""
    coded = [row for row, n in enumerate(narratives) if n.existing_codes.get(axis)]
    part = [narratives[row] for row in coded]
    codes = sorted({code for n in part for code in n.existing_codes[axis]})
    truth = np.array([[code in n.existing_codes[axis] for code in codes] for n in part])
    vectors, texts = of.vectors[coded], [n.text for n in part]
    columns = rank_columns(vectors, LexicalFeatures().fit(texts).transform(texts))
    is_many = of.taxonomy.axis[axis].many
    ranker = CodeRanker(exclusive=not is_many, n_dense=vectors.shape[1], n_jobs=-1)
    scores = ranker.fit(columns, truth, groups=near_duplicate_groups(vectors)).unseen_.astype(float)
    if is_many:
        quality = quality_of_many([list(np.flatnonzero(row)) for row in truth], scores)
    else:
        quality = quality_of_one(truth.argmax(axis=1), scores, method="normalized_margin")
    bounded = np.clip(scores, 1e-9, 1 - 1e-9)
    loss = -(np.log(bounded) * truth + np.log1p(-bounded) * (~truth & is_many)).sum(axis=1)
    for order in (np.argsort(quality, kind="stable"), np.argsort(-loss, kind="stable")):
        yield [part[row].id for row in order]


def _precision(ids: Sequence[str], wrong: set[str]) -> float:
    return sum(id in wrong for id in ids[: len(wrong)]) / len(wrong)


def _at_most(found: Suspects, n: int) -> str:
    figure = found.at_most(n)
    return f"{figure.value:,.0f} ({figure.low:,.0f} to {figure.high:,.0f})"


def _share(n: int, of: int) -> str:
    figure = wilson(n, of)
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def second_coders(of: Archive, second: Coding) -> Iterator[str]:
    """Of the most suspect codings that a second coder coded blind, in all and by axis: how many were slips at most, and how many he coded apart."""
    found = suspects(of.narratives, of.vectors, of.taxonomy)
    coded = [s for s in found.ranked if s.id in second]
    first = {n.id: n.existing_codes for n in of.narratives}
    by_axis = {axis: [s for s in coded if s.axis == axis] for axis in of.taxonomy.axis}
    for name, part, most in [
        ("all", coded, (50, 100, 200)),
        *((axis, rows, (20, 40)) for axis, rows in by_axis.items()),
    ]:
        apart = [set(second[s.id].get(s.axis, ())) != set(first[s.id][s.axis]) for s in part]
        for n in most:
            at_most, everywhere = sum(s.p_slip for s in part[:n]), sum(apart) / len(part)
            yield f"| {name}, first {n} | {at_most:.0f} | {_share(sum(apart[:n]), n)} | {everywhere:.2f} |"


def known(of: Archive) -> Iterator[str]:
    """How many of the known positives of the patients' comments a rule names, and where they stand in the list."""
    found = suspects(of.narratives, of.vectors, of.taxonomy, context=of.context)
    codes = {n.id: n.existing_codes for n in of.narratives}
    parent = {id for id, c in codes.items() if c["subcategory"] == ("xn",) and c["category"] == ("Miscellaneous",)}
    texts: dict[tuple[str, str], list[str]] = {}
    for n in of.narratives:
        texts.setdefault((digest(n.text), of.context[n.id]), []).append(n.id)
    apart = [ids for ids in texts.values() if len({codes[id]["subcategory"] for id in ids}) > 1]
    conflicting = {id for ids in apart for id in ids}
    for name, axis, ids in (
        ("xn under Miscellaneous", "category", parent),
        ("same text apart", "subcategory", conflicting),
    ):
        ranked = [s for s in found.ranked if s.axis == axis]
        named = {s.id for s in ranked if len(s.reasons) > 1 and s.id in ids}
        places = sorted(place for place, s in enumerate(ranked, start=1) if s.id in ids)
        middle = places[len(places) // 2]
        yield f"| {name} | {len(ids)} incidents | {len(named)} | {middle:,} of {len(ranked):,} |"


def main() -> None:
    """Measure, and write results/suspects.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--sets", default="sample,nhs_feedback_p1,osha_imis,asrs_synopses")
    parser.add_argument("--rates", default="0.05,0.1")
    parser.add_argument("--most", type=int, default=0, help="rows of each set, drawn at random; 0: all")
    options = parser.parse_args()
    embedder = CachingEmbedder(make_embedder("minilm"))
    lines = [_HEAD, "|" + "---|" * 10]
    more: list[str] = []
    times: list[str] = []
    for name in options.sets.split(","):
        of = archive(name, options.data, embedder, options.most)
        for axis in of.taxonomy.axis:
            for rate in options.rates.split(","):
                lines.append(rates(of, axis, float(rate)))
                print(lines[-1], flush=True)
                _write(lines, more, times)
        if name == "sample":
            second = read_coding(SAMPLE / "second-coding.jsonl")
            more += [
                "",
                "| most suspect, coded twice | slips, at most | changed | changed of all |",
                "|---|---|---|---|",
            ]
            more += list(second_coders(of, second))
        if name == "nhs_feedback_p1":
            more += [
                "",
                "| known positives | how many | named by a rule | middle place |",
                "|---|---|---|---|",
                *known(archive(name, options.data, embedder, 0)),
            ]
        if name == "asrs_synopses":
            started = time.perf_counter()
            found: Suspects = suspects(of.narratives, of.vectors, of.taxonomy)
            times.append(f"{found.n:,} codings on two axes: {time.perf_counter() - started:.0f} s, embeddings ready.")
    _write(lines, more, times)


def _asked() -> str:
    """The options as given, without the folder of this machine."""
    given = sys.argv[1:]
    return " ".join("FOLDER" if before == "--data" else word for before, word in zip(["", *given], given, strict=False))


def _write(lines: Sequence[str], more: Sequence[str], times: Sequence[str]) -> None:
    text = [
        "# Suspect codes",
        "",
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python benchmarks/suspects.py {_asked()}`.",
        "--most: so many rows of each set, drawn at random; none: all. In 5% or 10% of the coded",
        "narratives one code was swapped at random; n is how many. Precision at n equals the share found among the first",
        "n. cleanlab: its label quality by normalised margin (one code) or moving average (many). By loss: the log loss of",
        "the same out-of-fold scores. Slips, at most: the list's own bound among its first n, with its interval;",
        "errors that the data had before are in it, and are not among the planted: incidents that a plain rule",
        "names (the same text coded apart, two codes where one is due) come first in the list, whatever was planted.",
        "",
        *lines,
        *more,
        "",
        *times,
    ]
    (HERE / "results" / "suspects.md").write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    csv.field_size_limit(2**31 - 1)
    main()
