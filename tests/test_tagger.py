"""The redactor's tagger: words cut into pieces, what is seen of words, the network's sums, and what they come to."""

from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Span

from codesuggest.redact.pieces import WordPieces
from codesuggest.redact.sight import GAP, Lexicon, see
from codesuggest.redact.spelling import LENGTH, N_LETTERS, WINDOWS, letters, spelt
from codesuggest.redact.tagger import LEARNT, SCORES, Tagger, decode, floors, is_personal, probabilities
from codesuggest.redaction.network import Network


@pytest.fixture
def pieces() -> WordPieces:
    return WordPieces(["smith", "quill", "##feather", "scan", "##ned", "s", "##s"], np.arange(28).reshape(7, 4) / 10)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Smith", ["smith"]),
        ("QUILLFEATHER", ["quill", "##feather"]),
        ("scänned", ["scan", "##ned"]),
        ("scanx", []),
        ("s" * 61, []),
        ("", []),
    ],
)
def test_a_word_is_cut_into_the_longest_pieces_whatever_its_case_and_accents(
    pieces: WordPieces, word: str, expected: list[str]
) -> None:
    assert [pieces.pieces[row] for row in pieces.rows(word)] == expected


def test_pieces_are_kept_with_sixteen_bits(pieces: WordPieces, tmp_path: Path) -> None:
    pieces.save(tmp_path)
    again = WordPieces.load(tmp_path)
    assert again.pieces == pieces.pieces
    assert again.vectors == pytest.approx(pieces.vectors, abs=0.001)
    assert (tmp_path / "pieces.npy").stat().st_size < 28 * 2 + 200


def test_a_word_s_vector_is_the_mean_of_its_pieces_and_of_no_letters_nothing(pieces: WordPieces) -> None:
    lexicon, doc = Lexicon(pieces), spacy.blank("en")("Quillfeather 42")
    sight = see([doc], lexicon)
    vectors = lexicon.vectors(sight.words[:2])
    assert vectors[0] == pytest.approx(pieces.vectors[[1, 2]].mean(axis=0))
    assert not vectors[1].any()
    assert lexicon.n_pieces(sight.words[:2]).tolist() == [2, 0]


def test_the_same_word_has_one_group_in_its_own_text_only(pieces: WordPieces) -> None:
    nlp = spacy.blank("en")
    sight = see([nlp("Smith met smith"), nlp("Smith")], Lexicon(pieces))
    assert sight.groups[0] == sight.groups[2] != sight.groups[1]
    assert sight.groups[3 + GAP] != sight.groups[0]
    assert sight.is_word[:, 0].tolist() == [1, 1, 1, *[0] * GAP, 1, *[0] * GAP]


def test_how_a_word_stands_in_its_text_is_seen(pieces: WordPieces) -> None:
    flags = see([spacy.blank("en")("Smith left. Scan of smith, 93")], Lexicon(pieces)).flags
    after_stop, first, lower_elsewhere, capital_elsewhere, great_age = 6, 7, 8, 9, 16
    assert (flags[0, first], flags[0, lower_elsewhere], flags[0, after_stop]) == (1, 1, 0)
    assert (flags[3, after_stop], flags[3, first]) == (1, 0)
    assert (flags[5, capital_elsewhere], flags[7, great_age]) == (1, 1)


def test_an_empty_text_is_no_trouble(pieces: WordPieces) -> None:
    assert see([spacy.blank("en")("")], Lexicon(pieces)).is_word.sum() == 0


def test_numpy_and_torch_come_to_the_same(pieces: WordPieces) -> None:
    torch.manual_seed(0)
    network = Network(4, vector_width=3, width=8, dropout=0.1, hidden=0.1, n_filters=5).eval()
    nlp, lexicon = spacy.blank("en"), Lexicon(pieces)
    docs = [nlp("Smith was scanned, said Quillfeather to Smith"), nlp("smith")]
    sight = see(docs, lexicon)
    vectors = torch.from_numpy(lexicon.vectors(sight.words))
    with torch.no_grad():
        expected = torch.softmax(network(sight, vectors, lexicon.letters(sight.words)), dim=1).numpy()
    drawn = WordPieces(pieces.pieces, pieces.vectors @ network.project.weight.detach().numpy().T)
    known = Lexicon(drawn, network.weights())
    seen = see(docs, known)
    assert probabilities(network.weights(), seen, known.vectors(seen.words)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("word", "head", "tail"),
    [
        ("o'neil-9", [0, 15, 27, 14, 5, 9, 12, 28, 29], [0]),
        ("åsa", [0, 1, 19, 1, 0], [0]),
        ("жan", [0, 30, 1, 14, 0], [0]),
        ("£5", [0, 31, 29, 0], [0]),
        ("abcdefghijklmnopqrstuvwxyz", [0, *range(1, 11), 21, 22], [24, 25, 26, 0]),
        ("", [0], [0]),
    ],
)
def test_a_word_is_seen_by_its_letters_a_long_one_by_head_and_tail(word: str, head: list[int], tail: list[int]) -> None:
    codes = letters(word).tolist()
    assert len(codes) == LENGTH
    assert codes[: len(head)] == head
    assert codes[LENGTH - len(tail) :] == tail


def test_a_filter_says_how_well_it_fits_where_it_fits_best() -> None:
    weights = {"letters": np.eye(N_LETTERS, dtype=np.float32)}
    for size in WINDOWS:
        weights[f"filters.{size}.weight"] = np.zeros((1, size * N_LETTERS), dtype=np.float32)
        weights[f"filters.{size}.bias"] = np.zeros(1, dtype=np.float32)
    s, k, i = 19, 11, 9
    weights["filters.3.weight"][0, [s, N_LETTERS + k, 2 * N_LETTERS + i]] = 1
    words = np.stack([letters("kowalski"), letters("skip"), letters("sky"), letters("cat")])
    assert spelt(weights, words)[:, 0].tolist() == [3, 3, 2, 0]


def test_words_seen_later_are_spelt_too_and_forgotten_ones_anew(
    pieces: WordPieces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesuggest.redact.sight._SPARE", 2)
    network = Network(4, vector_width=4, width=8, dropout=0, hidden=0, n_filters=5)
    nlp, lexicon = spacy.blank("en"), Lexicon(pieces, network.weights())
    each = [lexicon.vectors(see([nlp(text)], lexicon).words)[:3] for text in ("ada met bo", "bo met ada", "bo met ada")]
    assert each[0][[2, 1, 0]] == pytest.approx(each[1])
    assert each[1] == pytest.approx(each[2])
    assert each[0].any(axis=1).all()


def test_findings_are_runs_of_words_over_the_floor_with_the_likelier_type_and_the_highest_score() -> None:
    n = len(LEARNT)
    probability = np.zeros((6, 1 + 2 * n), dtype=np.float32)
    person, further = 1 + LEARNT.index("PERSON"), 1 + n + LEARNT.index("PERSON")
    for position, column, value in [(1, person, 0.9), (2, further, 0.4), (4, person, 0.55), (5, person, 0.8)]:
        probability[position, column] = value
    probability[:, 0] = 1 - probability.sum(axis=1)
    found = decode(probability, 0.5)
    assert [(start, end, type) for start, end, type, _ in found] == [
        (1, 3, "PERSON"),  # the second word counts from 0.6 of the floor, as it stands beside the first
        (4, 5, "PERSON"),
        (5, 6, "PERSON"),  # a first word starts another person
    ]
    assert [round(score, 2) for *_, score in found] == [0.9, 0.55, 0.8]


@pytest.mark.parametrize(
    ("text", "named", "lowered"),
    [
        ("Abara met Quill today", {0: 0.95, 2: 0.3}, [2]),
        ("Abara met Quill today", {0: 0.7, 2: 0.3}, []),
        ("Abara met Quill today", {0: 0.95, 2: 0.1}, []),
        ("Abara left. Quill stayed", {0: 0.95, 3: 0.3}, []),
        ("seen by KCN and TG", {2: 0.5, 4: 0.3}, [4]),
        ("seen by Abara and TG", {2: 0.95, 4: 0.3}, []),
    ],
)
def test_a_name_counts_sooner_beside_a_sure_name_and_initials_beside_initials(
    text: str, named: dict[int, float], lowered: list[int]
) -> None:
    doc = spacy.blank("en")(text)
    probability = np.zeros((len(doc), 1 + 2 * len(LEARNT)), dtype=np.float32)
    for position, value in named.items():
        probability[position, 1 + LEARNT.index("PERSON")] = value
    each = floors(doc, probability, 0.4)
    assert [i for i in range(len(doc)) if each[i] < 0.4] == lowered
    assert each[lowered].tolist() == [0.2] * len(lowered)


@pytest.mark.parametrize(
    ("text", "label", "is_somebodys"),
    [
        ("rang 111", "PHONE_NUMBER", False),
        ("rang 2222", "BLEEP", False),
        ("gran turned 101", "AGE", True),
        ("BP 98", "AGE", False),
        ("bed 12", "BLEEP", False),
        ("HR: 4521", "PHONE_NUMBER", True),
        ("asset no 4521", "PHONE_NUMBER", False),
        ("rang back", "BLEEP", False),
    ],
)
def test_a_number_is_somebody_s_unless_it_is_a_thing_s_a_measurement_or_everybody_s(
    text: str, label: str, is_somebodys: bool
) -> None:
    doc = spacy.blank("en")(text)
    assert is_personal(Span(doc, len(doc) - 1, len(doc), label=label)) is is_somebodys


def test_a_tagger_reads_back_what_it_wrote_and_marks_texts(pieces: WordPieces, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("personal", config={"floor": 0.01})
    assert isinstance(tagger, Tagger)
    network = Network(4, vector_width=4, width=8, dropout=0, hidden=0, n_filters=5)
    with torch.no_grad():
        network.leave.bias[1 + LEARNT.index("PERSON")] = 9
    tagger.set(pieces, network.weights())
    nlp.to_disk(tmp_path / "model")
    again = spacy.load(tmp_path / "model")
    text = "Smith was scanned"
    first, second = nlp(text), again(text)
    assert [(ent.text, ent.label_) for ent in first.ents] == [(ent.text, ent.label_) for ent in second.ents]
    assert first.user_data[SCORES] == pytest.approx(second.user_data[SCORES], abs=0.01)
    assert len(first.user_data[SCORES]) == len(first.ents) > 0
