"""Suggesting: redact, embed, rank, every axis in one answer."""

import numpy as np
import pytest

from codesuggest.domain import Narrative, RedactedNarrative, RedactedText
from codesuggest.errors import ReadError, RedactionError
from codesuggest.rank import rank_columns
from codesuggest.report import incident_json, incident_rows, incident_table
from codesuggest.suggest import Suggester

TEXT = "Mrs Ada Example, DOB 1/2/1950, had CT on the wrong request. PRIA24/L1/E1/MG/P7/3.2b/CF1b"


def test_every_axis_is_ranked_in_the_taxonomys_order(suggester: Suggester) -> None:
    (incident,) = suggester.suggest([TEXT], top=3)
    assert list(incident.axes) == list(suggester.model.taxonomy.axis)
    for axis, ranked in incident.axes.items():
        assert [s.rank for s in ranked] == [1, 2, 3]
        assert [s.score for s in ranked] == sorted((s.score for s in ranked), reverse=True)
        assert all(s.label == suggester.model.taxonomy.label(axis, s.code) for s in ranked)


def test_scores_of_an_axis_of_one_code_add_up_to_one(suggester: Suggester) -> None:
    (incident,) = suggester.suggest([TEXT], top=100)
    assert sum(s.score for s in incident.axes["severity"]) == pytest.approx(1, abs=0.001)
    assert len(incident.axes["pathway"]) == 28


def test_what_is_suggested_has_heard_the_other_axes(suggester: Suggester) -> None:
    narratives = [
        RedactedNarrative("1", RedactedText("Wrong patient called and scanned in CT, wristband not checked."))
    ]
    model, found = suggester.model, suggester.score(narratives)
    texts = [narrative.text for narrative in narratives]
    columns = rank_columns(suggester.embedder.embed(texts), model.features.transform(texts))
    alone = {axis: ranker.predict_proba(columns) for axis, ranker in model.rankers.items()}
    heard = model.chain.transform(alone)
    assert all(np.allclose(found[axis], heard[axis]) for axis in alone)
    assert not np.allclose(found["performed_modality"], alone["performed_modality"])


def test_json_has_the_documented_shape_and_no_personal_data(suggester: Suggester) -> None:
    (incident,) = suggester.suggest([Narrative("W7", TEXT, {"severity": ("SEV2",)})], top=1)
    shape = incident_json(incident)
    assert list(shape) == [
        *("id", "redacted", "axes", "shortlists", "unsettled", "conflicts", "similar", "notice"),
        *("existing_codes", "model", "taxonomy"),
    ]
    assert list(shape["axes"]["severity"][0]) == ["code", "label", "rank", "score", "words"]
    assert shape["existing_codes"] == {"severity": ["SEV2"]}
    assert (shape["model"], shape["taxonomy"]) == ("small", "imaging-working-1")
    assert "Example" not in shape["redacted"]


def test_a_coding_string_never_reaches_the_suggestion(suggester: Suggester) -> None:
    (with_string,) = suggester.suggest([TEXT])
    (without,) = suggester.suggest([TEXT[: TEXT.index("PRIA24")]])
    assert "PRIA24" not in with_string.redacted
    assert with_string.axes == without.axes
    assert with_string.existing_codes["severity"] == ("L1",)


def test_order_and_number_of_narratives_are_kept(suggester: Suggester) -> None:
    texts = [
        "Injector failed",
        "Wrong patient called, scanned in CT and MR for two hours before anyone saw",
        "Film lost",
    ]
    together = suggester.suggest(texts)
    alone = [suggester.suggest([text])[0] for text in texts]
    assert [incident.id for incident in together] == ["1", "2", "3"]
    assert [incident.axes for incident in together] == [incident.axes for incident in alone]
    assert suggester.suggest([]) == []


def test_text_that_is_no_text_or_cannot_be_redacted_is_refused(
    suggester: Suggester, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReadError, match="'text' is empty"):
        suggester.suggest([" "])
    monkeypatch.setattr(suggester.redactor._analyzer, "analyze", None)
    with pytest.raises(RedactionError, match="Incident 1"):
        suggester.suggest(["Film lost"])


def test_table_and_rows_say_the_same(suggester: Suggester) -> None:
    (incident,) = suggester.suggest([TEXT], top=2)
    table = incident_table(incident, suggester.model.taxonomy)
    rows = incident_rows(incident)
    assert len(rows) == 12
    for _, _, _, code, label, _, _, _ in rows:
        assert code in table
        assert label in table
    assert "Already coded - Severity: L1" in table
