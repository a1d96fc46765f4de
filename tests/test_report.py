"""Reports: the same numbers in HTML, Markdown and JSON, small counts withheld, no script, figures from their tables."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from codesuggest.agreement import Bootstrap
from codesuggest.cli import app
from codesuggest.domain import RedactedNarrative, RedactedText, Taxonomy
from codesuggest.errors import ReadError
from codesuggest.evaluate import appraise
from codesuggest.metrics import Estimate
from codesuggest.report.document import (
    NONE,
    Blank,
    Chart,
    Count,
    Document,
    Figure,
    Kind,
    Number,
    Points,
    Quote,
    Section,
    Share,
    Style,
    Table,
    Withheld,
    suppressed,
    worded,
)
from codesuggest.report.evaluating import evaluation_document
from codesuggest.report.figures import NARROW, WIDE, figure
from codesuggest.report.printing import as_json, in_every_form, to_html, to_json, to_markdown, write_report
from codesuggest.settings import settings
from codesuggest.suggest import Suggester

ROOT = Path(__file__).parents[1]
TABLE = Table(
    "Codes <by> site",
    ("site", "incidents", "agreed", "alpha"),
    (
        ("north", Count(40), Share(30, 40), Figure(Estimate(0.71, 0.6, 0.8))),
        ("south", Count(3), Share(1, 3), Figure(Estimate(0.5, 0.1, 0.9))),
        ("west", Count(12), Share(12, 12), Figure(Estimate(float("nan"), float("nan"), float("nan")))),
    ),
    counted=1,
    chart=Chart(Kind.intervals, (3,), 0.8, 0, 1),
)
DOCUMENT = Document(
    "A report",
    "2026-11-25",
    (("Incidents", Count(1234)),),
    ("Agreement is ", Number(0.66, Style.share), "."),
    (
        Section("Sites & more", (TABLE, ("Of ", Count(4), " none."), Points((("a point ", Count(7)),)))),
        Section("Incidents", (Quote("[PERSON] fell", "S1"), Blank("Decided")), is_internal=True),
    ),
)


def shown(block: object) -> list[str]:
    """Every wording of a number in the JSON form."""
    if isinstance(block, dict):
        own = [block["shown"]] if "shown" in block else []
        return own + [text for value in block.values() for text in shown(value)]
    return [text for item in block for text in shown(item)] if isinstance(block, list) else []


def plain(page: str) -> str:
    return html.unescape(re.sub(r"<svg.*?</svg>|<style.*?</style>|<[^>]+>", " ", page, flags=re.S)).replace(
        "\u00a0", " "
    )


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Count(1234), "1,234"),
        (Count(2.5), "2.5"),
        (Share(1, 3), "33%"),
        (Share(0, 0), "–"),
        (Figure(Estimate(0.712, 0.6, 0.8)), "0.71 (0.60 to 0.80)"),
        (Figure(Estimate(0.712, 0.6, 0.8), Style.share), "71% (60 to 80%)"),
        (Figure(Estimate(-0.05, -0.1, 0.02), Style.points), "-5 (-10 to +2)"),
        (Number(-0.001, Style.points), "+0"),
        (Number(-0.001), "0.00"),
        (Figure(Estimate(0.2, -0.004, 0.5), mark="†"), "0.20 (0.00 to 0.50) †"),
        (Number(float("nan")), "not defined"),
        (Withheld(5), "under 5"),
    ],
)
def test_cells_are_worded_once(cell: object, words: str) -> None:
    assert worded(cell) == words  # type: ignore[arg-type]


def test_the_same_numbers_stand_in_all_three_forms() -> None:
    numbers = shown(as_json(DOCUMENT))
    assert len(numbers) == 13
    for text in (plain(to_html(DOCUMENT)), to_markdown(DOCUMENT)):
        assert [number for number in numbers if number not in text] == []


def test_json_holds_values_beside_wordings_and_no_nan() -> None:
    content = json.loads(to_json(DOCUMENT), parse_constant=pytest.fail)
    rows = content["sections"][0]["blocks"][0]["rows"]
    assert rows[0][3] == {"shown": "0.71 (0.60 to 0.80)", "value": 0.71, "low": 0.6, "high": 0.8}
    assert rows[2][3]["value"] is None


def test_the_page_is_whole_in_itself_and_escapes_what_it_shows() -> None:
    page = to_html(DOCUMENT)
    assert "<script" not in page
    assert not re.search(r"""(src|href)=["'](?!#)""", page)
    assert "@import" not in page
    assert "url(" not in page
    assert "Codes &lt;by&gt; site" in page
    assert '<html lang="en-GB">' in page
    assert page.count("<svg") == 2  # for a wide page and for a phone
    assert page.count("<title>Codes &lt;by&gt; site</title>") == 2
    assert 'href="#sites-more"' in page
    assert 'id="sites-more"' in page
    assert page.count("<th scope") == 4 + 3


def test_a_figure_is_drawn_from_its_tables_cells_at_their_values() -> None:
    drawn = figure(TABLE)
    places = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawn)]
    assert len(places) == 2  # the third value is not defined
    ticks = {float(t): float(x) for x, t in re.findall(r'<text x="([\d.]+)"[^>]*>(\d\.\d)</text>', drawn)}
    assert places[1] == pytest.approx((ticks[0.4] + ticks[0.6]) / 2, abs=0.2)


def test_small_counts_are_withheld_with_what_stands_on_them_and_never_alone() -> None:
    left = suppressed(DOCUMENT, under=5)
    (section,) = left.sections
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert [worded(row[1]) for row in table.rows] == ["40", "under 5", "under 5"]
    assert [worded(row[3]) for row in table.rows] == ["0.71 (0.60 to 0.80)", "under 5", "under 5"]
    assert worded(section.blocks[1][1]) == "under 5"  # type: ignore[index]
    assert "fell" not in to_html(left) + to_markdown(left) + to_json(left)
    assert figure(table) == figure(Table(table.caption, table.head, table.rows, chart=table.chart))
    assert "Counts under 5" in to_markdown(left)


def test_all_three_forms_have_one_name() -> None:
    made = in_every_form(DOCUMENT, "reports/audit")
    assert list(made) == ["reports/audit.html", "reports/audit.md", "reports/audit.json"]
    assert made["reports/audit.md"] == to_markdown(DOCUMENT)


def test_a_long_reason_has_room_on_a_phone() -> None:
    rows = (("S1", "short", "the model gives CF-IND.slip 2% and CF-EQP.fault 61%; of the nearest 4% have the one"),)
    page = to_html(Document("d", "today", (), ("v",), (Section("s", (Table("t", ("id", "is", "why"), rows),)),)))
    assert re.findall(r"<td([^>]*)>", page) == ["", ' class="long"']


@pytest.mark.parametrize("many", [True, False])
def test_a_taxonomy_without_groups_and_without_axes_of_many_has_no_empty_parts(
    many: bool, suggester: Suggester, working: Taxonomy
) -> None:
    rows = [json.loads(line) for line in rows_of("incidents.jsonl", 150)[110:]]
    gold = [RedactedNarrative(row["id"], RedactedText(row["text"]), row["codes"]) for row in rows]
    found = appraise(suggester, gold, bootstrap=Bootstrap(100))
    names = {"pathway"} if many else {"severity"}
    axes = {axis: of for axis, of in found.axes.items() if axis in names}
    measured = replace(found.evaluation, axes={axis: found.evaluation.axes[axis] for axis in names})
    document = evaluation_document(replace(found, axes=axes, evaluation=measured), working, made="2026-11-29")
    titles = [section.title for section in document.sections]
    assert ("The code and the group above it" in titles) == ("One code or several" in titles) == many
    text = to_markdown(document)
    assert "econd coder" not in text  # there is none
    assert ("holds all right codes" in text) == many
    # the figure of the first table is the share of incidents whose best-scored code is among gold's
    (axis,) = names
    scores, codes = suggester.score(gold)[axis], suggester.model.manifest.axes[axis]
    right = [codes[best] in n.existing_codes[axis] for best, n in zip(scores.argmax(axis=1), gold, strict=True)]
    table = document.sections[0].blocks[0]
    assert isinstance(table, Table)
    assert worded(table.rows[0][1]) == str(len(gold))
    assert worded(table.rows[0][2]).startswith(f"{np.mean(right):.0%} (")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"a report ends in \.html, \.md, \.json"):
        write_report(DOCUMENT, tmp_path / "report.pdf")


@pytest.fixture
def model_in_use(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESUGGEST_MODEL", str(model_dir))
    settings.cache_clear()


def rows_of(name: str, n: int) -> list[str]:
    return (ROOT / "annotation" / "sample" / name).read_text(encoding="utf-8").splitlines()[:n]


def all_three(arguments: list[str], tmp_path: Path) -> tuple[str, str, dict[str, object]]:
    """The three forms that a command writes, after checking that they hold the same numbers."""
    paths = [tmp_path / f"r{ending}" for ending in (".html", ".md", ".json")]
    result = CliRunner().invoke(app, arguments + [part for path in paths for part in ("--report", str(path))])
    assert result.exit_code == 0, result.stderr or result.exception
    page, markdown, content = (path.read_text(encoding="utf-8") for path in paths)
    numbers = shown(json.loads(content))
    text = plain(page)
    assert len(numbers) > 20
    assert [number for number in numbers if number not in text or number not in markdown] == []
    return page, markdown, json.loads(content)


def test_an_audit_of_the_sample_in_all_three_forms(tmp_path: Path, model_in_use: None) -> None:
    sample = ROOT / "annotation" / "sample"
    files = [str(sample / "incidents.jsonl"), str(sample / "second-coding.jsonl")]
    protocol = str(ROOT / "annotation" / "protocol.toml")
    _, markdown, content = all_three(["audit", *files, "--protocol", protocol, "--rounds", "100"], tmp_path)
    # annotation/README.md: kappa of severity 0.929, alpha (MASI) of pathway 0.853
    tables = [b for s in content["sections"] for b in s["blocks"] if "table" in b]  # type: ignore[attr-defined, union-attr]
    first = {row[0]: row for row in tables[0]["rows"]}
    assert first["Severity"][3]["value"] == pytest.approx(0.929, abs=5e-4)
    assert first["Patient pathway"][6]["value"] == pytest.approx(0.853, abs=5e-4)
    assert "second-3" in markdown


def test_a_model_is_reported_with_slices_ceiling_and_workload(tmp_path: Path, model_in_use: None) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n".join(rows_of("incidents.jsonl", 190)[110:]), encoding="utf-8")
    second = str(ROOT / "annotation" / "sample" / "second-coding.jsonl")
    page, markdown, _ = all_three(["evaluate", "--gold", str(gold), "--second", second, "--slice", "site"], tmp_path)
    sections = re.findall(r"^## (.*)", markdown, flags=re.M)
    assert sections[0] == "Accuracy on each axis"
    assert sections[-1] == "Method and limits"
    assert {"For whom it is worse", "What it is worth", "How long a list has to be", "Each code"} <= set(sections)
    assert "On a new site and later" not in sections
    assert "second coder, micro F1" in markdown
    assert "found by the second coder" in markdown
    assert "by site" in markdown
    assert "hours that 1,000 incidents take" in plain(page)


@pytest.mark.slow
def test_a_model_is_studied_by_its_recipe_at_random_elsewhere_later_with_less_and_without_redaction(
    small_folder: Path, tmp_path: Path, model_in_use: None
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n".join(rows_of("incidents.jsonl", 190)[110:]), encoding="utf-8")
    options = ["--recipe", str(small_folder / "recipe.toml"), "--minutes", "12", "--incidents", "500"]
    _, markdown, content = all_three(["evaluate", "--gold", str(gold), *options], tmp_path)
    tables = {b["table"]: b for s in content["sections"] for b in s["blocks"] if "table" in b}  # type: ignore[attr-defined, union-attr]
    curve = tables["First suggestion right, by number of incidents trained on"]["rows"]
    assert [row[0] for row in curve] == ["25", "50", "100"]
    assert [row[1]["n"] for row in curve] == [80, 80, 80]
    splits = {row[0].partition(":")[0]: row for row in tables["First suggestion right, by what was held out"]["rows"]}
    assert list(splits) == ["at random", "a new site", "a later time"]
    assert all(row[1]["n"] + row[2]["n"] == 100 for row in splits.values())
    cost = tables["First suggestion right: redacted text, and the same as read"]
    assert cost["head"][2:4] == ["redacted", "as read"]
    assert {row[1]["n"] for row in cost["rows"]} <= {80, *range(60, 80)}
    assert "of the 100 hours that 500 incidents take" in markdown


def test_an_agenda_shows_the_narratives_redacted_and_hides_who_coded(tmp_path: Path) -> None:
    sample = ROOT / "annotation" / "sample"
    some = tmp_path / "incidents.jsonl"
    some.write_text("\n".join(rows_of("incidents.jsonl", 60)), encoding="utf-8")
    arguments = ["audit", str(some), str(sample / "second-coding.jsonl"), "--agenda", "3", "--no-names"]
    arguments += ["--narratives", str(some), "--guidelines", str(ROOT / "annotation" / "guidelines.md")]
    report = tmp_path / "agenda.md"
    result = CliRunner().invoke(app, [*arguments, "--report", str(report)])
    assert result.exit_code == 0, result.stderr
    text = report.read_text(encoding="utf-8")
    assert text.count("## ") == 4
    assert "coder A" in text
    assert "second-" not in text
    assert "Covers" in text
    assert text.count("Decided, and why") == 3


def test_suspect_codes_are_listed_with_a_bound_and_no_promise(tmp_path: Path) -> None:
    some = tmp_path / "incidents.jsonl"
    some.write_text("\n".join(rows_of("incidents.jsonl", 60)), encoding="utf-8")
    arguments = ["audit", str(some), "--suspects", "10", "--embedder", "hashing-64", "--report", str(tmp_path / "s.md")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / "s.md").read_text(encoding="utf-8")
    assert "Review 10: at most about" in text
    assert "expect" not in text


@pytest.mark.parametrize("span", [0.00033, 0.041, 0.35, 0.86, 4.3, 96, 12345])
def test_every_figure_is_drawn_for_both_widths_whatever_its_span(span: float) -> None:
    rows = (("least", Number(0.0)), ("most", Number(span)))
    table = Table("t", ("what", "n"), rows, chart=Chart(Kind.intervals, (1,), low=0))
    assert figure(table, WIDE).count("<circle") == figure(table, NARROW).count("<circle") == 2


def test_differences_in_points_are_drawn_on_a_scale_of_points() -> None:
    rows = tuple(
        (name, Figure(Estimate(v, v - 0.02, v + 0.02), Style.points)) for name, v in (("a", 0.05), ("b", -0.05))
    )
    drawn = figure(Table("t", ("what", "difference, points"), rows, chart=Chart(Kind.intervals, (1,), 0)))
    ticks = re.findall(r">([+-]\d+)</text>", drawn)
    assert {"+0", "+5", "-5"} <= set(ticks) or {"+0", "+4", "-4"} <= set(ticks)
    assert "%" not in drawn


def test_a_grid_withholds_no_cell_alone_in_its_row_or_column_and_shades_by_size() -> None:
    rows = (
        ("north", Count(20), Count(3), Count(9)),
        ("south", Count(8), Count(30), Count(7)),
        ("west", Count(10), Count(6), Count(0)),
    )
    table = Table("grid", ("site", "A", "B", "C"), rows, chart=Chart(Kind.shades))
    (section,) = suppressed(Document("d", "today", (), ("v",), (Section("s", (table,)),)), under=5).sections
    (block,) = section.blocks
    assert isinstance(block, Table)
    hidden = [[isinstance(cell, Withheld) for cell in row] for row in block.rows]
    assert hidden[0][2]
    for line in (*hidden, *zip(*hidden, strict=True)):
        assert sum(line) != 1
    assert [worded(cell) for cell in block.rows[1][1:2]] == ["8"] or hidden[1][1]
    page = to_html(Document("d", "today", (), ("v",), (Section("s", (table,)),)))
    assert "background:rgba(0,94,184,1.00);color:#fff" in page
    assert page.count("<svg") == 0


def test_columns_that_say_nothing_are_left_out_and_the_chart_follows() -> None:
    rows = (("a", NONE, Count(3), Number(0.5)), ("b", NONE, Count(4), Number(0.7)))
    table = Table("t", ("code", "second", "n", "share"), rows, counted=2, chart=Chart(Kind.intervals, (1, 3))).trimmed
    assert table.head == ("code", "n", "share")
    assert table.counted == 1
    assert table.chart is not None
    assert table.chart.columns == (2,)
