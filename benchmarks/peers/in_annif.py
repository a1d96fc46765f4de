"""Annif's backends on one cell. Runs in Annif's own Python environment, in a job folder that `apart` wrote.

The analyser's word splitting is NLTK's, with sentences split by a regular expression: NLTK's own splitter would be
downloaded at run time.
"""

import json
import re
import sys
import time
from pathlib import Path

import nltk
import numpy as np
from annif.analyzer import analyzer
from annif.corpus import Document, DocumentList, SubjectSet
from annif.registry import AnnifRegistry
from annif.vocab import VocabFileTSV

CONFIG = """
[{name}]
language=en
vocab=codes
analyzer=snowball(english)
limit=1000
backend={name}
"""
FEATURES = "ngram=2\nmin_df={min_df}\n"
BONSAI = "cluster_balanced=False\ncluster_k=100\nmax_depth=3\n"
SOURCES = ("tfidf", "svc", "omikuji")
TRIALS = 20


def split_words(text: str) -> list[str]:
    """NLTK's words of each sentence."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    return [word for sentence in sentences for word in nltk.word_tokenize(sentence, preserve_line=True)]


class OfflineAnalyser(analyzer.Analyzer):  # type: ignore[misc]  # Annif is not installed here
    """Replaces the two methods of Annif's analyser that want NLTK's data."""

    def __init__(self, **options: str) -> None:
        if "token_min_length" in options:
            self.token_min_length = int(options["token_min_length"])

    def tokenize_words(self, text: str, filter: bool = True) -> list[str]:  # noqa: A002, FBT001, FBT002  Annif's
        """As Annif does it, with `split_words`."""
        return [self._normalize_word(word) for word in split_words(text) if not filter or self.is_valid_token(word)]


def main(job: Path) -> None:
    """Read a job, train every backend, tune the ensemble's weights on a fifth of training, and write the scores."""
    analyzer.Analyzer.__init__ = OfflineAnalyser.__init__
    analyzer.Analyzer.tokenize_words = OfflineAnalyser.tokenize_words
    train, test = (_documents(job / f"{part}.jsonl") for part in ("train", "test"))
    codes = json.loads((job / "job.json").read_text(encoding="utf-8"))["codes"]
    (job / "codes.tsv").write_text(
        "".join(f"<http://codes/{n}>\t{code}\n" for n, code in enumerate(codes)), encoding="utf-8"
    )
    started = time.process_time()
    weights = _tuned(job, train)
    tuning = time.process_time() - started
    registry = _registry(job, "final", len(train), weights)
    seconds = {name: _train(registry, name, train) for name in SOURCES}
    seconds["ensemble"] = tuning + sum(seconds.values())
    for name, spent in seconds.items():
        results = registry.get_project(name).suggest_corpus(DocumentList(test))
        scores = np.vstack([batch.array.toarray() for batch in results.batches])
        np.savez(job / f"annif_{name}.npz", scores=scores, seconds=spent)


def _documents(path: Path) -> list[Document]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Document(text=row["text"], subject_set=SubjectSet(row["codes"])) for row in rows]


def _tuned(job: Path, train: list[Document]) -> str:
    """The ensemble's line of sources and weights, found by Annif's hyperopt."""
    order = np.random.default_rng(0).permutation(len(train))
    held_out = [train[row] for row in order[: len(train) // 5]]
    rest = [train[row] for row in order[len(train) // 5 :]]
    registry = _registry(job, "tuning", len(rest), "sources=" + ",".join(f"{name}:1" for name in SOURCES))
    for name in SOURCES:
        _train(registry, name, rest)
    found = registry.get_project("ensemble").hyperopt(DocumentList(held_out), TRIALS, 1, "NDCG", None)
    return str(found.lines[0])


def _registry(job: Path, name: str, n_train: int, sources: str) -> AnnifRegistry:
    features = FEATURES.format(min_df=2 if n_train >= 200 else 1)
    extra = {"tfidf": "", "svc": features, "omikuji": features + BONSAI, "ensemble": sources + "\n"}
    path = job / f"{name}.cfg"
    path.write_text("".join(CONFIG.format(name=n) + options for n, options in extra.items()), encoding="utf-8")
    registry = AnnifRegistry(str(path), str(job / name), init_projects=False)
    registry.get_vocab("codes").load_vocabulary(VocabFileTSV(str(job / "codes.tsv"), "en"))
    return registry


def _train(registry: AnnifRegistry, name: str, documents: list[Document]) -> float:
    started = time.process_time()
    registry.get_project(name).train(DocumentList(documents), jobs=1)
    return time.process_time() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]))
