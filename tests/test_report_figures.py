"""Every section with figures: at least one number of each report against a calculation of its own.

Evaluation is in test_report.py, studies too; submissions and national differences are in test_trends.py.
"""

from collections.abc import Sequence

import krippendorff
import numpy as np
import pytest

from codesuggest.agreement import Bootstrap
from codesuggest.audit import AxisConfirmation, agreement_of, audit, collect
from codesuggest.audit.agenda import disagreements_worth_meeting
from codesuggest.audit.suspects import Suspect, Suspects
from codesuggest.domain import Axis, Code, RedactedText, Taxonomy
from codesuggest.metrics import Estimate
from codesuggest.report import agreement_table
from codesuggest.report.agenda import agenda_document
from codesuggest.report.auditing import audit_document
from codesuggest.report.document import Document, Points, Quote, Table, sentence, worded
from codesuggest.report.suspecting import suspects_document
from codesuggest.report.trending import trends_document
from codesuggest.trends import CodedIncident

SCALE = Taxonomy(
    "scale", "Scale", (Axis("level", "Level", ordinal=True),), tuple(Code("level", c, c) for c in ("l", "m", "h"))
)
ANN = "lllmmhhhhhlh"
BOB = "llmmmhhhhllh"
"""Two of twelve differ: incident 2, l and m; incident 9, h and l."""


def decided(coder: str, codes: str) -> list[AxisConfirmation]:
    return [
        AxisConfirmation(str(i), coder, "level", frozenset(code), site="north", date="2026-01-05")
        for i, code in enumerate(codes)
    ]


def tables(document: Document, title: str) -> list[Table]:
    (section,) = [section for section in document.sections if section.title == title]
    return [block for block in section.blocks if isinstance(block, Table)]


def shown(table: Table) -> list[list[str]]:
    return [[worded(cell) for cell in row] for row in table.rows]


@pytest.fixture(scope="module")
def audited() -> Document:
    found = audit(collect([*decided("ann", ANN), *decided("bob", BOB)]), SCALE, bootstrap=Bootstrap(100))
    return audit_document(found, made="2026-11-29", are_named=True)


def cohen(first: str, second: str) -> float:
    same = np.mean([a == b for a, b in zip(first, second, strict=True)])
    by_chance = sum(first.count(c) * second.count(c) for c in "lmh") / len(first) ** 2
    return float((same - by_chance) / (1 - by_chance))


@pytest.mark.parametrize(
    ("title", "first"),
    [
        ("Agreement on each axis", "Level"),
        ("Sites", "north"),
        ("Months", "2026-01"),
    ],
)
def test_agreement_is_reported_as_krippendorff_and_cohen_have_it(audited: Document, title: str, first: str) -> None:
    (table,) = tables(audited, title)
    row = shown(table)[0]
    data = [["lmh".index(code) for code in codes] for codes in (ANN, BOB)]
    nominal, ordinal = (
        krippendorff.alpha(reliability_data=data, level_of_measurement=level) for level in ("nominal", "ordinal")
    )
    assert row[:2] == [first, "12"]
    assert row[2].startswith("83% (")  # 10 of 12
    assert row[3].startswith(f"{cohen(ANN, BOB):.2f} (")
    assert row[5].startswith(f"{nominal:.2f} (")
    assert row[6].startswith(f"{ordinal:.2f} (")


def test_coders_and_pairs_are_reported_on_the_incidents_that_they_share(audited: Document) -> None:
    for title in ("Each coder against the others", "Two coders at a time"):
        for table in tables(audited, title):
            for row in shown(table):
                assert "12" in row
                assert any(cell.startswith("83% (") for cell in row)


def test_confusions_are_counted_and_add_up(audited: Document) -> None:
    rules, matrix = tables(audited, "Which codes are taken for which")
    assert rules.caption == "Level: pairs worth a rule"
    # one of two differences each, of the incidents on which anybody gave either code
    assert [row[2:4] for row in shown(rules)] == [["1", "50%"], ["1", "100%"]]
    uses = [len({i for i in range(12) if {ANN[i], BOB[i]} & set(pair)}) for pair in ("hl", "lm")]
    assert sorted(row[4] for row in shown(rules)) == sorted(f"{1 / n:.0%}" for n in uses)
    assert sum(float(cell) for row in shown(matrix) for cell in row[1:] if cell != "–") == 4  # both ways round


def test_axes_of_which_the_same_can_be_said_share_one_point() -> None:
    axes = tuple(Axis(key, key) for key in ("first", "second", "third"))
    taxonomy = Taxonomy("three", "Three", axes, tuple(Code(axis.key, c, c) for axis in axes for c in "lmh"))
    given = {"first": (ANN, ANN), "second": (ANN, ANN), "third": (ANN, ANN[::-1])}
    decisions = [
        AxisConfirmation(str(i), coder, axis, frozenset(code))
        for axis, both in given.items()
        for coder, codes in zip(("ann", "bob"), both, strict=True)
        for i, code in enumerate(codes)
    ]
    document = audit_document(audit(collect(decisions), taxonomy, bootstrap=Bootstrap(100)), made="", are_named=True)
    (points,) = [block for block in document.sections[0].blocks if isinstance(block, Points)]
    good, low = (sentence(item) for item in points.items)
    assert good == (
        "Agreement beyond chance is good enough to rely on one coder, on first 1.00 (1.00 to 1.00); "
        "second 1.00 (1.00 to 1.00)."
    )
    assert low.startswith("Agreement beyond chance is too low to rely on one coder, on third ")


def test_suspects_are_summed_as_listed() -> None:
    chances = [0.9, 0.8, 0.5, *[0.1] * 17]
    ranked = [Suspect(str(i), "level", ("l",), "m", p, ("why",)) for i, p in enumerate(chances)]
    found = Suspects(20, tuple(ranked), {"level": Estimate(0.1, 0.05, 0.2)})
    document = suspects_document(found, SCALE, made="2026-11-29", most=10)
    (bounds,) = tables(document, "What a review would bring")
    # of the first ten 0.9 + 0.8 + 0.5 + 7 x 0.1 = 2.9; of all twenty 2.9 + 10 x 0.1 = 3.9
    assert [row[1].split(" ")[0] for row in shown(bounds)] == ["3", "4"]
    assert [row[2] for row in shown(bounds)] == ["29%", "20%"]
    # 3.9 of 20; the bound's own 0.05 to 0.2 about 0.1 is -1.95 and +3.9, chance 1.96 times the root of 2.03
    assert shown(tables(document, "Each axis")[0]) == [["Level", "20", "20% (2 to 43%)"]]
    assert [row[4] for row in shown(tables(document, "The codings to look at")[0])][:3] == ["90%", "80%", "50%"]


def test_a_bound_of_none_keeps_the_upper_end_of_its_interval() -> None:
    ranked = tuple(Suspect(str(i), "level", ("l",), "m", 0.0, ("why",)) for i in range(20))
    found = Suspects(20, ranked, {"level": Estimate(0.0, 0.0, 0.15)})
    assert found.at_most(10) == Estimate(0.0, 0.0, 3.0)  # 0.15 of twenty may all be among the first ten
    assert found.at_most(2) == Estimate(0.0, 0.0, 2.0)
    assert found.at_most_on("level") == Estimate(0.0, 0.0, 0.15)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [("llm", "mmh", "2 disagreements"), ("l", "m", "1 disagreement,")],
)
def test_an_agenda_counts_what_it_stands_for(first: str, second: str, says: str) -> None:
    chosen = disagreements_worth_meeting([*decided("ann", first), *decided("bob", second)], most=2)
    texts = {item.incident: RedactedText("words") for item in chosen}
    document = agenda_document(chosen, SCALE, made="", narratives=texts, suggested={}, guidelines={}, are_named=True)
    # l and m differ twice, m and h once: two items stand for all three; of one incident, for itself
    assert sentence(document.verdict).startswith(says)
    assert f"occur in the audit: {len(first)}. " in sentence(document.verdict)
    assert shown(tables(document, document.sections[0].title)[0]) == [["Level", first[0], second[0]]]


def test_trends_count_every_incident_once_in_each_part() -> None:
    codes: Sequence[str] = "llllmmmhhh"
    rows = [
        CodedIncident(
            str(i), {"level": (code,)}, {"site": "north" if i < 6 else "south", "month": f"2026-0{1 + i % 2}"}
        )
        for i, code in enumerate(codes)
    ]
    document = trends_document(rows, SCALE, made="2026-11-29", by=["month", "site"])
    assert shown(tables(document, "What was coded")[0]) == [["l", "4", "40%"], ["h", "3", "30%"], ["m", "3", "30%"]]
    counted, grid = tables(document, "By site")
    assert shown(counted) == [["north", "6", "60%"], ["south", "4", "40%"]]
    by_code = {head: [row[i] for row in shown(grid)] for i, head in enumerate(grid.head)}
    assert (by_code["l"], by_code["m"], by_code["h"]) == (["4", "0"], ["2", "1"], ["0", "3"])
    assert shown(tables(document, "By month")[0]) == [["2026-01", "5", "50%"], ["2026-02", "5", "50%"]]


def agenda_of(decisions: Sequence[AxisConfirmation], taxonomy: Taxonomy) -> Document:
    chosen = disagreements_worth_meeting(decisions)
    return agenda_document(chosen, taxonomy, made="", narratives={}, suggested={}, guidelines={})


def test_an_agenda_letters_more_coders_than_there_are_letters() -> None:
    codes = ["l", "m", *"l" * 52]
    decisions = [AxisConfirmation("1", f"c{i:02}", "level", frozenset(code)) for i, code in enumerate(codes)]
    document = agenda_of(decisions, SCALE)
    (table,) = tables(document, document.sections[0].title)
    assert table.head[1:3] == ("coder A", "coder B")
    assert table.head[26:29] == ("coder Z", "coder AA", "coder AB")
    assert table.head[53:55] == ("coder BA", "coder BB")
    assert shown(table)[0][1:4] == ["l", "m", "l"]
    assert len(set(table.head)) == len(table.head) == 55


def test_an_agenda_quotes_what_a_code_is_and_no_key_of_an_axis(working: Taxonomy) -> None:
    decisions = [
        AxisConfirmation("1", coder, "performed_modality", frozenset({code}))
        for coder, code in (("ann", "MOD-DXA"), ("bob", "MOD-NONE"))
    ]
    quoted = [block.text for block in agenda_of(decisions, working).sections[0].blocks if isinstance(block, Quote)]
    assert quoted[1:] == ["Bone densitometry", "Nothing was performed by the time the event was found"]


ALIKE = ("l" * 18 + "ml", "l" * 18 + "lm")
"""18 of 20 the same; each coder has m once, elsewhere: by chance 0.95 x 0.95 + 0.05 x 0.05 = 0.905 the same."""


def coded_at(site: str, ann: str, bob: str) -> list[AxisConfirmation]:
    return [
        AxisConfirmation(f"{site}{i}", coder, "level", frozenset(code), site=site)
        for coder, codes in (("ann", ann), ("bob", bob))
        for i, code in enumerate(codes)
    ]


def test_a_kappa_that_says_little_is_marked_and_explained_where_it_stands() -> None:
    decisions = [*coded_at("north", *ALIKE), *coded_at("south", ANN, BOB)]
    document = audit_document(audit(collect(decisions), SCALE, bootstrap=Bootstrap(100)), made="", are_named=True)
    (sites,) = tables(document, "Sites")
    north, south = shown(sites)
    assert north[2].startswith("90% (")
    assert north[3].startswith("-0.05 (")  # (0.9 - 0.905) / (1 - 0.905)
    assert [cell.endswith(" †") for cell in north] == [False, False, False, True, False, True, True]
    assert not any("†" in cell for cell in south)
    assert "† Coders hardly differ there, but nearly all incidents have one code" in sites.note
    assert sites.note.endswith("the figure says little, read AC1.")
    for table in tables(document, "Agreement on each axis"):
        assert "†" not in table.note + "".join(cell for row in shown(table) for cell in row)


def test_an_axis_of_nearly_one_code_is_not_called_too_low_to_rely_on() -> None:
    found = audit(collect(coded_at("north", *ALIKE)), SCALE, bootstrap=Bootstrap(100))
    document = audit_document(found, made="", are_named=True)
    verdict = sentence(document.verdict)
    assert "On Level nearly all incidents have one code: agreement beyond chance says little." in verdict
    assert "too low" not in verdict
    (points,) = [block for block in document.sections[0].blocks if isinstance(block, Points)]
    # chance by AC1: m has a share of 2 in 40, of three codes: (0.05 x 0.95 + 0.95 x 0.05) / 2 = 0.0475
    # (0.9 - 0.0475) / (1 - 0.0475) = 0.895
    assert "AC1 is the figure to read, on Level 0.90 (" in sentence(points.items[0])
    coding = [{str(i): {"level": (code,)} for i, code in enumerate(codes)} for codes in ALIKE]
    assert "nearly all incidents have one code" in agreement_table(agreement_of(*coding, SCALE))
    coding = [{str(i): {"level": (code,)} for i, code in enumerate(codes)} for codes in (ANN, BOB)]
    assert "nearly all" not in agreement_table(agreement_of(*coding, SCALE))
