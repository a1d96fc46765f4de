"""How consistently coders code: agreement by axis, by two coders, by one against the rest, by site and by month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from codesuggest.agreement import Agreement, Bootstrap, Likeness, Ratings, agreement, masi, tree
from codesuggest.audit.confirmations import AxisConfirmation
from codesuggest.domain import Taxonomy
from codesuggest.metrics import Estimate

ENOUGH = 10
"""Incidents in common below which an agreement is not worked out: its interval would span nearly everything."""


@dataclass(frozen=True, slots=True)
class AxisConsistency:
    """One axis.

    n_incidents  incidents with a coding; `overall.n_incidents` of them were coded by two or more.
    pairs        two coders with enough incidents in common.
    coders       each coder against all others together, on the incidents that they share.
    model        the model as one more coder, against all people together, if it coded too.
    floor        what the protocol asks of the agreement beyond chance, if it says.
    """

    axis: str
    n_incidents: int
    n_codings: int
    n_coders: int
    overall: Agreement
    pairs: Mapping[tuple[str, str], Agreement]
    coders: Mapping[str, Agreement]
    sites: Mapping[str, Agreement]
    months: Mapping[str, Agreement]
    model: Agreement | None = None
    floor: float | None = None

    @property
    def beyond_chance(self) -> Estimate:
        """The figure that the protocol's floor is about: alpha (MASI) on an axis of many codes, else kappa."""
        return beyond_chance(self.overall)


def beyond_chance(agreement: Agreement) -> Estimate:
    """Alpha (MASI) where several codes may be given, else kappa."""
    return agreement.partial.get("masi", agreement.kappa)


@dataclass(frozen=True)
class AxisRatings:
    """The codings of one axis as arrays, with the scales on which its codes are compared.

    site, month  shape (n_incidents,), by the number of the incident; empty where not known.
    """

    axis: str
    ratings: Ratings
    taxonomy: Taxonomy
    site: npt.NDArray[np.str_]
    month: npt.NDArray[np.str_]

    @classmethod
    def of(cls, axis: str, decisions: Sequence[AxisConfirmation], taxonomy: Taxonomy) -> "AxisRatings":
        """The ratings of the decisions on one axis."""
        ratings = Ratings.of((d.incident, d.coder, d.codes) for d in decisions)
        site = {d.incident: d.site for d in decisions}
        month: dict[str, str] = {}
        for decision in decisions:
            month[decision.incident] = min(month.get(decision.incident, "9"), decision.date[:7] or "9")
        months = [month[incident].removeprefix("9") for incident in ratings.incidents]
        return cls(axis, ratings, taxonomy, np.array([site[i] for i in ratings.incidents]), np.array(months))

    def people(self, model: str) -> tuple[Ratings, Ratings | None]:
        """The ratings without the model's, and the model's against those, if it has any."""
        if model not in self.ratings.coders:
            return self.ratings, None
        number = self.ratings.coders.index(model)
        return self.ratings.where(self.ratings.coder != number), self.ratings.against_rest(number)

    @cached_property
    def scales(self) -> Mapping[str, Likeness]:
        """The scales on which near codes agree in part, by name: how alike any two of the sets of codes given are."""
        parents = {code: c.parent for code, c in self.taxonomy.by_code[self.axis].items() if c.parent}
        found = {"masi": masi(self.ratings.values)} if self.taxonomy.axis[self.axis].many else {}
        return found | ({"tree": tree(self.ratings.values, parents)} if parents else {})

    @cached_property
    def order(self) -> npt.NDArray[np.float64] | None:
        """The place of each value on the axis's scale, if it is one."""
        if not self.taxonomy.axis[self.axis].ordinal:
            return None
        place = {code: n for n, code in enumerate(self.taxonomy.by_code[self.axis])}
        return np.array([float(place.get(min(value, default=""), 0)) for value in self.ratings.values])

    def agreement(self, ratings: Ratings, bootstrap: Bootstrap) -> Agreement:
        """The agreement of some of the ratings, on every scale that suits the axis."""
        many = self.taxonomy.axis[self.axis].many
        n_values = 0 if many else len(self.taxonomy.assignable[self.axis])
        return agreement(ratings, likeness=self.scales, order=self.order, n_values=n_values, bootstrap=bootstrap)


def consistency(
    of: AxisRatings, *, bootstrap: Bootstrap, model: str = "", floor: float | None = None
) -> AxisConsistency:
    """All agreements of one axis. Only incidents that two coders or more coded count.

    model  the name of the coder who is a model: compared with the people, and in no other figure.
    """
    ratings, beside = of.people(model)
    shared = ratings.shared()
    coded = np.bincount(shared.coder, minlength=len(shared.coders))
    pairs = shared.by_pair(at_least=ENOUGH)
    return AxisConsistency(
        of.axis,
        ratings.n_incidents,
        len(ratings.incident),
        len(np.unique(ratings.coder)),
        of.agreement(shared, bootstrap),
        {
            (shared.coders[a], shared.coders[b]): of.agreement(part, bootstrap)
            for (a, b), part in sorted(pairs.items(), key=lambda item: -item[1].n_incidents)
        },
        {
            name: of.agreement(shared.against_rest(number), bootstrap)
            for number, name in enumerate(shared.coders)
            if coded[number] >= ENOUGH
        },
        _parts(of, shared, of.site, bootstrap),
        _parts(of, shared, of.month, bootstrap),
        of.agreement(beside, bootstrap) if beside else None,
        floor,
    )


def _parts(of: AxisRatings, shared: Ratings, part: npt.NDArray[np.str_], bootstrap: Bootstrap) -> dict[str, Agreement]:
    """The agreement within each site or month that has enough incidents."""
    names, counts = np.unique(part[np.unique(shared.incident)], return_counts=True)
    return {
        str(name): of.agreement(shared.where(part[shared.incident] == name), bootstrap)
        for name, count in zip(names, counts, strict=True)
        if name and count >= ENOUGH
    }
