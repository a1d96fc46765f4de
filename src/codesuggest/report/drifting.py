"""What changed over the months as a report: alarms in plain words first, then the figures month by month."""

import datetime as dt
from collections.abc import Iterator, Sequence

from codesuggest.domain import Taxonomy
from codesuggest.drift import LEVEL, Alarm, Drift
from codesuggest.drift.steps import ENOUGH
from codesuggest.drift.watch import HIGH, LOW
from codesuggest.report.document import (
    NONE,
    Block,
    Cell,
    Chart,
    Count,
    Document,
    Figure,
    Kind,
    Number,
    Points,
    Section,
    Share,
    Style,
    Table,
    Words,
)
from codesuggest.trends import newcombe

_MOST_CODES = 12
_SCORED = {LOW: "scored under 50%", HIGH: "scored 80% or more"}


def drift_document(drift: Drift, taxonomy: Taxonomy, *, made: str) -> Document:
    """The report of some months of a department."""
    facts: tuple[tuple[str, Cell], ...] = (
        ("Taxonomy", taxonomy.name),
        ("From", drift.months[0] if drift.months else NONE),
        ("To", drift.months[-1] if drift.months else NONE),
        ("Incidents", Count(sum(drift.n))),
        ("Alarms", Count(len(drift.alarms))),
    )
    sections = (
        Section("Alarms", tuple(_alarms(drift, taxonomy))),
        Section("Suggestions overridden", tuple(_overrides(drift, taxonomy))),
        Section("Scores", tuple(_scores(drift, taxonomy))),
        Section("Codes", tuple(_codes(drift, taxonomy))),
        Section("Words and texts", tuple(_texts(drift))),
        Section("Method and limits", (_method(),)),
    )
    return Document("What changed", made, facts, _verdict(drift, taxonomy), sections)


def said(alarm: Alarm, taxonomy: Taxonomy) -> Words:
    """An alarm as a plain sentence."""
    if alarm.signal == "texts":
        return (f"The reports as a whole read differently since {_in_words(alarm.since)}.",)
    verb = "rose" if alarm.n_since * alarm.of_before > alarm.n_before * alarm.of_since else "fell"
    before, since = Share(alarm.n_before, alarm.of_before), Share(alarm.n_since, alarm.of_since)
    return (f"{_subject(alarm, taxonomy)} {verb} from ", before, " to ", since, f" since {_in_words(alarm.since)}.")


def _subject(alarm: Alarm, taxonomy: Taxonomy) -> str:
    axis = taxonomy.axis[alarm.axis].label if alarm.axis in taxonomy.axis else alarm.axis
    return {
        "overrides": f"{axis} overrides",
        "codes": f"{axis}: incidents with {_coded(taxonomy, alarm.axis, alarm.what)}",
        "scores": f"{axis} suggestions {_SCORED.get(alarm.what, '')}",
        "likeness": "Reports little like anything the model learnt from",
        "words": f"Reports with the word “{alarm.what}”",
    }[alarm.signal]


def _in_words(month: str) -> str:
    return dt.date.fromisoformat(f"{month}-01").strftime("%B %Y")


def _verdict(drift: Drift, taxonomy: Taxonomy) -> Words:
    if not drift.alarms:
        return ("Nothing changed that chance does not explain.",)
    first = [cell for alarm in _shown_first(drift)[:3] for cell in (*said(alarm, taxonomy), " ")]
    return (Count(len(drift.alarms)), " changes that chance does not explain. ", *first)


def _shown_first(drift: Drift) -> list[Alarm]:
    """Alarms without words of narratives, which stand in their own section."""
    return [alarm for alarm in drift.alarms if alarm.signal != "words"]


def _alarms(drift: Drift, taxonomy: Taxonomy) -> Iterator[Block]:
    alarms = _shown_first(drift)
    if not alarms:
        yield ("None.",)
        return
    yield Points(tuple(said(alarm, taxonomy) for alarm in alarms))
    counted = [alarm for alarm in alarms if alarm.of_before and alarm.signal != "texts"]
    yield Table(
        "Before and since, with the difference in points",
        ("what", "since", "before", "since then", "difference, points"),
        tuple(
            (
                _subject(alarm, taxonomy),
                alarm.since,
                Share(alarm.n_before, alarm.of_before),
                Share(alarm.n_since, alarm.of_since),
                Figure(newcombe(alarm.n_since, alarm.of_since, alarm.n_before, alarm.of_before), Style.points),
            )
            for alarm in counted
        ),
    )


def _overrides(drift: Drift, taxonomy: Taxonomy) -> Iterator[Block]:
    yield _by_month(
        drift, taxonomy, "overrides", [(axis, "") for axis in taxonomy.axis], "First codes shown that were not taken"
    )
    if drift.models:
        yield Table("Models whose suggestions were shown", ("month", "model"), tuple(drift.models))


def _scores(drift: Drift, taxonomy: Taxonomy) -> Iterator[Block]:
    for end, words in _SCORED.items():
        yield _by_month(
            drift, taxonomy, "scores", [(axis, end) for axis in taxonomy.axis], f"First suggestions {words}"
        )


def _codes(drift: Drift, taxonomy: Taxonomy) -> Iterator[Block]:
    counts = drift.signals["codes"].counts
    for axis in taxonomy.axes:
        given = [name for name in counts if name[0] == axis.key]
        ordered = sorted(given, key=lambda name: -sum(n for n, _ in counts[name]))[:_MOST_CODES]
        if ordered:
            yield _by_month(
                drift, taxonomy, "codes", ordered, f"{axis.label}: share of incidents with each code", Kind.shades
            )


def _texts(drift: Drift) -> Iterator[Block]:
    likeness, unlike = drift.signals["texts"].likeness, drift.signals["likeness"].counts.get(("", LOW), ())
    rows: list[tuple[Cell, ...]] = []
    for number, month in enumerate(drift.months):
        alike: Cell = Number(likeness[number]) if likeness else NONE
        few: Cell = Share(*unlike[number]) if unlike else NONE
        rows.append((month, Count(drift.n[number]), Count(drift.own_words[number]), few, alike))
    yield Table(
        "Incidents that came in",
        ("month", "incidents", "words of its own", "little like the model's past", "likeness to other months"),
        tuple(rows),
        counted=1,
        note="Words of its own: in two or more incidents of the month and in none of another. Little like the model's "
        "past: the quarter of all that is least like anything it learnt from. Likeness: the cosine of mean embeddings.",
    )
    words = [alarm for alarm in drift.alarms if alarm.signal == "words"]
    if words:
        yield Table(
            "Words that changed",
            ("word", "since", "before", "since then"),
            tuple((a.what, a.since, Share(a.n_before, a.of_before), Share(a.n_since, a.of_since)) for a in words),
            note="Words written without capitals in ten or more redacted narratives.",
        )


def _by_month(
    drift: Drift,
    taxonomy: Taxonomy,
    signal: str,
    series: Sequence[tuple[str, str]],
    caption: str,
    kind: Kind = Kind.lines,
) -> Table:
    counts = drift.signals[signal].counts
    known = [name for name in series if name in counts]
    heads = [name[1] if kind is Kind.shades else taxonomy.axis[name[0]].label for name in known]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (month, *(Share(*counts[name][number]) for name in known)) for number, month in enumerate(drift.months)
    )
    columns = tuple(range(1, len(known) + 1))
    chart = Chart(kind, columns, low=0) if known and len(drift.months) > 1 else None
    return Table(caption, ("month", *heads), rows if known else (), chart=chart)


def _coded(taxonomy: Taxonomy, axis: str, code: str) -> str:
    label = taxonomy.label(axis, code) if axis in taxonomy.axis else code
    return code if code == label else f"{code} {label}"


def _method() -> Points:
    return Points(
        (
            (
                f"Every series is split at every month into before and since, with {ENOUGH} observations on either "
                "side at least. An alarm is a difference greater than chance makes it: the observations are dealt to "
                "the months anew 599 times, and the greatest of all differences of a signal is noted each time "
                "(Westfall and Young, single-step maxT).",
            ),
            (
                "Where nothing changed, one look at all signals together raises any alarm at most ",
                Number(LEVEL, Style.share),
                " of the time; `tests/test_drift.py` shows it by simulation. Looks at overlapping months are not "
                "independent: an alarm that comes and goes is likelier chance than one that stays.",
            ),
            ("The month named is where the difference is greatest; it may have begun a month earlier or later.",),
            (
                "An alarm says that something changed, not why: another model, other coders, another site, another "
                "way of reporting, or other incidents.",
            ),
            (
                "Overrides are of each incident's first coding, by the month of the decision; scores and texts are of "
                "incidents by the day reported; codes are settled ones. Codings in another taxonomy do not count.",
            ),
        )
    )
