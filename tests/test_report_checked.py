"""Figures of a model's worth, of its errors and of drift, each against a calculation of its own.

Written in plain loops, or with another library's function, from the model's scores and a few counts: nothing of the
package works out what is expected.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from codesuggest.agreement import Bootstrap
from codesuggest.domain import RedactedNarrative, RedactedText, Taxonomy
from codesuggest.drift import Observed, Watched, watch
from codesuggest.evaluate import appraise
from codesuggest.evaluate.appraisal import CodeFigures
from codesuggest.metrics import Estimate, wilson
from codesuggest.report.accuracy import missed
from codesuggest.report.appraised import Appraised, Workload
from codesuggest.report.document import Document, sentence
from codesuggest.report.drifting import drift_document
from codesuggest.report.evaluating import evaluation_document
from codesuggest.suggest import Suggester
from test_report_figures import shown, tables
from test_report_people import points

SAMPLE = Path(__file__).parents[1] / "annotation" / "sample" / "incidents.jsonl"

# What a model is worth, its scores, its errors

GOLD = range(100, 260)


class Judge:
    """A model's scores on gold and what is right, in plain lists, axis by axis."""

    def __init__(self, suggester: Suggester) -> None:
        rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()[GOLD.start : GOLD.stop]]
        self.gold = [RedactedNarrative(row["id"], RedactedText(row["text"]), row["codes"]) for row in rows]
        self.taxonomy = suggester.model.taxonomy
        self.appraisal = appraise(suggester, self.gold, bootstrap=Bootstrap(200))
        self.document = evaluation_document(
            self.appraisal,
            self.taxonomy,
            made="",
            workload=Workload(minutes=9, minutes_checked=3, incidents=2000),
        )
        self.axes: dict[str, list[tuple[str, float, bool]]] = {}
        self.ranked: dict[tuple[str, str], list[str]] = {}
        for axis, scores in suggester.score(self.gold).items():
            codes = suggester.model.manifest.axes[axis]
            for narrative, row in zip(self.gold, scores, strict=True):
                if right := narrative.existing_codes.get(axis):
                    order = sorted(range(len(codes)), key=lambda i, row=row: (-row[i], i))  # type: ignore[misc]
                    self.ranked[axis, narrative.id] = [codes[i] for i in order]
                    first = (narrative.id, float(row[order[0]]), codes[order[0]] in right)
                    self.axes.setdefault(axis, []).append(first)

    def label(self, axis: str) -> str:
        return self.taxonomy.axis[axis].label


@pytest.fixture(scope="module")
def judged(suggester: Suggester) -> Judge:
    return Judge(suggester)


def test_accuracy_of_the_surest_is_of_so_many_incidents_with_the_highest_scores(judged: Judge) -> None:
    (table,) = [t for t in tables(judged.document, "What it is worth") if t.caption.startswith("Share right among")]
    for column, (axis, rows) in enumerate(judged.axes.items(), start=1):
        assert table.head[column] == judged.label(axis)
        surest = sorted(rows, key=lambda row: -row[1])
        for row in shown(table):
            n = max(1, round(float(row[0].rstrip("%")) / 100 * len(rows)))
            right = sum(is_right for _, _, is_right in surest[:n])
            interval = stats.binomtest(right, n).proportion_ci(method="wilson")
            assert row[column] == f"{right / n:.0%} ({interval.low * 100:.0f} to {interval.high:.0%})"


def reached(rows: Sequence[tuple[str, float, bool]], target: float) -> float:
    """The lowest score down to which, in ten rows or more, so many are right."""
    surest = sorted(rows, key=lambda row: -row[1])
    lengths = [n for n in range(10, len(rows) + 1) if np.mean([r for _, _, r in surest[:n]]) >= target]
    return surest[max(lengths) - 1][1] if lengths else math.inf


@pytest.mark.parametrize("target", [0.8, 0.9, 0.95])
def test_what_is_filled_in_is_by_thresholds_of_the_other_half_and_hours_follow(judged: Judge, target: float) -> None:
    filled: dict[str, list[bool]] = defaultdict(list)
    right: list[bool] = []
    (by_axis,) = [
        t for t in tables(judged.document, "What it is worth") if t.caption.startswith("What could be filled")
    ]
    at_target = [row for row in shown(by_axis) if row[1] == f"{target:.0%}"]
    for row, (axis, rows) in zip(at_target, judged.axes.items(), strict=True):
        is_even = np.random.default_rng(0).permutation(len(rows)) % 2 == 0
        halves = [[r for r, even in zip(rows, is_even, strict=True) if even == side] for side in (True, False)]
        ends = {True: reached(halves[1], target), False: reached(halves[0], target)}
        taken = [score >= ends[bool(even)] for (_, score, _), even in zip(rows, is_even, strict=True)]
        for (id, _, is_right), is_taken in zip(rows, taken, strict=True):
            filled[id].append(is_taken)
            right += [is_right] if is_taken else []
        assert (row[0], row[2]) == (judged.label(axis), str(sum(taken)))
        assert row[3].startswith(f"{np.mean(taken):.0%} (")
    share = np.mean([np.mean(each) for each in filled.values()])
    saved = next(t for t in tables(judged.document, "What it is worth") if t.caption.startswith("What could be saved"))
    assert saved.caption == "What could be saved of the 300 hours that 2,000 incidents take"  # 2,000 x 9 / 60
    (row,) = [row for row in shown(saved) if row[0] == f"{target:.0%}"]
    assert row[1].startswith(f"{share:.0%} (")
    assert row[2] == "–" if not right else row[2].startswith(f"{np.mean(right):.0%} (")
    assert row[3].startswith(f"{share * 2000 * (9 - 3) / 60:,.0f} (")


def test_scores_are_set_beside_the_share_right_in_parts_of_equal_size(judged: Judge) -> None:
    distances, *parts = tables(judged.document, "Do the scores mean what they say")
    for distance, part, (axis, rows) in zip(shown(distances), parts, judged.axes.items(), strict=True):
        assert part.caption.startswith(judged.label(axis))
        ordered = sorted(rows, key=lambda row: row[1])
        tenths = [t for t in np.array_split(np.arange(len(rows)), min(10, len(rows) // 10)) if len(t)]
        for row, members in zip(shown(part), tenths, strict=True):
            score = np.mean([ordered[i][1] for i in members])
            right = np.mean([ordered[i][2] for i in members])
            assert row[1:3] == [str(len(members)), f"{score:.0%}"]
            assert row[3].startswith(f"{right:.0%} (")
        fifteenths = np.array_split(np.arange(len(rows)), 15)
        gaps = [abs(sum(ordered[i][1] - ordered[i][2] for i in members)) for members in fifteenths]
        assert distance[2].startswith(f"{sum(gaps) / len(rows):.2f} (")
        rng = np.random.default_rng(7)
        lucky = [
            sum(abs(sum(ordered[i][1] - (rng.random() < ordered[i][1]) for i in members)) for members in fifteenths)
            for _ in range(60)
        ]
        assert float(distance[3]) == pytest.approx(np.mean(lucky) / len(rows), abs=0.015)


def test_errors_are_counted_under_the_first_cause_that_fits(judged: Judge, suggester: Suggester) -> None:
    texts = {n.id: n.text for n in judged.gold}
    trained = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()[:100]]
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    swaps: Counter[tuple[str, str]] = Counter()
    for (axis, id), ranked in judged.ranked.items():
        right = next(n for n in judged.gold if n.id == id).existing_codes[axis]
        if ranked[0] in right:
            continue
        uses = max(sum(code in row["codes"].get(axis, ()) for row in trained) for code in right)
        parents = {judged.taxonomy.by_code[axis][code].parent or code for code in (*right, ranked[0])}
        of_right = {judged.taxonomy.by_code[axis][code].parent or code for code in right}
        known = [code for code in right if code in ranked]
        causes = {
            "the model does not know the right code": not known,
            "fewer than 10 training narratives had the right code": uses < 10,
            "right group, wrong code within it": parents == of_right,
            "the right code came second": bool({ranked[1]} & set(right)),
            "fewer than 15 words": len(texts[id].split()) < 15,
            "none of these": True,
        }
        expected[next(cause for cause, fits in causes.items() if fits)][axis] += 1
        in_order = [c for c in (*suggester.model.manifest.axes[axis], *sorted(right)) if c in right]
        swaps[in_order[0], ranked[0]] += axis == "severity"
    table, *swapped = tables(judged.document, "Why it is wrong")
    total = sum(sum(by_axis.values()) for by_axis in expected.values())
    assert {row[0]: [*map(int, row[3:])] for row in shown(table)} == {
        cause: [by_axis[axis] for axis in judged.axes] for cause, by_axis in expected.items()
    }
    for cause, n, share, *_ in shown(table):
        assert int(n) == sum(expected[cause].values())
        assert share == f"{int(n) / total:.0%}"
    assert [int(row[2]) for row in shown(swapped[0])] == [n for _, n in swaps.most_common(6) if n]


def test_the_verdict_names_accuracy_beside_the_commonest_code_and_hours(judged: Judge) -> None:
    verdict = sentence(judged.document.verdict)
    hit = {axis: np.mean([right for *_, right in rows]) for axis, rows in judged.axes.items()}
    best, worst = max(hit, key=lambda axis: hit[axis]), min(hit, key=lambda axis: hit[axis])
    assert f"best on {judged.label(best)}, {hit[best]:.0%} (" in verdict
    assert f"weakest on {judged.label(worst)}, {hit[worst]:.0%} (" in verdict
    assert "by always taking the commonest code" in verdict
    assert "of the 300 hours that 2,000 incidents take" in verdict


def test_codes_that_are_mostly_missed_are_listed_and_the_verdict_counts_them(judged: Judge) -> None:
    def found(axis: str, code: str) -> tuple[int, int]:
        """How often the best-ranked code of an axis of one code is this one, of the incidents that have it."""
        having = [n.id for n in judged.gold if code in n.existing_codes.get(axis, ())]
        return sum(judged.ranked[axis, id][0] == code for id in having), len(having)

    (table,) = [t for t in tables(judged.document, "For whom it is worse") if t.caption.startswith("Codes that it")]
    single = [axis for axis in judged.axes if not judged.taxonomy.axis[axis].many]
    expected = set()
    for axis in single:
        for code in judged.taxonomy.assignable[axis]:
            n, of = found(axis, code)
            if of >= 10 and stats.binomtest(n, of).proportion_ci(method="wilson").high < 0.5:
                expected.add((code, judged.label(axis), str(of), f"{n / of:.0%}"))
    listed = [(row[0].split()[0], row[1], row[2], row[3].split()[0]) for row in shown(table)]
    labels = {judged.label(axis) for axis in single}
    assert {row for row in listed if row[1] in labels} <= expected
    last = float(listed[-1][3].rstrip("%"))
    assert {row for row in expected if float(row[3].rstrip("%")) < last} <= set(listed)
    assert expected
    assert [float(row[3].rstrip("%")) for row in listed] == sorted(float(row[3].rstrip("%")) for row in listed)
    assert f"most of all {shown(table)[0][0]} ({listed[0][1]}), found in {listed[0][3]} (" in sentence(
        judged.document.verdict
    )


@pytest.mark.parametrize(
    ("n", "of", "is_missed"),
    [(5, 20, True), (6, 20, False), (0, 10, True), (0, 9, False)],  # Wilson's upper ends: 0.47, 0.52, 0.28; too few
)
def test_a_code_is_missed_where_its_interval_is_below_half(judged: Judge, n: int, of: int, is_missed: bool) -> None:
    nothing = Estimate(math.nan, math.nan, math.nan)
    code = CodeFigures("SEV1", of, n, wilson(n, of), nothing, nothing)
    axis = replace(judged.appraisal.axes["severity"], codes=(code,))
    appraised = Appraised(replace(judged.appraisal, axes={"severity": axis}), judged.taxonomy, {}, Workload(), None)
    assert missed(appraised) == ([("severity", code)] if is_missed else [])


# Drift

MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


def newcombe(n: int, of: int, other_n: int, other_of: int) -> list[float]:
    """Difference of two shares in points with Newcombe's interval, from Wilson's as scipy has it."""
    p, q = n / of, other_n / other_of
    own, other = (stats.binomtest(*pair).proportion_ci(method="wilson") for pair in ((n, of), (other_n, other_of)))
    low = p - q - math.hypot(p - own.low, other.high - q)
    high = p - q + math.hypot(own.high - p, q - other.low)
    return [100 * (p - q), 100 * low, 100 * high]


@pytest.fixture(scope="module")
def changed(working: Taxonomy) -> Document:
    """Forty incidents a month; pathway overrides 4, 6, 24 and 26 of 40, severity's always 10."""
    overridden = [
        Observed(month, {"pathway": i < n, "severity": i % 4 == 0})
        for month, n in zip(MONTHS, (4, 6, 24, 26), strict=True)
        for i in range(40)
    ]
    scores = [Observed(month, {"severity": s}) for month in MONTHS for s in (0.3, 0.49, 0.5, 0.79, 0.8)]
    texts = [
        Observed(month, RedactedText(f"film lost {once * (i == 0)}"))
        for month, once in zip(MONTHS, ("magnet", "needle", "trolley", "lead"), strict=True)
        for i in range(3)
    ]
    texts += [Observed("2026-04", RedactedText(words)) for words in ("collimator", "collimator jammed", "jammed")]
    vectors = np.array([[1.0, 0.0]] * 9 + [[0.0, 1.0]] * 6, dtype=np.float32)
    coded = [Observed(m, {"severity": ("SEV1",)}) for m in MONTHS for _ in range(30)]
    found = watch(
        Watched(overridden=overridden, scores=scores, coded=coded, texts=texts, vectors=vectors), working, level=0.05
    )
    return drift_document(found, working, made="")


def test_an_alarm_shows_before_and_since_with_newcombes_interval(changed: Document) -> None:
    (table,) = tables(changed, "Alarms")
    (row,) = [row for row in shown(table) if row[0] == "Patient pathway overrides"]
    assert row[1:4] == ["2026-03", "12%", "62%"]  # 10 of 80, 50 of 80: an even half rounds to the even
    assert points(row[4]) == pytest.approx(newcombe(50, 80, 10, 80), abs=0.51)


def test_months_are_counted_by_signal(changed: Document) -> None:
    (overrides,) = tables(changed, "Suggestions overridden")
    column = {head: [row[i] for row in shown(overrides)] for i, head in enumerate(overrides.head)}
    assert column["Patient pathway"] == ["10%", "15%", "60%", "65%"]
    assert column["Severity"] == ["25%"] * 4
    low, high = tables(changed, "Scores")
    assert [row[1] for row in shown(low)] == ["40%"] * 4  # 0.3 and 0.49 of five
    assert [row[1] for row in shown(high)] == ["20%"] * 4  # 0.8 of five


def test_words_of_a_month_and_its_likeness_to_the_others(changed: Document) -> None:
    (arrived,) = tables(changed, "Words and texts")
    rows = shown(arrived)
    assert [row[1] for row in rows] == ["3", "3", "3", "6"]
    assert [row[2] for row in rows] == ["0", "0", "0", "2"]  # collimator and jammed, each in two incidents
    # the others of January: six of the first direction and six of the second; of April: nine of the first alone
    assert [row[4] for row in rows] == [f"{6 / math.hypot(6, 6):.2f}"] * 3 + ["0.00"]
