"""Whether a challenger may replace the champion: not shown to be worse is not enough, it must be shown not to be worse.

Both models rank the same gold incidents, which neither was trained on. Incidents are drawn again and again, both models
on the same draw, and the difference of their figures is bounded from below. A finding passes where that bound does not
fall under the margin agreed beforehand (non-inferiority). All findings must pass, so that none needs a correction for
being one of many; of the gains, where one is enough, each axis does.

Gold does not show what a bad week of codings will do once there are more of them. So the codings that came since the
champion was trained must agree with its suggestions about as often as gold does: if they fall short, either the work
has changed or the coding has, and a person should look before it is learnt.

Sources: Piaggio et al. (2012), JAMA 308(24), 2594-2604 (non-inferiority); Berger (1982), Technometrics 24(4), 295-300
(all must pass: each at the stated level); Dunn (1961), JASA 56(293), 52-64 (one is enough: the level is divided).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from codesuggest.metrics import Rounds, calibration_error, resamples
from codesuggest.protocol import GateRules

Values = npt.NDArray[np.float64]

N_ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class OnGold:
    """One model on n gold incidents and k axes; NaN where an incident has no code to go by.

    hit      (n, k): 1 where the best-ranked code is a right one, else 0.
    score    (n, k): the best-ranked code's score.
    covered  (n, k): share of the right codes that are on the shortlist.
    rare     (n,): share of the incident's rare codes that are among the first three of their axes.
    """

    hit: Values
    score: Values
    covered: Values
    rare: Values


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold incidents: the axes' keys, and of each incident its site (empty: not known) and whether it is of the
    newest quarter."""

    axes: tuple[str, ...]
    sites: tuple[str, ...]
    is_newest: npt.NDArray[np.bool_]


class Verdict(StrEnum):
    """What the gate found of one figure."""

    not_worse = "not worse"
    not_shown = "not shown to be no worse"
    worse = "worse"
    too_few = "too few incidents to judge"


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of both models. `low` bounds the gain from below, at the rules' confidence; a loss is negative.

    n   incidents that it stands on; `of`: of what kind.
    """

    about: str
    n: int
    champion: float
    challenger: float
    gain: float
    low: float
    margin: float
    verdict: Verdict
    of: str = "gold incidents"

    @property
    def passes(self) -> bool:
        """Whether it lets the challenger by."""
        return self.verdict in (Verdict.not_worse, Verdict.too_few)

    @property
    def words(self) -> str:
        """The finding as a sentence."""
        if self.verdict is Verdict.too_few:
            return f"{self.about}: {self.n} {self.of} are too few to judge."
        moved = f"from {self.champion:.3f} to {self.challenger:.3f} on {self.n:,} {self.of}"
        return (
            f"{self.about}: {self.verdict}, {moved}; at the worst {self.low:+.3f}, and {-self.margin:+.3f} is allowed."
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the challenger may replace the champion, and everything that speaks for and against it.

    better   the figures that are shown to have gained.
    reasons  in words: why it may not; or, where it may, what it gains.
    """

    is_promotable: bool
    findings: tuple[Finding, ...]
    better: tuple[str, ...]
    reasons: tuple[str, ...]
    n_gold: int
    rules: GateRules | None


def decide(  # noqa: PLR0913  both models, what they are measured on, and by which rules
    champion: OnGold,
    challenger: OnGold,
    gold: Gold,
    rules: GateRules,
    *,
    since: Values | None = None,
    seed: int = 0,
    n_rounds: int = N_ROUNDS,
) -> Decision:
    """Compare two models on the same gold incidents, in the same order, and decide by the rules.

    since  shape (m, k), as `OnGold.hit`: whether the champion's first suggestions agree with the codings that came
           since it was trained; None: they are not looked at.
    """
    n = len(gold.sites)
    if n < rules.fewest_gold:
        reason = f"{n:,} gold incidents; {rules.fewest_gold:,} are needed. Code more blind, or twice."
        return Decision(is_promotable=False, findings=(), better=(), reasons=(reason,), n_gold=n, rules=rules)
    weights = resamples(n, n_rounds=n_rounds, seed=seed)
    comparison = _Comparison(champion, challenger, gold, rules, weights)
    findings = (*comparison.findings(), *([] if since is None else [comparison.codings(since)]))
    better = tuple(comparison.gains())
    against = [finding.words for finding in findings if not finding.passes]
    if not better:
        against.append("Better nowhere: neither over all axes nor on one is a gain shown.")
    reasons = against or [f"Better: {', '.join(better)}."]
    return Decision(not against, findings, better, tuple(reasons), n, rules)


class _Comparison:
    def __init__(self, champion: OnGold, challenger: OnGold, gold: Gold, rules: GateRules, weights: Rounds) -> None:
        self._old, self._new, self._gold, self._rules, self._weights = champion, challenger, gold, rules, weights

    def findings(self) -> Iterator[Finding]:
        rules = self._rules
        for number, axis in enumerate(self._gold.axes):
            yield self._mean(f"axis {axis}", self._old.hit[:, number], self._new.hit[:, number], rules.margin)
        yield self._mean("rare codes", self._old.rare, self._new.rare, rules.margin_few)
        yield self._slice("newest quarter", self._gold.is_newest)
        yield from self._sites()
        yield self._calibration()
        yield self._mean("coverage of shortlists", _over_axes(self._old.covered), _over_axes(self._new.covered), None)

    def codings(self, since: Values) -> Finding:
        """How often the champion agrees with codings that it has not seen, against how often with gold."""
        about, of = "the champion's suggestions against gold and against the codings since", "codings"
        margin, agreed = self._rules.margin_few, _over_axes(since)
        agreed = agreed[~np.isnan(agreed)]
        if len(agreed) < self._rules.fewest:
            return Finding(about, len(agreed), np.nan, np.nan, np.nan, np.nan, margin, Verdict.too_few, of)
        on_gold = _over_axes(self._old.hit)
        old = self._rounds(on_gold, ~np.isnan(on_gold))
        weights = resamples(len(agreed), n_rounds=len(old) - 1, seed=1)
        new = weights @ agreed / weights.sum(axis=1)
        return replace(self._judged(about, len(agreed), old, new, new - old, margin), of=of)

    def gains(self) -> Iterator[str]:
        """What is shown to be better: over all axes at the stated confidence, on one axis at one divided by their
        number."""
        doubt = 1 - self._rules.confidence
        if self._low(_over_axes(self._old.hit), _over_axes(self._new.hit), doubt) > 0:
            yield "all axes together"
        for number, axis in enumerate(self._gold.axes):
            low = self._low(self._old.hit[:, number], self._new.hit[:, number], doubt / len(self._gold.axes))
            if low > 0:
                yield f"axis {axis}"

    def _sites(self) -> Iterator[Finding]:
        """A finding a site; sites with too little gold are judged together."""
        sites = np.array(self._gold.sites)
        counts = {site: int((sites == site).sum()) for site in sorted(set(self._gold.sites)) if site}
        small = [site for site, count in counts.items() if count < self._rules.fewest]
        for site in counts:
            if site not in small:
                yield self._slice(f"site {site}", sites == site)
        if small:
            yield self._slice(f"sites {', '.join(small)} together", np.isin(sites, small))

    def _slice(self, about: str, rows: npt.NDArray[np.bool_]) -> Finding:
        old, new = (np.where(rows, _over_axes(of.hit), np.nan) for of in (self._old, self._new))
        return self._mean(about, old, new, self._rules.margin_few)

    def _calibration(self) -> Finding:
        """The calibration error of the first suggestion, meant over the axes; less is better, so a gain is a fall."""
        old, new = (self._errors(of) for of in (self._old, self._new))
        n = int((~np.isnan(self._old.hit)).any(axis=1).sum())
        return self._judged("calibration error", n, old, new, old - new, self._rules.margin_calibration)

    def _errors(self, of: OnGold) -> Rounds:
        errors = []
        for hit, score in zip(of.hit.T, of.score.T, strict=True):
            coded = ~np.isnan(hit)
            weights = self._weights[:, coded]
            is_drawn = weights.sum(axis=1) > 0
            error = np.zeros(len(weights))
            error[is_drawn] = calibration_error(weights[is_drawn], score[coded], hit[coded]) if coded.any() else 0
            errors.append(error)
        return np.asarray(np.mean(errors, axis=0))

    def _mean(self, about: str, old: Values, new: Values, margin: float | None) -> Finding:
        counted = ~np.isnan(old) & ~np.isnan(new)
        n, margin = int(counted.sum()), self._rules.margin if margin is None else margin
        if n < self._rules.fewest:
            return Finding(about, n, np.nan, np.nan, np.nan, np.nan, margin, Verdict.too_few)
        first, second = self._rounds(old, counted), self._rounds(new, counted)
        return self._judged(about, n, first, second, second - first, margin)

    def _judged(self, about: str, n: int, old: Rounds, new: Rounds, gain: Rounds, margin: float) -> Finding:
        doubt = 1 - self._rules.confidence
        low, high = np.nanquantile(gain[1:], [doubt, 1 - doubt])
        lost = Verdict.worse if high < 0 else Verdict.not_shown
        verdict = Verdict.not_worse if low >= -margin else lost
        return Finding(about, n, float(old[0]), float(new[0]), float(gain[0]), float(low), margin, verdict)

    def _low(self, old: Values, new: Values, doubt: float) -> float:
        counted = ~np.isnan(old) & ~np.isnan(new)
        if not counted.any():
            return 0.0
        gain = self._rounds(new, counted) - self._rounds(old, counted)
        return float(np.nanquantile(gain[1:], doubt))

    def _rounds(self, values: Values, counted: npt.NDArray[np.bool_]) -> Rounds:
        """The mean of the rows that count, in every round; NaN in a round that draws none of them."""
        weights = self._weights[:, counted]
        total = weights.sum(axis=1)
        mean = np.divide(weights @ values[counted], total, out=np.full(len(total), np.nan), where=total > 0)
        return np.asarray(mean, dtype=np.float64)


def _over_axes(values: Values) -> Values:
    """The mean over an incident's axes, shape (n,); NaN where it has none."""
    counted = ~np.isnan(values)
    total = np.where(counted, values, 0).sum(axis=1)
    mean = np.divide(total, counted.sum(axis=1), out=np.full(len(values), np.nan), where=counted.any(axis=1))
    return np.asarray(mean, dtype=np.float64)


def not_compared(reason: str) -> Decision:
    """The decision where there is nothing to compare with: only a named person may let such a model by."""
    return Decision(is_promotable=False, findings=(), better=(), reasons=(reason,), n_gold=0, rules=None)


def decision_json(decision: Decision) -> Mapping[str, object]:
    """The decision as it is stored."""
    return {
        "is_promotable": decision.is_promotable,
        "reasons": list(decision.reasons),
        "better": list(decision.better),
        "n_gold": decision.n_gold,
        "rules": decision.rules.model_dump() if decision.rules else None,
        "findings": [
            {
                "about": finding.about,
                "verdict": str(finding.verdict),
                "n": finding.n,
                **{name: _finite(getattr(finding, name)) for name in ("champion", "challenger", "gain", "low")},
                "margin": finding.margin,
                "words": finding.words,
            }
            for finding in decision.findings
        ],
    }


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)
