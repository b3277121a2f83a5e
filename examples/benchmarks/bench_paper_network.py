"""Train the network of the triplet paper on all laboratories, and evaluate it like the k-mer rankers.

::

    python examples/benchmarks/bench_paper_network.py --device cuda --seconds 240 --n-jobs 16
    python examples/benchmarks/bench_paper_network.py --labs 40 --small --seconds 30     # a test on a CPU

The network is that of Soares et al. (2022): 1,000 byte-pair tokens, convolutions of widths 1 to 12 with 256
filters each, 39 columns of metadata, an embedding of dimension 200, the triplet loss against the hardest
wrong laboratory, and a random rotation of every plasmid in every epoch, cut to 1,000 tokens. It is trained
three times:

- ``groups``: a fold of five that keeps groups whole, as in the paper. A group holds plasmids of one
  laboratory at fewer than 1,000 edits.
- ``publications``: the last of the five folds of ``bench_lab_of_origin.py publications``.
- ``few-shot``: without 50 laboratories, which are enrolled as in ``bench_lab_of_origin.py fewshot``.

A short training measures the time of an epoch. Each training then gets as many epochs, at most 200, as fit in
its share of `--seconds`, and stops at the end of its share in any case. The learning rate follows one cycle
with a maximum of `--lr`.

The plasmids are ranked by their first 1,000 tokens, by ten rotations of 1,000 tokens whose embeddings are
averaged, and by all tokens (at most 2,500). New laboratories are enrolled and ranked by the first 1,000
tokens. The vocabulary is learned from plasmids that no split tests.
"""

import argparse
import time
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from bench_lab_of_origin import PLASMIDS, Data, enrolled_top_ten, labs_left_out
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import check_random_state
from skorch.callbacks import Callback

from skseed.distances import levenshtein_groups
from skseed.metrics import rank_quantiles, true_label_rank
from skseed.preprocessing import BPETokenizer
from skseed.ranking import TripletLabRanker

# tokens that a network reads in training, and tokens that are kept of a plasmid
N_READ, N_KEPT = 1000, 2500
N_ROTATIONS = 10
_MAX_EPOCHS = 200
PAPER = {"kernel_sizes": range(1, 13), "batch_size": 64}
# for a test of this script on a CPU
SMALL = {"kernel_sizes": (1, 2), "n_filters": 32, "embedding_dim": 32, "n_components": 32, "batch_size": 64}


def first_tokens(tokens: npt.NDArray[np.int32], shifts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return the rows rotated to the left by the shifts, and cut to `N_READ` tokens; the rest is padding."""
    lengths = (tokens != 0).sum(axis=1)[:, None]
    columns = np.arange(min(N_READ, tokens.shape[1]))[None, :]
    source = np.where(columns < lengths, (columns + shifts[:, None]) % np.maximum(1, lengths), columns)
    cut = np.zeros_like(tokens)
    cut[:, : columns.shape[1]] = np.take_along_axis(tokens, source, axis=1)
    return cut


class RotateAndCut(TransformerMixin, BaseEstimator):
    """Rotate every row of tokens at random, then keep the first `N_READ` tokens."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit_transform(self, X, y=None):
        lengths = np.maximum((X != 0).sum(axis=1), 1)
        return first_tokens(X, check_random_state(self.random_state).randint(lengths))


class StopAt(Callback):
    """End the training after the epoch that ends beyond the deadline."""

    def __init__(self, deadline):
        self.deadline = deadline

    def on_epoch_end(self, net, **kwargs):
        if time.monotonic() > self.deadline:
            raise KeyboardInterrupt


class Tokens:
    """The rows of tokens and metadata of all plasmids."""

    def __init__(self, data, train, n_jobs):
        tokenizer = BPETokenizer(1000, max_length=N_KEPT).fit(data.sequences.iloc[train])
        chunks = np.array_split(np.arange(len(data.labs)), 4 * n_jobs)
        rows = Parallel(n_jobs)(delayed(tokenizer.transform)(data.sequences.iloc[chunk]) for chunk in chunks)
        self.tokens = np.concatenate(rows)
        self.metadata = data.metadata.to_numpy(dtype=np.int32)

    def rows(self, rows):
        return np.hstack([self.tokens[rows], self.metadata[rows]])

    def first(self, rows):
        """Return the rows with the first `N_READ` tokens."""
        return self.views(rows)["first 1,000 tokens"][0]

    def views(self, rows):
        """Return the rows of each kind of view: the first tokens, rotations, and all tokens."""
        tokens, metadata = self.tokens[rows], self.metadata[rows]
        lengths = (tokens != 0).sum(axis=1)
        rotations = [first_tokens(tokens, number * lengths // N_ROTATIONS) for number in range(N_ROTATIONS)]
        return {
            "first 1,000 tokens": [np.hstack([rotations[0], metadata])],
            "10 rotations": [np.hstack([rotation, metadata]) for rotation in rotations],
            "all tokens": [np.hstack([tokens, metadata])],
        }


def train(tokens, data, rows, options, seconds, n_epochs=None, seconds_per_row=None):
    """Train on the rows for as many epochs as fit in the time; return the ranker and a description."""
    if n_epochs is None:
        n_epochs = int(np.clip(0.95 * seconds / (seconds_per_row * len(rows)), 1, _MAX_EPOCHS))
    ranker = TripletLabRanker(
        **options,
        n_metadata=tokens.metadata.shape[1],
        augmenter=RotateAndCut(),
        max_epochs=n_epochs,
        callbacks=[StopAt(time.monotonic() + seconds)],
        random_state=0,
    )
    start = time.monotonic()
    ranker.fit(tokens.rows(rows), data.labs[rows])
    took = time.monotonic() - start
    return ranker, f"{ranker.n_iter_} of {n_epochs} epochs of {len(rows):,} plasmids in {took:.0f} s"


def evaluate(ranker, tokens, data, test):
    """Print a line for each kind of view."""
    test = test[np.isin(data.labs[test], ranker.classes_)]
    for kind, views in tokens.views(test).items():
        scores = sum(ranker.transform(view) for view in views) @ ranker.lab_embeddings_.T
        ranks = true_label_rank(data.labs[test], scores, labels=ranker.classes_)
        macro = pd.Series(ranks <= 10).groupby(data.labs[test]).mean().mean()
        x95, x99 = rank_quantiles(ranks, levels=(0.95, 0.99))
        print(
            f"    {kind:20s} top-1 {np.mean(ranks <= 1):.3f}  top-10 {np.mean(ranks <= 10):.3f}  "
            f"macro top-10 {macro:.3f}  X95 {x95}  X99 {x99}  ({len(test):,} queries)",
            flush=True,
        )


def run(arguments):
    began = time.monotonic()
    data = Data(None, arguments.plasmids)
    if arguments.labs:
        data.take(np.isin(data.labs, pd.Series(data.labs).value_counts().index[: arguments.labs]))
    everything = np.arange(len(data.labs))
    near = levenshtein_groups(data.sequences, 999, y=data.labs, n_jobs=arguments.n_jobs)
    folds = partial(StratifiedGroupKFold(5, shuffle=True, random_state=0).split, data.labs, data.labs)
    of_groups, of_publications = next(folds(near)), list(folds(data.publications))[-1]
    new = np.isin(data.labs, labs_left_out(data.labs, np.random.default_rng(0), arguments.n_left_out))
    in_all = np.intersect1d(np.intersect1d(of_groups[0], of_publications[0]), np.flatnonzero(~new))
    tokens = Tokens(data, in_all, arguments.n_jobs)
    options = {**(SMALL if arguments.small else PAPER), "lr": arguments.lr, "device": arguments.device}
    some = np.random.default_rng(0).permutation(everything)[: len(everything) // 5]
    # the first epoch also starts the device
    probe, _ = train(tokens, data, some, options, arguments.seconds, n_epochs=3)
    seconds_per_row = min(row["dur"] for row in probe.net_.history) / len(some)
    print(
        f"{len(data.labs):,} plasmids, {len(np.unique(data.labs)):,} labs, {arguments.device}; prepared in "
        f"{time.monotonic() - began:.0f} s; {1e3 * seconds_per_row:.2f} s for 1,000 plasmids",
        flush=True,
    )
    for number, (name, rows, test) in enumerate(
        [("groups", *of_groups), ("publications", *of_publications), ("few-shot", np.flatnonzero(~new), None)]
    ):
        left = arguments.seconds - (time.monotonic() - began)
        # a tenth of the time is for the evaluation
        share = max(1.0, 0.9 * left / (3 - number))
        ranker, description = train(tokens, data, rows, options, share, seconds_per_row=seconds_per_row)
        print(f"  {name}: {description}", flush=True)
        if test is not None:
            evaluate(ranker, tokens, data, test)
            continue
        for units, whole in {"plasmids": everything, "publications": data.publications}.items():
            for amount, mean, deviation in enrolled_top_ten(ranker, tokens.first, data, new, whole):
                print(
                    f"    {amount:>4s} of their {units:12s} top-10 {mean:.3f} +- {deviation:.3f}", flush=True
                )
    print(f"{time.monotonic() - began:.0f} s in all", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", help="torch device")
    parser.add_argument("--seconds", type=float, default=240, help="wall time of the whole script")
    parser.add_argument("--n-jobs", type=int, default=1, help="processes that tokenize and compare plasmids")
    parser.add_argument("--lr", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--plasmids", default=PLASMIDS, help="the CSV file that fetch_addgene reads")
    parser.add_argument("--labs", type=int, default=None, help="keep the labs with the most plasmids")
    parser.add_argument("--n-left-out", type=int, default=50, help="labs of the few-shot training")
    parser.add_argument("--small", action="store_true", help="train a small network instead")
    run(parser.parse_args())
