"""Benchmark trees of sequences, guide trees and consensus strings.

::

    python examples/benchmarks/bench_clusters.py tree                  # 4,797 genes of 16S rRNA
    python examples/benchmarks/bench_clusters.py tree --subset 1500    # fewer sequences
    python examples/benchmarks/bench_clusters.py memory                # 20,000 sequences
    python examples/benchmarks/bench_clusters.py guide                 # needs mafft and clustalo in PATH
    python examples/benchmarks/bench_clusters.py consensus

``tree`` compares the tree of estimated distances with exact average linkage: Dasgupta's cost, the gain over a
random tree, the agreement of 100 clusters, and CPU-seconds. ``guide`` aligns sequences with the aligner's own
guide tree and with ours. ``consensus`` compares consensus strings of noisy reads.

Times are CPU-seconds of one thread, including child processes.
"""

import argparse
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import Levenshtein
import numpy as np
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from skseed.cluster import SequenceLinkage, cluster_representatives
from skseed.distances import levenshtein_distances
from skseed.io import read_fasta
from skseed.metrics import dasgupta_cost
from skseed.preprocessing import KmerVectorizer

DATA = Path(__file__).parents[3] / "shared" / "data"
GENES = {
    "16S rRNA": DATA / "greengenes" / "85_otus.fasta.gz",
    "rbcL protein": DATA / "ferns" / "rbcL_protein.faa.gz",
    "rbcL": DATA / "ferns" / "rbcL.fasta.gz",
    "rps4-trnS": DATA / "ferns" / "rps4-trnS.fasta.gz",
}


def cpu_seconds():
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(function, *args, **options):
    """Return the result of a call and its CPU-seconds."""
    start = cpu_seconds()
    result = function(*args, **options)
    return result, cpu_seconds() - start


def load(name, n=None, seed=0):
    """Return distinct sequences without ambiguity letters, in random order, or all of them in file order."""
    sequences = read_fasta(GENES[name]).data
    if n is None:
        return sequences
    letters = set("ACDEFGHIKLMNPQRSTVWY" if "protein" in name else "ACGT")
    sequences = sorted({x.rstrip("*") for x in sequences if set(x.rstrip("*")) <= letters})
    order = np.random.default_rng(seed).permutation(len(sequences))[:n]
    return [sequences[index] for index in order]


def cut(tree, n_clusters):
    """Return the labels of a linkage matrix cut into clusters."""
    n = len(tree) + 1
    parents = list(range(2 * n - 1))
    for row in range(n - n_clusters):
        parents[int(tree[row, 0])] = parents[int(tree[row, 1])] = n + row
    for node in range(2 * n - 2, -1, -1):
        parents[node] = parents[parents[node]]
    return parents[:n]


def tree(subset):
    """Compare trees of estimated distances with exact average linkage."""
    for name in ("16S rRNA", "rbcL"):
        X = load(name)
        if subset or name != "16S rRNA":
            X = load(name, subset or 1500)
        # compile the kernel, which happens once in a process
        warm_up = load(name, 400)
        levenshtein_distances(warm_up)
        levenshtein_distances(warm_up[:50])
        ours, cpu = timed(SequenceLinkage(embedder="landmarks").fit, X)
        kmers, cpu_kmers = timed(SequenceLinkage(embedder=KmerVectorizer(k=6)).fit, [x.upper() for x in X])
        distances, cpu_distances = timed(levenshtein_distances, X)
        condensed = squareform(distances)
        exact, cpu_linkage = timed(linkage, condensed, "average")
        cpu_exact = cpu_distances + cpu_linkage
        n = len(X)
        print(
            f"{name}: {n:,} sequences; exact: {cpu_distances:.1f} CPU-s of distances, "
            f"{cpu_linkage:.1f} of linkage"
        )
        random = linkage(np.random.default_rng(0).random((n, 3)), "average")
        complete = linkage(condensed, "complete")
        similarity = 1 - distances / np.float32(max(map(len, X)))
        chance = (similarity.sum(dtype=np.float64) - np.trace(similarity)) / (n * (n - 1)) * (n**3 - n) / 3
        best = dasgupta_cost(exact, similarity)
        labels = cut(exact, 100)
        rows = [
            ("exact average linkage", exact, cpu_exact),
            ("landmarks", ours.linkage_matrix_, cpu),
            ("6-mer counts", kmers.linkage_matrix_, cpu_kmers),
            ("exact complete linkage", complete, cpu_exact),
            ("random tree", random, np.nan),
        ]
        for title, matrix, seconds in rows:
            cost = dasgupta_cost(matrix, similarity)
            correlation = np.corrcoef(cophenet(matrix), condensed)[0, 1]
            print(
                f"  {title:24s} {seconds:7.1f} CPU-s {cpu_exact / seconds:6.1f} x  cost {cost / best:.5f}  "
                f"gain over random {(chance - cost) / (chance - best):6.3f}  "
                f"ARI {adjusted_rand_score(labels, cut(matrix, 100)):.2f}  cophenetic {correlation:.3f}",
                flush=True,
            )


def memory(subset):
    """Link many sequences that are mutated copies of real ones, and print the peak memory."""
    n = subset or 20_000
    X = load("16S rRNA")
    generator = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    copies = list(X)
    while len(copies) < n:
        codes = np.frombuffer(X[generator.integers(len(X))].encode(), dtype=np.uint8).copy()
        places = generator.random(len(codes)) < generator.uniform(0.01, 0.05)
        codes[places] = letters[generator.integers(4, size=places.sum())]
        copies.append(codes.tobytes().decode())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    _, cpu = timed(SequenceLinkage(100).fit, copies)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{n:,} sequences: {cpu:.1f} CPU-s, peak {peak:.2f} GiB ({before:.2f} GiB before)")


def mafft_tree(matrix):
    """Return the guide tree in the form of MAFFT's ``--treein``: two members and two branch lengths a row."""
    n = len(matrix) + 1
    first, heights = list(range(1, n + 1)), [0.0] * n
    lines = []
    for one, other, height, _ in matrix:
        children = sorted((int(one), int(other)), key=lambda node: first[node])
        lengths = [(height - heights[node]) / 2 for node in children]
        members = [first[node] for node in children]
        lines.append(f"{members[0]:5d} {members[1]:5d} {lengths[0]:10.5f} {lengths[1]:10.5f}")
        first.append(members[0])
        heights.append(height)
    return "\n".join(lines) + "\n"


def sum_of_pairs(fasta):
    """Return the number of pairs of equal symbols in the columns, and of pairs of a symbol and a gap."""
    rows = ["".join(record.split("\n")[1:]).upper() for record in fasta.strip().split(">")[1:]]
    columns = np.array([list(row) for row in rows])
    counts = np.stack([(columns == letter).sum(axis=0) for letter in np.unique(columns) if letter != "-"])
    gaps = len(rows) - counts.sum(axis=0)
    return int((counts * (counts - 1) // 2).sum()), int((gaps * counts.sum(axis=0)).sum())


def guide(subset):
    """Align sequences with the aligner's own guide tree and with others."""
    for name in ("16S rRNA", "rps4-trnS", "rbcL protein"):
        X = load(name, subset or 300)
        ids = [f"s{index}" for index in range(len(X))]
        trees = {}
        for title, options in (
            ("landmarks, average", {"embedder": "landmarks"}),
            ("landmarks, single", {"embedder": "landmarks", "linkage": "single"}),
            ("exact, average", {"embedder": None}),
            ("exact, single", {"embedder": None, "linkage": "single"}),
        ):
            trees[title] = timed(SequenceLinkage(**options).fit, X)
        random = SequenceLinkage(embedder="landmarks").fit(X)
        random.linkage_matrix_ = linkage(np.random.default_rng(0).random((len(X), 3)), "average")
        trees["random"] = (random, 0.0)
        print(f"{name}: {len(X)} sequences")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "in.fasta").write_text("".join(f">{i}\n{x}\n" for i, x in zip(ids, X, strict=True)))
            mafft = ["mafft", "--quiet", "--thread", "1", "--maxiterate", "0"]
            clustalo = ["clustalo", "--threads=1", "-i", "in.fasta"]
            align(path, "MAFFT FFT-NS-2, own trees", [*mafft, "--retree", "2", "in.fasta"])
            own = align(path, "MAFFT FFT-NS-1, own tree", [*mafft, "--retree", "1", "in.fasta"])
            for title, (fitted, cpu) in trees.items():
                (path / "tree.mafft").write_text(mafft_tree(fitted.linkage_matrix_))
                command = [*mafft, "--retree", "1", "--treein", "tree.mafft", "in.fasta"]
                align(path, f"MAFFT FFT-NS-1, {title}", command, own, cpu)
            if name != "16S rRNA":
                own = align(path, "Clustal Omega, own tree", clustalo)
                for title, (fitted, cpu) in list(trees.items())[:1]:
                    (path / "tree.nwk").write_text(fitted.to_newick(ids) + "\n")
                    align(path, f"Clustal Omega, {title}", [*clustalo, "--guidetree-in=tree.nwk"], own, cpu)


def align(path, title, command, own=None, cpu_tree=0.0):
    """Run an aligner and print the sum of pairs of its alignment, which is returned."""
    if shutil.which(command[0]) is None:
        print(f"  {title}: {command[0]} is not in PATH")
        return None
    result, cpu = timed(subprocess.run, command, cwd=path, check=True, capture_output=True, text=True)
    matches, gaps = sum_of_pairs(result.stdout)
    ratio = "" if own is None else f"  {matches / own[0]:.4f} of the matches, {gaps / own[1]:.4f} of the gaps"
    print(f"  {title:36s} {matches:11,d} matches {cpu:6.1f} + {cpu_tree:.2f} CPU-s{ratio}", flush=True)
    return matches, gaps


def consensus(subset):
    """Compare consensus strings of noisy copies of random sequences."""
    generator = np.random.default_rng(0)
    for n, length, rate in ((5, 150, 0.1), (10, 150, 0.15), (30, 150, 0.2), (10, 1000, 0.12)):
        results = []
        for _ in range(subset or 5):
            truth = generator.choice(list("ACGT"), length)
            X = [noisy(generator, truth, rate) for _ in range(n)]
            truth = "".join(truth)
            found, cpu = timed(cluster_representatives, X, [0] * n)
            strings = [found.medoids[0], found.consensus[0]]
            seconds = [np.nan, cpu]
            if length < 500:
                (median, first), start = timed(Levenshtein.median, X), time.process_time()
                improved = Levenshtein.median_improve(median, X)
                strings += [median, improved]
                seconds += [first, first + time.process_time() - start]
            means = [np.mean([Levenshtein.distance(string, x) for x in X]) for string in strings]
            errors = [Levenshtein.distance(string, truth) for string in strings]
            means.insert(1, found.majority_distances[0])
            results.append([*means, *errors, *seconds])
        print(f"{n} reads of {length} nt, {rate:.0%} errors: {np.mean(results, axis=0).round(3).tolist()}")
    print(
        "columns: mean distance to medoid, majority, consensus, (Levenshtein.median, improved); errors of "
        "medoid, consensus, (…); CPU-s"
    )


def noisy(generator, truth, rate):
    """Return a copy with substitutions, deletions and insertions, equally likely."""
    draw = generator.random(len(truth))
    copy = np.where(draw < rate / 3, generator.choice(list("ACGT"), len(truth)), truth)
    counts = 1 - ((draw >= rate / 3) & (draw < 2 * rate / 3)) + ((draw >= 2 * rate / 3) & (draw < rate))
    return "".join(np.repeat(copy, counts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = {"tree": tree, "memory": memory, "guide": guide, "consensus": consensus}
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(parts)}")
    parser.add_argument("--subset", type=int, help="use fewer sequences")
    arguments = parser.parse_args()
    for part in arguments.parts or parts:
        parts[part](arguments.subset)
