"""A page that shows what was found in narratives, for a person to judge on their own machine.

It holds the narratives as they were read, personal data and all. It is written only when asked for by name, for its
owner's eyes only, and says so at its top.
"""

import os
from collections.abc import Iterable
from html import escape
from pathlib import Path

from codesuggest.domain import Narrative, RedactedNarrative, Span

_HEAD = """<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Redaction review</title>
<style>
body { font: 1.1875rem/1.5 Arial, sans-serif; color: #212b32; background: #f0f4f5; margin: 0 auto; }
body { max-width: 60rem; padding: 1rem; }
h1 { font-size: 2rem; } h2 { font-size: 1.1875rem; margin: 0 0 .5rem; }
.warning { border: 4px solid #d5281b; background: #fff; padding: .5rem 1rem; }
article { background: #fff; border: 1px solid #d8dde0; margin: 1rem 0; padding: 1rem; }
p { margin: 0 0 .5rem; white-space: pre-wrap; }
mark { background: #ffeb3b; color: #212b32; padding: 0 .15em; }
mark small { font-size: .75em; font-weight: bold; margin-left: .35em; }
.after { color: #425563; }
@media print { body { background: #fff; } article { break-inside: avoid; } }
</style></head><body>
<h1>Redaction review</h1>
<p class="warning"><strong>This page holds personal data.</strong> It shows the narratives as they were read. Keep
it on this machine, show it to nobody, and delete it when you have finished.</p>
<p>Marked: what was found, and as what. Look for names and numbers that are <em>not</em> marked, and for clinical
words that are.</p>
"""


def write_review(path: Path, redacted: Iterable[tuple[Narrative, RedactedNarrative]]) -> int:
    """Write the page, readable by its owner only. Returns the number of narratives on it."""
    n = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as page:
        page.write(_HEAD)
        for narrative, result in redacted:
            page.write(_article(narrative, result))
            n += 1
        page.write("</body></html>\n")
    return n


def _article(narrative: Narrative, result: RedactedNarrative) -> str:
    return (
        f"<article><h2>{escape(narrative.id)}</h2>\n<p>{_marked(narrative.text, result.spans)}</p>\n"
        f'<p class="after">{escape(result.text)}</p></article>\n'
    )


def _marked(text: str, spans: Iterable[Span]) -> str:
    parts, position = [], 0
    for span in spans:
        value, kind = escape(text[span.start : span.end]), escape(span.type.replace("_", " ").lower())
        parts += [escape(text[position : span.start]), f"<mark>{value}<small>{kind}</small></mark>"]
        position = span.end
    return "".join([*parts, escape(text[position:])])
