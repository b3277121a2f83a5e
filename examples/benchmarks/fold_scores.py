"""Scores of rankers on the queries of a fold, for the benchmark of laboratories."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skseed.metrics import rank_quantiles, risk_coverage_area, risk_coverage_curve


@dataclass(frozen=True)
class Fold:
    """The scores of a ranker on the queries of a fold whose lab was seen, and the CPU-seconds.

    A source is the queries of a group and a lab, ranked together.
    """

    labs: np.ndarray
    groups: np.ndarray
    ranks: np.ndarray
    confidence: np.ndarray
    source_ranks: np.ndarray
    error: float
    n_unseen: int
    fit_seconds: float
    query_seconds: float

    def line(self):
        """Return the scores in a line."""
        hits = pd.DataFrame({"top1": self.ranks <= 1, "top10": self.ranks <= 10})
        top1, top10 = hits.groupby(self.groups).mean().mean()
        x95, x99 = rank_quantiles(self.ranks, levels=(0.95, 0.99))
        milliseconds = 1e3 * self.query_seconds / len(self.ranks)
        return (
            f"top-1 {hits['top1'].mean():.3f}  top-10 {hits['top10'].mean():.3f}  X95 {x95:4d}  "
            f"X99 {x99:4d}  ECE {self.error:.3f}  mean over groups {top1:.3f}/{top10:.3f}  "
            f"{len(self.ranks):,} queries  fit {self.fit_seconds:.0f} CPU-s  {milliseconds:.1f} ms a query"
        )


def print_scores(name, folds):
    """Print the scores of a ranker over all queries, and for each fold."""
    ranks, labs, groups, confidence, sources = (
        np.concatenate([getattr(fold, kind) for fold in folds])
        for kind in ("ranks", "labs", "groups", "confidence", "source_ranks")
    )
    hits = pd.DataFrame({"top1": ranks <= 1, "top10": ranks <= 10})
    top1, top10 = hits.mean()
    by_group = hits.groupby(groups).mean().mean()
    macro = hits["top10"].groupby(labs).mean().mean()
    x95, x99 = rank_quantiles(ranks, levels=(0.95, 0.99))
    error = np.mean([fold.error for fold in folds])
    seconds = sum(fold.fit_seconds + fold.query_seconds for fold in folds)
    print(
        f"  {name:20s} top-1 {top1:.3f}  top-10 {top10:.3f}  macro top-10 {macro:.3f}  X95 {x95:4d}  "
        f"X99 {x99:4d}  ECE {error:.3f}  {seconds:5.0f} CPU-s"
    )
    if len(folds) > 1:
        pairs = [f"{np.mean(fold.ranks <= 1):.3f}/{np.mean(fold.ranks <= 10):.3f}" for fold in folds]
        print(f"  {'':20s} folds {' '.join(pairs)}")
    print(f"  {'':20s} mean over groups: top-1 {by_group['top1']:.3f}  top-10 {by_group['top10']:.3f}")
    x95, x99 = rank_quantiles(sources, levels=(0.95, 0.99))
    print(
        f"  {'':20s} {len(sources):,} groups of one lab ranked together: top-1 {np.mean(sources <= 1):.3f}  "
        f"top-10 {np.mean(sources <= 10):.3f}  X95 {x95}  X99 {x99}"
    )
    coverage, risk, _ = risk_coverage_curve(ranks == 1, confidence)
    answered = "  ".join(
        f"{1 - risk[np.searchsorted(coverage, share - 1e-9)]:.3f} at {share:.0%}" for share in (0.2, 0.4, 0.6)
    )
    area = risk_coverage_area(ranks == 1, confidence)
    print(f"  {'':20s} top-1 at a coverage: {answered}; area of the risk {area:.3f}", flush=True)
