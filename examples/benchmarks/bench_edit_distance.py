"""Benchmark edit-distance embeddings: errors by encoder, distance, split and dimension; speed; a recipe.

Each part prints one table. Pass the names of the parts to run; the options reduce their size::

    python examples/benchmarks/bench_edit_distance.py table --datasets v4_150 --encoders linear cnn default
    python examples/benchmarks/bench_edit_distance.py table --encoders default --baselines 5-mers --n-jobs 14
    python examples/benchmarks/bench_edit_distance.py recipe --epochs 2
    python examples/benchmarks/bench_edit_distance.py throughput transform finite dimension bands

The data are read from ``../shared/data`` beside the checkout, or from the folder given with ``--data``.
Times are CPU-seconds of the whole process, which depend little on other programs on the machine.
"""

import argparse
import multiprocessing
import os
import resource
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rapidfuzz.distance import Levenshtein
from scipy.spatial.distance import cdist
from sklearn.model_selection import ShuffleSplit

from skseed._sequences import as_sequences
from skseed._training import build_seeded, one_torch_thread
from skseed.alphabets import DNA
from skseed.distances import levenshtein_distances
from skseed.embedding import (
    CNNEncoder,
    EditDistanceEmbedder,
    Featurizer,
    KmerEncoder,
    LinearEncoder,
)
from skseed.embedding._target_distances import TargetDistance
from skseed.io import read_fasta
from skseed.metrics import percent_rmse
from skseed.model_selection import PhylogeneticGroupSplit
from skseed.nn import AllPairsLoss, PairwiseDistance, SiameseNet
from skseed.preprocessing import KmerVectorizer

ENCODERS = ["default", "kmer", "linear", "cnn", "transformer", "landmark"]
DISTANCES = ["default", "manhattan", "euclidean", "squared", "power", "cosine", "hyperbolic"]
BASELINES = {
    "5-mers": {"distance": "manhattan", "n_components": None, "max_epochs": 10},
    "transformer": {"encoder": "transformer"},
}
FILES = {
    "v4_150": ("greengenes/v4_150_in_97_tree.fasta.gz", "greengenes/v4_150_in_97_tree.nwk", "dna", 0),
    "rbcL": ("ferns/rbcL.fasta.gz", "ferns/rbcL.nwk", "dna", 1150),
    "85_otus": ("greengenes/85_otus.fasta.gz", "greengenes/85_otus.tree", "dna", 0),
    "trnL-trnF": ("ferns/trnL-trnF.fasta.gz", "ferns/trnL-trnF.nwk", "dna", 0),
    "rbcL_protein": ("ferns/rbcL_protein.faa.gz", "ferns/rbcL_protein.nwk", "protein", 0),
}

# training and test sequences; sequences of v4_150 are short and many
SIZES = {"v4_150": (3000, 1000)} | dict.fromkeys(("rbcL", "85_otus", "trnL-trnF", "rbcL_protein"), (600, 300))


def load(data, name):
    """Return distinct, unambiguous sequences as a Series indexed by tip, the tree and the alphabet."""
    fasta, tree, alphabet, shortest = FILES[name]
    records = read_fasta(data / fasta, on_duplicate="keep")
    sequences = pd.Series([s.upper() for s in records.data], index=records.ids).drop_duplicates()
    sequences = sequences[~sequences.index.duplicated()]
    letters = "ACGT" if alphabet == "dna" else "ACDEFGHIKLMNPQRSTVWY"
    plain = sequences.map(lambda s: len(s) >= shortest and set(s) <= set(letters))
    return sequences[plain.to_numpy()], str(data / tree), alphabet


def split(sequences, tree, kind, args, name="v4_150"):
    """Return training and test sequences, split at random or by whole clades."""
    n_train, n_test = (args.n_train or SIZES[name][0]), (args.n_test or SIZES[name][1])
    if kind == "random":
        splitter = ShuffleSplit(1, test_size=n_test, train_size=n_train, random_state=0)
        train, test = next(splitter.split(sequences))
    else:
        splitter = PhylogeneticGroupSplit(1, tree=tree, depth=6, test_size=0.2, random_state=0)
        train, test = next(splitter.split(sequences))
        rng = np.random.default_rng(0)
        train, test = rng.permutation(train)[:n_train], rng.permutation(test)[:n_test]
    return sequences.iloc[train].tolist(), sequences.iloc[test].tolist()


def chosen(encoder, distance="default"):
    """Return the parameters of an encoder and a distance; "default" keeps that of the embedder."""
    return {
        key: value for key, value in {"encoder": encoder, "distance": distance}.items() if value != "default"
    }


def fit(train, alphabet, args, **params):
    """Return a fitted embedder and the CPU seconds of the fit."""
    if params.get("encoder") == "kmer":
        # the baseline of plain k-mer counts
        params = {"n_components": None, **params}
    start = time.process_time()
    if args.epochs is not None:
        params["max_epochs"] = args.epochs
    embedder = EditDistanceEmbedder(alphabet=alphabet, **params).fit(train)
    return embedder, time.process_time() - start


def error_figures(predicted, true, length):
    """Return the %RMSE, and the error and bias in edits of pairs within 10 % of the length."""
    upper = np.triu_indices(len(true), k=1)
    error, true = (predicted - true)[upper], true[upper]
    near = error[true <= length / 10]
    rmse = 100 * np.sqrt((error**2).mean()) / length
    return (rmse, np.sqrt((near**2).mean()), near.mean()) if len(near) else (rmse, np.nan, np.nan)


def nearest_found(distances, true):
    """Return the share of sequences whose nearest neighbor by some distances is a true nearest neighbor."""
    distances, true = (np.where(np.eye(len(true), dtype=bool), np.inf, d) for d in (distances, true))
    nearest = true[np.arange(len(true)), distances.argmin(axis=1)]
    return (nearest == true.min(axis=1)).mean()


def kmer_recall(test, alphabet, true):
    """Return the recall of Manhattan distances of k-mer counts: 1,024 5-mers of DNA, 3-mers of proteins."""
    counts = KmerVectorizer(k=5 if alphabet == "dna" else 3, alphabet=alphabet).fit_transform(test).toarray()
    return nearest_found(cdist(counts, counts, metric="cityblock"), true)


def table_row(job):
    """Return the figures of one embedder on one split."""
    torch.set_num_threads(1)
    args, encoder, distance, seed, name, kind, baseline = job
    sequences, tree, alphabet = load(args.data, name)
    train, test = split(sequences, tree, kind, args, name)
    params = BASELINES[baseline] if baseline else chosen(encoder, distance)
    if baseline == "5-mers":
        params = {"encoder": KmerEncoder(5 if alphabet == "dna" else 2), **params}
    embedder, cpu = fit(train, alphabet, args, **params, random_state=seed)
    length = embedder.max_length_
    test = [s[:length] for s in test]
    true = levenshtein_distances(test).astype(float)
    points = embedder.transform(test).astype(float)
    figures = error_figures(embedder.distances_from_points(points), true, length)
    recall = nearest_found(cdist(points, points), true)
    return (baseline or encoder, distance, seed, name, kind), (
        *figures,
        recall,
        kmer_recall(test, alphabet, true),
        cpu,
    )


def table(args):
    """Compute the errors and the recall of encoders and distances; print every job, then means over seeds.

    Baselines come last, with one seed.
    """
    jobs = [
        (args, *job, None)
        for job in product(args.encoders, args.distances, range(args.seeds), args.datasets, args.splits)
    ]
    for baseline, *data in product(args.baselines, args.datasets, args.splits):
        jobs.append((args, None, BASELINES[baseline].get("distance", "default"), 0, *data, baseline))
    print("%RMSE; RMSE and bias in edits, pairs within 10 % of the length; nearest found; by k-mers; CPU-s")
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"
    rows, end = [], time.monotonic() + args.limit
    with multiprocessing.get_context("spawn").Pool(args.n_jobs) as pool:
        results = pool.imap_unordered(table_row, jobs)
        for _ in jobs:
            try:
                (encoder, distance, seed, *data), figures = results.next(max(0.0, end - time.monotonic()))
            except multiprocessing.TimeoutError:
                print(f"{len(jobs) - len(rows)} of {len(jobs)} jobs were stopped at the time limit")
                break
            rows.append([*data, encoder, distance, *figures])
            cells = " ".join(f"{figure:7.3f}" for figure in figures)
            print(f"{data[0]:13s} {data[1]:7s} {encoder:11s} {distance:11s} {seed} {cells}", flush=True)
    columns = ["%RMSE", "near", "bias", "found", "k-mers", "CPU-s"]
    frame = pd.DataFrame(rows, columns=["data", "split", "encoder", "distance", *columns])
    groups = frame.groupby(["data", "split", "encoder", "distance"], sort=False)[columns]
    summary = pd.concat({"mean": groups.mean(), "sd": groups.std(ddof=0)}, axis=1)
    print(f"\n{summary.round(3).to_string()}")


def qgram_target(train, k=5):
    """Return a distance by k-mer counts, scaled by least squares to the edits of 2,000 pairs."""
    vectorizer = KmerVectorizer(k=k).fit(train)

    def distances(left, right):
        counts = [vectorizer.transform(part).toarray().astype(np.float32) for part in (left, right)]
        return cdist(*counts, metric="cityblock")

    rng = np.random.default_rng(0)
    sample = [train[i] for i in rng.permutation(len(train))[:64]]
    upper = np.triu_indices(len(sample), k=1)
    exact, counted = levenshtein_distances(sample)[upper], distances(sample, sample)[upper]
    slope = (exact @ counted) / (counted @ counted)
    return lambda left, right: slope * distances(left, right)


def cut_off_target(left, right, max_distance=100):
    """Return the exact distance up to a number of edits, and that number for farther pairs."""
    return np.minimum(levenshtein_distances(left, right, max_distance=max_distance), max_distance)


def targets(args):
    """Compute the test %RMSE against exact distances after training on cheaper target distances."""
    for name in args.datasets:
        sequences, tree, alphabet = load(args.data, name)
        train, test = split(sequences, tree, "random", args, name)
        true = levenshtein_distances(test)
        upper = np.triu_indices(len(test), k=1)
        rng = np.random.default_rng(0)
        batch = [train[i] for i in rng.permutation(len(train))[:128]]
        print(f"\n{name}, {len(train)} train, {len(test)} test, {args.encoders[0]}")
        targets = {
            "exact": levenshtein_distances,
            "exact to 100 edits": cut_off_target,
            "5-mers": qgram_target(train),
        }
        for label, target in targets.items():
            start = time.process_time()
            target(batch, batch)
            cost = 1e6 * (time.process_time() - start) / len(batch) ** 2
            embedder, cpu = fit(
                train, alphabet, args, **chosen(args.encoders[0]), target=target, random_state=0
            )
            rmse, own = (
                percent_rmse(true[upper], distances[upper], length=embedder.max_length_)
                for distances in (embedder.pairwise_distances(test), target(test, test))
            )
            figures = f"{cost:5.1f} us a pair, its error {own:5.2f}, %RMSE {rmse:5.2f}, {cpu:.0f} CPU-s"
            print(f"{label:20s} {figures}", flush=True)


class CodesOfLength(Featurizer):
    """The description of padded codes, from which an encoder builds its network."""

    def __init__(self, length, n_symbols):
        self.shape = (length,)
        self.n_symbols = n_symbols


def siamese(encoder, distance, length):
    featurizer = CodesOfLength(length, n_symbols=4)
    return build_seeded(
        lambda: SiameseNet(encoder.build(featurizer, n_components=128), PairwiseDistance(distance)), 0
    )


def step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def loss_of_pairs(module, codes, pairs, true):
    """Compute the loss as in the paper, by encoding both members of every pair."""
    left, right = (module.encoder(codes[column]) for column in pairs.T)
    predicted = module.distance(left, right).diagonal()
    return torch.nn.functional.mse_loss(predicted, torch.as_tensor(true, dtype=predicted.dtype))


def recipe(args):
    """Train the CNN of the paper with its hyperbolic distance and recipe, for some of its 500 epochs."""
    sequences, tree, _ = load(args.data, "v4_150")
    train, test = split(sequences, tree, "random", args)
    length = max(map(len, train))
    codes = torch.from_numpy(as_sequences(train, alphabet=DNA).padded(length))
    true = levenshtein_distances(train) / length
    true_test = levenshtein_distances(test) / length
    module = siamese(CNNEncoder(n_channels=32, kernel_size=5, n_layers=4), "poincare", length)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    rng, seconds = np.random.default_rng(0), 0.0
    upper = np.triu_indices(len(test), k=1)
    print(f"\nthe paper's CNN and hyperbolic distance, lr 1e-2, {10 * len(train)} pairs an epoch, v4_150")
    for epoch in range(1, (args.epochs or 500) + 1):
        start = time.process_time()
        first = np.repeat(np.arange(len(train)), 10)
        other = (first + rng.integers(1, len(train), size=len(first))) % len(train)
        pairs = rng.permutation(np.column_stack([first, other]))
        with one_torch_thread():
            module.train()
            for begin in range(0, len(pairs) - 127, 128):
                batch = pairs[begin : begin + 128]
                step(optimizer, loss_of_pairs(module, codes, batch, true[batch[:, 0], batch[:, 1]]))
            seconds += time.process_time() - start
            module.eval()
            with torch.inference_mode():
                points = module.encoder(torch.from_numpy(as_sequences(test, alphabet=DNA).padded(length)))
                error = (module.distance(points, points).numpy() - true_test)[upper]
        rmse = 100 * np.sqrt((error**2).mean())
        print(f"epoch {epoch:3d}  test %RMSE {rmse:6.2f}  {seconds:8.0f} CPU-s", flush=True)


def throughput(args):
    """Compute the training pairs a CPU-second with equal encoders, true distances included."""
    sequences, tree, _ = load(args.data, "v4_150")
    train, _ = split(sequences, tree, "random", args)
    sequences = as_sequences(train, alphabet=DNA)
    codes = torch.from_numpy(sequences.padded(150))
    target = TargetDistance("levenshtein", unit=150.0)
    # 3e10 cells are enough work for the SIMD kernel to be compiled
    for _ in range(1 + int(3e10 / (75 * len(train)) ** 2)):
        levenshtein_distances(train[: len(train) // 2], train[len(train) // 2 :])
    print("\npairs a CPU-second: every pair encoded, and all pairs of a batch of 128, 256, 512")
    for name, encoder in (("linear", LinearEncoder()), ("cnn", CNNEncoder())):
        rates = []
        for size in (None, 128, 256, 512):
            module = siamese(encoder, "hyperbolic", 150)
            optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
            rng, n_pairs = np.random.default_rng(0), 0
            start = time.process_time()
            with one_torch_thread():
                while time.process_time() - start < args.seconds:
                    if size is None:
                        pairs = rng.integers(len(train), size=(128, 2))
                        true = [Levenshtein.distance(train[i], train[j]) / 150 for i, j in pairs]
                        loss = loss_of_pairs(module, codes, pairs, np.array(true))
                        n_pairs += len(pairs)
                    else:
                        chosen = rng.permutation(len(train))[:size]
                        distances = torch.from_numpy(target(sequences.take(chosen)))
                        loss = AllPairsLoss()(module(codes[chosen]), distances)
                        n_pairs += size * (size - 1) // 2
                    step(optimizer, loss)
            rates.append(n_pairs / (time.process_time() - start))
        ours = "  ".join(f"{rate:11,.0f} (× {rate / rates[0]:3.0f})" for rate in rates[1:])
        print(f"{name:8s} {rates[0]:9,.0f}  {ours}", flush=True)


def dimension(args):
    """Compute the test %RMSE by dimension, for the power and the Euclidean distance."""
    sequences, tree, alphabet = load(args.data, "v4_150")
    train, test = split(sequences, tree, "random", args)
    print(f"\nencoder {args.encoders[0]}, v4_150, {args.epochs or 'default'} epochs, {args.seeds} seeds")
    for n_components in (2, 4, 8, 16, 32, 64, 128, 256):
        errors = {
            distance: [
                -fit(train, alphabet, args, **chosen(args.encoders[0], distance),
                     n_components=n_components, random_state=seed)[0].score(test)
                for seed in range(args.seeds)
            ]
            for distance in ("power", "euclidean")
        }  # fmt: skip
        cells = "  ".join(f"{name} {np.mean(e):6.3f} ± {np.std(e):.3f}" for name, e in errors.items())
        print(f"{n_components:4d}  {cells}", flush=True)


def bands(args):
    """Compute the root mean squared error and the bias in edits, by true distance."""
    sequences, tree, alphabet = load(args.data, "v4_150")
    train, test = split(sequences, tree, "random", args)
    true = levenshtein_distances(test)
    upper = np.triu_indices(len(test), k=1)
    edges = [0, 5, 10, 20, 30, 40, 50, 60, 151]
    for encoder in args.encoders:
        embedder, _ = fit(train, alphabet, args, **chosen(encoder), random_state=0)
        error = (embedder.pairwise_distances(test) - true)[upper]
        groups = pd.Series(error).groupby(pd.cut(true[upper], edges, right=False), observed=True)
        frame = groups.agg(pairs="size", bias="mean", rmse=lambda e: np.sqrt((e**2).mean()))
        print(f"\n{encoder}: error in edits by true distance\n{frame.round(2)}", flush=True)


def transform(args):
    """Compute the sequences embedded a second, and the peak memory of many by "linear"."""
    sequences, tree, alphabet = load(args.data, "v4_150")
    train, _ = split(sequences, tree, "random", args)
    args.epochs = 1
    print("\nsequences of 150 nt embedded, a CPU-second on one thread and a second on two")
    for encoder in args.encoders:
        embedder, _ = fit(train, alphabet, args, **chosen(encoder), random_state=0)
        many = train * (4 if encoder in ("default", "landmark") else 20)
        # the first call may compile the kernel of the distances
        embedder.transform(many)
        rates = []
        for n_jobs, clock in ((1, time.process_time), (2, time.perf_counter)):
            embedder.set_params(n_jobs=n_jobs)
            start = clock()
            embedder.transform(many)
            rates.append(len(many) / (clock() - start))
        print(f"{encoder:12s} {rates[0]:10,.0f} {rates[1]:10,.0f}", flush=True)
    if "linear" not in args.encoders:
        return
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    embedder, _ = fit(train, alphabet, args, encoder="linear", n_components=16, random_state=0)
    points = embedder.transform(train * (1_000_000 // len(train)))
    extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    size = points.nbytes / 2**20
    print(
        f"linear, {len(points):,} sequences: peak memory + {extra:.0f} MiB, {size:.0f} MiB of it for points"
    )


def finite(args):
    """Count the training runs that end with finite distances, over encoders, distances and learning rates."""
    sequences, _, alphabet = load(args.data, "v4_150")
    train = sequences.iloc[:300].tolist()
    outcomes = {"trained": 0, "refused": 0, "not finite": 0}
    for encoder, distance, lr, seed in product(
        args.encoders, args.distances, (1e-4, 1e-3, 1e-2, 1e-1), range(args.seeds)
    ):
        params = {**chosen(encoder, distance), "lr": lr, "random_state": seed}
        try:
            embedder, _ = fit(train, alphabet, args, **params)
        except FloatingPointError as error:
            outcomes["refused" if "epoch" in str(error) else "not finite"] += 1
            continue
        good = np.isfinite(embedder.pairwise_distances(train)).all()
        outcomes["trained" if good else "not finite"] += 1
    print(f"\n{outcomes}")


PARTS = {
    part.__name__: part for part in (table, targets, recipe, throughput, dimension, bands, transform, finite)
}


def main():
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--datasets", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--splits", nargs="+", choices=["random", "clade"], default=["random", "clade"])
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=["default"])
    parser.add_argument("--distances", nargs="+", choices=DISTANCES, default=["default"])
    parser.add_argument("--baselines", nargs="+", choices=BASELINES, default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="the default of the embedder unless given")
    parser.add_argument("--n-train", type=int, help="3,000 reads or 600 genes unless given")
    parser.add_argument("--n-test", type=int, help="1,000 reads or 300 genes unless given")
    parser.add_argument("--n-jobs", type=int, default=1, help="processes of the table, one thread each")
    parser.add_argument("--limit", type=float, default=1e6, help="seconds after which the table ends")
    parser.add_argument("--seconds", type=float, default=10, help="CPU seconds for each throughput figure")
    args = parser.parse_args()
    for part in args.parts:
        PARTS[part](args)


if __name__ == "__main__":
    main()
