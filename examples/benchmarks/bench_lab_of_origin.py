"""Benchmark rankers of laboratories: unseen publications and groups, speed, new and unknown laboratories.

::

    python examples/benchmarks/bench_lab_of_origin.py                               # all parts
    python examples/benchmarks/bench_lab_of_origin.py publications --rankers vote   # one part, one ranker
    python examples/benchmarks/bench_lab_of_origin.py fewshot --subset 8000         # fewer plasmids

Parts: ``publications`` (five folds that keep every publication whole), ``groups`` (a random hold-out, and
a hold-out that keeps near copies together), ``speed`` (one fit on all plasmids, and the time of a query),
``fewshot`` (labs that are enrolled after the fit; ``fewshot_plasmids`` and ``fewshot_publications`` are its
two halves), ``unknown`` (detection of unknown labs and foreign DNA) and ``ablation`` (small networks with and
without some of their components). `fetch_addgene` reads the plasmids from a local CSV file.

Only queries whose lab is in the training data are scored; ties count against the ranker. Sketches are kept
between folds if there is one process, except in ``speed``. Times are CPU-seconds. `RANKERS` lists the
rankers.

``publications`` and ``groups`` print a line as soon as a ranker has finished a fold. ``--results FOLDER``
writes the scores of each finished fold to a file. Folds with a file are read instead of run, and the summary
covers all folds that are there, so ``--folds`` can divide a long run and an interrupted run can resume.
"""

import argparse
import copy
import resource
import time
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from fold_scores import Fold, print_scores
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ShuffleSplit, StratifiedGroupKFold

from skseed._kmers import Sketches, kmer_sketches
from skseed.datasets import fetch_addgene, load_sars_cov_2
from skseed.distances import levenshtein_groups
from skseed.io import read_fasta
from skseed.metrics import (
    expected_calibration_error,
    fpr_at_tpr,
    oscr_score,
    true_label_rank,
)
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter
from skseed.ranking import (
    EvidenceLabRanker,
    KmerLabRanker,
    KmerNetworkLabRanker,
    SoftmaxLabRanker,
    TripletLabRanker,
    _kmer_ranker,
)

PLASMIDS = Path(__file__).parents[3] / "shared" / "data" / "addgene" / "plasmids.csv.xz"

# a function that makes the ranker for a number of metadata columns, and whether `fit` accepts groups
RANKERS = {
    "vote": (lambda _: KmerLabRanker(), False),
    "vote, metadata": (lambda n: KmerLabRanker(n_metadata=n), False),
    "network, metadata": (lambda n: KmerNetworkLabRanker(n_metadata=n, random_state=0), True),
    "no network, metadata": (lambda n: EvidenceLabRanker(n_metadata=n, network=False, random_state=0), True),
    "evidence": (lambda _: EvidenceLabRanker(random_state=0), True),
    "evidence, metadata": (lambda n: EvidenceLabRanker(n_metadata=n, random_state=0), True),
}


class Data:
    """The plasmids, their labels, and a table of sequences and metadata for rankers with metadata."""

    def __init__(self, subset, path=None):
        plasmids = fetch_addgene(path or PLASMIDS)
        self.sequences = pd.Series(plasmids.data, dtype=object)
        self.metadata = plasmids.metadata
        self.labs = np.take(plasmids.target_names, plasmids.target).astype(int)
        self.publications = plasmids.groups.astype(int)
        rows = np.arange(len(self.labs))
        self.take(np.sort(np.random.default_rng(0).permutation(rows)[:subset]) if subset else rows)

    def take(self, rows):
        """Keep some of the rows."""
        self.sequences = self.sequences[rows].reset_index(drop=True)
        self.metadata = self.metadata[rows] if rows.dtype == bool else self.metadata.iloc[rows]
        self.metadata = self.metadata.reset_index(drop=True)
        self.labs, self.publications = self.labs[rows], self.publications[rows]
        self.table = self.metadata.copy()
        self.table.insert(0, "sequence", self.sequences)

    def rows(self, ranker, rows):
        return (self.table if ranker.n_metadata else self.sequences).iloc[rows]


# processes share the plasmids that the first one has read
load = lru_cache(Data)


class SketchCache:
    """Compute the sketch of each sequence once; replaces `kmer_sketches`."""

    def __init__(self):
        self._known = {}

    def __call__(self, sequences, **options):
        kind = (sequences.topology, *options.values())
        codes = sequences.keys()
        keys = [(kind, key) for key in codes]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        sketches = kmer_sketches(sequences.take(list(new.values())), **options)
        hashes = np.split(sketches.hashes, sketches.indptr[1:-1]) if new else []
        self._known.update(zip(new, hashes, strict=True))
        rows = [self._known[key] for key in keys]
        sizes = np.array([len(row) for row in rows], dtype=np.int64)
        return Sketches(np.concatenate(rows), np.concatenate([[0], np.cumsum(sizes)]))


def fit(name, data, train, groups):
    make, takes_groups = RANKERS[name]
    ranker = make(data.metadata.shape[1])
    options = {"groups": groups[train]} if takes_groups else {}
    return ranker.fit(data.rows(ranker, train), data.labs[train], **options)


def score_fold(name, data, train, test, groups):
    """Fit a ranker, rank the queries, and return the scores."""
    start = time.process_time()
    ranker = fit(name, data, train, groups)
    fitted = time.process_time()
    seen = test[np.isin(data.labs[test], ranker.classes_)]
    # probabilities can replace scores here, because the softmax creates no ties between different scores
    probabilities = ranker.predict_proba(data.rows(ranker, seen))
    ranked = time.process_time()
    labs, options = data.labs[seen], {"labels": ranker.classes_}
    sources = pd.Series(list(zip(groups[seen], labs, strict=True)))
    logs = pd.DataFrame(np.log(np.maximum(probabilities, 1e-300))).groupby(pd.factorize(sources)[0]).sum()
    return Fold(
        labs=labs,
        groups=groups[seen],
        ranks=true_label_rank(labs, probabilities, **options),
        confidence=probabilities.max(axis=1),
        source_ranks=true_label_rank([lab for _, lab in sources.unique()], logs.to_numpy(), **options),
        error=expected_calibration_error(labs, probabilities, **options),
        n_unseen=len(test) - len(seen),
        fit_seconds=fitted - start,
        query_seconds=ranked - fitted,
    )


def run_fold(name, number, options, split, groups, path):
    """Return the scores of a ranker on a fold, from its file if there is one."""
    is_finished = bool(path) and path.exists()
    if is_finished:
        with np.load(path) as saved:
            fold = Fold(**{key: saved[key][()] for key in saved})
    else:
        fold = score_fold(name, load(options.subset), *split, groups)
    # one write for a line, because processes share the output
    print(f"  {name:20s} fold {number}: {fold.line()}\n", end="", flush=True)
    if path and not is_finished:
        # a run that is interrupted leaves no incomplete file under the final name
        unfinished = path.with_suffix(".unfinished.npz")
        np.savez(unfinished, **vars(fold))
        unfinished.replace(path)
    return fold


def report(part, names, options, splits, groups):
    """Print the scores of every ranker in all splits; `splits` maps numbers to training and test rows."""
    if options.n_jobs == 1:
        _kmer_ranker.kmer_sketches = SketchCache()
    paths = {}
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
        for name in names:
            for number in splits:
                stem = "-".join([part, str(options.subset or "all"), *name.split(", "), str(number)])
                paths[name, number] = options.results / f"{stem}.npz"
    chosen = [
        (name, number)
        for name in names
        for number in splits
        if options.folds is None or number in options.folds or (paths and paths[name, number].exists())
    ]
    tasks = (
        delayed(run_fold)(name, number, options, splits[number], groups, paths.get((name, number)))
        for name, number in chosen
    )
    done = dict(zip(chosen, Parallel(options.n_jobs, backend="multiprocessing")(tasks), strict=True))
    for name in names:
        folds = [fold for (own, _), fold in done.items() if own == name]
        if folds:
            print_scores(name, folds)
            n_queries, n_unseen = (
                sum(len(fold.ranks) for fold in folds),
                sum(fold.n_unseen for fold in folds),
            )
            print(f"  {'':20s} {n_queries:,} queries, {n_unseen:,} more whose lab was not seen", flush=True)


def publications(names, options):
    """Rank plasmids of publications that are not in the training data, in five folds."""
    data = load(options.subset)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    splits = dict(enumerate(folds.split(data.labs, data.labs, data.publications)))
    print(
        f"{len(data.labs):,} plasmids, {len(np.unique(data.labs)):,} labs, publications kept whole, 5 folds:"
    )
    report("publications", names, options, splits, data.publications)


def groups(names, options):
    """Rank plasmids held out at random, and plasmids held out in groups of near copies."""
    data = load(options.subset)
    one_in_five = ShuffleSplit(1, test_size=0.2, random_state=0)
    print(f"{len(data.labs):,} plasmids, one in five held out at random:")
    splits = dict(enumerate(one_in_five.split(data.labs)))
    report("random", names, options, splits, np.arange(len(data.labs)))
    # the rule of the paper, which compares linear strings
    near = levenshtein_groups(data.sequences, 999, y=data.labs, n_jobs=options.n_jobs)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    splits = {0: next(folds.split(data.labs, data.labs, near))}
    print(f"{near.max() + 1:,} groups at fewer than 1,000 edits inside each lab, one fold of five held out:")
    report("groups", names, options, splits, near)


def speed(names, options):
    """Fit on all plasmids, and rank a thousand of them."""
    data = load(options.subset)
    rows = np.arange(len(data.labs))
    asked = np.random.default_rng(0).permutation(rows)[:1000]
    print(f"{len(rows):,} plasmids, {data.sequences.str.len().sum() / 1e6:.0f} million letters:")
    for name in names:
        start = time.process_time()
        ranker = fit(name, data, rows, data.publications)
        fitted = time.process_time()
        ranker.decision_function(data.rows(ranker, asked))
        ranked = time.process_time()
        one_by_one = asked[:20]
        for row in one_by_one:
            ranker.decision_function(data.rows(ranker, [row]))
        alone = time.process_time()
        print(
            f"  {name:20s} fit {fitted - start:6.1f} CPU-s, a query "
            f"{1e3 * (ranked - fitted) / len(asked):5.1f} ms of many, "
            f"{1e3 * (alone - ranked) / len(one_by_one):6.1f} ms alone, largest memory so far "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB",
            flush=True,
        )


def fewshot(names, options, units=("plasmids", "publications")):
    """Fit without 50 labs, enroll some of their plasmids, and rank the others among all labs."""
    data = load(options.subset)
    _kmer_ranker.kmer_sketches = SketchCache()
    labs = labs_left_out(data.labs, np.random.default_rng(0))
    new = np.isin(data.labs, labs)
    n_old = len(np.unique(data.labs[~new]))
    print(f"{len(labs)} labs, {new.sum():,} plasmids, after a fit on {(~new).sum():,} of {n_old:,} labs:")
    kinds = {"plasmids": np.arange(len(new)), "publications": data.publications}
    for name in names:
        if name.startswith("network"):
            # it does not enroll
            continue
        start = time.process_time()
        # publications are the groups, because few plasmids of a new lab have a near copy that is enrolled
        fitted = fit(name, data, np.flatnonzero(~new), data.publications)
        for unit in units:
            whole = kinds[unit]
            rows, groups = partial(data.rows, fitted), data.publications if RANKERS[name][1] else None
            for amount, mean, deviation in enrolled_top_ten(fitted, rows, data, new, whole, groups):
                figures = f"top-10 {mean:.3f} +- {deviation:.3f}"
                print(f"  {name:20s} {amount:>4s} of their {unit:12s} {figures}", flush=True)
        print(f"  {name:20s} {time.process_time() - start:.0f} CPU-s", flush=True)


def enrolled_top_ten(fitted, rows, data, new, whole, groups=None):
    """Yield each amount of enrolled plasmids, and mean and deviation of the top-10 of two draws of them.

    `rows` returns the input of the fitted ranker for rows of the data; `groups` are passed to ``enroll``.
    An amount that leaves no query is skipped.
    """
    for share in (0, 0.1, 0.5, 0.9):
        tens = []
        for seed in range(2):
            rng = np.random.default_rng(seed)
            enrolled = some_of_each(data.labs, whole, new, share, rng)
            options = {} if groups is None else {"groups": groups[enrolled]}
            ranker = copy.copy(fitted).enroll(rows(enrolled), data.labs[enrolled], **options)
            asked = rng.permutation(np.flatnonzero(new & ~np.isin(whole, whole[enrolled])))[:500]
            if not len(asked):
                continue
            scores = ranker.decision_function(rows(asked))
            tens.append(np.mean(true_label_rank(data.labs[asked], scores, labels=ranker.classes_) <= 10))
        if tens:
            yield f"{share:.0%}" if share else "one", np.mean(tens), np.std(tens)


def labs_left_out(labs, rng, n_labs=50):
    """Return random labs with at least two plasmids."""
    sizes = pd.Series(labs).value_counts()
    return rng.permutation(np.sort(sizes.index[sizes >= 2].to_numpy()))[:n_labs]


def some_of_each(labs, whole, new, share, rng):
    """Return the rows to enroll of each new lab: one plasmid (share 0), or a share of its units.

    `whole` holds the unit of each plasmid, such as its publication. At least one unit is enrolled. The other
    plasmids of an enrolled unit are not used as queries.
    """
    rows = []
    for lab in np.unique(labs[new]):
        mine = np.flatnonzero(labs == lab)
        units = rng.permutation(np.unique(whole[mine]))
        if share:
            rows.append(mine[np.isin(whole[mine], units[: max(1, round(share * len(units)))])])
        else:
            rows.append(rng.permutation(mine[whole[mine] == units[0]])[:1])
    return np.concatenate(rows)


def foreign_fragments():
    """Return the genomes of two viruses in fragments of 5,000 letters, and 300 plastid genes of ferns."""
    folder = PLASMIDS.parents[1]
    viruses = [*read_fasta(folder / "genomes" / "lambda_NC_001416.fa").data, *load_sars_cov_2().data]
    cuts = [virus[start : start + 5000] for virus in viruses for start in range(0, len(virus) - 4999, 5000)]
    return cuts + read_fasta(folder / "ferns" / "rbcL.fasta.gz", on_duplicate="keep").data[:300]


def unknown(names, options):
    """Distinguish plasmids of unseen publications from those of 50 left-out labs, and from foreign DNA."""
    data = load(options.subset)
    _kmer_ranker.kmer_sketches = SketchCache()
    rng = np.random.default_rng(0)
    new = np.isin(data.labs, labs_left_out(data.labs, rng))
    old = np.flatnonzero(~new)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    train, test = (old[part] for part in next(splitter.split(old, data.labs[old], data.publications[old])))
    test = rng.permutation(test[np.isin(data.labs[test], data.labs[train])])[:2000]
    others = {"other labs": data.table[new], "foreign DNA": pd.DataFrame({"sequence": foreign_fragments()})}
    print(f"{len(train):,} plasmids to train on, {len(test):,} of known labs, {new.sum():,} of 50 others:")
    for name in names:
        ranker = fit(name, data, train, data.publications)
        X = data.rows(ranker, test)
        known = ranker.predict_proba(X)
        is_right = true_label_rank(data.labs[test], known, labels=ranker.classes_) == 1
        for kind, table in others.items():
            # all metadata columns of foreign DNA are 0
            rows = table.reindex(columns=X.columns, fill_value=0) if ranker.n_metadata else table["sequence"]
            confidence = np.concatenate([known.max(axis=1), ranker.predict_proba(rows).max(axis=1)])
            is_known = np.arange(len(confidence)) < len(test)
            is_correct = np.concatenate([is_right, np.zeros(len(rows), dtype=bool)])
            print(
                f"  {name:20s} {kind:12s} AUROC {roc_auc_score(is_known, confidence):.3f}  "
                f"FPR95 {fpr_at_tpr(is_known, confidence):.3f}  "
                f"OSCR {oscr_score(is_known, confidence, is_correct=is_correct):.3f}",
                flush=True,
            )
        if not hasattr(ranker, "enroll"):
            continue
        enrolled = some_of_each(data.labs, np.arange(len(new)), new, 0, rng)
        groups = {"groups": data.publications[enrolled]} if RANKERS[name][1] else {}
        larger = copy.copy(ranker).enroll(data.rows(ranker, enrolled), data.labs[enrolled], **groups)
        for when, fitted in (("before", ranker), ("after", larger)):
            rank = true_label_rank(data.labs[test], fitted.predict_proba(X), labels=fitted.classes_)
            print(
                f"  {name:20s} plasmids of known labs {when} enrolling one plasmid of 50: "
                f"top-1 {np.mean(rank <= 1):.3f}  top-10 {np.mean(rank <= 10):.3f}",
                flush=True,
            )


def kmer_tokens(sequences, k):
    """Return the first 1,000 k-mers that do not overlap, as rows of token ids; N is read as A."""
    letters = {letter: digit for digit, letter in enumerate("ACGT")}
    rows = np.zeros((len(sequences), 1000), dtype=np.int64)
    for row, sequence in zip(rows, sequences, strict=True):
        digits = [letters.get(letter, 0) for letter in sequence[: 1000 * k]]
        whole = np.array(digits[: len(digits) // k * k]).reshape(-1, k)
        # 0 is padding and 1 the unknown token
        row[: len(whole)] = 2 + whole @ (4 ** np.arange(k))
    return rows


def ablation(names, options):
    """Compare networks with and without some of their components, on unseen publications of 40 labs."""
    data = load(options.subset)
    pairs = pd.DataFrame({"lab": data.labs, "publication": data.publications}).drop_duplicates()
    labs = pairs["lab"].value_counts().index[:40]
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.flatnonzero(data.labs == lab))[:40] for lab in np.sort(labs)]
    rows = np.sort(np.concatenate(rows))
    y, sequences = data.labs[rows], data.sequences.iloc[rows]
    splitter = StratifiedGroupKFold(4, shuffle=True, random_state=0)
    train, test = next(splitter.split(rows, y, data.publications[rows]))
    metadata = data.metadata.iloc[rows].to_numpy()
    bpe = BPETokenizer(1000, max_length=1000).fit(sequences.iloc[train]).transform(sequences)
    print(f"{len(train)} plasmids to train on, {len(test)} to rank among {len(labs)} labs, two seeds:")
    triplet, softmax, circle = TripletLabRanker, SoftmaxLabRanker, CircularShiftAugmenter()
    body = {"embedding_dim": 100, "n_filters": 64, "max_epochs": 30}
    kinds = {
        "triplet": (triplet, bpe, True, {"augmenter": circle}),
        "triplet, 10 views": (triplet, bpe, True, {"augmenter": circle, "n_views": 10}),
        "triplet, no rotation": (triplet, bpe, True, {}),
        "triplet, no metadata": (triplet, bpe, False, {"augmenter": circle}),
        "triplet, nucleotides": (triplet, kmer_tokens(sequences, 1), True, {"augmenter": circle}),
        "triplet, 6-mers": (triplet, kmer_tokens(sequences, 6), True, {"augmenter": circle}),
        "cosine": (triplet, bpe, True, {"augmenter": circle, "loss": "cosine"}),
        "softmax": (softmax, bpe, True, {"augmenter": circle}),
        "softmax, no metadata": (softmax, bpe, False, {"augmenter": circle}),
    }
    for name, (ranker, tokens, with_metadata, params) in kinds.items():
        start = time.process_time()
        X = np.hstack([tokens, metadata]) if with_metadata else tokens
        ranks = []
        for seed in range(2):
            n_metadata = metadata.shape[1] if with_metadata else 0
            size = {"n_components": 100} if ranker is TripletLabRanker else {}
            made = ranker(**body, **size, **params, n_metadata=n_metadata, random_state=seed).fit(
                X[train], y[train]
            )
            ranks.append(true_label_rank(y[test], made.decision_function(X[test]), labels=made.classes_))
        figures = "  ".join(
            f"top-{k} {np.mean(hits):.3f} +- {np.std(hits):.3f}"
            for k in (1, 10)
            for hits in [[np.mean(rank <= k) for rank in ranks]]
        )
        print(f"  {name:22s} {figures}  {time.process_time() - start:.0f} CPU-s", flush=True)
    for name in names:
        ranker = fit(name, data, rows[train], data.publications)
        scores = ranker.decision_function(data.rows(ranker, rows[test]))
        rank = true_label_rank(y[test], scores, labels=ranker.classes_)
        print(f"  {name:22s} top-1 {np.mean(rank <= 1):.3f}  top-10 {np.mean(rank <= 10):.3f}", flush=True)


def fewshot_plasmids(names, options):
    """Enroll shares of plasmids only, as the paper does."""
    fewshot(names, options, units=("plasmids",))


def fewshot_publications(names, options):
    """Enroll shares of publications only."""
    fewshot(names, options, units=("publications",))


ALL = {part.__name__: part for part in (publications, groups, speed, fewshot, unknown, ablation)}
PARTS = {**ALL, **{part.__name__: part for part in (fewshot_plasmids, fewshot_publications)}}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to run; all without a name")
    parser.add_argument("--rankers", nargs="+", choices=RANKERS, default=list(RANKERS), help="which rankers")
    parser.add_argument("--n-jobs", type=int, default=1, help="folds at once")
    parser.add_argument("--folds", nargs="+", type=int, help="which folds of publications; all without it")
    parser.add_argument("--results", type=Path, help="folder of the scores of finished folds")
    parser.add_argument("--subset", type=int, default=None, help="fewer plasmids")
    parser.add_argument("--plasmids", type=Path, default=PLASMIDS, help="the file that fetch_addgene reads")
    arguments = parser.parse_args()
    PLASMIDS = arguments.plasmids.resolve()
    for part in arguments.parts or ALL:
        PARTS[part](arguments.rankers, arguments)
