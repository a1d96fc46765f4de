"""Annif's ensemble on every axis of many texts, timed. Runs in Annif's own Python environment; see bulk_beside.py.

The ensemble weighs tfidf, svc and omikuji alike; weights do not change what suggesting costs.
"""

import json
import sys
import time
from pathlib import Path

from annif.analyzer import analyzer
from annif.corpus import Document, DocumentList, SubjectSet
from in_annif import SOURCES, OfflineAnalyser, _registry, _train


def main(folder: Path) -> None:
    """Train on each axis, suggest for all texts, and print the seconds of both."""
    analyzer.Analyzer.__init__ = OfflineAnalyser.__init__
    analyzer.Analyzer.tokenize_words = OfflineAnalyser.tokenize_words
    job, train, texts = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("job", "train", "texts")
    )
    seconds = {"train": 0.0, "suggest": 0.0}
    for axis, codes in job["axes"].items():
        place = folder / f"annif-{axis}"
        place.mkdir()
        lines = "".join(f"<http://codes/{n}>\t{code}\n" for n, code in enumerate(codes))
        (place / "codes.tsv").write_text(lines, encoding="utf-8")
        number = {code: n for n, code in enumerate(codes)}
        known = [[number[code] for code in row["codes"].get(axis, []) if code in number] for row in train]
        documents = [
            Document(text=row["text"], subject_set=SubjectSet(of)) for row, of in zip(train, known, strict=True) if of
        ]
        started = time.perf_counter()
        registry = _registry(place, "final", len(documents), "sources=" + ",".join(f"{name}:1" for name in SOURCES))
        for name in SOURCES:
            _train(registry, name, documents)
        trained = time.perf_counter()
        corpus = DocumentList([Document(text=text, subject_set=SubjectSet([])) for text in texts])
        for batch in registry.get_project("ensemble").suggest_corpus(corpus).batches:
            batch.array.toarray()
        seconds["train"] += trained - started
        seconds["suggest"] += time.perf_counter() - trained
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
