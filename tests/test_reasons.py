"""The words named as reasons are the reasons: without them the score falls, more than without any other words."""

import json
from pathlib import Path

import numpy as np
import pytest

from codesuggest.domain import RedactedNarrative, RedactedText
from codesuggest.suggest import Suggester
from codesuggest.suggest.reasons import strongest, words_of

SAMPLE = Path(__file__).parents[1] / "annotation" / "sample" / "incidents.jsonl"


def gold(n: int) -> list[RedactedNarrative]:
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    texts = [(row["id"], row["text"]) for row in rows if row["split"] == "gold" and len(row["text"].split()) > 20]
    return [RedactedNarrative(id, RedactedText(text)) for id, text in texts[:n]]


def without(text: str, spans: list[tuple[int, int]]) -> RedactedText:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return RedactedText(text)


def falls(suggester: Suggester, narratives: list[RedactedNarrative]) -> tuple[float, float]:
    """How far the log-odds of the first code fall, on average, without its words and without as many random words."""
    rng = np.random.default_rng(0)
    by_reason, by_chance = [], []
    for incident in suggester.suggest_redacted(narratives, top=1, reasons=True):
        for axis, (first,) in incident.axes.items():
            if not first.words:
                continue
            column = suggester.model.manifest.axes[axis].index(first.code)
            words = words_of(incident.redacted)
            random = [words[i] for i in rng.choice(len(words), len(first.words), replace=False)]
            texts = [incident.redacted, without(incident.redacted, [*first.words]), without(incident.redacted, random)]
            scores = suggester.score([RedactedNarrative("1", RedactedText(t)) for t in texts])[axis][:, column]
            log_odds = np.log(scores / (1 - scores))
            by_reason.append(log_odds[0] - log_odds[1])
            by_chance.append(log_odds[0] - log_odds[2])
    return float(np.mean(by_reason)), float(np.mean(by_chance))


def test_words_are_found_and_placeholders_are_none() -> None:
    text = RedactedText("Pt <PERSON_1>'s x-ray of the L-hip, 1.9 mSv.")
    words = [text[start:end] for start, end in words_of(text)]
    assert "PERSON_1" not in " ".join(words)
    assert words[-5:] == ["of", "the", "L-hip", "1.9", "mSv"]


def test_only_words_that_add_are_named_and_the_strongest_come_first() -> None:
    words = [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert strongest(words, np.array([0.5, -1.0, 2.0, 0.1])) == ((4, 5), (0, 1))
    assert strongest(words, np.array([-1.0, -1.0, -2.0, 0.0])) == ()
    assert strongest([], np.zeros(0)) == ()


def test_deleting_the_named_words_lowers_the_score_more_than_deleting_others(suggester: Suggester) -> None:
    by_reason, by_chance = falls(suggester, gold(25))
    assert by_reason > 2 * max(by_chance, 0)
    assert by_reason > 0.1


def test_reasons_change_neither_codes_nor_scores(suggester: Suggester) -> None:
    narratives = gold(3)
    plain = suggester.suggest_redacted(narratives)
    explained = suggester.suggest_redacted(narratives, reasons=True)
    for a, b in zip(plain, explained, strict=True):
        for axis in a.axes:
            assert [(s.code, s.score) for s in a.axes[axis]] == [(s.code, s.score) for s in b.axes[axis]]


@pytest.mark.slow
def test_the_starting_models_reasons_are_faithful_too() -> None:
    suggester = Suggester.load(Path(__file__).parents[1] / "models" / "starting")
    by_reason, by_chance = falls(suggester, gold(40))
    assert by_reason > 3 * max(by_chance, 0)
