"""Benchmark sequence classification: the position of a motif, and the hosts of phages and coronaviruses.

::

    python examples/benchmarks/bench_sequence_classifier.py motif
    python examples/benchmarks/bench_sequence_classifier.py phage
    python examples/benchmarks/bench_sequence_classifier.py spike --models "svm, 3-mers" default

The first command takes about two minutes on one core. The others score linear models on k-mer counts, the
nearest neighbor by edit distance, and the classifier on the same folds: random folds and folds that keep
relatives together. Add ``--models cnn`` for a network that reads the order, which takes ten times as long as
the default. The settings of the classifier were chosen on the folds of ``--seeds 1 2 3``.
"""

import argparse
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

from skseed.alphabets import PROTEIN
from skseed.classification import SequenceClassifier
from skseed.datasets import load_phage_hosts, load_spike_hosts
from skseed.distances import levenshtein_distances
from skseed.model_selection import LevenshteinGroupKFold
from skseed.preprocessing import KmerVectorizer

# epochs and learning rates that solve the task; the defaults also solve it, but take longer
MOTIF = {
    "mean": (10, 0.005),
    "cnn": (5, 0.005),
    "lstm": (10, 0.005),
    "gru": (8, 0.005),
    "transformer": (20, 0.002),
}


def unit_counts(*vectorizers):
    return make_pipeline(make_union(*vectorizers), Normalizer())


class NearestNeighbor:
    """The class of the training sequence at the least edit distance; the first one of ties."""

    def __init__(self, distances):
        self.distances = distances

    def fit(self, rows, y):
        self.rows, self.y = rows, y
        return self

    def predict(self, rows):
        return self.y[self.distances[np.ix_(rows, self.rows)].argmin(axis=1)]


THREE = KmerVectorizer(k=3, alphabet="protein")
GAPPED = KmerVectorizer(k=3, gaps=2, alphabet="protein")
REDUCED = [KmerVectorizer(k, alphabet="protein-reduced") for k in (3, 4, 5, 6)]

# the features of linear models, which depend on one sequence each and are computed once for all folds
LINEAR = {
    "logistic, 3-mers": (THREE, LogisticRegression(max_iter=1000)),
    "svm, 3-mers": (unit_counts(THREE), LinearSVC(random_state=0)),
    "svm, 3-mers, balanced": (unit_counts(THREE), LinearSVC(class_weight="balanced", random_state=0)),
    "svm, gapped": (unit_counts(GAPPED), LinearSVC(random_state=0)),
    "svm, reduced 3-6": (unit_counts(*REDUCED), LinearSVC(random_state=0)),
}
CLASSIFIERS = {
    "default": SequenceClassifier(random_state=0),
    "cnn": SequenceClassifier("cnn", max_epochs=10, random_state=0),
    "mean of 3-mers": SequenceClassifier(
        kmers=None, k=3, embedding_dim=64, dropout=0.7, class_weight="balanced", random_state=0
    ),
}
MODELS = ["nearest neighbor", *LINEAR, *CLASSIFIERS]
DEFAULT_MODELS = MODELS[:-2]


def motif_in_one_half(n_proteins, seed, length=60, motif="HWKYC"):
    """Return random proteins with the motif in the first half (0) or in the second (1)."""
    rng = np.random.default_rng(seed)
    halves = rng.integers(2, size=n_proteins)
    proteins = []
    for half in halves:
        codes = rng.integers(20, size=length)
        start = rng.integers(length // 2 - len(motif)) + half * length // 2
        codes[start : start + len(motif)] = PROTEIN.encode(motif)
        proteins.append(PROTEIN.decode(codes))
    return proteins, halves


def bench_motif(encoders):
    train, test = motif_in_one_half(2000, seed=0), motif_in_one_half(1000, seed=1)
    print("Position of a motif of 5 in proteins of 60: 2,000 to train, 1,000 to test, three seeds")
    for encoder in encoders:
        max_epochs, lr = MOTIF[encoder]
        scores, start = [], time.perf_counter()
        for seed in range(3):
            classifier = SequenceClassifier(
                encoder, kmers=None, max_epochs=max_epochs, lr=lr, random_state=seed
            )
            scores.append(classifier.fit(*train).score(*test))
        seconds = (time.perf_counter() - start) / 3
        print(
            f"{encoder:12s} accuracy {' '.join(f'{s:.3f}' for s in scores)}   {seconds:.0f} s each",
            flush=True,
        )


def load_hosts(name):
    """Return the distinct proteins of hosts with at least 10 of them, their hosts, and their species."""
    load = {"phage": load_phage_hosts, "spike": load_spike_hosts}[name]
    table = load(as_frame=True).frame.drop_duplicates("sequence")
    table = table[table.groupby("target")["target"].transform("size") >= 10]
    species = table["species_agg"].to_numpy() if name == "spike" else None
    return table["sequence"].to_numpy(dtype=object), table["target"].to_numpy(), species


def folds_of(X, y, species, split, seed):
    """Return training and test indices of five folds, at random or with relatives together."""
    if split == "random":
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
    elif species is None:
        shuffling = {"shuffle": True, "random_state": seed} if seed else {}
        folds = LevenshteinGroupKFold(5, max_distance=0.1, **shuffling).split(X)
    else:
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(X, y, species)
    return list(folds)


def features_and_estimator(model, X):
    """Return what a model reads, a row for each sequence, and the unfitted model."""
    if model == "nearest neighbor":
        return np.arange(len(X)), NearestNeighbor(levenshtein_distances(X))
    if model in LINEAR:
        features, estimator = LINEAR[model]
        return features.fit_transform(X), estimator
    return X, CLASSIFIERS[model]


def bench_hosts(name, models, splits, seeds):
    X, y, species = load_hosts(name)
    print(f"{name}: {len(X)} proteins, {len(np.unique(y))} hosts, seeds of the folds {seeds}")
    print("accuracy, balanced accuracy: five folds pooled, mean and standard deviation over the seeds;")
    print("CPU-seconds of all folds of a seed, and before them those of the features or distances")
    for model in models:
        start = time.process_time()
        rows, estimator = features_and_estimator(model, X)
        preparation = time.process_time() - start
        for split in splits:
            scores, start = [], time.process_time()
            for seed in seeds:
                predicted = np.empty_like(y)
                for train, test in folds_of(X, y, species, split, seed):
                    predicted[test] = estimator.fit(rows[train], y[train]).predict(rows[test])
                scores.append((accuracy_score(y, predicted), balanced_accuracy_score(y, predicted)))
            seconds = (time.process_time() - start) / len(seeds)
            cells = "  ".join(
                f"{mean:.3f} ± {sd:.3f}"
                for mean, sd in zip(np.mean(scores, axis=0), np.std(scores, axis=0), strict=True)
            )
            print(f"{split:8s} {model:22s} {cells}  {preparation:4.0f} + {seconds:4.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", choices=["motif", "phage", "spike"])
    parser.add_argument("--encoders", nargs="+", choices=list(MOTIF), default=list(MOTIF), help="for motif")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=DEFAULT_MODELS, help="for hosts")
    parser.add_argument("--splits", nargs="+", choices=["random", "grouped"], default=["random", "grouped"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="seeds of the folds")
    arguments = parser.parse_args()
    if arguments.part == "motif":
        bench_motif(arguments.encoders)
    else:
        bench_hosts(arguments.part, arguments.models, arguments.splits, arguments.seeds)


if __name__ == "__main__":
    main()
