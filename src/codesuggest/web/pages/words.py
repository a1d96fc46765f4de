"""Figures in words, as pages show them."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from codesuggest.domain import Axis
from codesuggest.web.pages.narrative import quoted

_LIKELIHOODS = ((0.99, "almost certain"), (0.9, "very likely"), (0.66, "likely"), (0.33, "about even"))
_STATES = {
    "waiting": "Waiting to be coded",
    "coded": "Coded",
    "disagreed": "Waits for a lead",
    "adjudicated": "Settled by a lead",
    "withdrawn": "Withdrawn: redaction miss",
    "erased": "Erased",
}


def likelihood(score: float) -> str:
    """A calibrated probability in the words of a fixed scale.

    Source: Mastrandrea et al. (2010), IPCC guidance note on consistent treatment of uncertainties, table 1.
    """
    return next(
        (words for least, words in _LIKELIHOODS if score >= least), "unlikely" if score >= 0.1 else "very unlikely"
    )


def percent(share: float | None) -> str:
    """A share in whole percent; a dash where there is none."""
    if share is None:
        return "–"
    return f"{share:.0%}" if share >= 0.01 or share == 0 else "< 1%"


def day(at: dt.date | None) -> str:
    """A day as it is written in the NHS: 4 November 2026."""
    return f"{at.day} {at:%B %Y}" if at else "–"


def clock(at: dt.datetime) -> str:
    """Day and time, as the clock of this machine has it."""
    local = at.astimezone()
    return f"{day(local)}, {local:%H:%M}"


def state(name: str) -> str:
    """An incident's state."""
    return _STATES.get(name, name)


def axis_option(axis: Axis) -> tuple[str, str]:
    """An axis as an option of a list: value and wording."""
    return axis.key, axis.label


def state_option(name: str) -> tuple[str, str]:
    """A state as an option of a list: value and wording."""
    return name, state(name)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "likelihood": likelihood,
    "percent": percent,
    "day": day,
    "clock": clock,
    "state": state,
    "quoted": lambda words, text: quoted(text, words),
    "axis_option": axis_option,
    "state_option": state_option,
}
