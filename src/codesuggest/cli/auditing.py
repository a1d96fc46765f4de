"""`codesuggest audit`."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli.agreeing import read_coding
from codesuggest.cli.publishing import Log, Logbook, Report, Suppress, publish, today
from codesuggest.cli.suggesting import load_suggester
from codesuggest.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from codesuggest.audit import Audit, Confirmations
    from codesuggest.domain import RedactedNarrative, Taxonomy
    from codesuggest.report.document import Document
    from codesuggest.suggest import Suggester

    Coded = tuple[RedactedNarrative, str]

_FilesOption = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Who coded what: tables with the columns coder, incident, axis, codes (and site, date, is_blind, "
        "shown_rank), or JSON Lines of id, coder, codes."
    ),
]
_StoreOption = Annotated[
    bool, typer.Option("--store", help="Audit what the store holds (CODESUGGEST_DATABASE_URL) instead of files.")
]
_TaxonomyOption = Annotated[
    str, typer.Option("--taxonomy", help="Taxonomy of the codes: a name, a folder, or `seen`: those in the files.")
]
_ColumnOption = Annotated[
    list[str] | None, typer.Option("--column", help="FIELD=COLUMN, where a column has another name; repeatable.")
]
_ProtocolOption = Annotated[
    Path | None, typer.Option("--protocol", help="Protocol file with the least agreement of each axis.")
]
_AgendaOption = Annotated[
    int, typer.Option("--agenda", min=0, help="Instead: an agenda of so many disagreements to meet about.")
]
_SuspectsOption = Annotated[
    int, typer.Option("--suspects", min=0, help="Instead: so many codes of the first file worth a second look.")
]
_NarrativesOption = Annotated[
    Path | None, typer.Option("--narratives", help="File of the narratives, for the agenda and for --model.")
]
_ModelOption = Annotated[str, typer.Option("--model", help="Model to put beside the coders; it needs the narratives.")]
_GuidelinesOption = Annotated[
    Path | None, typer.Option("--guidelines", help="For the agenda: the coders' guidelines, in Markdown.")
]
_AdjudicationsOption = Annotated[
    Path | None, typer.Option("--adjudications", help="For the agenda: JSON Lines of what is settled; left out.")
]
_SameOption = Annotated[
    list[str] | None,
    typer.Option("--same", help="For suspects: a column that must be equal for two texts to count as the same."),
]
_EmbedderOption = Annotated[
    str, typer.Option("--embedder", help="For suspects: minilm, or hashing-128 without weights.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(audit)


def audit(
    files: _FilesOption = None,
    store: _StoreOption = False,
    taxonomy: _TaxonomyOption = "imaging-working-1",
    column: _ColumnOption = None,
    protocol: _ProtocolOption = None,
    model_coder: Annotated[str, typer.Option("--model-coder", help="The coder in the files who is a model.")] = "",
    names: Annotated[bool, typer.Option("--names/--no-names", help="Name the coders, or number them.")] = True,
    rounds: Annotated[int, typer.Option("--rounds", min=100, help="Bootstrap rounds of each interval.")] = 1000,
    agenda: _AgendaOption = 0,
    suspects: _SuspectsOption = 0,
    narratives: _NarrativesOption = None,
    model: _ModelOption = "",
    guidelines: _GuidelinesOption = None,
    adjudications: _AdjudicationsOption = None,
    same: _SameOption = None,
    embedder: _EmbedderOption = "minilm",
    report: Report = None,
    suppress: Suppress = 0,
    log: Log = False,
) -> None:
    """Audit how consistently coders code: agreement, confusions, habits, drift, and what suggestions do.

    Example: codesuggest audit annotation/sample/incidents.jsonl annotation/sample/second-coding.jsonl --rounds 100
    """
    from codesuggest.protocol import load_protocol
    from codesuggest.report.auditing import audit_document

    if store == bool(files):
        raise typer.BadParameter("name the files, or --store", param_hint="FILES")
    if log and (agenda or suspects or not model):
        raise typer.BadParameter("goes with --model, and with neither --agenda nor --suspects", param_hint="--log")
    archive = _Archive.of_store(taxonomy) if store else None
    if suspects:
        coded = archive.coded() if archive else read_redacted((files or [])[0], _scheme(taxonomy), same or ())
        publish(_suspects(coded, _scheme(taxonomy), suspects, embedder), report, suppress)
        return None
    archive = archive or _Archive.of_files(files or [], column or (), taxonomy, narratives, adjudications)
    suggester = load_suggester(model) if model else None
    if agenda:
        publish(_agenda(archive, suggester, guidelines, agenda, names), report, suppress)
        return None
    logbook = Logbook.of(suggester.model.manifest.name) if log and suggester else None
    floors = load_protocol(protocol).agreement_floor if protocol else None
    found = _audited(archive, suggester, model_coder, floors, rounds)
    shown = publish(audit_document(found, made=today(), are_named=names), report, suppress)
    if logbook:
        logbook.log(shown, "audit")
    return _account(files or [], archive.confirmations)


def _audited(
    archive: "_Archive",
    suggester: "Suggester | None",
    model_coder: str,
    floors: "Mapping[str, float] | None",
    n_rounds: int,
) -> "Audit":
    """The audit of the coders, with a model beside them: a suggester, or one who is among them already."""
    from codesuggest.agreement import Bootstrap
    from codesuggest.audit import audit as audit_confirmations

    return audit_confirmations(
        _with_model(archive, suggester) if suggester else archive.confirmations,
        archive.taxonomy,
        model=suggester.model.manifest.name if suggester else model_coder,
        floors=floors,
        bootstrap=Bootstrap(n_rounds),
        show_progress=True,
    )


@dataclass(frozen=True, slots=True)
class _Archive:
    """What is audited: decisions, the narratives that they are about, and the incidents that are settled already."""

    confirmations: "Confirmations"
    taxonomy: "Taxonomy"
    texts: "Sequence[RedactedNarrative]"
    settled: "Collection[str]"

    @classmethod
    def of_store(cls, taxonomy: str) -> "_Archive":
        from codesuggest.audit.stored import read_store
        from codesuggest.domain import Caller
        from codesuggest.settings import settings
        from codesuggest.store.database import Database
        from codesuggest.store.schema import require_current

        scheme = _scheme(taxonomy)
        with (
            closing(require_current(Database(settings().database_url))) as database,
            database.reading() as session,
        ):
            stored = read_store(session, Caller("command line", "administrator"), scheme)
        if not stored.confirmations.decisions:
            raise ReadError(f"The store holds no confirmation by {scheme.name}. Code some first, or name --taxonomy.")
        return cls(stored.confirmations, scheme, stored.narratives, stored.adjudicated)

    @classmethod
    def of_files(
        cls,
        files: Sequence[Path],
        column: Sequence[str],
        taxonomy: str,
        narratives: Path | None,
        adjudications: Path | None,
    ) -> "_Archive":
        confirmations, scheme = _read(files, column, taxonomy)
        texts = [narrative for narrative, _ in read_redacted(narratives, scheme)] if narratives else []
        return cls(confirmations, scheme, texts, set(read_coding(adjudications)) if adjudications else set())

    def coded(self) -> "list[Coded]":
        """The narratives that have settled codes, for the search of suspects."""
        return [(narrative, "") for narrative in self.texts if narrative.existing_codes]


def read_redacted(path: Path, taxonomy: "Taxonomy", same: Sequence[str] = ()) -> "list[Coded]":
    """The narratives of a file, redacted, each with the values of the columns `same` joined."""
    from tqdm import tqdm

    from codesuggest.cli.source import read_source
    from codesuggest.read import Columns, SkippedRow
    from codesuggest.redact import Redactor

    redactor = Redactor().require_measured()
    rows = [row for row in read_source(str(path), Columns(), taxonomy) if not isinstance(row, SkippedRow)]
    return [
        (redactor.redact(row), "|".join(row.details.get(column, "") for column in same))
        for row in tqdm(rows, desc="Redacting", unit="narrative")
    ]


def _suspects(coded: "Sequence[Coded]", taxonomy: "Taxonomy", most: int, embedder: str) -> "Document":
    from tqdm import tqdm

    from codesuggest.audit.suspects import suspects as find_suspects
    from codesuggest.embed import make_embedder
    from codesuggest.report.suspecting import suspects_document
    from codesuggest.settings import settings

    if not coded:
        raise ReadError("No readable narrative with codes to look for suspects among.")
    narratives = [narrative for narrative, _ in coded]
    chosen = make_embedder(embedder, settings().embedder_dir)
    vectors = chosen.embed([narrative.text for narrative in narratives], show_progress=True)
    context = {narrative.id: value for narrative, value in coded}
    found = find_suspects(
        narratives, vectors, taxonomy, context=context, show=lambda axes: tqdm(axes, desc="Weighing", unit="axis")
    )
    return suspects_document(found, taxonomy, made=today(), most=most)


def _agenda(
    archive: _Archive, suggester: "Suggester | None", guidelines: Path | None, most: int, are_named: bool
) -> "Document":
    from codesuggest.audit.agenda import disagreements_worth_meeting, guidelines_by_code
    from codesuggest.report.agenda import agenda_document

    chosen = disagreements_worth_meeting(archive.confirmations.decisions, settled=archive.settled, most=most)
    wanted = {item.incident for item in chosen}
    narratives = [narrative for narrative in archive.texts if narrative.id in wanted]
    suggested = suggester.suggest_redacted(narratives) if suggester else []
    return agenda_document(
        chosen,
        archive.taxonomy,
        made=today(),
        narratives={narrative.id: narrative.text for narrative in narratives},
        suggested={incident.id: incident for incident in suggested},
        guidelines=guidelines_by_code(guidelines.read_text(encoding="utf-8")) if guidelines else {},
        are_named=are_named,
    )


def _with_model(archive: _Archive, suggester: "Suggester") -> "Confirmations":
    from codesuggest.audit.model_coder import model_decisions

    if not archive.texts:
        raise ReadError("--model needs the narratives. Name their file: --narratives.")
    given = archive.confirmations
    coded = {decision.incident for decision in given.decisions}
    wanted = [narrative for narrative in archive.texts if narrative.id in coded]
    return replace(given, decisions=(*given.decisions, *model_decisions(suggester, wanted)))


def _scheme(taxonomy: str) -> "Taxonomy":
    from codesuggest.taxonomy import load_taxonomy

    return load_taxonomy(taxonomy)


def _read(files: Sequence[Path], column: Sequence[str], taxonomy: str) -> "tuple[Confirmations, Taxonomy]":
    from codesuggest.audit import read_confirmations, taxonomy_of
    from codesuggest.audit.confirmations import FIELDS
    from codesuggest.settings import settings

    pairs = [pair.partition("=") for pair in column]
    if wrong := [field for field, equals, name in pairs if field not in FIELDS or not (equals and name)]:
        raise typer.BadParameter(f"'{wrong[0]}': expected FIELD=COLUMN, of {', '.join(FIELDS)}", param_hint="--column")
    known = None if taxonomy == "seen" else _scheme(taxonomy)
    columns = {field: name for field, _, name in pairs}
    confirmations = read_confirmations(files, columns, known, max_mb=settings().max_file_mb)
    return confirmations, known or taxonomy_of(confirmations)


def _account(files: Sequence[Path], confirmations: "Confirmations") -> None:
    from codesuggest.cli.source import list_skipped

    skipped = confirmations.skipped
    listed = f"; {len(skipped):,} rows unreadable, {list_skipped(str(files[0]), skipped)}" if skipped else ""
    typer.echo(f"Audited {len(confirmations.decisions):,} decisions{listed}.", err=True)
