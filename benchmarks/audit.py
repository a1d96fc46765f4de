"""Times an audit of made-up confirmations: 50,000 by 40 coders on all six axes, with 1,000 bootstrap rounds.

Run: .venv/bin/python benchmarks/audit.py [--confirmations 50000] [--coders 40] [--rounds 1000]
"""

import argparse
import cProfile
import datetime as dt
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor

from codesuggest.agreement import Bootstrap
from codesuggest.audit import audit
from codesuggest.audit.confirmations import AxisConfirmation, collect
from codesuggest.domain import Taxonomy
from codesuggest.taxonomy import load_taxonomy

HERE = Path(__file__).parent


def made_up(n: int, n_coders: int, taxonomy: Taxonomy, seed: int = 0) -> Iterator[AxisConfirmation]:
    """Confirmations of n (incident, coder) pairs: two or three coders an incident, who err in one code of eight."""
    rng = np.random.default_rng(seed)
    incident = 0
    while n > 0:
        several = min(n, int(rng.integers(2, 4)))
        n -= several
        incident += 1
        right = {axis.key: _codes(taxonomy, axis.key, rng, many=axis.many) for axis in taxonomy.axes}
        site, date = f"site {incident % 12}", dt.date(2025, 1, 1) + dt.timedelta(days=incident * 700 // 20_000)
        for coder in rng.choice(n_coders, several, replace=False):
            for axis in taxonomy.axes:
                is_wrong = rng.uniform() < 1 / 8
                codes = _codes(taxonomy, axis.key, rng, many=axis.many) if is_wrong else right[axis.key]
                yield AxisConfirmation(
                    f"I{incident}", f"coder {coder:02}", axis.key, codes, site, date.isoformat(), bool(coder % 4), None
                )


def _codes(taxonomy: Taxonomy, axis: str, rng: np.random.Generator, *, many: bool) -> frozenset[str]:
    codes = taxonomy.assignable[axis]
    weight = 1 / np.arange(1, len(codes) + 1)
    n = int(rng.integers(1, 4)) if many else 1
    return frozenset(str(code) for code in rng.choice(codes, n, replace=False, p=weight / weight.sum()))


def _cpu() -> float:
    """CPU seconds of this process and of those it has started and ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> None:
    """Make the confirmations up, audit them, and write results/audit.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--confirmations", type=int, default=50_000)
    parser.add_argument("--coders", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    taxonomy = load_taxonomy("imaging-working-1")
    confirmations = collect(made_up(options.confirmations, options.coders, taxonomy))
    if options.profile:
        cProfile.runctx("audit(confirmations, taxonomy, bootstrap=Bootstrap(200))", globals(), locals(), sort="tottime")
        return
    wall, cpu = time.perf_counter(), _cpu()
    found = audit(confirmations, taxonomy, bootstrap=Bootstrap(options.rounds))
    wall = time.perf_counter() - wall
    get_reusable_executor().shutdown()
    cpu = _cpu() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    axes = [axis.agreement for axis in found.axes.values()]
    groups = [len(a.pairs) + len(a.coders) + len(a.sites) + len(a.months) + 1 for a in axes]
    line = (
        f"| {options.confirmations:,} | {options.coders} | {options.rounds:,} | {sum(groups):,} | {wall:.0f} s "
        f"| {cpu:.0f} s | {peak:,.0f} MB | 60 s |"
    )
    text = [
        "# An audit's time",
        "",
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python benchmarks/audit.py` on {os.cpu_count()} cores. A",
        "confirmation decides all six axes; every comparison has percent agreement, kappa, AC1 and two to four alphas,",
        "each with its interval; confusions, habits, drift and the effect of suggestions are in the time too.",
        "",
        "| confirmations | coders | rounds | comparisons | wall | CPU | peak memory | wanted |",
        "|---|---|---|---|---|---|---|---|",
        line,
    ]
    (HERE / "results" / "audit.md").write_text("\n".join(text) + "\n", encoding="utf-8")
    print(line)


if __name__ == "__main__":
    main()
