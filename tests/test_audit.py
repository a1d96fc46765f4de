"""The audit: confirmations, agreement by part, confusions, habits, drift, suggestions' effect, agenda, suspects."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from codesuggest.agreement import Bootstrap
from codesuggest.audit import Audit, AxisConfirmation, audit, collect, read_confirmations, taxonomy_of
from codesuggest.audit.agenda import disagreements_worth_meeting, guidelines_by_code
from codesuggest.audit.differences import NOTHING
from codesuggest.audit.model_coder import model_decisions
from codesuggest.audit.stored import read_store
from codesuggest.audit.suspects import Suspects, suspects
from codesuggest.audit.suspicion import suspicion
from codesuggest.cli import app
from codesuggest.confirm import Sending, confirm
from codesuggest.domain import Axis, Caller, Code, Decision, RedactedNarrative, RedactedText, Taxonomy
from codesuggest.embed import HashingEmbedder
from codesuggest.errors import AgreementError, ReadError
from codesuggest.settings import settings
from codesuggest.store.database import Database
from codesuggest.store.decisions import standing_adjudications
from codesuggest.suggest import Suggester
from test_store import CODES, add_coder, add_incident

Write = Callable[[str, str | bytes], Path]
ROOT = Path(__file__).parents[1]
SCALE = Taxonomy(
    "scale",
    "Scale",
    (Axis("level", "Level", ordinal=True),),
    tuple(Code("level", c, c) for c in ("low", "mid", "high")),
)


def decided(coder: str, codes: str, axis: str = "level", **more: object) -> list[AxisConfirmation]:
    """One decision an incident: words are codes, `+` joins several, `-` is no code."""
    names = {"l": "low", "m": "mid", "h": "high"}
    return [
        AxisConfirmation(str(i), coder, axis, frozenset(names.get(c, c) for c in word.split("+") if c != "-"), **more)  # type: ignore[arg-type]
        for i, word in enumerate(codes.split())
    ]


def audited(decisions: Iterable[AxisConfirmation], taxonomy: Taxonomy = SCALE, **more: object) -> Audit:
    return audit(collect(decisions), taxonomy, bootstrap=Bootstrap(100), **more)  # type: ignore[arg-type]


def test_a_long_table_is_read_and_every_bad_row_is_named(write: Write) -> None:
    rows = [
        "coder,incident,axis,codes,site,date,is_blind,shown_rank",
        "ann,1,level,low,north,2026-03-14,true,",
        "bob,1,LEVEL,low,,,,",
        "bob,1,level,wrong,,,,",
        "bob,,level,low,,,,",
        "bob,2,level,low|mid,,,,",
        "bob,2,level,,,,,",
        "bob,3,level,low,,14/3/26,,",
        "bob,3,level,low,,,perhaps,",
        "bob,3,level,low,,,no,first",
        "bob,1,level,HIGH,,2026-04-01,no,2",
    ]
    read = read_confirmations([write("c.csv", "\n".join(rows))], {}, SCALE)
    assert [(d.coder, sorted(d.codes), d.site, d.is_blind, d.shown_rank) for d in read.decisions] == [
        ("ann", ["low"], "north", True, None),
        ("bob", ["high"], "north", False, 2),
    ]
    assert [row.row for row in read.skipped] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert "'wrong' is no code of axis 'level' in scale" in read.skipped[1].reason
    assert "2026-03-14" in read.skipped[5].reason


def test_columns_of_other_names_and_a_taxonomy_of_what_was_given(write: Write) -> None:
    path = write("c.csv", "who,id,question,answer\nann,1,Any harm?,yes\nbob,1,Any harm?,no\n")
    columns = {"coder": "who", "incident": "id", "axis": "question", "codes": "answer"}
    assert list(taxonomy_of(read_confirmations([path], columns, None)).axis) == ["Any harm?"]
    with pytest.raises(ReadError, match=r"no column .incident. for the incident. Name it: --column incident=COLUMN"):
        read_confirmations([path], {}, None)


def test_the_last_decision_of_a_coder_stands() -> None:
    both = collect([*decided("ann", "l"), *decided("ann", "h")])
    assert [sorted(d.codes) for d in both.decisions] == [["high"]]
    assert both.n_replaced == 1


def test_agreement_by_axis_pair_rest_site_and_month() -> None:
    first = decided("ann", "l m h l m h l m h l " * 2, site="north", date="2026-01-05")
    second = decided("bob", "l m h l m h l m h h " * 2)
    third = decided("cat", "l m h l m h l m h l " + "- " * 0)
    axis = audited([*first, *second, *third], floors={"level": 0.99}).axes["level"].agreement
    assert axis.overall.n_incidents == 20
    assert set(axis.pairs) == {("ann", "bob"), ("ann", "cat"), ("bob", "cat")}
    assert axis.pairs["ann", "bob"].percent.value == pytest.approx(0.9)
    assert axis.coders["bob"].percent.value == pytest.approx(0.9)
    assert set(axis.overall.partial) == {"ordinal"}
    assert list(axis.sites) == ["north"]
    assert list(axis.months) == ["2026-01"]
    assert axis.floor == 0.99
    assert axis.beyond_chance.value < 0.99


def test_nobody_coded_twice_is_refused() -> None:
    with pytest.raises(AgreementError, match="No incident was coded by two people"):
        audited(decided("ann", "l m h"))


def test_confusions_count_what_one_gave_in_place_of_the_other(working: Taxonomy) -> None:
    a = decided("ann", "REF.patient REF.patient CHK.identity+PST.images REF.exam", "pathway")
    b = decided("bob", "CHK.identity CHK.identity CHK.identity REF.exam", "pathway")
    found = audited([*a, *b], working).axes["pathway"].confusions
    assert [(pair.codes, pair.n) for pair in found.pairs] == [
        (("CHK.identity", "REF.patient"), 2),
        (("PST.images", NOTHING), 1),
    ]
    assert found.pairs[0].share == pytest.approx(2 / 3)
    assert found.pairs[0].of_uses == pytest.approx(2 / 3)
    assert found.pairs[0].examples == ("0", "1")


def test_a_coder_who_overuses_a_code_is_named_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    codes = rng.choice(["l", "m", "h"], 120)
    fond = " ".join("h" if rng.uniform() < 0.5 else str(c) for c in codes)
    plain = " ".join(map(str, codes))
    coders = [*decided("ann", plain), *decided("bob", plain), *decided("cat", plain), *decided("dan", fond)]
    found = audited(coders).axes["level"].habits
    assert (found[0].coder, found[0].code) == ("dan", "high")
    assert found[0].difference.low > 0
    assert found[0].own - found[0].others == pytest.approx(found[0].difference.value)
    assert {habit.coder for habit in found} >= {"dan"}
    assert not audited([*decided("ann", plain), *decided("bob", plain)]).axes["level"].habits


def test_drift_is_seen_with_its_interval() -> None:
    good = "l m h l m h l m h l m h l m h l m h l m "
    days = [f"2026-0{1 + i // 20}-{1 + i % 20:02}" for i in range(40)]
    ann = [
        AxisConfirmation(d.incident, "ann", "level", d.codes, date=day)
        for d, day in zip(decided("ann", good * 2), days, strict=True)
    ]
    bob = decided("bob", good + "h " * 20)
    (drift, *_) = [d for d in audited([*ann, *bob]).axes["level"].drifts if d.coder == "bob"]
    assert (drift.n_before, drift.n_after, drift.since) == (20, 20, "2026-02-01")
    assert drift.before == 1
    assert drift.change.high < 0


def test_suggestions_pull_is_the_difference_of_assisted_and_blind() -> None:
    model = decided("robot", "l " * 40)
    blind = decided("ann", "m " * 20 + "- " * 20, is_blind=True)[:20]
    seen = decided("ann", "l " * 40, is_blind=False, shown_rank=1)[20:]
    other = decided("bob", "m " * 20 + "l " * 20)
    found = audited([*model, *blind, *seen, *other], model="robot").axes["level"]
    assert found.assistance is not None
    contrast = found.assistance.with_model
    assert contrast is not None
    assert (contrast.blind, contrast.assisted, contrast.difference.value) == (0, 1, 1)
    assert found.assistance.taken == {"1": 20}
    assert found.agreement.model is not None
    assert found.agreement.n_coders == 2
    assert found.agreement.model.percent.value == pytest.approx(0.5)


def test_the_model_as_a_coder_leaves_out_what_it_was_trained_on(suggester: Suggester) -> None:
    rows = [json.loads(line) for line in (ROOT / "annotation/sample/incidents.jsonl").read_text().splitlines()[:110]]
    trained = RedactedNarrative("seen", RedactedText("never"), {})
    new = RedactedNarrative("new", RedactedText(rows[105]["text"]), {})
    found = model_decisions(suggester, [new, trained])
    assert {d.axis for d in found} == set(suggester.model.taxonomy.axis)
    assert all(len(d.codes) == 1 for d in found if not suggester.model.taxonomy.axis[d.axis].many)


def test_the_agenda_takes_what_stands_for_most_and_varies() -> None:
    ann = decided("ann", "l l l m l")
    bob = decided("bob", "m m m h l")
    chosen = disagreements_worth_meeting([*ann, *bob], most=2)
    assert [item.incident for item in chosen] == ["0", "3"]
    assert chosen[0].kinds == {("level", "low", "mid"): 3}
    assert [i.incident for i in disagreements_worth_meeting([*ann, *bob], settled={"0"}, most=1)] == ["1"]


def test_guidelines_are_found_by_code() -> None:
    words = guidelines_by_code("# Codes\n\n### SEV1 Worst\n\n- **Covers** harm\n\n### SEV2 Less\nnone\n")
    assert words["SEV1"] == "Covers: harm"
    assert words["SEV2"] == "none"


def archive(n: int = 240, n_wrong: int = 12) -> tuple[list[RedactedNarrative], set[str]]:
    """Narratives of which the words decide the code, but for a few whose code is another's."""
    rng = np.random.default_rng(1)
    words = {"A": "knee xray wrong side", "B": "contrast allergy missed", "C": "report sent late ward"}
    kinds = rng.choice(list(words), n)
    wrong = {f"{i}" for i in rng.choice(n, n_wrong, replace=False)}
    narratives = []
    for i, kind in enumerate(kinds):
        text = " ".join(rng.permutation([*words[str(kind)].split(), f"case{i}", f"day{i % 17}"]))
        code = str(rng.choice([k for k in words if k != kind])) if str(i) in wrong else str(kind)
        narratives.append(RedactedNarrative(str(i), RedactedText(text), {"kind": (code,)}))
    return narratives, wrong


KINDS = Taxonomy("kinds", "Kinds", (Axis("kind", "Kind"),), tuple(Code("kind", c, c) for c in "ABC"))


def suspected(narratives: list[RedactedNarrative], taxonomy: Taxonomy = KINDS) -> Suspects:
    vectors = HashingEmbedder(64).embed([n.text for n in narratives])
    return suspects(narratives, vectors, taxonomy)


def test_planted_errors_come_first_and_about_as_many_slips_are_said() -> None:
    narratives, wrong = archive(600, 36)
    found = suspected(narratives)
    assert {suspect.id for suspect in found.ranked[:36]} == wrong
    assert found.at_most(36).value == pytest.approx(36, abs=18)
    assert all(s.instead != s.given[0] for s in found.ranked[:36])
    assert "the model gives" in found.ranked[0].reasons[0]


@pytest.mark.parametrize("rate", [0.05, 0.1])
def test_of_calibrated_scores_the_slips_and_the_share_wrong_are_those_planted(rate: float) -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(4000, 8)) * 3
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = np.array([rng.choice(8, p=row) for row in scores])  # codes drawn as the scores say: calibrated
    is_wrong = rng.uniform(size=4000) < rate
    given = np.where(is_wrong, (right + rng.integers(1, 8, 4000)) % 8, right)
    truth = given[:, None] == np.arange(8)
    found = suspicion(scores, scores, truth, exclusive=True)
    assert found.wrong.low <= rate <= found.wrong.high
    first = np.argsort(-found.level)[: is_wrong.sum()]
    by_loss = np.argsort(scores[np.arange(4000), given])[: is_wrong.sum()]
    assert found.p_slip[first].sum() == pytest.approx(is_wrong[first].sum(), rel=0.25)
    assert is_wrong[first].sum() >= is_wrong[by_loss].sum() - 2  # of calibrated scores the loss is the best there is
    assert is_wrong[first].mean() > 5 * rate


@pytest.mark.parametrize("sharpened", [0.5, 2.0])
def test_slips_are_bounded_where_scores_are_off_and_people_differ(sharpened: float) -> None:
    # scores too timid or too bold by half, and 150 of 3,000 coded at will, which no model can see: right as they are
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(3000, 12)) * 2
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = np.array([rng.choice(12, p=row) for row in chances])
    right[:150] = rng.integers(0, 12, 150)
    is_slip = rng.uniform(size=3000) < 0.05
    given = np.where(is_slip, (right + rng.integers(1, 12, 3000)) % 12, right)
    scores = np.exp(sharpened * logits) / np.exp(sharpened * logits).sum(axis=1, keepdims=True)
    found = suspicion(scores, scores, given[:, None] == np.arange(12), exclusive=True)
    assert found.wrong.value > 0.05
    first = np.argsort(-found.level)[:150]
    assert found.p_slip[first].sum() > is_slip[first].sum()


def test_where_nothing_is_wrong_hardly_any_slip_is_said() -> None:
    found = suspected(archive(600, 0)[0])
    assert found.at_most(600).value < 6


def test_rules_name_the_same_text_coded_apart_and_two_codes_where_one_is_due() -> None:
    narratives, _ = archive(60, 0)
    text = RedactedText("the very same words")
    same = [RedactedNarrative(id, text, {"kind": (code,)}) for id, code in (("x", "A"), ("y", "A"), ("z", "B"))]
    two = RedactedNarrative("t", RedactedText("contrast allergy missed again"), {"kind": ("A", "B")})
    ranked = {s.id: s for s in suspected([*narratives, *same, two]).ranked}
    assert ranked["z"].reasons[0] == "the same text stands 3 times and is coded in 2 ways"
    assert ranked["z"].p_slip >= 2 / 3
    assert ranked["t"].reasons[0].startswith("2 codes where one is due")
    assert ranked["t"].p_slip >= 0.95


def test_a_combination_that_hardly_ever_occurs_is_named() -> None:
    axes = (Axis("kind", "Kind"), Axis("group", "Group"))
    codes = (*(Code("kind", c, c) for c in "ABC"), *(Code("group", c, c) for c in "PQ"))
    narratives = [
        RedactedNarrative(str(i), RedactedText(f"words {i}"), {"kind": ("A",), "group": ("Q" if i == 7 else "P",)})
        for i in range(30)
    ]
    (odd,) = [
        s
        for s in suspected(narratives, Taxonomy("two", "Two", axes, codes)).ranked
        if s.id == "7" and s.axis == "group"
    ]
    assert odd.reasons == ("29 of 30 incidents with A have P here, not Q",)


def twice_coded(database: Database, working: Taxonomy, *sites: str) -> None:
    """In each site an incident that two coders coded differently, and one on which they agree."""
    for site in sites:
        coders = [add_coder(database, f"{who}.{site}") for who in ("ann", "bob")]
        for reference, second in (("W1", CODES | {"severity": ("SEV3",)}), ("W2", CODES)):
            number = add_incident(database, reference, site=site, n_wanted=2, is_blind=True)
            for coder, codes in zip(coders, (CODES, second), strict=True):
                with database.writing() as session:
                    sending = Sending(coder, f"{reference}-{site}-{coder.name}", 1)
                    confirm(session, number, Decision(codes), sending, taxonomy=working)


@pytest.fixture
def in_use(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", database_url)
    settings.cache_clear()
    yield database
    settings.cache_clear()


def test_the_store_is_audited_and_a_meetings_outcomes_are_recorded_once(
    in_use: Database, working: Taxonomy, tmp_path: Path
) -> None:
    twice_coded(in_use, working, "north", "south")
    with in_use.reading() as session:
        stored = read_store(session, Caller("tests", "administrator"), working)
    assert {d.incident for d in stored.confirmations.decisions} == {"north/W1", "north/W2", "south/W1", "south/W2"}
    assert all(d.is_blind and d.site and d.date for d in stored.confirmations.decisions)
    assert stored.adjudicated == frozenset()
    agenda = CliRunner().invoke(app, ["audit", "--store", "--agenda", "5"])
    assert agenda.exit_code == 0, agenda.stderr
    assert "Incident north/W1: severity" in agenda.stdout
    assert "W2" not in agenda.stdout
    outcomes = tmp_path / "meeting.jsonl"
    codes = {axis: list(given) for axis, given in CODES.items()}
    line = {"id": "north/W1", "codes": codes, "reason": "Read again with Mrs Jane Doyle: it had a consequence."}
    outcomes.write_text(json.dumps(line), encoding="utf-8")
    add_coder(in_use, "lea", role="lead")
    for _ in range(2):
        done = CliRunner().invoke(app, ["adjudicate", str(outcomes), "--by", "lea"])
        assert done.exit_code == 0, done.stderr or done.exception
    with in_use.reading() as session:
        stored = read_store(session, Caller("tests", "administrator"), working)
        (row,) = session.scalars(standing_adjudications()).all()
        assert row.codes["severity"] == ["SEV2"]
        assert "Doyle" not in str(row.reason)
        assert row.supersedes_id is None
    assert stored.adjudicated == {"north/W1"}
    assert "north/W1" not in CliRunner().invoke(app, ["audit", "--store", "--agenda", "5"]).stdout


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        ('{"id": "W1", "codes": {}}', "ann.north", "no active lead"),
        ('{"id": "W9", "codes": {"severity": ["SEV2"]}}', "lea", "No incident W9"),
        ('{"id": "W1", "reason": "none"}', "lea", "row 1: expected id, codes and reason"),
        ('{"id": "W1", "codes": {}}', "nobody", "No coder nobody"),
    ],
)
def test_an_outcome_that_cannot_be_recorded_says_why(
    in_use: Database, working: Taxonomy, tmp_path: Path, line: str, by: str, says: str
) -> None:
    twice_coded(in_use, working, "north")
    add_coder(in_use, "lea", role="lead")
    (tmp_path / "m.jsonl").write_text(line, encoding="utf-8")
    refused = CliRunner().invoke(app, ["adjudicate", str(tmp_path / "m.jsonl"), "--by", by])
    assert says in str(refused.exception)
    with in_use.reading() as session:
        assert session.scalars(standing_adjudications()).all() == []
