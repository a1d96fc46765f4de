"""The redactor's own spaCy component: which words are somebody's name, a place, an organisation or an address.

A small convolutional network in numpy; `codesuggest redaction train` trains it with torch and writes its weights.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import regex
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import minibatch

from codesuggest.redact.patterns import is_of_a_thing
from codesuggest.redact.pieces import WordPieces
from codesuggest.redact.sight import Lexicon, Rows, Sight, see
from codesuggest.redact.spelling import Floats

LEARNT = ("PERSON", "LOCATION", "ORGANIZATION", "ADDRESS", "PHONE_NUMBER", "BLEEP", "AGE")
"""The types that are found by context; patterns find the others, and of the last three what has a shape."""
_NUMBERS = LEARNT[4:]
DILATIONS = (1, 1, 2, 4)
"""How far apart the three words are that each layer of the network looks at."""
POOL_BEHIND = 2
"""Behind this many layers each word is told what the other mentions of the same word look like."""
SCORES = "scores"
"""Where a text keeps the probability of each finding."""
_WEIGHTS = "weights.npz"
_SUREST, _SUREST_NUMBER = 0.99, 0.5
"""No finding by context is as sure as a number whose check digit is right, no number as one that a pattern found."""
_EVERYBODYS = frozenset({"101", "111", "112", "999", "2222"})
"""Numbers that are dialled for help: the police, NHS 111, emergencies, a hospital's crash call."""
_MEASURED = regex.compile(
    r"(?i)\b(?:BP|HR|RR|sats?|SpO2|pulse|GCS|weight|wt|kVp?|mAs?|DLP|CTDI(?:vol)?|DAP|eGFR|room|bed|bay|slot|series|image|slice)"
    r"\s*(?:is|was)?\s*[:=\-(]?\s*$"
)
"""What a number that is an age or a bleep nowhere stands behind."""
_EDGE = 0.6
"""A word beside one that is found counts from this share of the floor."""
_COMPANY = 0.5
"""Where somebody is surely named, a word written as a name is counts from this share of the floor."""
_NAMED = 0.9
"""Probability from which somebody is surely named."""
_INITIALS = regex.compile(r"[A-Z]{2,3}$|(?:[A-Z]\.){2,3}$")

Weights = Mapping[str, Floats]
Floors = npt.NDArray[np.float64]
"""Shape (n,): the probability from which each word counts."""


def probabilities(weights: Weights, sight: Sight, vectors: Floats) -> Floats:
    """For each token the probability of nothing, then of each type's first word, then of each type's further words.

    vectors  shape (n, vector_width + n_filters): the words' vectors. Returns shape (n, 1 + 2 * n_types).
    """
    w = weights
    parts = [vectors, w["suffixes"][sight.suffixes], w["shapes"][sight.shapes], sight.flags]
    hidden = np.maximum(np.concatenate(parts, axis=1) @ w["enter.weight"].T + w["enter.bias"], 0) * sight.is_word
    for number, dilation in enumerate(DILATIONS):
        if number == POOL_BEHIND:
            pooled = np.concatenate([hidden, _pooled(hidden, sight.groups)], axis=1)
            hidden = _layer(w, "pool", hidden, pooled) * sight.is_word
        hidden = _layer(w, f"layers.{number}", hidden, _window(hidden, dilation)) * sight.is_word
    logits = hidden @ w["leave.weight"].T + w["leave.bias"]
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), dtype=np.float32)


def _layer(w: Weights, name: str, hidden: Floats, given: Floats) -> Floats:
    added = hidden + np.maximum(given @ w[f"{name}.linear.weight"].T + w[f"{name}.linear.bias"], 0)
    centred = added - added.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + 1e-5)
    return np.asarray(centred / scale * w[f"{name}.norm.weight"] + w[f"{name}.norm.bias"], dtype=np.float32)


def _window(hidden: Floats, dilation: int) -> Floats:
    """Each row with the rows `dilation` before and behind it, side by side."""
    blank = np.zeros((dilation, hidden.shape[1]), dtype=np.float32)
    before = np.concatenate([blank, hidden[:-dilation]])
    return np.concatenate([before, hidden, np.concatenate([hidden[dilation:], blank])], axis=1)


def _pooled(hidden: Floats, groups: Rows) -> Floats:
    """The mean of the rows of each row's group."""
    pooled = hidden.copy()
    again = np.flatnonzero(groups != np.arange(len(groups)))
    if len(again):
        np.add.at(pooled, groups[again], hidden[again])
        pooled /= np.bincount(groups, minlength=len(groups)).clip(1)[:, None]
        pooled[again] = pooled[groups[again]]
    return pooled


def floors(doc: Doc, probability: Floats, floor: float) -> Floors:
    """The probability from which each word of a text counts, shape (n,): names come in company, and so do initials."""
    person = 1 + LEARNT.index("PERSON")
    is_named = probability[:, person] + probability[:, person + len(LEARNT)]
    each = np.full(len(doc), floor)
    unsure = np.flatnonzero((is_named >= floor * _COMPANY) & (is_named < floor)).tolist()
    if unsure:
        has_initials = any(_INITIALS.match(doc[i].text) for i in np.flatnonzero(is_named >= floor).tolist())
        has_names = any(doc[i].is_title for i in np.flatnonzero(is_named >= _NAMED).tolist())
        for i in unsure:
            if (has_initials and _INITIALS.match(doc[i].text)) or (has_names and _is_like_a_name(doc, i)):
                each[i] *= _COMPANY
    return each


def _is_like_a_name(doc: Doc, position: int) -> bool:
    """Whether a word has a capital that no sentence or heading gave it."""
    before = doc[position - 1] if position else None
    return bool(doc[position].is_title and before and (before.is_alpha or before.text in ",&/('\""))


def decode(probability: Floats, floor: float | Floors) -> list[tuple[int, int, str, float]]:
    """What counts as found in one text: (first token, token behind the last, type, score).

    floor  the probability from which a word counts, or one for each, shape (n,).
    """
    personal = 1 - probability[:, 0]
    is_in = personal >= floor
    near = np.zeros_like(is_in)
    near[1:] |= is_in[:-1]
    near[:-1] |= is_in[1:]
    is_in |= near & (personal >= floor * _EDGE)
    n = len(LEARNT)
    of_type = probability[:, 1 : n + 1] + probability[:, n + 1 :]
    kinds = of_type.argmax(axis=1)
    found: list[tuple[int, int, str, float]] = []
    start = last = -1
    for position in [*np.flatnonzero(is_in).tolist(), -1]:
        starts = position >= 0 and _starts(probability, kinds, position)
        if start >= 0 and (position != last + 1 or starts):
            kind = LEARNT[of_type[start : last + 1].sum(axis=0).argmax()]
            found.append((start, last + 1, kind, min(_SUREST, float(personal[start : last + 1].max()))))
            start = -1
        start = position if start < 0 else start
        last = position
    return found


def _starts(probability: Floats, kinds: Rows, position: int) -> bool:
    """Whether a new finding starts here although the word before is one."""
    n, kind = len(LEARNT), kinds[position]
    return bool(probability[position, 1 + kind] > probability[position, 1 + n + kind] or kind != kinds[position - 1])


def is_personal(span: Span) -> bool:
    """Whether what was taken for somebody's number has digits, and is no thing's, measurement or everybody's."""
    before = span.doc.text[max(0, span.start_char - 20) : span.start_char]
    if not any(c.isdigit() for c in span.text) or is_of_a_thing(span.doc.text, span.start_char):
        return False
    if span.label_ != "AGE" and span.text in _EVERYBODYS:
        return False
    return span.label_ == "PHONE_NUMBER" or not _MEASURED.search(before)


@Language.factory("personal", default_config={"floor": 0.5}, assigns=["doc.ents"])
class Tagger:
    """Marks what is personal in a text's `ents`, with scores in `user_data`."""

    def __init__(self, nlp: Language, name: str, floor: float) -> None:
        self.name, self.floor = name, floor
        self._vocab = nlp.vocab
        self._weights: Weights = {}

    def set(self, pieces: WordPieces, weights: Weights) -> None:
        """Give it what it knows."""
        self._pieces, self._weights = pieces, weights
        self._lexicon = Lexicon(pieces, weights)

    def __call__(self, doc: Doc) -> Doc:
        """Mark one text."""
        return next(iter(self.pipe([doc])))

    def pipe(self, stream: Iterable[Doc], batch_size: int = 64) -> Iterator[Doc]:
        """Mark texts, many at a time."""
        for batch in minibatch(stream, batch_size):  # type: ignore[no-untyped-call]
            sight = see(batch, self._lexicon)
            made = probabilities(self._weights, sight, self._lexicon.vectors(sight.words))
            is_token = np.flatnonzero(sight.is_word[:, 0])
            start = 0
            for doc in batch:
                own = made[is_token[start : start + len(doc)]]
                least = floors(doc, own, self.floor)
                spans = [
                    (Span(doc, first, behind, label=type), self._raised(score, least[first:behind]))
                    for first, behind, type, score in decode(own, least)
                ]
                kept = [(span, score) for span, score in spans if span.label_ not in _NUMBERS or is_personal(span)]
                doc.ents = [span for span, _ in kept]
                doc.user_data[SCORES] = [
                    min(score, _SUREST_NUMBER) if span.label_ in _NUMBERS else score for span, score in kept
                ]
                start += len(doc)
                yield doc

    def _raised(self, score: float, least: Floors) -> float:
        """The score of a finding, at least the floor where its company let it pass."""
        return max(score, self.floor) if (least < self.floor).any() else score

    def to_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the pieces and the weights, 16 bits a number."""
        del exclude
        path.mkdir(exist_ok=True)
        self._pieces.save(path)
        half: dict[str, npt.NDArray[np.float16]] = {k: v.astype(np.float16) for k, v in self._weights.items()}
        np.savez_compressed(path / _WEIGHTS, **half)  # type: ignore[arg-type]

    def from_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> "Tagger":
        """Read what `to_disk` wrote; nothing in it can run."""
        del exclude
        with np.load(path / _WEIGHTS, allow_pickle=False) as file:
            weights = {name: file[name].astype(np.float32) for name in file.files}
        self.set(WordPieces.load(path), weights)
        return self
