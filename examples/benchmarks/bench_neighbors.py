"""Benchmark nearest neighbors by edit distance: closest strings, exactness, speed, other tools.

::

    python examples/benchmarks/bench_neighbors.py closest exact speed
    python examples/benchmarks/bench_neighbors.py million --n-jobs 2 --vsearch /usr/bin/vsearch

Parts: ``closest`` (1,000 reads of the V4 region, whose nearest among 3,000 others is searched by k-mers,
learned embeddings and both with re-ranking), ``exact`` (generated sets, compared with brute force),
``speed`` (100,000 reads of 150 nt, compared with rapidfuzz) and ``million`` (a million reads, compared with
vsearch if it is installed).

The reads of ``speed`` and ``million`` are made from real ones: reads of the V4 region (4,583 different
ones) and, for the set "regions", windows of 150 nt of 4,103 full-length 16S genes, at 8 positions. Each
read is a copy with edits at a rate between 0 and 5 %, four in five of them substitutions, and queries are
made as the reads are. Data are read from ``../shared/data`` beside the checkout, or from the folder given
with ``--data``. Times are CPU-seconds of this process, which depend little on other programs on the
machine; "wall" is elapsed time.
"""

import argparse
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import pairwise_distances

from skseed.distances import LevenshteinIndex, levenshtein_distances, levenshtein_neighbors
from skseed.embedding import EditDistanceEmbedder
from skseed.io import read_fasta
from skseed.neighbors import SequenceNeighbors
from skseed.preprocessing import KmerVectorizer

V4, GENES = "greengenes/v4_150_in_97_tree.fasta.gz", "greengenes/85_otus.fasta.gz"


def timed(function, *args, **options):
    """Return the result of a call, its CPU-seconds and its elapsed seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = function(*args, **options)
    return result, time.process_time() - cpu, time.perf_counter() - wall


def peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def plain(path):
    """Return the different sequences of a FASTA file without ambiguity letters, sorted."""
    return sorted(
        {s.upper() for s in read_fasta(path, on_duplicate="keep").data if set(s.upper()) <= set("ACGT")}
    )


def sources(data, kind):
    """Return real reads of 150 nt: of the V4 region, or also of eight regions of full-length genes."""
    reads = plain(data / V4)
    if kind == "regions":
        reads += sorted(
            {gene[start : start + 150] for gene in plain(data / GENES) for start in range(0, 1200, 150)}
        )
    return reads


def mutants(reads, n, generator, largest_rate=0.05):
    """Return edited copies of random reads of 150 nt."""
    codes = np.frombuffer("".join(reads).encode(), dtype=np.uint8).reshape(len(reads), 150)
    chosen = codes[generator.integers(len(reads), size=n)]
    n_edits = generator.binomial(150, generator.uniform(0, largest_rate, size=n))
    n_indels = generator.binomial(n_edits, 0.2)
    row = np.repeat(np.arange(n), n_edits - n_indels)
    place = generator.integers(150, size=len(row))
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    # one of the three other letters; of two edits at a place, the last one counts
    code = np.searchsorted(letters, chosen[row, place])
    chosen[row, place] = letters[(code + generator.integers(1, 4, size=len(row))) % 4]
    copies = [read.tobytes().decode() for read in chosen]
    for index in np.repeat(np.arange(n), n_indels):
        copy, place = copies[index], int(generator.integers(len(copies[index])))
        insertion = "ACGT"[generator.integers(4)] if generator.random() < 0.5 else ""
        copies[index] = copy[:place] + insertion + copy[place + (not insertion) :]
    return copies


# closest strings ------------------------------------------------------------------------------------


def closest(args):
    """Search the nearest of 3,000 reads of 1,000 queries by the distances of vectors, and by re-ranking."""
    reads = plain(args.data / V4)
    order = np.random.default_rng(0).permutation(len(reads))
    base, queries = [reads[i] for i in order[:3000]], [reads[i] for i in order[3000:4000]]
    edits = levenshtein_distances(queries, base)
    nearest = edits == edits.min(axis=1, keepdims=True)
    median = np.median(edits.min(axis=1))
    print(f"{len(queries):,} queries, {len(base):,} reads, nearest at {median:.0f} edits (median)")
    print("                         top-1   top-5  top-10   fit CPU-s   top-1 of 64 candidates, re-ranked")

    def report(name, distances, seconds, **parameters):
        # a query is found if one of its nearest is among the first
        ranked = np.take_along_axis(nearest, np.argsort(distances, axis=1, kind="stable"), axis=1)
        tops = "".join(f"{ranked[:, :k].any(axis=1).mean():8.3f}" for k in (1, 5, 10))
        search = SequenceNeighbors(1, algorithm="approximate", n_candidates=64, **parameters).fit(base)
        found, _ = search.kneighbors(queries)
        top = (found[:, 0] == edits.min(axis=1)).mean()
        print(f"  {name:20s}{tops}{seconds:12.1f}{top:12.3f}", flush=True)

    counter = KmerVectorizer(k=5).fit(base)
    counts = [counter.transform(X).toarray().astype(float) for X in (queries, base)]
    report("5-mers, Manhattan", pairwise_distances(*counts, metric="manhattan"), 0)
    report("5-mers, cosine", pairwise_distances(*counts, metric="cosine"), 0, transformer=counter)
    for encoder in args.encoders:
        embedder = EditDistanceEmbedder(encoder=encoder, max_epochs=args.epochs, random_state=0)
        embedder, cpu, _ = timed(embedder.fit, base)
        distances = embedder.distances_from_points(embedder.transform(queries), embedder.transform(base))
        report(f"{encoder}, {args.epochs} epochs", distances, cpu, transformer=FrozenEstimator(embedder))


# exactness ------------------------------------------------------------------------------------------


def exact(args):
    """Count the neighbors that differ from brute force, on generated sets with copies and ties."""
    generator = np.random.default_rng(0)
    counts = {name: np.zeros(3, dtype=int) for name in ("linear", "both strands", "circular, both strands")}
    for number in range(args.n_sets):
        letters = "ACDEFGHIKLMNPQRSTVWY" if number % 3 == 0 else "ACGT"
        X = random_set(generator, letters, 200, 40)
        compare(counts["linear"], X, random_set(generator, letters, 200, 5) + X[:5], generator)
        if letters == "ACGT":
            compare(counts["both strands"], X, X[::5], generator, both_strands=True)
            small = [x[:40] for x in X[:20]]
            compare(counts["circular, both strands"], small, small[::4], generator, True, "circular")
    print(f"{args.n_sets} generated sets, brute force against LevenshteinIndex:")
    for name, (n_queries, n_neighbors, n_wrong) in counts.items():
        print(f"  {name:24s}{n_queries:8,d} queries, {n_neighbors:9,d} neighbors, {n_wrong} wrong")


def random_set(generator, letters, longest, size):
    """Return relatives of random founders, with copies, and an empty sequence."""
    X = [""]
    while len(X) < size:
        founder = "".join(generator.choice(list(letters), generator.integers(1, longest)))
        for _ in range(4):
            relative = list(founder)
            for _ in range(generator.integers(1 + len(founder) // 5)):
                place = generator.integers(len(relative) + 1)
                relative[place : place + generator.integers(2)] = generator.choice(
                    list(letters), generator.integers(2)
                ).tolist()
            X.append("".join(relative))
        X.append(X[-1])
    return X


def compare(counts, X, queries, generator, both_strands=False, topology="linear"):
    """Add the numbers of queries, of neighbors, and of those that differ from brute force."""
    strands = [str.maketrans("ACGT", "TGCA")] if both_strands else []
    forms = [[x, *(x.translate(table)[::-1] for table in strands)] for x in X]
    if topology == "circular":
        forms = [[form[i:] + form[:i] for form in x for i in range(max(1, len(form)))] for x in forms]
    owners = np.repeat(np.arange(len(X)), [len(x) for x in forms])
    matrix = cdist(queries, [form for x in forms for form in x], scorer=Levenshtein.distance, dtype=np.int32)
    edits = np.full((len(X), len(queries)), np.iinfo(np.int32).max)
    np.minimum.at(edits, owners, matrix.T)
    edits = edits.T
    index = LevenshteinIndex(X, both_strands=both_strands, topology=topology)
    k = int(generator.integers(1, len(X) + 1))
    order = np.argsort(edits, axis=1, kind="stable")[:, :k]
    distances, indices = index.kneighbors(queries, k)
    wrong = (indices != order) | (distances != np.take_along_axis(edits, order, axis=1))
    graph = index.radius_neighbors(queries, radius := int(generator.integers(60)))
    close = np.zeros(edits.shape, dtype=bool)
    close[np.repeat(np.arange(len(queries)), np.diff(graph.indptr)), graph.indices] = True
    n_wrong = wrong.sum() + (close != (edits <= radius)).sum() + (graph.data != edits[close]).sum()
    counts += [len(queries), order.size + close.sum(), n_wrong]


# speed ----------------------------------------------------------------------------------------------


def speed(args):
    """Compare the time of a query with rapidfuzz at the best cut-off, the distance of the last neighbor."""
    for kind in args.kinds:
        generator = np.random.default_rng(0)
        reads = sources(args.data, kind)
        base, queries = (mutants(reads, n, generator) for n in (args.n_reads, 1000))
        index, cpu, _ = timed(LevenshteinIndex, base)
        # the kernels are compiled after some searches
        for _ in range(2):
            index.kneighbors(queries, 1)
        print(
            f"{kind}: {len(base):,} reads of {len(reads):,} real ones, {len(queries):,} queries, "
            f"index in {cpu:.1f} CPU-s"
        )
        some = np.random.default_rng(1).choice(len(queries), size=args.n_brute_force, replace=False)
        for k in (1, 10):
            (edits, indices), cpu, _ = timed(index.kneighbors, queries, k)
            ours = 1000 * cpu / len(queries)
            brute, differ = 0.0, 0
            for row in some:
                options = {
                    "scorer": Levenshtein.distance,
                    "dtype": np.int32,
                    "score_cutoff": int(edits[row, -1]),
                }
                distances, cpu, _ = timed(cdist, [queries[row]], base, **options)
                order = np.argsort(distances[0], kind="stable")[:k]
                differ += int((order != indices[row]).sum())
                brute += 1000 * cpu / len(some)
            print(
                f"  {k:2d} nearest, last at {np.median(edits[:, -1]):.0f} edits (median; 90 % within "
                f"{np.quantile(edits[:, -1], 0.9):.0f}): {ours:.2f} CPU-ms a query; "
                f"cdist {brute:.1f} (from {len(some)} "
                f"queries), {brute / ours:.0f} x; {differ} neighbors differ",
                flush=True,
            )
        graph, cpu, _ = timed(levenshtein_neighbors, queries, 5, base)
        print(
            f"  within 5 edits, with a new index: {1000 * cpu / len(queries):.2f} CPU-ms a query, "
            f"{graph.nnz:,} pairs"
        )


# a million reads ------------------------------------------------------------------------------------


def million(args):
    """Index a million reads, and search the nearest of 1,000 queries, by all algorithms and vsearch."""
    generator = np.random.default_rng(0)
    reads = sources(args.data, "regions")
    base, queries = (mutants(reads, n, generator) for n in (args.n_million, 1000))
    print(
        f"{len(base):,} reads, {len(queries):,} queries, {args.n_jobs} threads; {peak_gib():.2f} GiB before"
    )
    nearest = None
    for algorithm in ("exact", "approximate"):
        search = SequenceNeighbors(1, algorithm=algorithm, n_candidates=64, n_jobs=args.n_jobs)
        search, cpu, wall = timed(search.fit, base)
        print(
            f"  {algorithm}: fit {cpu:.0f} CPU-s, wall {wall:.0f} s, memory at most "
            f"{peak_gib():.2f} GiB; {search}"
        )
        # the kernels are compiled after some searches
        search.kneighbors(queries)
        (edits, _), cpu, wall = timed(search.kneighbors, queries)
        nearest = edits[:, 0] if nearest is None else nearest
        print(
            f"    {1000 * cpu / len(queries):.2f} CPU-ms a query, wall {1000 * wall / len(queries):.2f} ms; "
            f"recall@1 {(edits[:, 0] == nearest).mean():.3f}",
            flush=True,
        )
        del search
    print(
        f"  nearest at {np.median(nearest):.0f} edits (median; 90 % within {np.quantile(nearest, 0.9):.0f})"
    )
    if args.vsearch:
        with tempfile.TemporaryDirectory() as folder:
            vsearch(args, Path(folder), base, queries, nearest)


def vsearch(args, folder, base, queries, nearest):
    """Search the same queries with vsearch, and subtract the time of a run with one query."""
    for name, sequences in (("base", base), ("queries", queries), ("one", queries[:1])):
        records = (f">{number}\n{sequence}\n" for number, sequence in enumerate(sequences))
        (folder / f"{name}.fasta").write_text("".join(records))

    def run(name, *options):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = time.perf_counter()
        files = ["--usearch_global", folder / f"{name}.fasta", "--db", folder / "base.fasta"]
        output = ["--userout", folder / "hits.tsv", "--userfields", "query+target", "--quiet"]
        command = [args.vsearch, *files, *output, "--id", "0.6", "--threads", str(args.n_jobs), *options]
        subprocess.run(command, check=True)
        wall = time.perf_counter() - wall
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime, wall

    cpu_of_index, wall_of_index = run("one")
    print(f"  vsearch: index {cpu_of_index:.0f} CPU-s, wall {wall_of_index:.0f} s")
    for options in ((), ("--maxaccepts", "16", "--maxrejects", "256", "--maxhits", "1")):
        cpu, wall = run("queries", *options)
        found = np.full(len(queries), np.inf)
        for line in (folder / "hits.tsv").read_text().splitlines():
            query, target = map(int, line.split("\t"))
            found[query] = min(found[query], Levenshtein.distance(queries[query], base[target]))
        print(
            f"    {' '.join(options) or 'default options'}: "
            f"{1000 * (cpu - cpu_of_index) / len(queries):.2f} CPU-ms a "
            f"query, wall {1000 * (wall - wall_of_index) / len(queries):.2f} ms; recall@1 "
            f"{(found == nearest).mean():.3f}"
        )
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"    memory at most {memory:.2f} GiB")


PARTS = {part.__name__: part for part in (closest, exact, speed, million)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to run; all without a name")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--encoders", nargs="*", default=["linear", "cnn", "landmark"])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--n-sets", type=int, default=300)
    parser.add_argument("--n-reads", type=int, default=100_000)
    parser.add_argument("--n-million", type=int, default=1_000_000)
    parser.add_argument("--n-brute-force", type=int, default=50, help="queries compared with rapidfuzz")
    parser.add_argument("--kinds", nargs="*", default=["V4", "regions"], help="the reads of speed")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--vsearch", default=shutil.which("vsearch"), help="the executable")
    arguments = parser.parse_args()
    for part in arguments.parts or PARTS:
        PARTS[part](arguments)
