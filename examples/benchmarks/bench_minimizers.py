"""Benchmark minimizers: published figures and our values, tie rules, and throughput.

This script reproduces Fig. 2 (simulated repeats) and Fig. 3 (the 50 telomeres of CHM13 v2.0) of Y. W. Yu, "On
minimizers and convolutional filters", J. Comput. Biol., 2024, doi:10.1089/cmb.2024.0483, and prints the
published values next to ours::

    python examples/benchmarks/bench_minimizers.py

The published random order of Fig. 2 is one MurmurHash3 without a seed for all repetitions. It reproduces the
published values, and a new order for each repetition does not: short repeats contain few k-mers, so one order
can be far from the mean of all orders. Fig. 3 was published with a new order for each repetition. The script
prints Fig. 2 with both kinds of order.

All parts take about three minutes on one core. Pass names (``fig2 fig3 ties throughput``) to run only these.
"""

import argparse
import time
import tracemalloc

import numpy as np
import pandas as pd

from skseed.alphabets import DNA
from skseed.datasets import load_telomeres
from skseed.preprocessing import MinimizerVectorizer

K, WINDOW = 8, 19
ORDERS = {"rand": "random", "gauss": "Gaussian"}
COLUMNS = ["density", "d_min_min", "d_min_all"]


def letter_shares(codes):
    """Return the share of each letter at each position of k-mers."""
    digits = codes[:, None] // 4 ** np.arange(K) % 4
    return (digits[:, :, None] == np.arange(4)).mean(axis=0)


def mean_hamming(one, other):
    """Return the mean Hamming distance over all pairs of two sets of k-mers, including equal k-mers."""
    return K - (letter_shares(one) * letter_shares(other)).sum()


def murmur3(kmers):
    """Return the MurmurHash3 (x86, 32 bits, seed 0) of 8-mers, which are two blocks without a tail."""
    blocks = np.frombuffer(b"ACGT", dtype=np.uint8)[kmers].view("<u4")
    state = np.zeros(len(kmers), dtype=np.uint32)
    for block in blocks.T:
        state ^= rotate(block * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        state = rotate(state, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    state ^= np.uint32(K)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        state ^= state >> np.uint32(shift)
        state *= np.uint32(factor)
    return state


def rotate(words, bits):
    return words << np.uint32(bits) | words >> np.uint32(32 - bits)


def measure(sequence, orders, tie_break="slot"):
    """Return the density and the mean Hamming distances of one sequence for each order."""
    codes = np.convolve(DNA.encode(sequence), 4 ** np.arange(K), mode="valid")
    distinct = np.unique(codes)
    row = []
    for order, seed in orders:
        vectorizer = MinimizerVectorizer(K, WINDOW, order=order, tie_break=tie_break, random_state=seed)
        positions = vectorizer.fit([sequence]).positions([sequence])[0]
        selected = np.unique(codes[positions])
        row += [
            len(positions) / len(codes),
            mean_hamming(selected, selected),
            mean_hamming(selected, distinct),
        ]
    return row


def summarize(rows, orders=tuple(ORDERS)):
    """Return means and standard errors of repeated measurements, with the published column names."""
    rows = np.asarray(rows)
    names = [f"{order}_{column}" for order in orders for column in COLUMNS]
    errors = rows.std(axis=0) / np.sqrt(len(rows))
    return dict(zip(names, rows.mean(axis=0), strict=True)) | {
        f"{name}_se": error for name, error in zip(names, errors, strict=True)
    }


def simulated_repeat(rng, *, unit, length=1007, mutation_rate=0.13333):
    """Return mutated copies of a random unit, end to end; a mutation may draw the same letter again."""
    letters = np.tile(rng.integers(4, size=unit), -(-length // unit))
    mutated = rng.random(len(letters)) < mutation_rate
    letters[mutated] = rng.integers(4, size=mutated.sum())
    return DNA.decode(letters[:length])


def deviations(ours, published, column):
    """Return the difference to the published values, in standard errors of that difference."""
    error = np.hypot(ours[f"{column}_se"], published[f"{column}_se"])
    return (ours[column] - published[column]) / error


def figure_2(repetitions):
    published = load_telomeres().fig2.reset_index()
    rng = np.random.default_rng(0)

    def repeat(unit):
        sequence = simulated_repeat(rng, unit=unit)
        seeds = rng.integers(2**31, size=2).tolist()
        return measure(sequence, [(murmur3, None), ("gaussian", seeds[0]), ("hash", seeds[1])])

    names = ("rand", "gauss", "fresh")
    ours = pd.DataFrame(
        summarize([repeat(unit) for _ in range(repetitions)], names) for unit in published["idx"]
    )
    print(
        f"Fig. 2: density of simulated repeats of 1,007 nt, {repetitions} repetitions, slot rule. Published"
    )
    print("values in brackets; z is the difference, divided by its standard error.")
    print(" unit | one murmur3     z     | Gaussian        z     | new hash each time")
    z = {order: deviations(ours, published, f"{order}_density") for order in ORDERS}
    for i, unit in enumerate(published["idx"]):
        cells = [
            f"{ours[f'{o}_density'][i]:.4f} ({published[f'{o}_density'][i]:.4f}) {z[o][i]:+.1f}"
            for o in ORDERS
        ]
        print(f"{unit:5d} | {' | '.join(cells)} | {ours['fresh_density'][i]:.4f}")
    for name, units in {"2-9": (2, 9), "10-19": (10, 19), "20-29": (20, 29), "1-29": (1, 29)}.items():
        inside = published["idx"].between(*units)
        means = [[table.loc[inside, f"{o}_density"].mean() for table in (ours, published)] for o in ORDERS]
        cells = [f"{mean:.4f} ({reference:.4f})     " for mean, reference in means]
        print(f"{name:>5} | {' | '.join(cells)} | {ours.loc[inside, 'fresh_density'].mean():.4f}")
    for column in COLUMNS:
        z = np.abs([deviations(ours, published, f"{order}_{column}") for order in ORDERS])
        print(f"{column}: largest |z| {z.max():.2f} of {z.size}, {(z > 3).sum()} above 3")
    for name in ("rand", "fresh"):
        lower = (ours["gauss_density"] < ours[f"{name}_density"]).sum()
        print(f"Gaussian lower than {name} in {lower} of 29 (published 22)")


def figure_3(repetitions):
    telomeres, published = (load_telomeres()[name] for name in ("data", "fig3"))
    published = published.reset_index()
    rng = np.random.default_rng(1)

    def repeat(telomere):
        seeds = rng.integers(2**31, size=2).tolist()
        return measure(telomere, [("hash", seeds[0]), ("gaussian", seeds[1])])

    ours = pd.DataFrame(summarize([repeat(telomere) for _ in range(repetitions)]) for telomere in telomeres)
    print(f"Fig. 3: {len(telomeres)} telomeres, {repetitions} repetitions, slot rule; published in brackets.")
    print("                          | random            | Gaussian")
    for label, column in zip(
        ["density, mean of 50", "Hamming, minimizers", "Hamming, to all k-mers"], COLUMNS, strict=True
    ):
        digits = 4 if column == "density" else 3
        cells = [
            f"{ours[f'{o}_{column}'].mean():.{digits}f} ({published[f'{o}_{column}'].mean():.{digits}f})"
            for o in ORDERS
        ]
        print(f"{label:25s} | " + " | ".join(f"{cell:17s}" for cell in cells))
    cells = [f"{ours[f'{o}_density'].min():.4f}-{ours[f'{o}_density'].max():.4f}" for o in ORDERS]
    print(f"{'density, range':25s} | " + " | ".join(f"{cell:17s}" for cell in cells))
    print("published range           | .0636-.0985       | .0634-.0928")
    z = [np.abs(deviations(ours, published, f"{order}_density")) for order in ORDERS]
    lower = (ours["gauss_density"] < ours["rand_density"]).sum()
    print(
        f"Gaussian lower in {lower} of 50 (published 49); largest |z| {max(map(max, z)):.2f} of 100,", end=" "
    )
    print(f"{sum(int((values > 3).sum()) for values in z)} above 3")


def tie_rules(repetitions):
    telomeres = load_telomeres().data
    repetitions = min(repetitions, 50)
    print(f"Tie rules: mean density of the telomeres, {repetitions} orders shared by all of them.")
    for tie_break in ("slot", "leftmost", "robust"):
        means = [
            np.mean(
                [
                    MinimizerVectorizer(K, WINDOW, order=order, tie_break=tie_break, random_state=seed)
                    .fit(telomeres)
                    .density(telomeres)
                    for seed in range(repetitions)
                ]
            )
            for order in ("hash", "gaussian")
        ]
        print(f"{tie_break:9s} random {means[0]:.4f}  Gaussian {means[1]:.4f}")


def throughput():
    rng = np.random.default_rng(2)
    genome = rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), size=100_000_000).tobytes().decode("ascii")
    print("Throughput of density on one core, random DNA, k=8, window=19 unless stated.")
    settings = {
        "hash, robust": {},
        "hash, leftmost": {"tie_break": "leftmost"},
        "hash, slot": {"tie_break": "slot"},
        "lexicographic, robust": {"order": "lexicographic"},
        "gaussian, robust": {"order": "gaussian"},
        "hash, robust, k=21, w=11": {"k": 21, "window": 11},
    }
    inputs = {
        "one sequence": [genome[:20_000_000]],
        "reads of 150": [genome[i : i + 150] for i in range(0, 20_000_000, 150)],
    }
    print(f"{'':26s} {'   '.join(inputs)}   (Mbp a minute)")
    for name, parameters in settings.items():
        vectorizer = MinimizerVectorizer(**parameters, random_state=0).fit(["ACGT"])
        cells = []
        for sequences in inputs.values():
            start = time.perf_counter()
            vectorizer.density(sequences)
            cells.append(20 / (time.perf_counter() - start) * 60)
        print(f"{name:26s} {cells[0]:12,.0f}   {cells[1]:12,.0f}")
    vectorizer = MinimizerVectorizer(random_state=0).fit(["ACGT"])
    start = time.perf_counter()
    density = vectorizer.density([genome])[0]
    seconds = time.perf_counter() - start
    tracemalloc.start()
    vectorizer.density([genome])
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(
        f"100 Mbp in one sequence: {seconds:.1f} s, density {density:.4f}, {peak:.0f} MiB in addition to it"
    )
    start = time.perf_counter()
    counts = vectorizer.transform([genome])
    seconds = time.perf_counter() - start
    print(
        f"its row of counts: {seconds:.1f} s, {counts.nnz:,} different k-mers at {counts.sum():,} positions"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", default=["fig2", "fig3", "ties", "throughput"])
    parser.add_argument("--repetitions", type=int, default=400, help="as published: 400")
    arguments = parser.parse_args()
    parts = {
        "fig2": lambda: figure_2(arguments.repetitions),
        "fig3": lambda: figure_3(arguments.repetitions),
        "ties": lambda: tie_rules(arguments.repetitions),
        "throughput": throughput,
    }
    for part in arguments.parts:
        start = time.perf_counter()
        parts[part]()
        print(f"[{part}: {time.perf_counter() - start:.0f} s]\n", flush=True)


if __name__ == "__main__":
    main()
