"""A document as one HTML file, as Markdown, or as JSON: the same words and the same numbers."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from codesuggest.errors import ReadError
from codesuggest.report.document import (
    Blank,
    Block,
    Cell,
    Count,
    Document,
    Figure,
    Kind,
    Number,
    Points,
    Quote,
    Share,
    Table,
    Words,
    sentence,
    worded,
)
from codesuggest.report.figures import NARROW, WIDE, figure, values_of


def write_report(document: Document, path: Path) -> Path:
    """Write a document to a file, in the form that its ending names: .html, .md or .json."""
    printers = _printers()
    if path.suffix not in printers:
        raise ReadError(f"{path}: a report ends in {', '.join(printers)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(printers[path.suffix](document), encoding="utf-8")
    return path


def in_every_form(document: Document, name: str) -> dict[str, str]:
    """File name to content, `name.html`, `name.md` and `name.json`: what is kept beside a model."""
    return {f"{name}{ending}": printer(document) for ending, printer in _printers().items()}


def _printers() -> dict[str, Callable[[Document], str]]:
    return {".html": to_html, ".md": to_markdown, ".json": to_json}


def to_html(document: Document) -> str:
    """The document as one file without scripts or anything to fetch, for a screen of any width and for paper."""
    import jinja2  # noqa: PLC0415  other commands need not pay for it
    from markupsafe import Markup  # noqa: PLC0415

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("codesuggest.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"worded": _unbroken, "sentence": sentence}
    environment.globals |= {
        "figures": lambda table: [Markup(drawn) for width in (WIDE, NARROW) if (drawn := figure(table, width))],  # noqa: S704  every label in it is escaped
        "numeric": _numeric,
        "shade": _shade,
        "kind": lambda block: "words" if isinstance(block, tuple) else type(block).__name__.casefold(),
    }
    return environment.get_template("report.html").render(document=document)


def _numeric(table: Table) -> list[bool]:
    """Which columns hold numbers."""
    return [any(not isinstance(row[i], str) for row in table.rows) for i in range(len(table.head))]


def _shade(table: Table, cell: Cell) -> str:
    """The style of a cell of a table whose cells are shaded by their size."""
    if table.chart is None or table.chart.kind is not Kind.shades or not (value := values_of(cell)) or not value[0]:
        return ""
    largest = max(values[0] for row in table.rows for other in row if (values := values_of(other)))
    depth = 0.08 + 0.92 * value[0] / largest
    return f"background:rgba(0,94,184,{depth:.2f}){';color:#fff' if depth > 0.55 else ''}"


def _unbroken(cell: Cell) -> str:
    """A cell's words, an interval kept on one line."""
    return worded(cell) if isinstance(cell, str) else worded(cell).replace(" to ", "\u00a0to\u00a0")


def to_markdown(document: Document) -> str:
    """The document as Markdown; figures are left to their tables."""
    lines = [f"# {document.title}", "", sentence(document.verdict), ""]
    lines += [f"- **{label}:** {worded(cell)}" for label, cell in document.facts]
    lines += ["", f"Made {document.made}. {document.note}".rstrip(), ""]
    lines += [f"- [{section.title}](#{section.anchor})" for section in document.sections]
    for section in document.sections:
        lines += ["", f"## {section.title}"]
        for block in section.blocks:
            lines += ["", *_markdown(block)]
    return "\n".join(lines) + "\n"


def to_json(document: Document) -> str:
    """The document as JSON; a number stands with its interval and with its wording."""
    return json.dumps(as_json(document), indent=1, ensure_ascii=False) + "\n"


def as_json(document: Document) -> dict[str, Any]:
    """The document as plain values."""
    return {
        "title": document.title,
        "made": document.made,
        "note": document.note,
        "facts": {label: _json_cell(cell) for label, cell in document.facts},
        "verdict": _json_words(document.verdict),
        "sections": [
            {"title": section.title, "blocks": [_json_block(block) for block in section.blocks]}
            for section in document.sections
        ],
    }


def _markdown(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield f"**{block.caption}**"
            yield ""
            yield _row(block.head)
            yield _row(["---"] * len(block.head))
            yield from (_row([worded(cell) for cell in row]) for row in block.rows)
            if block.note:
                yield from ("", block.note)
        case Quote(text, source):
            yield from (f"> {line}" for line in text.splitlines())
            if source:
                yield f"> ({source})"
        case Blank(label):
            yield f"{label}: ____________________"
        case Points(items):
            yield from (f"- {sentence(item)}" for item in items)
        case _:
            yield sentence(block)


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', '/').split()) for cell in cells)} |"


def _json_block(block: Block) -> dict[str, Any]:
    match block:
        case Table():
            rows = [[_json_cell(cell) for cell in row] for row in block.rows]
            return {"table": block.caption, "head": list(block.head), "rows": rows, "note": block.note}
        case Quote(text, source):
            return {"quote": text, "source": source}
        case Blank(label):
            return {"blank": label}
        case Points(items):
            return {"points": [_json_words(item) for item in items]}
        case _:
            return _json_words(block)


def _json_words(words: Words) -> dict[str, Any]:
    return {"words": sentence(words), "numbers": [_json_cell(cell) for cell in words if not isinstance(cell, str)]}


def _json_cell(cell: Cell) -> Any:
    shown = worded(cell)
    match cell:
        case Count(n):
            return {"shown": shown, "n": n}
        case Share(n, of):
            return {"shown": shown, "n": n, "of": of}
        case Number(value, _):
            return {"shown": shown, "value": _finite(value)}
        case Figure(e):
            return {"shown": shown, "value": _finite(e.value), "low": _finite(e.low), "high": _finite(e.high)}
        case _:
            return shown


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
