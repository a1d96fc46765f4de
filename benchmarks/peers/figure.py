"""Learning curves: one small picture an axis."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from codesuggest.metrics import estimate

from .compare import OURS, Compared

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
FIGURE = "reciprocal_rank"
SHOWN = {
    OURS: ("codesuggest", "#005eb8", 2.4),
    "late_fusion": ("late fusion", "#d5281b", 1.4),
    "annif_ensemble": ("Annif ensemble", "#00703c", 1.1),
    "tfidf_svc": ("TF-IDF SVC", "#5b3d8f", 1.1),
    "minilm_logistic": ("MiniLM logistic", "#b8610a", 1.1),
    "by_frequency": ("by frequency", "#768692", 1.1),
}


def draw(compared: list[Compared], path: Path) -> None:
    """Mean reciprocal rank against training rows; codesuggest with its interval."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "peers"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    axes: dict[str, list[Compared]] = {}
    for c in compared:
        axes.setdefault(f"{c.cell.sample.data}\n{c.cell.axis}", []).append(c)
    rows = math.ceil((len(axes) + 1) / COLUMNS)
    figure, panels = plt.subplots(rows, COLUMNS, figsize=(11, 2.6 * rows), layout="constrained", squeeze=False)
    for panel, (name, cells) in zip(panels.flat, axes.items(), strict=False):
        _panel(panel, name, cells)
    for panel in panels.flat[len(axes) :]:
        panel.axis("off")
    handles, labels = panels.flat[0].get_legend_handles_labels()
    panels.flat[-1].legend(handles, labels, loc="center left", frameon=False)
    figure.supylabel("mean reciprocal rank of the first right code", fontsize=10)
    figure.supxlabel("training narratives", fontsize=10)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _panel(panel: "Axes", name: str, cells: list[Compared]) -> None:
    sizes = [len(c.cell.sample.train.texts) for c in cells]
    for peer, (label, colour, width) in SHOWN.items():
        points = [(n, estimate(c.rounds[peer][FIGURE])) for n, c in zip(sizes, cells, strict=True) if peer in c.rounds]
        if not points:
            continue
        n_rows = [n for n, _ in points]
        panel.plot(n_rows, [e.value for _, e in points], "o-", color=colour, lw=width, ms=width + 1, label=label)
        if peer == OURS:
            panel.fill_between(
                n_rows, [e.low for _, e in points], [e.high for _, e in points], color=colour, alpha=0.15
            )
    panel.set_title(name, fontsize=9)
    panel.set_xscale("log")
    panel.set_xticks(sizes, [f"{n:,}" for n in sizes])
    panel.minorticks_off()
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.25)
