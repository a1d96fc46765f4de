"""Why a model is wrong: parts of an evaluation's report."""

from collections import Counter
from collections.abc import Iterator

from codesuggest.evaluate.errors import Cause, WrongCode
from codesuggest.report.appraised import Appraised
from codesuggest.report.document import Block, Cell, Count, Number, Share, Style, Table

_MOST_OF_A_CAUSE = 8
_MOST_SWAPS = 6


def causes(of: Appraised) -> Iterator[Block]:
    """How many errors have which cause, and what is suggested in place of what."""
    n_wrong = {axis: len(found.wrong) for axis, found in of.appraisal.axes.items()}
    rows: list[tuple[Cell, ...]] = []
    for cause in Cause:
        counts = {axis: sum(w.cause == cause for w in found.wrong) for axis, found in of.appraisal.axes.items()}
        total = sum(counts.values())
        if total:
            each = (Count(n) for n in counts.values())
            rows.append((str(cause), Count(total), Share(total, sum(n_wrong.values())), *each))
    yield Table(
        "First suggestions that are wrong, by cause",
        ("cause", "errors", "share", *(of.label(axis) for axis in of.appraisal.axes)),
        tuple(sorted(rows, key=lambda row: -row[1].n if isinstance(row[1], Count) else 0)),
        counted=1,
        note="An error counts under the first cause that fits, in this order: "
        f"{'; '.join(str(cause) for cause in Cause)}.",
    )
    for axis, found in of.appraisal.axes.items():
        swaps = Counter((wrong.right[0], wrong.suggested) for wrong in found.wrong)
        yield Table(
            f"{of.label(axis)}: most often suggested in place of the right code",
            ("right", "suggested", "errors"),
            tuple(
                (of.coded(axis, right), of.coded(axis, wrong), Count(n))
                for (right, wrong), n in swaps.most_common(_MOST_SWAPS)
            ),
            counted=2,
        )


def worst(of: Appraised) -> Iterator[Block]:
    """The errors with the highest scores, cause by cause."""
    wrong = [(axis, w) for axis, found in of.appraisal.axes.items() for w in found.wrong]
    by_cause: dict[Cause, list[tuple[str, WrongCode]]] = {}
    for axis, error in sorted(wrong, key=lambda item: -item[1].score):
        by_cause.setdefault(error.cause, []).append((axis, error))
    yield ("Some of these may be gold's errors rather than the model's: look at them first.",)
    for cause, errors in sorted(by_cause.items(), key=lambda item: -len(item[1])):
        yield Table(
            f"The surest of {len(errors):,}: {cause}",
            ("incident", "axis", "suggested", "score", "right", "its rank"),
            tuple(
                (
                    w.id,
                    of.label(axis),
                    w.suggested,
                    Number(w.score, Style.share),
                    ", ".join(w.right),
                    Number(w.rank, Style.whole),
                )
                for axis, w in errors[:_MOST_OF_A_CAUSE]
            ),
        )
