"""The peers that run here: by frequency, linear models, nearest neighbours, their plain fusion, and fastText.

Each is set as its users set it, and none is tuned to a data set. TF-IDF: words 1-2 and characters within words 2-5,
sublinear, features of at least two narratives where there are 200. Scores: probabilities where the peer has them,
margins through a softmax (one code) or a logistic function (many codes) where it has not.
"""

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

from codesuggest.domain import Scores

from .incidents import Cell, Sample

_FOLDS = 3
_NEIGHBOURS = 15


@dataclass(frozen=True)
class Lexical:
    """TF-IDF of a sample, made once for all axes. `seconds` of CPU for fitting it."""

    train: sparse.csr_matrix
    test: sparse.csr_matrix
    seconds: float

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """Fitted on the training narratives of a sample; without any, no features."""
        if not sample.train.texts:
            return cls(sparse.csr_matrix((0, 0)), sparse.csr_matrix((len(sample.test.texts), 0)), 0.0)
        shared = {"sublinear_tf": True, "min_df": 2 if len(sample.train.texts) >= 200 else 1}
        features = make_union(
            TfidfVectorizer(ngram_range=(1, 2), **shared),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared),
        )
        started = time.process_time()
        train = sparse.csr_matrix(features.fit_transform(sample.train.texts))
        seconds = time.process_time() - started
        return cls(train, sparse.csr_matrix(features.transform(sample.test.texts)), seconds)


def by_frequency(cell: Cell, _: Lexical) -> Scores:
    """Each code's share of the training narratives."""
    return np.tile(cell.given.sum(axis=0) / max(len(cell.given), 1), (len(cell.test.texts), 1))


def tfidf_svc(cell: Cell, lexical: Lexical) -> Scores:
    """LinearSVC, C=1, one against the rest."""
    margins = _one_by_one(cell, *_rows(cell, lexical), _svm_margin, absent=-np.inf)
    return softmax(margins, axis=1) if cell.exclusive else expit(margins)


def tfidf_logistic(cell: Cell, lexical: Lexical) -> Scores:
    """Logistic regression, C=10, one against the rest."""
    return _normed(cell, _one_by_one(cell, *_rows(cell, lexical), _logistic_probability, absent=0.0))


def minilm_logistic(cell: Cell, _: Lexical) -> Scores:
    """Logistic regression, C=10, on the embedding; multinomial on an axis of one code."""
    train, test = cell.train.vectors, cell.test.vectors
    if not cell.exclusive:
        return _one_by_one(cell, train, test, _dense_probability, absent=0.0)
    rows, columns = cell.given.nonzero()
    if len(set(columns)) == 1:
        return by_frequency(cell, _)
    scores = np.zeros(cell.right.shape)
    model = _dense_logistic().fit(train[rows], columns)
    scores[:, model.classes_] = model.predict_proba(test)
    return scores


def neighbours(cell: Cell, _: Lexical) -> Scores:
    """The share of the 15 most similar training narratives with a code, weighted by cosine."""
    similarity = cell.test.vectors @ cell.train.vectors.T
    nearest = np.argsort(-similarity, axis=1)[:, :_NEIGHBOURS]
    weight = np.maximum(np.take_along_axis(similarity, nearest, axis=1), 1e-6)
    votes = np.einsum("nk,nkc->nc", weight, cell.given[nearest])
    return np.asarray(votes / weight.sum(axis=1, keepdims=True), dtype=np.float64)


def late_fusion(cell: Cell, lexical: Lexical) -> Scores:
    """The mean of two probabilities: the SVM's after Platt scaling on three folds, and the embedding's."""
    platt = _normed(cell, _one_by_one(cell, *_rows(cell, lexical), _calibrated_probability, absent=0.0))
    return (platt + minilm_logistic(cell, lexical)) / 2


def fasttext(cell: Cell, _: Lexical) -> Scores:
    """fastText's classifier: words and word pairs, 100 epochs, learning rate 1, one thread."""
    import fasttext as library  # noqa: PLC0415  optional

    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "train.txt"
        with path.open("w", encoding="utf-8") as file:
            for text, given in zip(cell.train.texts, cell.given, strict=True):
                file.write(" ".join(f"__label__{code}" for code in np.flatnonzero(given)) + f" {_words(text)}\n")
        loss = "softmax" if cell.exclusive else "ova"
        options = {"lr": 1.0, "epoch": 100, "wordNgrams": 2, "bucket": 200_000, "thread": 1}
        model = library.train_supervised(str(path), loss=loss, verbose=0, **options)
    scores = np.zeros(cell.right.shape)
    for row, text in enumerate(cell.test.texts):
        # the binding itself: fasttext's own `predict` repeats the first share for every label of a list of texts,
        # and fails under NumPy 2 on a single one
        for share, label in model.f.predict(_words(text) + "\n", len(cell.codes), 0.0, "strict"):
            scores[row, int(label.removeprefix("__label__"))] = share
    return scores


HERE: dict[str, Callable[[Cell, Lexical], Scores]] = {
    "by_frequency": by_frequency,
    "tfidf_svc": tfidf_svc,
    "tfidf_logistic": tfidf_logistic,
    "minilm_logistic": minilm_logistic,
    "neighbours": neighbours,
    "late_fusion": late_fusion,
    "fasttext": fasttext,
}
LEXICAL = ("tfidf_svc", "tfidf_logistic", "late_fusion")
"""Those whose training includes the TF-IDF."""

Given = npt.NDArray[np.bool_]


def _rows(cell: Cell, lexical: Lexical) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    return lexical.train[cell.trained], lexical.test[cell.coded]


def _one_by_one(
    cell: Cell, train: Any, test: Any, fit: Callable[[Any, Given, Any], npt.NDArray[np.float64]], *, absent: float
) -> Scores:
    """One model a code; `absent` stands for a code that no training narrative has."""
    scores = np.full(cell.right.shape, absent)
    for column, given in enumerate(cell.given.T):
        if given.all():
            scores[:, column] = 1.0
        elif given.any():
            scores[:, column] = fit(train, given, test)
    return scores


def _svm_margin(train: Any, given: Given, test: Any) -> npt.NDArray[np.float64]:
    return np.asarray(LinearSVC(C=1.0, random_state=0).fit(train, given).decision_function(test))


def _logistic_probability(train: Any, given: Given, test: Any) -> npt.NDArray[np.float64]:
    model = LogisticRegression(C=10.0, solver="liblinear", random_state=0).fit(train, given)
    return np.asarray(model.predict_proba(test)[:, 1])


def _dense_probability(train: Any, given: Given, test: Any) -> npt.NDArray[np.float64]:
    return np.asarray(_dense_logistic().fit(train, given).predict_proba(test)[:, 1])


def _dense_logistic() -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=1000)


def _calibrated_probability(train: Any, given: Given, test: Any) -> npt.NDArray[np.float64]:
    """Platt scaling needs the code in every fold; a rarer code gets its share of the training narratives."""
    if min(given.sum(), (~given).sum()) < _FOLDS:
        return np.full(test.shape[0], given.mean())
    model = CalibratedClassifierCV(LinearSVC(C=1.0, random_state=0), cv=_FOLDS, ensemble=False)
    return np.asarray(model.fit(train, given).predict_proba(test)[:, 1])


def _normed(cell: Cell, scores: Scores) -> Scores:
    """On an axis of one code the scores of a narrative add up to 1."""
    return scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-12) if cell.exclusive else scores


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))
