"""Benchmark edit-distance groups: exactness, speed and other tools, plasmids, growth, cluster backends.

::

    python examples/benchmarks/bench_groups.py                        # all parts
    python examples/benchmarks/bench_groups.py speed --subset 5000    # one part, fewer sequences

Parts: ``exact`` (generated sets, compared with brute force), ``genes`` (2,500 genes at 60 edits), ``speed``
(20,000 sequences of 1,100 nt at 5 %, compared with the full matrix and, if they are installed, CD-HIT-EST and
MMseqs2), ``plasmids`` (the plasmids of a local CSV with columns ``sequence`` and ``label``, inside each
label, circular and on both strands), ``across`` (the same plasmids across labels), ``chains`` (folds of equal
size of these plasmids, without those that connect large groups), ``growth`` (time by the number of
sequences), ``backends`` (Dask and Ray, if they are installed) and ``million`` (a million reads of 150 nt at 3
edits; up to 30,000 are compared with vsearch and MMseqs2, if they are installed).

Times are CPU-seconds of this process and its child processes, which depend little on other programs on the
machine; "wall" is elapsed time.
"""

import argparse
import contextlib
import importlib.util
import io
import resource
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed.alphabets import DNA
from skseed.distances import (
    _close_pairs,
    _qgram_filter,
    _seed_filter,
    levenshtein_groups,
    levenshtein_neighbors,
)
from skseed.io import read_fasta
from skseed.model_selection import LevenshteinGroupKFold

DATA = Path(__file__).parents[3] / "shared" / "data"
PLASMIDS = Path("addgene") / "plasmids.csv.xz"
GENES = Path("ferns") / "rbcL.fasta.gz"
AMPLICONS = Path("greengenes") / "v4_150_in_97_tree.fasta.gz"
N_JOBS = 1
LETTERS = {"DNA": "ACGT", "protein": "ACDEFGHIKLMNPQRSTVWY"}


def cpu_seconds():
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(function, *args, **options):
    """Return the result of a call, its CPU-seconds and its elapsed seconds."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    result = function(*args, **options)
    return result, cpu_seconds() - cpu, time.perf_counter() - wall


def mutate(generator, codes, n_edits, n_letters=4):
    """Return a copy with edits: four in five are substitutions, the others insertions and deletions."""
    n_substitutions = generator.binomial(n_edits, 0.8)
    codes = codes.copy()
    if len(codes):
        codes[generator.integers(len(codes), size=n_substitutions)] = generator.integers(
            n_letters, size=n_substitutions
        )
    for _ in range(n_edits - n_substitutions):
        place = generator.integers(len(codes) + 1)
        if generator.random() < 0.5:
            codes = np.delete(codes, place) if place < len(codes) else codes
        else:
            codes = np.insert(codes, place, generator.integers(n_letters))
    return codes


def as_text(codes, letters="ACGT"):
    return np.frombuffer(letters.encode(), dtype=np.uint8)[codes].tobytes().decode()


def make_families(n, length=1100, size=100, rate=0.08, seed=0):
    """Generate unrelated families, whose members differ from their founder by up to half the rate."""
    generator = np.random.default_rng(seed)
    sequences = []
    while len(sequences) < n:
        founder = generator.integers(4, size=length)
        sequences += [
            as_text(mutate(generator, founder, generator.integers(1, int(rate * length / 2))))
            for _ in range(size)
        ]
    return [sequences[i] for i in generator.permutation(len(sequences))[:n]]


def make_tree(n, length=1100, rate=0.02, seed=0):
    """Generate the leaves of a random binary tree, with 2 % of edits on every branch."""
    generator = np.random.default_rng(seed)
    leaves = [generator.integers(4, size=length)]
    while len(leaves) < n:
        index = generator.integers(len(leaves))
        parent = leaves[index]
        leaves[index] = mutate(generator, parent, generator.poisson(rate * length))
        leaves.append(mutate(generator, parent, generator.poisson(rate * length)))
    return [as_text(leaves[i]) for i in generator.permutation(n)]


def exact(subset):
    """Count the pairs that differ from brute force."""
    n_sets = subset or 1000
    generator = np.random.default_rng(0)
    # by default the filters run only on large sets; these constants enable them on small sets
    _qgram_filter._SAMPLE, _seed_filter._NARROWEST = 8, 1
    for name in (
        "SECONDS_PER_SYMBOL",
        "NATIVE_SECONDS_PER_SYMBOL",
        "SECONDS_PER_HIT",
        "NATIVE_SECONDS_PER_HIT",
    ):
        setattr(_close_pairs, name, 0 if "SYMBOL" in name else 1e-30)
    names = ("linear, q-grams", "linear, seeds", "circular, short", "circular, long")
    counts = {name: [0, 0, 0] for name in names}
    for number in range(n_sets):
        kind = "protein" if number % 3 == 0 else "DNA"
        X = random_set(generator, LETTERS[kind], longest=2000 if number % 20 == 0 else 200)
        for max_distance in (int(generator.integers(0, 60)), float(generator.uniform(0.01, 0.3))):
            _qgram_filter._SECONDS_WORTH_FILTER, _close_pairs._SECONDS_WORTH_SEEDS = 0, np.inf
            compare(counts["linear, q-grams"], X, max_distance, "linear")
            _qgram_filter._SECONDS_WORTH_FILTER, _close_pairs._SECONDS_WORTH_SEEDS = np.inf, -1
            compare(counts["linear, seeds"], X, max_distance, "linear")
        if kind == "DNA":
            small = [rotate(generator, x) for x in X if len(x) <= 200][:12] or ["ACGT"]
            compare(counts["circular, short"], small, float(generator.uniform(0.01, 0.3)), "circular")
        if number % 10 == 1:
            # longer than 512 symbols and within 1/17 of the length, so alignment at exact matches is exact
            long = random_set(generator, "ACGT", shortest=600, longest=700, share=1 / 30)[1:]
            compare(counts["circular, long"], [rotate(generator, x) for x in long], 30, "circular")
    print(f"{n_sets} generated sets, brute force against levenshtein_neighbors:")
    for name, (n_pairs, missed, wrong) in counts.items():
        print(f"  {name:24s} {n_pairs:9,d} pairs within the cut-off, {missed} missed, {wrong} wrong")


def random_set(generator, letters, longest, shortest=1, share=1 / 5):
    """Return relatives of four founders of random lengths, a copy and an empty sequence."""
    X = [""]
    for _ in range(4):
        founder = generator.integers(len(letters), size=generator.integers(shortest, longest))
        for _ in range(5):
            n_edits = generator.integers(1 + int(len(founder) * share))
            X.append(as_text(mutate(generator, founder, n_edits, len(letters)), letters))
    return [*X, X[1]]


def rotate(generator, sequence):
    cut = generator.integers(len(sequence) + 1)
    sequence = sequence[cut:] + sequence[:cut]
    return DNA.reverse_complement(sequence) if generator.random() < 0.5 else sequence


def compare(counts, X, max_distance, topology):
    """Add the numbers of pairs of one set: all, missed, and with a wrong distance."""
    circular = topology == "circular"
    graph = levenshtein_neighbors(X, max_distance, topology=topology, both_strands=circular)
    rows = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
    found = dict(zip(zip(rows, graph.indices, strict=True), graph.data, strict=True))
    rotations = [x[cut:] + x[:cut] for x in X for cut in range(max(1, len(x)))] if circular else X
    owners = np.repeat(np.arange(len(X)), [max(1, len(x)) for x in X]) if circular else np.arange(len(X))
    rotations += [DNA.reverse_complement(rotation) for rotation in rotations] if circular else []
    owners = np.tile(owners, 2) if circular else owners
    edits = np.full((len(X), len(X)), np.iinfo(np.int32).max)
    matrix = cdist(X, rotations, scorer=Levenshtein.distance, dtype=np.int32)
    np.minimum.at(edits.T, owners, matrix.T)
    lengths = np.array([len(x) for x in X])
    limits = np.maximum.outer(lengths, lengths)
    limits = np.floor(max_distance * limits + 1e-9) if isinstance(max_distance, float) else max_distance
    expected = {(i, j): edits[i, j] for i, j in np.argwhere(edits <= limits) if i != j}
    counts[0] += len(expected)
    counts[1] += len(set(expected) - set(found))
    counts[2] += sum(expected.get(pair) != distance for pair, distance in found.items())


def genes(subset):
    """Compare the grouping of 2,500 rbcL genes at 60 edits with the matrix with a cut-off, in one process."""
    unique = dict.fromkeys(read_fasta(DATA / GENES).data)
    X = [x for x in unique if len(x) >= 1150 and set(x) <= set("ACGT")][: subset or 2500]
    rows = np.random.default_rng(0).choice(len(X), size=60, replace=False)
    options = {"scorer": Levenshtein.distance, "score_cutoff": 60, "dtype": np.int32}
    _, matrix, _ = timed(cdist, [X[row] for row in rows], X, **options)
    matrix *= len(X) / len(rows) / 2
    print(f"{len(X):,} rbcL genes: matrix with cut-off {matrix:.1f} CPU-s (from {len(rows)} rows)")
    for name in ("first call, which compiles", "second call"):
        groups, cpu, _ = timed(levenshtein_groups, X, 60)
        print(
            f"  levenshtein_groups {cpu:5.2f} CPU-s, {matrix / cpu:.0f} x, "
            f"{groups.max() + 1:,} groups ({name})"
        )


def speed(subset):
    """Compare the time of one grouping with the full matrix and with common tools."""
    n = subset or 20_000
    for name, make in (("families", make_families), ("tree", make_tree)):
        X = make(n)
        groups, ours, wall = timed(levenshtein_groups, X, 0.05)
        print(f"{name}: {n:,} sequences of about 1,100 nt at 5 %, {groups.max() + 1:,} groups")
        print(
            f"  levenshtein_groups     {ours:8.1f} CPU-s (wall {wall:.0f} s), "
            f"memory at most {peak_gib():.2f} GiB"
        )
        rows = np.random.default_rng(0).choice(n, size=10, replace=False)
        some, scale = [X[row] for row in rows], n / len(rows) / 2
        for cutoff, label in ((None, "full matrix"), (55, "matrix with cut-off")):
            options = {"scorer": Levenshtein.distance, "score_cutoff": cutoff, "dtype": np.int32}
            _, cpu, _ = timed(cdist, some, X, **options)
            print(f"  {label:22s} {cpu * scale:8.1f} CPU-s, {cpu * scale / ours:6.0f} x (from 10 rows)")
        graph, cpu, _ = timed(levenshtein_neighbors, X, 0.05)
        print(f"  levenshtein_neighbors  {cpu:8.1f} CPU-s, {graph.nnz // 2:,} pairs")
        print(f"  leak of our groups: {leak(graph, groups):.1%}")
        for tool, cluster in (("cd-hit-est", cd_hit), ("mmseqs", mmseqs)):
            if shutil.which(tool):
                with tempfile.TemporaryDirectory() as folder:
                    clusters, cpu, _ = timed(cluster, X, Path(folder))
                print(f"  {tool:22s} {cpu:8.1f} CPU-s, {cpu / ours:6.1f} x, leak {leak(graph, clusters):.1%}")


def leak(graph, groups):
    """Return the share of close pairs whose members are in different groups."""
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    return float((groups[rows] != groups[graph.indices]).mean())


def peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def cd_hit(X, folder):
    write_fasta(X, folder / "in.fasta")
    command = "cd-hit-est -i in.fasta -o out -c 0.95 -n 10 -T 1 -M 0 -d 0"
    subprocess.run(command.split(), cwd=folder, check=True, stdout=subprocess.DEVNULL)
    clusters = np.zeros(len(X), dtype=int)
    number = -1
    for line in (folder / "out.clstr").read_text().splitlines():
        if line.startswith(">"):
            number += 1
        else:
            clusters[int(line.split(">")[1].split("...")[0])] = number
    return clusters


def mmseqs(X, folder, identity=0.95):
    write_fasta(X, folder / "in.fasta")
    command = f"mmseqs easy-cluster in.fasta out tmp --min-seq-id {identity} -c 0.8 --threads 1 -v 0"
    subprocess.run(command.split(), cwd=folder, check=True, stdout=subprocess.DEVNULL)
    pairs = np.loadtxt(folder / "out_cluster.tsv", dtype=int)
    clusters = np.zeros(len(X), dtype=int)
    clusters[pairs[:, 1]] = pairs[:, 0]
    return clusters


def write_fasta(X, path):
    path.write_text("".join(f">{index}\n{x}\n" for index, x in enumerate(X)))


def plasmids(subset):
    """Group plasmids inside each laboratory, by the rule of the leave-group-out split of the paper."""
    if not (DATA / PLASMIDS).is_file():
        print(f"no plasmids at {DATA / PLASMIDS}")
        return
    data = pd.read_csv(DATA / PLASMIDS, usecols=["sequence", "label"])
    data = data[: subset or len(data)]
    options = {"y": data.label, "n_jobs": 2, "topology": "circular", "both_strands": True}

    def group():
        groups = levenshtein_groups(data.sequence, 999, **options)
        # the CPU time of a child process counts only after its end
        joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
        return groups

    groups, cpu, wall = timed(group)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(
        f"{len(data):,} plasmids of {data.label.nunique():,} labels at < 1,000 edits, circular, both "
        f"strands: {groups.max() + 1:,} groups, {cpu:.0f} CPU-s on 2 processes (wall {wall:.0f} s), "
        f"memory at most {peak_gib():.2f} GiB here and {children:.2f} GiB in a process"
    )
    plain, cpu, _ = timed(levenshtein_groups, data.sequence, 999, y=data.label)
    print(f"  taken as linear: {plain.max() + 1:,} groups, {cpu:.0f} CPU-s")


def across(subset):
    """Group the plasmids of all laboratories together, or a random subset of them."""
    if not (DATA / PLASMIDS).is_file():
        print(f"no plasmids at {DATA / PLASMIDS}")
        return
    X = pd.read_csv(DATA / PLASMIDS, usecols=["sequence"]).sequence
    X = X.sample(min(subset or len(X), len(X)), random_state=0)
    for name, options in (
        ("circular, both strands", {"topology": "circular", "both_strands": True}),
        ("linear", {}),
    ):
        groups, cpu, wall = timed(levenshtein_groups, X, 999, **options)
        print(
            f"{len(X):,} plasmids at < 1,000 edits, {name}: {groups.max() + 1:,} groups, the largest of "
            f"{np.bincount(groups).max():,}; {cpu:.0f} CPU-s (wall {wall:.0f} s), "
            f"memory at most {peak_gib():.2f} GiB",
            flush=True,
        )


def chains(subset):
    """Divide the groups across laboratories into folds of equal size, and count what is removed."""
    if not (DATA / PLASMIDS).is_file():
        print(f"no plasmids at {DATA / PLASMIDS}")
        return
    X = pd.read_csv(DATA / PLASMIDS, usecols=["sequence"]).sequence
    X = X.sample(min(subset or len(X), len(X)), random_state=0)
    graph, cpu, _ = timed(
        levenshtein_neighbors, X, 999, topology="circular", both_strands=True, n_jobs=N_JOBS
    )
    print(
        f"{len(X):,} plasmids at < 1,000 edits, circular, both strands: {graph.nnz // 2:,} pairs in "
        f"{cpu:.0f} CPU-s, memory at most {peak_gib():.2f} GiB",
        flush=True,
    )
    placeholder = np.zeros(len(X))
    for n_splits in (2, 5, 10):
        for mode in ("warn", "drop", "purge"):
            cv = LevenshteinGroupKFold(n_splits, graph=graph, on_large_group=mode)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="The largest group")
                splits, cpu, _ = timed(lambda cv=cv: list(cv.split(placeholder)))
            tests = [len(test) for _, test in splits]
            dropped = np.mean([len(dropped) / len(X) for dropped in cv.dropped_])
            close = sum(graph[train][:, test].nnz for train, test in splits)
            print(
                f"  {n_splits:2d} folds, {mode:5s}: test sets of {min(tests):,} to {max(tests):,}, "
                f"{dropped:.2%} left out of a split, {close} pairs within the cut-off between training and "
                f"test, {cpu:.1f} CPU-s",
                flush=True,
            )
        if importlib.util.find_spec("graph_part"):
            folds, cpu, _ = timed(graph_part, graph, n_splits)
            sizes = [len(fold) for fold in folds]
            kept = np.concatenate(folds)
            close = graph[kept][:, kept].nnz - sum(graph[fold][:, fold].nnz for fold in folds)
            print(
                f"  {n_splits:2d} folds, GraphPart: test sets of {min(sizes):,} to {max(sizes):,}, "
                f"{1 - sum(sizes) / len(X):.2%} left out, {close} close pairs, {cpu:.1f} CPU-s",
                flush=True,
            )


def graph_part(graph, n_splits):
    """Divide the same graph by GraphPart, in its mode for precomputed similarities."""
    from graph_part.api import stratified_k_fold

    pairs = graph.tocoo()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        rows = zip(pairs.row, pairs.col, 1 - pairs.data / 2000, strict=True)
        Path("edges.csv").write_text("".join(f"s{i},s{j},{s}\n" for i, j, s in rows if i < j))
        silent = io.StringIO()
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            folds = stratified_k_fold(
                {f"s{i}": "A" for i in range(graph.shape[0])},
                partitions=n_splits,
                threshold=0.3,
                alignment_mode="precomputed",
                edge_file="edges.csv",
                metric_column=2,
            )
    return [np.array([int(name[1:]) for name in fold]) for fold in folds]


def growth(subset):
    """Time groupings of ever more sequences, fit the exponent and draw both."""
    sizes = [n for n in (2_000, 5_000, 10_000, 20_000, 50_000) if n <= (subset or 50_000)]
    times = {}
    for name, make in (("families", make_families), ("tree", make_tree)):
        times[name] = []
        for n in sizes:
            groups, cpu, _ = timed(levenshtein_groups, make(n), 0.05)
            times[name].append(cpu)
            print(f"  {name} {n:6,d} sequences {cpu:7.2f} CPU-s, {groups.max() + 1:,} groups", flush=True)
        exponent = np.polyfit(np.log(sizes), np.log(times[name]), 1)[0]
        print(f"{name}: time grows with n ** {exponent:.2f}")
    if importlib.util.find_spec("matplotlib") is None:
        return
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 3.6), layout="constrained")
    for name, seconds in times.items():
        ax.loglog(sizes, seconds, "o-", label=name)
    ax.set(xlabel="sequences of 1,100 nt", ylabel="CPU-seconds to group them at 5 %")
    ax.legend(frameon=False)
    figure.savefig("bench_groups_growth.png", dpi=120)


def backends(subset):
    """Group the same sequences on this machine, on two Dask workers and on two Ray workers."""
    X = make_tree(subset or 10_000)
    expected, _, wall = timed(levenshtein_groups, X, 0.05)
    print(f"{len(X):,} sequences, one process: {wall:.1f} s")

    def report(name, **config):
        with joblib.parallel_config(name, **config):
            levenshtein_groups(X[:50], 0.05)
            groups, _, seconds = timed(levenshtein_groups, X, 0.05)
        same = "identical groups" if np.array_equal(groups, expected) else "DIFFERENT groups"
        print(f"  {name:5s} {seconds:.1f} s, {wall / seconds:.2f} x, {same}")

    report("loky", n_jobs=2)
    if importlib.util.find_spec("distributed"):
        from dask.distributed import Client, LocalCluster

        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster),
        ):
            report("dask")
    if importlib.util.find_spec("ray"):
        import ray
        from ray.util.joblib import register_ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        register_ray()
        report("ray", n_jobs=2)
        ray.shutdown()


def make_reads(n, seed=0):
    """Return reads made from the V4 amplicons of Greengenes.

    The abundances of the amplicons are log-normal, and 0.5 % of the symbols have an error: nine in ten are
    substitutions, the others insertions and deletions.
    """
    generator = np.random.default_rng(seed)
    amplicons = [x for x in dict.fromkeys(read_fasta(DATA / AMPLICONS).data) if set(x) <= set("ACGT")]
    codes = np.array([[*x.encode()] for x in amplicons], dtype=np.uint8)
    abundances = generator.lognormal(sigma=1, size=len(amplicons))
    reads = codes[generator.choice(len(amplicons), size=n, p=abundances / abundances.sum())]
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    n_errors = generator.binomial(reads.size, 0.0045)
    places = generator.integers(len(reads), size=n_errors), generator.integers(reads.shape[1], size=n_errors)
    reads[places] = letters[generator.integers(4, size=n_errors)]
    reads = [read.tobytes().decode() for read in reads]
    for index in generator.integers(n, size=generator.binomial(n * codes.shape[1], 0.0005)).tolist():
        read, place = reads[index], int(generator.integers(len(reads[index])))
        letter = "ACGT"[generator.integers(4)] if generator.random() < 0.5 else ""
        reads[index] = read[:place] + letter + read[place + (not letter) :]
    return reads


def million(subset):
    """Group a million reads of 150 nt at 3 edits, and measure time and memory."""
    X = make_reads(subset or 1_000_000)
    before = peak_gib()
    groups, cpu, wall = timed(levenshtein_groups, X, 3, n_jobs=N_JOBS)
    print(
        f"{len(X):,} reads of about 150 nt ({len(set(X)):,} different) at 3 edits: {groups.max() + 1:,} "
        f"groups, the largest of {np.bincount(groups).max():,}; {cpu:.0f} CPU-s, wall {wall:.0f} s with "
        f"n_jobs={N_JOBS}, memory at most {peak_gib():.2f} GiB ({before:.2f} GiB before)",
        flush=True,
    )
    if len(X) > 30_000:
        return
    graph = levenshtein_neighbors(X, 3)
    print(f"  leak of our groups: {leak(graph, groups):.1%} of {graph.nnz // 2:,} close pairs")
    for tool, cluster in (("vsearch", vsearch), ("mmseqs", mmseqs_reads)):
        if shutil.which(tool):
            with tempfile.TemporaryDirectory() as folder:
                clusters, cpu, _ = timed(cluster, X, Path(folder))
            n_clusters = len(np.unique(clusters))
            print(f"  {tool:22s} {cpu:8.1f} CPU-s, {n_clusters:,} clusters, leak {leak(graph, clusters):.1%}")


def vsearch(X, folder):
    write_fasta(X, folder / "in.fasta")
    command = "vsearch --cluster_fast in.fasta --id 0.98 --threads 1 --uc out.uc --quiet"
    subprocess.run(command.split(), cwd=folder, check=True)
    clusters = np.zeros(len(X), dtype=int)
    for line in (folder / "out.uc").read_text().splitlines():
        fields = line.split("\t")
        if fields[0] in "SH":
            clusters[int(fields[8])] = int(fields[1])
    return clusters


def mmseqs_reads(X, folder):
    return mmseqs(X, folder, identity=0.98)


PARTS = {
    part.__name__: part for part in (exact, genes, speed, plasmids, across, chains, growth, backends, million)
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to run; all without a name")
    parser.add_argument("--subset", type=int, default=None, help="fewer sets or sequences")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of addgene/ and greengenes/")
    parser.add_argument("--n-jobs", type=int, default=1, help="threads of the part million")
    arguments = parser.parse_args()
    DATA, N_JOBS = arguments.data, arguments.n_jobs
    for part in arguments.parts or PARTS:
        PARTS[part](arguments.subset)
