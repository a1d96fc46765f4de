"""The values that pass between stages. Frozen, without input or output, and shy of showing narrative text."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NewType

import numpy as np
import numpy.typing as npt

Codes = Mapping[str, tuple[str, ...]]
"""The codes of one incident: axis key to the codes given on that axis."""

RedactedText = NewType("RedactedText", str)
"""Text that holds no personal data: what redaction returned, or text that never held any."""

Embeddings = npt.NDArray[np.float32]
"""Shape (n, dim), one row a narrative, each row of length 1."""

Truth = npt.NDArray[np.bool_]
"""Shape (n, n_codes): which codes each narrative was given."""

Scores = npt.NDArray[np.float64]
"""Shape (n, n_codes), calibrated probabilities in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Narrative:
    """All free text of one incident, as read. Lives in memory only, between read and redact.

    text            as read; a coding string found in it is blanked out, so that offsets still fit the input.
    existing_codes  codes the incident already had, from columns or from a coding string in the text.
    details         other columns of the row that a recipe or an export may need (site, date); never shown.
    """

    id: str
    text: str = field(repr=False)
    existing_codes: Codes = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Span:
    """Personal data found in a narrative: character offsets [start, end) in the text as read."""

    start: int
    end: int
    type: str
    score: float


@dataclass(frozen=True, slots=True)
class RedactedNarrative:
    """A narrative with the personal data found in it replaced. The only text that is embedded, stored or shown."""

    id: str
    text: RedactedText = field(repr=False)
    existing_codes: Codes = field(default_factory=dict)
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A narrative with its site and dates, as it comes in for people to code."""

    narrative: Narrative | RedactedNarrative
    site: str = ""
    occurred: dt.date | None = None
    reported: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """One identifier of an axis with its wording. `parent` is empty at the top of the axis.

    includes, examples  words that reports use for it, and made-up reports of it, separated by `|`.
    """

    axis: str
    code: str
    label: str
    parent: str = ""
    definition: str = ""
    includes: str = ""
    examples: str = ""

    @property
    def texts(self) -> tuple[RedactedText, ...]:
        """What the taxonomy says of the code, as texts that a narrative can be compared with."""
        is_worded = self.definition or re.search(r"[^\W\d_]{3}", self.label)
        wording = f"{self.label}. {self.definition}".strip() if is_worded else ""
        parts = (wording, self.includes.replace("|", ", "), *self.examples.split("|"))
        return tuple(RedactedText(part.strip()) for part in parts if part.strip())


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a taxonomy.

    many         several codes may apply to one incident.
    optional     an incident may have no code on it at all.
    leaves_only  only codes without children are given to incidents; parents group them.
    ordinal      the codes, in the taxonomy's order, are steps of a scale, so that neighbours nearly agree.
    pattern      a regular expression that every code of the axis matches; needed where no codes are listed.
    """

    key: str
    label: str
    many: bool = False
    optional: bool = False
    leaves_only: bool = False
    ordinal: bool = False
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class CodingGrammar:
    """How the codes of one incident are written as one string: trigger, then one token a code, axes in order."""

    trigger: str
    separator: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Codes that do not go together, unless there is a reason that the rule does not know. All conditions must hold.

    codes    by axis: one of these is given.
    none_of  by axis: none of these is given.
    differ   axes whose codes are not the same, each having one.
    text     a regular expression that the narrative matches.
    """

    message: str
    codes: Codes = field(default_factory=dict)
    none_of: Codes = field(default_factory=dict)
    differ: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask where a narrative does not say which of some codes of an axis applies; no codes: any of them."""

    axis: str
    ask: str
    between: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """A coding scheme: its axes in order, their codes, what goes together, and how a coding is written as a string.

    name         says the version too, such as `imaging-working-1`: a changed scheme is another taxonomy.
    fingerprint  sha256 of everything else, so that a model can tell whether it was trained on this very one.
    """

    name: str
    title: str
    axes: tuple[Axis, ...]
    codes: tuple[Code, ...] = ()
    grammar: CodingGrammar | None = None
    rules: tuple[Rule, ...] = ()
    questions: tuple[Question, ...] = ()
    fingerprint: str = ""

    @cached_property
    def axis(self) -> Mapping[str, Axis]:
        """The axes by key, in order."""
        return {axis.key: axis for axis in self.axes}

    @cached_property
    def by_code(self) -> Mapping[str, Mapping[str, Code]]:
        """The listed codes: axis key, then code."""
        return {key: {code.code: code for code in self.codes if code.axis == key} for key in self.axis}

    @cached_property
    def assignable(self) -> Mapping[str, tuple[str, ...]]:
        """The codes that may be given to an incident, by axis key, in the order of the taxonomy."""
        parents = {(code.axis, code.parent) for code in self.codes}
        return {
            axis.key: tuple(
                code for code in self.by_code[axis.key] if not (axis.leaves_only and (axis.key, code) in parents)
            )
            for axis in self.axes
        }

    def spelling(self, axis: str, token: str) -> str | None:
        """The code that `token` stands for on `axis`, whatever its letter case, or None.

        Where codes are listed the token must be an assignable one; otherwise it must match the axis's pattern.
        """
        if self.by_code[axis]:
            return self._folded[axis].get(token.casefold())
        pattern = self.axis[axis].pattern
        return next((s for s in _cased(token) if re.fullmatch(pattern, s)), None) if pattern else None

    def label(self, axis: str, code: str) -> str:
        """The wording of a code; the code itself where the taxonomy lists none."""
        known = self.by_code.get(axis, {}).get(code)
        return known.label if known else code

    @cached_property
    def _folded(self) -> Mapping[str, Mapping[str, str]]:
        return {key: {code.casefold(): code for code in codes} for key, codes in self.assignable.items()}


def _cased(token: str) -> tuple[str, ...]:
    """The spellings a pattern may want: as typed, upper case, and upper case with a lower-case last letter."""
    return token, token.upper(), token[:-1].upper() + token[-1:].lower()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A code offered by a model. `rank` starts at 1; `score` is a calibrated probability.

    words  what raised it: offsets [start, end) in the redacted narrative, the strongest first.
    """

    code: str
    label: str
    rank: int
    score: float
    words: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Why the narrative does not settle an axis, and the one question that would; either may be empty."""

    reason: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Suggestions of several axes that do not go together, in words. Nothing is repaired."""

    axes: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """A past incident that reads alike, and how it was coded.

    similarity  a cosine in [-1, 1].
    site        where it was; empty where that is not known.
    """

    id: str
    similarity: float
    codes: Codes
    site: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedIncident:
    """The ranked suggestions of every axis for one narrative, with what they were made by.

    shortlists  by axis, the codes among which the right one is with the coverage that the model was set to; a parent
                stands for its children; empty where no shortlist can be vouched for.
    unsettled   the axes that the narrative does not settle.
    notice      why the whole answer has little to stand on; empty where it has.
    """

    id: str
    redacted: RedactedText = field(repr=False)
    axes: Mapping[str, tuple[Suggestion, ...]]
    existing_codes: Codes
    model: str
    taxonomy: str
    shortlists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unsettled: Mapping[str, Unsettled] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    similar: tuple[SimilarIncident, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a coder who signed in, or a machine with a token.

    coder_id  None for a machine.
    role      coder, lead or administrator; empty for a machine.
    site      the one site whose incidents are seen; empty for all.
    scopes    what a machine may do; empty for a person.
    """

    name: str
    role: str = ""
    site: str = ""
    coder_id: int | None = None
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a coder decides on every axis of one incident, and what was on the screen.

    unsaid   axes on which the narrative does not say.
    shown    axis to the codes shown, in the order shown; None: as the suggestions had them.
    comment  redacted before it comes here.
    """

    codes: Codes
    unsaid: tuple[str, ...] = ()
    comment: RedactedText = field(default=RedactedText(""), repr=False)
    shown: Codes | None = None
    time_on_screen_ms: int = 0


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One coder's recorded decision, as training and audits read it.

    position  1 for the incident's first coder, 2 for the second.
    shown     what was shown, in order; empty where the coder decided blind, or after an erasure.
    changed   axes whose first code shown was not taken.
    model     the model whose suggestions were shown; empty where none were.
    """

    id: int
    incident_id: int
    reference: str
    site: str
    coder: str
    position: int
    codes: Codes
    unsaid: tuple[str, ...]
    is_blind: bool
    shown: Codes
    changed: tuple[str, ...]
    time_on_screen_ms: int
    confirmed_at: dt.datetime
    taxonomy: str
    model: str = ""
    is_superseded: bool = False


@dataclass(frozen=True, slots=True)
class SettledIncident:
    """An incident whose codes are settled, and by what: adjudicated, agreed by two coders, blind or assisted by one."""

    incident_id: int
    reference: str
    site: str
    text: RedactedText = field(repr=False)
    occurred: dt.date | None
    reported: dt.date | None
    codes: Codes
    unsaid: tuple[str, ...]
    settled_by: str
    settled_at: dt.datetime
    taxonomy: str
    coders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArrivedIncident:
    """An incident as it came in: its narrative, the day it is of, and what was suggested for it first.

    first     the best-ranked suggestion of every axis.
    likeness  the similarity of the past incident most like it; None where there was none to compare with.
    """

    incident_id: int
    day: dt.date
    text: RedactedText = field(repr=False)
    first: Mapping[str, Suggestion]
    likeness: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingIncident:
    """An incident with the codes that training takes from it.

    reported  when it was reported, or else happened, or else came in; None where nobody knows.
    source    where the codes come from, the most trusted first: adjudicated, agreed (by two coders), blind or assisted
              (one coder, before or after seeing suggestions), imported (it came with them); `from a file`, or `settled
              elsewhere` if that file is gold.
    incident  its id in the store; None if it comes from a file.
    accepted  axes on which the coder saw suggestions and took the first: an echo, as far as anybody can tell.
    """

    reference: str
    site: str
    reported: dt.date | None
    text: RedactedText = field(repr=False)
    codes: Codes
    source: str
    accepted: tuple[str, ...] = ()
    incident: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What orders incidents, and tells two of one reference apart."""
        return self.site, self.reference
