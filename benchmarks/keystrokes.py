"""Counts the keys that coding a gold incident takes on the review page, with suggestions and without.

Run: .venv/bin/python benchmarks/keystrokes.py   (after `make suggest`; a minute)

Keys are pressed as `tests/test_keystrokes.py` has a browser press them. Reading is not counted, and the coder is one who
knows the code table: an unlisted code is found by the shortest typing that finds it.
"""

import datetime as dt
import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from codesuggest.domain import Codes, Narrative, RedactedNarrative, Taxonomy
from codesuggest.read import NarrativeReader, read_narratives
from codesuggest.redact import Redactor
from codesuggest.report import incident_json
from codesuggest.suggest import Suggester
from codesuggest.web.pages.choices import AxisView, axis_views

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "annotation" / "sample" / "incidents.jsonl"
WANTED = 9
_TOP = 10


def keys_to_code(views: Sequence[AxisView], gold: Codes) -> list[str]:
    """The keys that give an incident its gold codes and confirm them, one item a key, as Playwright names keys."""
    pressed: list[str] = []
    for view in views:
        codes = gold.get(view.axis.key, ())
        pressed += [key for code in codes for key in _keys_for(view, code)] or ["0"]
        if view.axis.many:
            pressed.append("Enter")
    return pressed if views[-1].axis.many else [*pressed, "Enter"]


def _keys_for(view: AxisView, code: str) -> list[str]:
    digit = next((choice.key for choice in view.offered if choice.code.code == code), "")
    return [digit] if digit else ["/", *_shortest_typing(view, code), "Enter"]


def _shortest_typing(view: AxisView, code: str) -> list[str]:
    """The fewest keys after which the type-ahead stands on the code: a word's beginning, then arrows down."""
    listed = {choice.code.code: _words(f"{choice.code.code} {choice.code.label}") for choice in view.offered}
    for parent, choices in view.others.items():
        listed |= {c.code.code: _words(f"{c.code.code} {c.code.label} {parent}") for c in choices}
    beginnings = sorted({word[:n] for word in listed[code] for n in range(1, len(word) + 1)}, key=len)
    pairs = (f"{one} {other}" for one, other in product(beginnings, beginnings) if len(one) + len(other) < 5)
    return min((_typing(text, code, listed) for text in (*beginnings, *pairs)), key=len)


def _typing(text: str, code: str, listed: Mapping[str, list[str]]) -> list[str]:
    found = [name for name, words in listed.items() if all(any(w.startswith(p) for w in words) for p in _words(text))]
    return [*("Space" if c == " " else c for c in text), *["ArrowDown"] * found.index(code)]


def _words(text: str) -> list[str]:
    """The words by which the page's script finds codes."""
    folded = text.casefold()
    return [*folded.split(), *"".join(c if c.isalnum() else " " for c in folded).split()]


def counts(suggester: Suggester, gold: Sequence[RedactedNarrative]) -> Iterator[tuple[int, int]]:
    """Keys with suggestions and without, a pair an incident."""
    taxonomy = suggester.model.taxonomy
    blind = axis_views(taxonomy, None)
    for narrative, suggested in zip(gold, suggester.suggest_redacted(gold, top=_TOP), strict=True):
        views = axis_views(taxonomy, incident_json(suggested))
        codes = narrative.existing_codes
        yield len(keys_to_code(views, codes)), len(keys_to_code(blind, codes))


def gold_narratives(redactor: Redactor) -> list[RedactedNarrative]:
    """The gold incidents of the sample, redacted."""
    rows = read_narratives(SAMPLE, NarrativeReader())
    return [redactor.redact(row) for row in rows if isinstance(row, Narrative) and row.details["split"] == "gold"]


def least_keys(taxonomy: Taxonomy) -> int:
    """One code an axis, each by its digit, and the confirmation."""
    return 2 * len(taxonomy.axes) - sum(not axis.many for axis in taxonomy.axes) + (not taxonomy.axes[-1].many)


def main() -> None:
    """Count, and write benchmarks/results/keystrokes.md."""
    model = ROOT / "models" / (ROOT / "models" / "in-use").read_text(encoding="utf-8").strip()
    suggester = Suggester.load(model)
    pairs = list(counts(suggester, gold_narratives(suggester.redactor)))
    columns = {"with suggestions": [one for one, _ in pairs], "without (blind)": [other for _, other in pairs]}
    lines = [
        "# Keys to code an incident",
        "",
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} by `python benchmarks/keystrokes.py`: {len(pairs)} gold incidents "
        f"of the sample, six axes, model {suggester.model.manifest.name}, of voices and a site that it never saw.",
        "Simulated from the gold codes by the rules of the page; `tests/test_keystrokes.py` presses the same keys in a",
        "browser and looks at what was recorded. Wanted: a median of at most 9 with suggestions.",
        "",
        "| keys an incident | median (95% interval) | mean | 90th percentile | at most 9 |",
        "|---|---|---|---|---|",
        *(_row(name, given) for name, given in columns.items()),
        "",
        f"The least possible with one code an axis is {least_keys(suggester.model.taxonomy)}; each further code is one key "
        "more. Nothing is chosen beforehand: a first suggestion that is right still takes its key.",
    ]
    (ROOT / "benchmarks" / "results" / "keystrokes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({name: statistics.median(given) for name, given in columns.items()}))


def _row(name: str, given: Sequence[int]) -> str:
    low, high = median_interval(given)
    ordered = sorted(given)
    share = sum(n <= WANTED for n in given) / len(given)
    ninetieth = ordered[math.ceil(0.9 * len(ordered)) - 1]
    median = statistics.median(given)
    return f"| {name} | {median:g} ({low} to {high}) | {statistics.mean(given):.1f} | {ninetieth} | {share:.0%} |"


def median_interval(given: Sequence[int]) -> tuple[int, int]:
    """The 95% interval of a median, by order statistics.

    Source: Conover (1999), Practical Nonparametric Statistics, 3rd edition, section 3.2.
    """
    ordered, half = sorted(given), 0.98 * math.sqrt(len(given))
    low = max(0, math.floor(len(ordered) / 2 - half) - 1)
    high = min(len(ordered) - 1, math.ceil(len(ordered) / 2 + half))
    return ordered[low], ordered[high]


if __name__ == "__main__":
    main()
