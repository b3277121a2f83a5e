"""Benchmark minimizers: published figures and our values, tie rules, and throughput.

This script reproduces Fig. 2 (simulated repeats) and Fig. 3 (the 50 telomeres of CHM13 v2.0) of Y. W. Yu, "On
minimizers and convolutional filters", J. Comput. Biol., 2024, doi:10.1089/cmb.2024.0483, and prints the
published values next to ours::

    python examples/benchmarks/bench_minimizers.py

The published random order of Fig. 2 is one MurmurHash3 without a seed for all repetitions. It reproduces the
published values, and a new order for each repetition does not: short repeats contain few k-mers, so one order
can be far from the mean of all orders. Fig. 3 was published with a new order for each repetition. The script
prints Fig. 2 with both kinds of order.

``density`` compares the sampling schemes with the published densities of random text. Pass names (``fig2 fig3
ties density throughput``) to run only these parts.
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
        return measure(sequence, [(murmur3, None), ("gaussian", seeds[0]), ("random", seeds[1])])

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
        return measure(telomere, [("random", seeds[0]), ("gaussian", seeds[1])])

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
            for order in ("random", "gaussian")
        ]
        print(f"{tie_break:9s} random {means[0]:.4f}  Gaussian {means[1]:.4f}")


# densities of random text of four letters at k = 8, 16, 32 and 64, as published in the papers of the schemes
PUBLISHED = {
    ("random", 8): (0.2222, 0.2222, 0.2222, 0.2222),
    ("random", 24): (0.0800, 0.0800, 0.0800, 0.0800),
    ("miniception", 8): (0.2024, 0.1918, 0.1916, 0.1915),
    ("miniception", 24): (0.0771, 0.0741, 0.0675, 0.0673),
    ("double-decycling", 8): (0.1822, 0.1976, 0.2205, 0.2221),
    ("double-decycling", 24): (0.0721, 0.0645, 0.0658, 0.0770),
    ("mod", 8): (0.2224, 0.1766, 0.1516, 0.1385),
    ("mod", 24): (0.0801, 0.0800, 0.0613, 0.0547),
}
PUBLISHED_63 = {("open-closed", 8): 0.1811, ("mod-open-closed", 8): 0.1380}
BOUND = {8: (0.1250, 0.1250, 0.1250, 0.1250), 24: (0.0625, 0.0500, 0.0536, 0.0455)}
SCHEMES = {
    "random": {},
    "miniception": {"scheme": "miniception"},
    "double-decycling": {"order": "double-decycling"},
    "open-closed": {"scheme": "open-closed"},
    "mod": {"scheme": "mod"},
    "mod-open-closed": {"scheme": "mod-open-closed"},
    "syncmer": {"scheme": "syncmer"},
    "gaussian": {"order": "gaussian"},
}


def random_text(rng, length):
    return rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), size=length).tobytes().decode("ascii")


def densities(parameters, k, window, texts):
    """Return the density of one random order for each text."""
    return [
        MinimizerVectorizer(k, window, tie_break="leftmost", random_state=seed, **parameters)
        .fit([""])
        .density([text])[0]
        for seed, text in enumerate(texts)
    ]


def density_table(length, n_texts):
    """Print the densities of all schemes beside the published ones."""
    rng = np.random.default_rng(3)
    texts = [random_text(rng, length) for _ in range(n_texts)]
    print(
        f"Density on {n_texts} random texts of {length:,} nt, one order each; published in brackets. z is the"
    )
    print("difference over the standard error of the difference of our mean and one published draw.")
    for window in (8, 24):
        print(f"w = {window:2d}             " + "".join(f"k = {k:<20d}" for k in (8, 16, 32, 64)))
        print("lower bound        " + "".join(f"{bound:.4f}                  " for bound in BOUND[window]))
        for name, parameters in SCHEMES.items():
            cells = []
            for i, k in enumerate((8, 16, 32, 64)):
                if name == "syncmer" and k <= window:
                    cells.append("-")
                    continue
                draws = densities(parameters, k, window, texts)
                published = PUBLISHED.get((name, window))
                cells.append(cell(draws, published and published[i]))
            print(f"{name:18s} " + "".join(f"{text:24s}" for text in cells))
    for (name, window), published in PUBLISHED_63.items():
        print(f"{name}, k = 63, w = {window}: {cell(densities(SCHEMES[name], 63, window, texts), published)}")
    for window, published in ((8, 0.1822), (24, 0.0721)):
        draws = densities({"order": decycling_by_rounding}, 8, window, texts[:4])
        print(f"double-decycling with rounded borders, k = 8, w = {window}: {cell(draws, published)}")
    for name in ("random", "mod", "open-closed", "double-decycling"):
        draws = densities(SCHEMES[name] | {"canonical": True}, 31, 19, texts[:2])
        print(f"canonical, {name}, k = 31, w = 19: {np.mean(draws):.4f}", end="; ")
        print(f"one strand {np.mean(densities(SCHEMES[name], 31, 19, texts[:2])):.4f}")


def decycling_by_rounding(kmers):
    """Return the double decycling order as published programs compute it: with rounded angles.

    At k = 8, many k-mers are exactly at the border of a set, and rounding decides where they belong. The last
    term is a random order of the k-mers of a set.
    """
    k = kmers.shape[1]
    angle = np.angle(kmers @ np.exp(2j * np.pi * np.arange(k) / k))
    first = (np.pi - 2 * np.pi / k <= angle) & (angle < np.pi)
    second = (-2 * np.pi / k <= angle) & (angle < 0)
    shuffled = np.random.default_rng(0).random(4**k)
    return np.where(first, 0, np.where(second, 1, 2)) + shuffled[kmers @ 4 ** np.arange(k)]


def cell(draws, published):
    mean, deviation = np.mean(draws), np.std(draws, ddof=1)
    if published is None:
        return f"{mean:.4f}"
    error = np.hypot(deviation * np.sqrt(1 + 1 / len(draws)), 0.00003)
    return f"{mean:.4f} ({published:.4f}) {(mean - published) / error:+.1f}"


def throughput():
    rng = np.random.default_rng(2)
    genome = random_text(rng, 100_000_000)
    print("Throughput of density, random DNA, k=8, window=19 unless stated, in Mbp a minute of CPU time.")
    settings = {
        "random, robust": {},
        "random, leftmost": {"tie_break": "leftmost"},
        "random, slot": {"tie_break": "slot"},
        "lexicographic, robust": {"order": "lexicographic"},
        "gaussian, robust": {"order": "gaussian"},
    }
    long = {"k": 31, "window": 19}
    settings |= {f"{name}, k=31": parameters | long for name, parameters in SCHEMES.items()}
    settings |= {
        f"canonical {name}, k=31": SCHEMES[name] | long | {"canonical": True}
        for name in ("random", "mod", "open-closed", "double-decycling", "syncmer")
    }
    inputs = {
        "one sequence": [genome[:10_000_000]],
        "reads of 150": [genome[i : i + 150] for i in range(0, 10_000_000, 150)],
    }
    print(f"{'':34s} {'   '.join(inputs)}   ")
    for name, parameters in settings.items():
        vectorizer = MinimizerVectorizer(**parameters, random_state=0).fit(["ACGT"])
        cells = []
        for sequences in inputs.values():
            start = time.process_time()
            vectorizer.density(sequences)
            cells.append(10 / (time.process_time() - start) * 60)
        print(f"{name:34s} {cells[0]:12,.0f}   {cells[1]:12,.0f}")
    vectorizer = MinimizerVectorizer(random_state=0).fit(["ACGT"])
    start = time.process_time()
    density = vectorizer.density([genome])[0]
    seconds = time.process_time() - start
    tracemalloc.start()
    vectorizer.density([genome])
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(
        f"100 Mbp in one sequence: {seconds:.1f} s, density {density:.4f}, {peak:.0f} MiB in addition to it"
    )
    start = time.process_time()
    counts = vectorizer.transform([genome])
    seconds = time.process_time() - start
    print(
        f"its row of counts: {seconds:.1f} s, {counts.nnz:,} different k-mers at {counts.sum():,} positions"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", default=["fig2", "fig3", "ties", "density", "throughput"])
    parser.add_argument("--repetitions", type=int, default=400, help="as published: 400")
    parser.add_argument("--length", type=int, default=1_000_000, help="letters of a random text of density")
    arguments = parser.parse_args()
    parts = {
        "fig2": lambda: figure_2(arguments.repetitions),
        "fig3": lambda: figure_3(arguments.repetitions),
        "ties": lambda: tie_rules(arguments.repetitions),
        "density": lambda: density_table(arguments.length, 8),
        "throughput": throughput,
    }
    for part in arguments.parts:
        start = time.process_time()
        parts[part]()
        print(f"[{part}: {time.process_time() - start:.0f} s]\n", flush=True)


if __name__ == "__main__":
    main()
