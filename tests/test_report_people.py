"""Figures of an audit's people and of what suggestions do to them, each against a calculation of its own.

Written in plain loops, or with another library's function, from the same few decisions: nothing of the package works
out what is expected.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from scipy import stats

from codesuggest.agreement import Bootstrap
from codesuggest.audit import Audit, AxisConfirmation, audit, collect
from codesuggest.domain import Axis, Code, Taxonomy
from codesuggest.report.auditing import audit_document
from test_report_figures import shown, tables

SCALE = Taxonomy("scale", "Scale", (Axis("level", "Level"),), tuple(Code("level", c, c) for c in "lmh"))


def decided(coder: str, codes: str, first: int = 0, **more: object) -> list[AxisConfirmation]:
    """One decision a letter, of incidents numbered from `first`."""
    return [
        AxisConfirmation(f"{i:03}", coder, "level", frozenset(code), **more)  # type: ignore[arg-type]
        for i, code in enumerate(codes, start=first)
    ]


def audited(decisions: Iterable[AxisConfirmation], **more: str) -> Audit:
    return audit(collect(decisions), SCALE, bootstrap=Bootstrap(2000), **more)  # type: ignore[arg-type]


def section_of(found: Audit, title: str) -> list[list[list[str]]]:
    return [shown(table) for table in tables(audit_document(found, made=""), title)]


def points(words: str) -> list[int]:
    """The three numbers of `+35 (+5 to +64)`."""
    return [int(part) for part in words.replace("(", " ").replace(")", " ").replace(" to ", " ").split()]


# Coders' habits

HABITS = {
    "ann": "l" * 12 + "m" * 10 + "h" * 8,
    "bob": "l" * 12 + "m" * 9 + "h" * 9,
    "dan": "h" * 14 + "m" * 8 + "h" * 8,
}
TITLE = "Codes given more or less often than others give them"


def test_habits_are_the_paired_differences_that_benjamini_and_hochberg_keep() -> None:
    expected = {}
    for coder, given in HABITS.items():
        for code in "lmh":
            own = [float(c == code) for c in given]
            rest = [codes for other, codes in HABITS.items() if other != coder]
            others = [float(np.mean([codes[i] == code for codes in rest])) for i in range(30)]
            test = stats.ttest_rel(own, others)
            low, high = test.confidence_interval()
            expected[coder, code] = (np.mean(own), np.mean(others), test.pvalue, low, high)
    ordered = sorted(expected, key=lambda key: expected[key][2])
    kept = max(n for n, key in enumerate(ordered, start=1) if expected[key][2] <= 0.05 * n / len(ordered))
    (rows,) = section_of(audited(d for coder, codes in HABITS.items() for d in decided(coder, codes)), TITLE)
    assert {(row[0], row[2]) for row in rows} == set(ordered[:kept])
    assert 2 <= kept < len(ordered)
    for coder, _, code, n, own_share, others_share, difference in rows:
        own, others, _, low, high = expected[coder, code]
        assert (n, own_share, others_share) == ("30", f"{own:.0%}", f"{others:.0%}")
        assert points(difference) == pytest.approx([100 * (own - others), 100 * low, 100 * high], abs=0.51)


def test_a_coder_who_always_gives_what_the_others_never_give_is_named() -> None:
    found = audited([*decided("ann", "l" * 15), *decided("bob", "l" * 15), *decided("dan", "h" * 15)])
    (rows,) = section_of(found, TITLE)
    assert [row[4:6] for row in rows if (row[0], row[2]) == ("dan", "h")] == [["100%", "0%"]]


# Coders who have changed

DAYS = [f"2026-0{1 + i // 20}-{1 + i % 20:02}" for i in range(60)]
EARLY = {"ann": "lmh" * 20, "bob": "lmh" * 20, "cat": "lmh" * 10 + "lll" * 10}
CHANGED = "Coders who have changed"


def dated(codes: dict[str, str], days: Sequence[str]) -> list[AxisConfirmation]:
    return [
        AxisConfirmation(f"{i:03}", coder, "level", frozenset(code), date=day)
        for coder, given in codes.items()
        for i, (code, day) in enumerate(zip(given, days, strict=True))
    ]


def test_a_coder_who_changed_is_shown_with_the_shares_agreed_before_and_since() -> None:
    (rows,) = section_of(audited(dated(EARLY, DAYS)), CHANGED)
    by_coder = {row[0]: row for row in rows}
    assert rows[0][0] == "cat"  # the largest fall first
    for coder, row in by_coder.items():
        others = [codes for other, codes in EARLY.items() if other != coder]
        agreed = [np.mean([EARLY[coder][i] == codes[i] for codes in others]) for i in range(60)]
        before, after = agreed[:30], agreed[30:]
        error = math.sqrt(np.var(before, ddof=1) / 30 + np.var(after, ddof=1) / 30)
        change = float(np.mean(after) - np.mean(before))
        assert row[2:5] == ["30", "30", DAYS[30]]
        assert row[5:7] == [f"{np.mean(before):.0%}", f"{np.mean(after):.0%}"]
        ends = [change, change - 1.96 * error, change + 1.96 * error]
        assert points(row[7]) == pytest.approx([100 * end for end in ends], abs=2)


def test_halves_are_cut_between_days_so_that_a_day_is_not_sorted_by_its_agreement() -> None:
    codes = {"ann": "l" * 40, "bob": "lm" * 20}
    assert audited(dated(codes, ["2026-01-05"] * 10 + ["2026-02-05"] * 30)).axes["level"].drifts[0].n_before == 10
    (drift, _) = audited(dated(codes, ["2026-01-05"] * 16 + ["2026-02-05"] * 24)).axes["level"].drifts
    assert (drift.n_before, drift.n_after, drift.since) == (16, 24, "2026-02-05")
    assert (drift.before, drift.after) == (0.5, 0.5)
    few = audited(dated(codes, ["2026-01-05"] * 4 + ["2026-02-05"] * 36))
    assert not few.axes["level"].drifts
    (section,) = [section for section in audit_document(few, made="").sections if section.title == CHANGED]
    assert str(section.blocks[0]).startswith("('No coder has decisions on two days or more")


# What showing suggestions does

ROBOT = "l" * 80
BLIND, SEEN = "l" * 16 + "m" * 24, "l" * 30 + "h" * 10
RANKS = [1] * 21 + [2] * 9 + [None] * 6 + [10] * 4


def pulled() -> Audit:
    seen = [
        AxisConfirmation(f"{40 + i:03}", "ann", "level", frozenset(code), is_blind=False, shown_rank=rank)
        for i, (code, rank) in enumerate(zip(SEEN, RANKS, strict=True))
    ]
    second = [*decided("bob", BLIND[:30] + "h" * 10, is_blind=True), *decided("bob", SEEN, 40, is_blind=False)]
    return audited([*decided("robot", ROBOT), *decided("ann", BLIND, is_blind=True), *seen, *second], model="robot")


def contrast(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Difference of two means in points, with its normal interval."""
    error = math.sqrt(np.var(first) / len(first) + np.var(second) / len(second))
    gap = float(np.mean(first) - np.mean(second))
    return [100 * gap, 100 * (gap - 1.96 * error), 100 * (gap + 1.96 * error)]


def test_the_pull_of_suggestions_is_assisted_less_blind_agreement() -> None:
    with_model, with_others, _ = section_of(pulled(), "What showing suggestions does")
    bob = BLIND[:30] + "h" * 10
    blind = [np.mean([a == "l", b == "l"]) for a, b in zip(BLIND, bob, strict=True)]
    assisted = [float(code == "l") for code in SEEN]  # both gave the same
    assert with_model[0][1:3] == ["40", "40"]
    assert with_model[0][3:5] == [f"{np.mean(blind):.0%}", f"{np.mean(assisted):.0%}"] == ["40%", "75%"]
    assert points(with_model[0][5]) == pytest.approx(contrast(assisted, blind), abs=3)
    same = [float(a == b) for a, b in zip(BLIND, bob, strict=True)]
    assert with_others[0][1:5] == ["40", "40", "75%", "100%"]
    assert points(with_others[0][5]) == pytest.approx(contrast([1.0] * 40, same), abs=3)


def test_the_places_taken_are_counted_in_their_order_and_add_up() -> None:
    _, _, taken = section_of(pulled(), "What showing suggestions does")
    # of 80 assisted decisions 40 are bob's, whose places were not kept: none was taken from the list
    assert taken == [["1", "21", "26%"], ["2", "9", "11%"], ["10", "4", "5%"], ["not in the list", "46", "57%"]]
