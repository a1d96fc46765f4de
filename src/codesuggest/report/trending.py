"""A department's codes as a report: what happened, where, when, and beside the nation."""

from collections.abc import Iterator, Sequence

from codesuggest.domain import Taxonomy
from codesuggest.report.document import (
    NONE,
    Block,
    Cell,
    Chart,
    Count,
    Document,
    Figure,
    Kind,
    Points,
    Section,
    Share,
    Style,
    Table,
    Words,
)
from codesuggest.trends import BesideNational, CodedIncident, count_codes, groups

_MOST_CODES = 12
_LEVEL = 0.05


def trends_document(
    incidents: Sequence[CodedIncident],
    taxonomy: Taxonomy,
    *,
    made: str,
    by: Sequence[str] = (),
    national: Sequence[BesideNational] = (),
) -> Document:
    """The report of a department's coded incidents, broken down by details or axes, and beside national counts."""
    sections = [
        Section("What was coded", tuple(_all(incidents, taxonomy))),
        *(Section(f"By {_name(taxonomy, key)}", tuple(_by(incidents, taxonomy, key))) for key in by),
        *([Section("Beside the nation", tuple(_beside(national, taxonomy)))] if national else []),
        Section("Method and limits", (_method(),)),
    ]
    months = sorted(groups(incidents, "month"))
    facts: tuple[tuple[str, Cell], ...] = (
        ("Taxonomy", taxonomy.name),
        ("Incidents", Count(len(incidents))),
        ("From", months[0] if months else NONE),
        ("To", months[-1] if months else NONE),
    )
    return Document("Incidents coded here", made, facts, _verdict(incidents, taxonomy, national), tuple(sections))


def said(row: BesideNational, taxonomy: Taxonomy) -> Words:
    """One difference as a plain sentence."""
    axis = taxonomy.axis[row.axis].label.casefold()
    words: tuple[Cell, ...] = (
        f"{_coded(taxonomy, row.axis, row.code)} is ",
        Share(row.n, row.of),
        f" of the {axis} codes here and ",
        Share(row.national_n, row.national_of),
        " nationally: ",
    )
    if row.p_value > _LEVEL:
        return (*words, "no clear difference.")
    more = "more" if row.difference.value > 0 else "less"
    return (*words, Figure(row.difference, Style.points), f" points, clearly {more} than the nation.")


def _verdict(incidents: Sequence[CodedIncident], taxonomy: Taxonomy, national: Sequence[BesideNational]) -> Words:
    words: list[Cell] = [Count(len(incidents)), " incidents. "]
    counts = count_codes(incidents)
    for axis in (a for a in taxonomy.axes if a.many and a.key in counts):
        (code, n), *_ = counts[axis.key].most_common(1)
        words += [f"The commonest {axis.label.casefold()} code is {_coded(taxonomy, axis.key, code)}, "]
        words += [Share(n, counts[axis.key].total()), " of those given. "]
    clear = [row for row in national if row.p_value <= _LEVEL]
    if national:
        words += [Count(len(clear)), f" of {len(national)} codes differ clearly from the national table. "]
    for row in clear[:2]:
        words += [*said(row, taxonomy), " "]
    return tuple(words)


def _all(incidents: Sequence[CodedIncident], taxonomy: Taxonomy) -> Iterator[Block]:
    counts = count_codes(incidents)
    for axis in taxonomy.axes:
        if given := counts.get(axis.key):
            yield Table(
                f"{axis.label}: codes given",
                ("code", "given", "share"),
                tuple((_coded(taxonomy, axis.key, code), Count(n), Share(n, given.total())) for code, n in _top(given)),
                counted=1,
                chart=Chart(Kind.intervals, (2,), low=0),
            )


def _by(incidents: Sequence[CodedIncident], taxonomy: Taxonomy, key: str) -> Iterator[Block]:
    parts, counts = groups(incidents, key), count_codes(incidents)
    if not parts:
        yield (f"The file does not say the {_name(taxonomy, key)}.",)
        return
    yield Table(
        f"Incidents by {_name(taxonomy, key)}",
        (_name(taxonomy, key), "incidents", "share"),
        tuple(
            (_coded(taxonomy, key, name), Count(len(part)), Share(len(part), len(incidents)))
            for name, part in parts.items()
        ),
        counted=1,
        chart=Chart(Kind.lines, (1,), low=0) if key == "month" else Chart(Kind.intervals, (2,), low=0),
    )
    for axis in taxonomy.axes:
        if axis.key == key or axis.key not in counts:
            continue
        codes = [code for code, _ in counts[axis.key].most_common(_MOST_CODES)]
        by_part = {name: count_codes(part).get(axis.key) for name, part in parts.items()}
        yield Table(
            f"{axis.label} by {_name(taxonomy, key)}",
            (_name(taxonomy, key), *codes),
            tuple((name, *(Count(given[code] if given else 0) for code in codes)) for name, given in by_part.items()),
            chart=Chart(Kind.shades),
            note=f"The {len(codes)} commonest of {len(counts[axis.key])} codes." if len(codes) == _MOST_CODES else "",
        )


def _beside(national: Sequence[BesideNational], taxonomy: Taxonomy) -> Iterator[Block]:
    clear = [row for row in national if row.p_value <= _LEVEL]
    yield Points(tuple(said(row, taxonomy) for row in clear)) if clear else ("No code differs clearly.",)
    for axis in taxonomy.axes:
        rows = [row for row in national if row.axis == axis.key]
        if rows:
            yield Table(
                f"{axis.label}: share of the codes given, here and nationally",
                ("code", "here", "nationally", "share here", "share nationally", "difference, points"),
                tuple(
                    (
                        _coded(taxonomy, row.axis, row.code),
                        Count(row.n),
                        Count(row.national_n),
                        Share(row.n, row.of),
                        Share(row.national_n, row.national_of),
                        Figure(row.difference, Style.points),
                    )
                    for row in sorted(rows, key=lambda row: -row.difference.value)
                ),
                counted=1,
                chart=Chart(Kind.intervals, (5,), 0),
            )


def _method() -> Points:
    return Points(
        (
            (
                "These are incidents that were reported and coded, not incidents that happened: a place or month with "
                "more of them may only report more.",
            ),
            ("Shares are of all codes given on the axis; an incident may have several on an axis of many.",),
            (
                "Differences from the nation: Newcombe's interval of two shares; clear where Fisher's exact test, "
                "corrected for the many codes (Benjamini and Hochberg), has one false finding in twenty at most.",
            ),
            ("A national table has other departments' habits of coding in it; how far they agree is not known.",),
        )
    )


def _top(given: "dict[str, int]") -> list[tuple[str, int]]:
    return sorted(given.items(), key=lambda item: (-item[1], item[0]))


def _name(taxonomy: Taxonomy, key: str) -> str:
    return taxonomy.axis[key].label.casefold() if key in taxonomy.axis else key


def _coded(taxonomy: Taxonomy, axis: str, code: str) -> str:
    label = taxonomy.label(axis, code)
    return code if code == label else f"{code} {label}"
