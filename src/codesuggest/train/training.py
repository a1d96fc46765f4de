"""Training: read, redact, embed, fit one ranker an axis, and keep with the model what it was made from."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse
from tqdm import tqdm

from codesuggest.domain import Embeddings, Narrative, RedactedNarrative, RedactedText, Scores, Taxonomy
from codesuggest.embed import Embedder, make_embedder
from codesuggest.errors import RecipeError, RedactionError, UnknownCodeError
from codesuggest.rank import AxisChain, AxisScores, CodeRanker, Evidence, LexicalFeatures, RowWeights, rank_columns
from codesuggest.read import NarrativeReader, SkippedRow, read_narratives
from codesuggest.redact import Redactor, Unredacted
from codesuggest.registry import Model, digest, make_manifest
from codesuggest.settings import settings
from codesuggest.similarity import PastIncidents, least_likeness, near_duplicate_groups
from codesuggest.taxonomy import load_taxonomy, require_coded_in
from codesuggest.train.newest import date_of, newest, promise_on_newest
from codesuggest.train.recipe import Recipe, recorded
from codesuggest.train.split import training_rows


@dataclass(frozen=True, slots=True)
class Training:
    """What a training run made of its data. `skipped` counts rows by file."""

    model: Model
    n_trained: int
    n_held_out: int
    skipped: Mapping[str, tuple[SkippedRow, ...]]
    n_dropped_codes: int


@dataclass(frozen=True, slots=True)
class Coded:
    """A recipe's files as narratives with codes of the taxonomy, redacted, in the order read; `details` are the other
    columns of each row."""

    narratives: Sequence[RedactedNarrative]
    details: Sequence[Narrative]
    redactor: str
    skipped: Mapping[str, tuple[SkippedRow, ...]]
    n_dropped_codes: int


@dataclass(frozen=True, slots=True)
class Material:
    """What a model learns from; the order of the rows is part of what decides the result.

    vectors  shape (n, dim), a row a narrative.
    sites    where each was, empty where that is not known; none at all where no site is.
    dates    when each was reported; none at all, or None, where that is not known.
    weights  by axis, shape (n,): how much each narrative's codes on it count; 0 leaves them out. An axis that is not
             named: all alike.
    data     what the manifest is to say of it, beside its size and hash.
    """

    narratives: Sequence[RedactedNarrative]
    vectors: Embeddings
    redactor: str
    sites: Sequence[str] = ()
    dates: Sequence[dt.date | None] = ()
    weights: Mapping[str, RowWeights] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)


def train(recipe: Recipe, *, embedder: Embedder | None = None, show_progress: bool = False) -> Training:
    """Train a model as the recipe says.

    embedder  used instead of the one that the recipe names, if it has loaded that already.
    Raises RecipeError, UnknownCodeError, ReadError or RedactionError; nothing is written.
    """
    taxonomy = load_taxonomy(recipe.taxonomy)
    coded = read_coded(recipe, taxonomy, show_progress=show_progress)
    embedder = embedder or make_embedder(recipe.embedder.name, recipe.embedder.folder)
    vectors = embedder.embed([narrative.text for narrative in coded.narratives], show_progress=show_progress)
    kept = training_rows(recipe.split, coded.details, lambda: near_duplicate_groups(vectors), recipe.seed)
    chosen = [narrative for narrative, is_kept in zip(coded.narratives, kept, strict=True) if is_kept]
    details = [of.details for of, is_kept in zip(coded.details, kept, strict=True) if is_kept]
    sites, dates = [of.get("site", "") for of in details], [date_of(of) for of in details]
    material = Material(chosen, vectors[kept], coded.redactor, sites, dates)
    model = learn(recipe, taxonomy, material, embedder, show_progress=show_progress)
    return Training(model, len(chosen), len(coded.narratives) - len(chosen), coded.skipped, coded.n_dropped_codes)


def read_coded(recipe: Recipe, taxonomy: Taxonomy, *, show_progress: bool = False) -> Coded:
    """The narratives of the recipe's files, redacted, with known codes. Raises as `train` does."""
    narratives, skipped = _read(recipe, taxonomy)
    require_coded_in(narratives, taxonomy)
    redacted, redactor = _redact(recipe, narratives, show_progress=show_progress)
    known, n_dropped = _known_codes(recipe, redacted, taxonomy)
    return Coded(known, narratives, redactor, skipped, n_dropped)


def learn(
    recipe: Recipe, taxonomy: Taxonomy, material: Material, embedder: Embedder, *, show_progress: bool = False
) -> Model:
    """A model of the material: the same recipe, material and taxonomy give the same ranks again.

    Raises RecipeError where an axis has too little to learn from.
    """
    described = _Described.by(taxonomy, embedder)
    features, rankers, chain, axes = _fit(recipe, material, described, show_progress=show_progress)
    chosen, vectors = material.narratives, material.vectors
    manifest = make_manifest(
        name=recipe.name,
        taxonomy=taxonomy.name,
        taxonomy_fingerprint=taxonomy.fingerprint,
        redactor=material.redactor,
        embedder=embedder.identity,
        recipe=recorded(recipe),
        data={**_fingerprint(recipe, chosen), **material.data},
        axes=axes,
    )
    trained_on = frozenset(digest(narrative.text) for narrative in chosen)
    past = PastIncidents(
        tuple(narrative.id for narrative in chosen),
        tuple(narrative.existing_codes for narrative in chosen),
        vectors,
        least_likeness(vectors),
        tuple(material.sites),
    )
    return Model(manifest, taxonomy, features, rankers, chain, trained_on, past)


def _read(recipe: Recipe, taxonomy: Taxonomy) -> tuple[list[Narrative], dict[str, tuple[SkippedRow, ...]]]:
    reader = NarrativeReader(taxonomy, max_chars=settings().max_narrative_chars)
    narratives: list[Narrative] = []
    skipped: dict[str, tuple[SkippedRow, ...]] = {}
    for file in recipe.data.files:
        rows = list(read_narratives(file, reader, recipe.data.columns, max_mb=settings().max_file_mb))
        narratives += [row for row in rows if isinstance(row, Narrative)]
        if missed := tuple(row for row in rows if isinstance(row, SkippedRow)):
            skipped[str(file)] = missed
    if recipe.data.files and not narratives:
        raise RecipeError(f"data.files: no readable narrative in {', '.join(str(f) for f in recipe.data.files)}.")
    return narratives, skipped


def _redact(
    recipe: Recipe, narratives: Sequence[Narrative], *, show_progress: bool
) -> tuple[list[RedactedNarrative], str]:
    """The narratives redacted, and by what; as they are where the recipe declares that they need no redaction."""
    if recipe.data.redacted:
        declared = [RedactedNarrative(n.id, RedactedText(n.text), n.existing_codes) for n in narratives]
        return declared, "none: the data was declared to hold no personal data"
    redactor = Redactor().require_measured()
    progress = tqdm(narratives, desc="Redacting", unit="narrative", disable=not show_progress)
    results = list(redactor.redact_all(progress))
    failed = [result.id for result in results if isinstance(result, Unredacted)]
    if failed:
        raise RedactionError(
            f"Redaction failed on {len(failed)} incidents ({', '.join(failed[:5])}). Nothing was trained. "
            "Leave them out of the data, or mend the redactor."
        )
    return cast("list[RedactedNarrative]", results), redactor.identity


def _known_codes(
    recipe: Recipe, narratives: Iterable[RedactedNarrative], taxonomy: Taxonomy
) -> tuple[list[RedactedNarrative], int]:
    """The narratives with their codes in the taxonomy's spelling; a code it does not have is refused or dropped."""
    known: list[RedactedNarrative] = []
    n_dropped = 0
    for narrative in narratives:
        codes: dict[str, tuple[str, ...]] = {}
        for axis in taxonomy.axes:
            given = narrative.existing_codes.get(axis.key, ())
            spelled = [(code, taxonomy.spelling(axis.key, code)) for code in given]
            unknown = [code for code, spelling in spelled if spelling is None]
            if unknown and recipe.data.unknown_codes == "error":
                raise UnknownCodeError(
                    f"Incident {narrative.id}: '{unknown[0]}' is no code of axis '{axis.key}' in {taxonomy.name}. "
                    "Mend it, or set data.unknown_codes = 'drop' in the recipe."
                )
            n_dropped += len(unknown)
            codes[axis.key] = tuple(dict.fromkeys(spelling for _, spelling in spelled if spelling))
        known.append(RedactedNarrative(narrative.id, narrative.text, codes, narrative.spans))
    return known, n_dropped


@dataclass(frozen=True, slots=True)
class _Described:
    """What a taxonomy says of its codes: one text a row, and the axis and code it is about."""

    taxonomy: Taxonomy
    texts: list[RedactedText]
    vectors: Embeddings
    about: list[tuple[str, str]]

    @classmethod
    def by(cls, taxonomy: Taxonomy, embedder: Embedder) -> Self:
        """The texts of the codes that incidents are given."""
        codes = [taxonomy.by_code[axis][code] for axis, given in taxonomy.assignable.items() for code in given]
        texts = [(text, (code.axis, code.code)) for code in codes for text in code.texts]
        vectors = embedder.embed([text for text, _ in texts])
        return cls(taxonomy, [text for text, _ in texts], vectors, [about for _, about in texts])

    def evidence(self, axis: str, codes: Sequence[str], columns: sparse.csr_array) -> Evidence:
        """The rows of `columns` that are about an axis's codes, and which code each is about."""
        rows = [number for number, about in enumerate(self.about) if about[0] == axis]
        is_about = np.array([[self.about[row][1] == code for code in codes] for row in rows], dtype=bool)
        return columns[rows], is_about.reshape(len(rows), len(codes))


def _fit(
    recipe: Recipe, material: Material, described: _Described, *, show_progress: bool
) -> tuple[LexicalFeatures, dict[str, CodeRanker], AxisChain, dict[str, tuple[str, ...]]]:
    options, taxonomy, narratives = recipe.ranker, described.taxonomy, material.narratives
    features = LexicalFeatures(max_words=options.max_words, max_characters=options.max_characters)
    texts = [*(narrative.text for narrative in narratives), *described.texts]
    if not texts:
        raise RecipeError("data.files: no narrative, and the taxonomy says nothing of its codes. Name coded files.")
    columns = rank_columns(np.vstack([material.vectors, described.vectors]), features.fit(texts).transform(texts))
    groups = near_duplicate_groups(material.vectors)
    rankers, axes, alone, said = {}, {}, {}, {}
    for axis in tqdm(taxonomy.axes, desc="Training", unit="axis", disable=not show_progress):
        codes, truth = _truth(axis.key, narratives, taxonomy)
        weight = material.weights.get(axis.key)
        coded = np.flatnonzero((truth.any(axis=1) | axis.optional) & (True if weight is None else weight > 0))
        evidence = said[axis.key] = described.evidence(axis.key, codes, columns[len(narratives) :])
        if len(coded) < 2 and not len(evidence[1]):
            raise RecipeError(
                f"axis '{axis.key}': fewer than two coded narratives, and the taxonomy says nothing of its codes. "
                "Add data, or leave the axis out of the taxonomy."
            )
        ranker = _ranker(recipe, exclusive=not axis.many, n_dense=material.vectors.shape[1])
        counts = None if weight is None else weight[coded]
        rankers[axis.key] = ranker.fit(columns[coded], truth[coded], groups[coded], evidence, counts)
        axes[axis.key] = codes
        alone[axis.key] = AxisScores(
            ranker.exclusive, _unseen(ranker, columns[: len(narratives)], coded), truth, coded, counts
        )
    chain = AxisChain(n_folds=options.n_folds, random_state=recipe.seed)
    for axis_key, weighed in chain.fit_transform(alone, groups).items():
        of = alone[axis_key]
        rankers[axis_key].settle(weighed, of.given[of.coded], groups[of.coded], of.weight)
    if (is_new := newest(material.dates)).any():
        promise_on_newest(rankers, chain, alone, (columns[: len(narratives)], said), is_new)
    return features, rankers, chain, axes


def _unseen(ranker: CodeRanker, columns: sparse.csr_array, coded: npt.NDArray[np.intp]) -> Scores:
    """The scores of all narratives, shape (n, n_codes), by models that had not seen them."""
    scores = np.empty((columns.shape[0], ranker.unseen_.shape[1]))
    scores[coded] = ranker.unseen_
    others = np.setdiff1d(np.arange(len(scores)), coded)
    if len(others):
        scores[others] = ranker.predict_proba(columns[others])
    return scores


def _ranker(recipe: Recipe, *, exclusive: bool, n_dense: int) -> CodeRanker:
    options = recipe.ranker
    return CodeRanker(
        exclusive=exclusive,
        n_dense=n_dense,
        lexical_c=options.lexical_c,
        embedding_c=options.embedding_c,
        n_neighbours=options.n_neighbours,
        n_folds=options.n_folds,
        n_jobs=settings().threads or -1,
        random_state=recipe.seed,
    )


def _truth(
    axis: str, narratives: Sequence[RedactedNarrative], taxonomy: Taxonomy
) -> tuple[tuple[str, ...], npt.NDArray[np.bool_]]:
    """The codes of an axis, the taxonomy's order first, and which narrative has which, shape (n, n_codes)."""
    seen = sorted({code for narrative in narratives for code in narrative.existing_codes[axis]})
    codes = tuple(dict.fromkeys((*taxonomy.assignable[axis], *seen)))
    column = {code: number for number, code in enumerate(codes)}
    truth = np.zeros((len(narratives), len(codes)), dtype=bool)
    for row, narrative in enumerate(narratives):
        truth[row, [column[code] for code in narrative.existing_codes[axis]]] = True
    return codes, truth


def _fingerprint(recipe: Recipe, narratives: Sequence[RedactedNarrative]) -> dict[str, object]:
    content = [
        [n.id, digest(n.text), {axis: list(codes) for axis, codes in n.existing_codes.items()}] for n in narratives
    ]
    return {
        "n": len(narratives),
        "sha256": hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
        "declared_redacted": recipe.data.redacted,
    }
