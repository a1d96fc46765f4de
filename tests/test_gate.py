"""The gate: what lets a model by, and what does not. Figures are made by hand; nothing is trained."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from codesuggest.errors import RecipeError
from codesuggest.gate import Decision, Finding, Gold, OnGold, Verdict, decide, decision_json
from codesuggest.protocol import GateRules, load_protocol

ROOT = Path(__file__).parents[1]
RULES = GateRules(
    confidence=0.9, margin=0.05, margin_few=0.1, margin_calibration=0.03, fewest_gold=50, fewest=20, rare_under=20
)
N = 400
AXES = ("severity", "pathway")


def on_gold(share: float = 0.6, **arrays: np.ndarray) -> OnGold:
    """A model that is right on this share of incidents, evenly spread, and says so."""
    hit = np.tile((np.arange(N) % 10 < 10 * share).astype(float)[:, None], (1, 2))
    made = OnGold(hit, np.full((N, 2), share), np.full((N, 2), 0.9), np.full(N, share))
    return dataclasses.replace(made, **arrays)


def gold(sites: tuple[str, ...] | None = None) -> Gold:
    where = sites or tuple("north" if n % 2 else "south" for n in range(N))
    return Gold(AXES, where, np.arange(N) >= N - 100)


def compared(champion: OnGold, challenger: OnGold, of: Gold | None = None, rules: GateRules = RULES) -> Decision:
    return decide(champion, challenger, of or gold(), rules, n_rounds=400)


def finding(decision: Decision, about: str) -> Finding:
    (found,) = [found for found in decision.findings if found.about == about]
    return found


def spoilt(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The values with those rows wrong."""
    worse = values.copy()
    worse[rows] = 0
    return worse


def test_a_clearly_better_model_is_promotable_and_says_where() -> None:
    decision = compared(on_gold(0.6), on_gold(0.7))
    assert decision.is_promotable
    assert decision.better == ("all axes together", "axis severity", "axis pathway")
    assert decision.reasons == ("Better: all axes together, axis severity, axis pathway.",)


def test_an_equal_model_is_not_promotable_since_it_gains_nothing() -> None:
    decision = compared(on_gold(), on_gold())
    assert not decision.is_promotable
    assert all(found.verdict is Verdict.not_worse for found in decision.findings)
    assert decision.reasons == ("Better nowhere: neither over all axes nor on one is a gain shown.",)


def test_the_figures_of_a_finding_are_the_means_and_their_difference() -> None:
    found = finding(compared(on_gold(0.6), on_gold(0.7)), "axis severity")
    assert (found.n, found.champion, found.challenger) == (N, 0.6, 0.7)
    assert found.gain == pytest.approx(0.1)
    assert 0.05 < found.low < 0.1  # one in ten incidents differs: its standard error is 0.015


def test_one_axis_that_loses_stops_a_model_that_gains_on_the_others() -> None:
    hit = on_gold(0.7).hit.copy()
    hit[:, 1] = on_gold(0.4).hit[:, 1]
    decision = compared(on_gold(0.6), on_gold(hit=hit))
    assert not decision.is_promotable
    assert finding(decision, "axis pathway").verdict is Verdict.worse
    assert decision.reasons[0].startswith("axis pathway: worse, from 0.600 to 0.400 on 400 gold incidents")


@pytest.mark.parametrize(
    ("rows", "about"),
    [
        (np.arange(N) >= N - 60, "newest quarter"),
        ((np.arange(N) % 2 == 1) & (np.arange(N) < 200), "site north"),
    ],
)
def test_a_part_that_loses_stops_a_model_that_gains_over_all(rows: np.ndarray, about: str) -> None:
    old, new = on_gold(0.7).hit, spoilt(on_gold(1.0).hit, rows)
    decision = compared(on_gold(hit=old, score=old), on_gold(0.7, hit=new, score=new))
    assert "all axes together" in decision.better
    assert [found.about for found in decision.findings if found.verdict is Verdict.worse] == [about]
    assert not decision.is_promotable


@pytest.mark.parametrize(
    ("arrays", "about"),
    [
        ({"rare": np.full(N, 0.4)}, "rare codes"),
        ({"covered": np.full((N, 2), 0.8)}, "coverage of shortlists"),
        ({"score": np.full((N, 2), 0.99)}, "calibration error"),
    ],
)
def test_rare_codes_coverage_and_calibration_each_stop_a_model(arrays: dict[str, np.ndarray], about: str) -> None:
    decision = compared(on_gold(0.6), dataclasses.replace(on_gold(0.7), **arrays))
    assert [found.about for found in decision.findings if not found.passes] == [about]
    assert not decision.is_promotable


def test_a_loss_within_the_margin_passes_and_one_beyond_it_does_not() -> None:
    within, beyond = (
        finding(compared(on_gold(0.7), on_gold(hit=spoilt(on_gold(0.7).hit, np.arange(N) < n))), "axis severity")
        for n in (10, 60)
    )
    assert (within.gain, within.verdict) == (pytest.approx(-7 / N), Verdict.not_worse)
    assert (beyond.gain, beyond.verdict) == (pytest.approx(-42 / N), Verdict.worse)


def test_what_little_gold_cannot_show_is_not_taken_as_shown() -> None:
    """A tenth of 60 incidents each way: no loss on average, but one of over 5 points cannot be ruled out."""
    few = 60
    old, new = np.zeros((few, 2)), np.zeros((few, 2))
    old[:6], new[6:12] = 1, 1
    rest = {"score": np.full((few, 2), 0.1), "covered": np.ones((few, 2)), "rare": np.full(few, np.nan)}
    sides = OnGold(old, **rest), OnGold(new, **rest)
    decision = compared(*sides, Gold(AXES, ("north",) * few, np.zeros(few, dtype=bool)))
    assert finding(decision, "axis severity").verdict is Verdict.not_shown
    assert finding(decision, "rare codes").verdict is Verdict.too_few
    assert not decision.is_promotable


def test_small_sites_are_judged_together_and_unknown_ones_not_at_all() -> None:
    sites = tuple("" if n < 10 else f"small-{n % 2}" if n < 40 else "large" for n in range(N))
    about = [found.about for found in compared(on_gold(), on_gold(0.7), gold(sites)).findings]
    assert [name for name in about if "site" in name] == ["site large", "sites small-0, small-1 together"]


def test_too_little_gold_promotes_nothing_and_says_how_much_is_needed() -> None:
    rules = RULES.model_copy(update={"fewest_gold": N + 1})
    decision = compared(on_gold(0.2), on_gold(1.0), rules=rules)
    assert (decision.is_promotable, decision.findings) == (False, ())
    assert decision.reasons == ("400 gold incidents; 401 are needed. Code more blind, or twice.",)


def test_incidents_without_a_code_on_an_axis_do_not_count_there() -> None:
    hit = on_gold().hit.copy()
    hit[:100, 1] = np.nan
    side = on_gold(hit=hit)
    assert finding(compared(side, side), "axis pathway").n == 300


SINCE = "the champion's suggestions against gold and against the codings since"


def codings(share: float, n: int = 75) -> np.ndarray:
    """Whether the champion agrees with n new codings."""
    return np.tile((np.arange(n) % 20 < 20 * share).astype(float)[:, None], (1, 2))


def test_a_week_of_codings_that_the_champion_cannot_follow_stops_a_better_model() -> None:
    """Three wrong codings in ten leave 0.42 of 0.60: further off than chance and the margin of 0.10 explain."""
    decision = decide(on_gold(0.6), on_gold(0.7), gold(), RULES, since=codings(0.4, n=80), n_rounds=400)
    assert not decision.is_promotable
    assert decision.reasons == (
        f"{SINCE}: worse, from 0.600 to 0.400 on 80 codings; "
        f"at the worst {finding(decision, SINCE).low:+.3f}, and -0.100 is allowed.",
    )


@pytest.mark.parametrize("since", [codings(0.6), codings(0.9), codings(0.1, n=19)], ids=["alike", "echo", "too few"])
def test_codings_that_agree_as_gold_does_or_are_too_few_stop_nothing(since: np.ndarray) -> None:
    assert decide(on_gold(0.6), on_gold(0.7), gold(), RULES, since=since, n_rounds=400).is_promotable


def test_the_decision_is_the_same_each_time() -> None:
    assert compared(on_gold(0.6), on_gold(0.65)) == compared(on_gold(0.6), on_gold(0.65))


def test_the_stored_decision_holds_every_finding_and_is_plain_json() -> None:
    decision = compared(on_gold(0.6), on_gold(0.7, rare=np.full(N, np.nan)))
    stored = json.loads(json.dumps(decision_json(decision), allow_nan=False))
    assert [one["about"] for one in stored["findings"]] == [found.about for found in decision.findings]
    assert stored["rules"] == RULES.model_dump()
    assert finding(decision, "rare codes").words == "rare codes: 0 gold incidents are too few to judge."


def test_chance_alone_is_seldom_taken_for_a_gain() -> None:
    """Two models of the same true quality, 400 incidents each: a gain is seen in 19 of 100 at most."""
    rng = np.random.default_rng(1)
    gains = 0
    for _ in range(200):
        sides = []
        for _ in range(2):
            hit = (rng.uniform(size=(N, 1)) < 0.6).astype(float)
            sides.append(OnGold(hit, np.full((N, 1), 0.6), np.ones((N, 1)), np.full(N, np.nan)))
        of = Gold(("severity",), ("",) * N, np.zeros(N, dtype=bool))
        gains += bool(decide(*sides, of, RULES, n_rounds=200).better)
    assert gains < 200 * 0.2


def test_the_shipped_protocol_has_a_gate_and_an_unknown_key_of_it_is_refused(tmp_path: Path) -> None:
    shipped = ROOT / "annotation" / "protocol.toml"
    rules = load_protocol(shipped).gate
    assert rules is not None
    assert (rules.margin, rules.margin_few, rules.margin_calibration) == (0.05, 0.1, 0.03)
    (tmp_path / "protocol.toml").write_text(shipped.read_text(encoding="utf-8") + "leniency = 1\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"'gate.leniency': Extra inputs"):
        load_protocol(tmp_path / "protocol.toml")
