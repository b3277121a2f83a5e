"""Benchmark sequence classification: the position of a motif, and the hosts of phages and coronaviruses.

::

    python examples/benchmarks/bench_sequence_classifier.py motif
    python examples/benchmarks/bench_sequence_classifier.py phage
    python examples/benchmarks/bench_sequence_classifier.py spike --models "svm, 3-mers" default

The first command takes about two minutes on one core. The others score linear models on k-mer counts, the
nearest neighbor by edit distance, and the classifier on the same folds: random folds and folds that keep
relatives together. Add ``--models cnn`` for a network that reads the order, which takes ten times as long as
the default. ``--seed 1`` makes other folds, on which the settings of the classifier were chosen.
"""

import argparse
import time

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

from skseed.alphabets import PROTEIN
from skseed.classification import SequenceClassifier
from skseed.datasets import load_phage_hosts, load_spike_hosts
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
REDUCED = [KmerVectorizer(k, alphabet="protein-reduced") for k in (3, 4, 5, 6)]


def svm(counts, class_weight=None):
    return make_pipeline(counts, Normalizer(), LinearSVC(class_weight=class_weight, random_state=0))


class NearestNeighbor:
    """The class of the training sequence at the least edit distance; the first one of ties."""

    def fit(self, X, y):
        self.X, self.y = list(X), y
        return self

    def predict(self, X):
        nearest = [process.extractOne(x, self.X, scorer=Levenshtein.distance)[2] for x in X]
        return self.y[nearest]


HOSTS = {
    "nearest neighbor": NearestNeighbor,
    "logistic, 3-mers": lambda: make_pipeline(
        KmerVectorizer(k=3, alphabet="protein"), LogisticRegression(max_iter=1000)
    ),
    "svm, 3-mers": lambda: svm(KmerVectorizer(k=3, alphabet="protein")),
    "svm, 3-mers, balanced": lambda: svm(KmerVectorizer(k=3, alphabet="protein"), "balanced"),
    "svm, gapped": lambda: svm(KmerVectorizer(k=3, gaps=2, alphabet="protein")),
    "svm, reduced 3-6": lambda: svm(make_union(*REDUCED)),
    "default": lambda: SequenceClassifier(random_state=0),
    "cnn": lambda: SequenceClassifier("cnn", max_epochs=10, random_state=0),
    "mean of 3-mers": lambda: SequenceClassifier(
        kmers=None, k=3, embedding_dim=64, dropout=0.7, class_weight="balanced", random_state=0
    ),
}
DEFAULT_MODELS = [name for name in HOSTS if name not in ("cnn", "mean of 3-mers")]


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


def hosts_of(name, seed):
    """Return distinct proteins, their hosts with at least 10 of them, and the two kinds of folds."""
    load = {"phage": load_phage_hosts, "spike": load_spike_hosts}[name]
    table = load(as_frame=True).frame.drop_duplicates("sequence")
    table = table[table.groupby("target")["target"].transform("size") >= 10]
    X, y = table["sequence"].to_numpy(dtype=object), table["target"].to_numpy()
    folds = {"random": ("random", StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y))}
    if name == "phage":
        shuffling = {"shuffle": True, "random_state": seed} if seed else {}
        splitter = LevenshteinGroupKFold(5, max_distance=0.1, **shuffling)
        folds["grouped"] = "edit distance <= .1", splitter.split(X)
    else:
        by_species = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        folds["grouped"] = "virus species", by_species.split(X, y, table["species_agg"].to_numpy())
    return X, y, folds


def bench_hosts(name, models, splits, seed):
    X, y, folds = hosts_of(name, seed)
    print(f"{name}: {len(X)} proteins, {len(np.unique(y))} hosts")
    print("accuracy, balanced accuracy of 5 folds, pooled; CPU seconds of all five")
    for split in splits:
        label, pairs = folds[split]
        pairs = list(pairs)
        for model in models:
            start, predicted = time.process_time(), np.empty_like(y)
            estimator = HOSTS[model]()
            for train, test in pairs:
                predicted[test] = estimator.fit(X[train], y[train]).predict(X[test])
            print(
                f"{label:20s} {model:22s} {accuracy_score(y, predicted):.3f}  "
                f"{balanced_accuracy_score(y, predicted):.3f}   {time.process_time() - start:.0f} s",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", choices=["motif", "phage", "spike"])
    parser.add_argument("--encoders", nargs="+", choices=list(MOTIF), default=list(MOTIF), help="for motif")
    parser.add_argument("--models", nargs="+", choices=list(HOSTS), default=DEFAULT_MODELS, help="for hosts")
    parser.add_argument("--splits", nargs="+", choices=["random", "grouped"], default=["random", "grouped"])
    parser.add_argument("--seed", type=int, default=0, help="seed of the folds")
    arguments = parser.parse_args()
    if arguments.part == "motif":
        bench_motif(arguments.encoders)
    else:
        bench_hosts(arguments.part, arguments.models, arguments.splits, arguments.seed)


if __name__ == "__main__":
    main()
