"""Benchmark the embedding of reads by position: local distances, neighbors and the order of the reads.

Reads of 150 nt with 1 % errors are simulated from the genome of SARS-CoV-2 (MN908947.3, 29,903 nt) at depth
20. The embedder is fitted on one set of reads and measured on another set of the same depth, whose order is
then computed from the points alone::

    python examples/benchmarks/bench_reads.py

The idea is from Y. W. Yu, "On minimizers and convolutional filters", J. Comput. Biol., 2024,
doi:10.1089/cmb.2024.0483, which leaves the order to future work and publishes no scores. A row takes about
ten seconds on one core; the row of the convolutional network takes ten minutes. Pass names (``seeds settings
cnn``) to run only these parts.
"""

import argparse
import time

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.stats import kendalltau
from sklearn.neighbors import NearestNeighbors, radius_neighbors_graph

from skseed.datasets import load_sars_cov_2, make_reads
from skseed.embedding import CNNEncoder, KmerVoteEncoder, ReadPositionEmbedder

GENOME = load_sars_cov_2().data[0]
READ_LENGTH = 150


def overlap_of_neighbors(points, positions, n_neighbors=10):
    """Return the share of the nearest points whose reads overlap the read."""
    nearest = NearestNeighbors(n_neighbors=n_neighbors).fit(points).kneighbors(return_distance=False)
    return np.mean(np.abs(positions[nearest] - positions[:, None]) < READ_LENGTH)


def order_of_points(points):
    """Return the distance of each point from an end of the curve, and the component of the point."""
    # neighboring turns of the folded curve are one read length apart, so nearer points are on the same turn
    graph = radius_neighbors_graph(points, 0.8 * READ_LENGTH, mode="distance")
    n_components, component = connected_components(graph, directed=False)
    along = np.zeros(len(points))
    for label in range(n_components):
        members = np.flatnonzero(component == label)
        one = graph[members][:, members]
        end = dijkstra(one, directed=False, indices=0).argmax()
        # the offset is longer than any component, so the ranges of components do not overlap
        along[members] = dijkstra(one, directed=False, indices=end) + label * len(GENOME) * 10
    return along, component


def order_in_components(along, positions, component):
    """Return Kendall's correlation of the order within each component, weighted by its reads."""
    members = [np.flatnonzero(component == label) for label in range(component.max() + 1)]
    members = [reads for reads in members if len(reads) > 1]
    values = [abs(kendalltau(along[reads], positions[reads]).statistic) for reads in members]
    return np.average(values, weights=[len(reads) for reads in members])


def measure(embedder, *, depth=20.0, error_rate=0.01, both_strands=False, seed=0):
    """Fit on reads and return the scores of the embedding of other reads."""
    simulate = {
        "depth": depth,
        "read_length": READ_LENGTH,
        "error_rate": error_rate,
        "both_strands": both_strands,
    }
    reads, positions = make_reads(GENOME, random_state=1000 + seed, **simulate)
    new_reads, new_positions = make_reads(GENOME, random_state=2000 + seed, **simulate)
    start = time.process_time(), time.perf_counter()
    embedder.fit(reads, positions)
    spent = time.process_time() - start[0], time.perf_counter() - start[1]
    points = embedder.transform(new_reads)
    along, component = order_of_points(points)
    ranks = np.argsort(np.argsort(along)), np.argsort(np.argsort(new_positions))
    # the points do not determine which end comes first
    moved = min(np.abs(order - ranks[1]).mean() for order in (ranks[0], len(along) - 1 - ranks[0]))
    return {
        "Spearman": embedder.score(new_reads, new_positions),
        "in training": embedder.score(reads, positions),
        "neighbors overlap": overlap_of_neighbors(points, new_positions),
        "at best": overlap_of_neighbors(new_positions[:, None], new_positions),
        "Kendall": abs(kendalltau(along, new_positions).statistic),
        "in components": order_in_components(along, new_positions, component),
        "mean ranks off": moved,
        "components": component.max() + 1,
        "CPU s": spent[0],
        "wall s": spent[1],
    }


def show(title, rows):
    print(title)
    table = []
    for name, arguments in rows.items():
        table.append({"": name} | measure(**arguments))
        print(pd.DataFrame(table[-1:]).to_string(index=False, header=len(table) == 1), flush=True)


def seeds(max_epochs):
    show(
        "Five seeds, each for the training reads, the weights and the held-out reads",
        {
            f"seed {seed}": {
                "embedder": ReadPositionEmbedder(max_epochs=max_epochs, random_state=seed),
                "seed": seed,
            }
            for seed in range(5)
        },
    )


def settings(max_epochs):
    embedder = ReadPositionEmbedder(max_epochs=max_epochs, random_state=0)
    parameters = embedder.get_params(deep=False)

    def but(**changes):
        return ReadPositionEmbedder(**(parameters | changes))

    show(
        "One parameter changed at a time",
        {
            "both strands": {"embedder": embedder, "both_strands": True},
            "depth 5": {"embedder": embedder, "depth": 5.0},
            "5 % errors": {"embedder": embedder, "error_rate": 0.05},
            "2 dimensions": {"embedder": but(n_components=2)},
            "8 dimensions": {"embedder": but(n_components=8)},
            "k = 12": {"embedder": but(encoder=KmerVoteEncoder(12))},
            "k = 21": {"embedder": but(encoder=KmerVoteEncoder(21))},
            "fresh errors": {"embedder": but(mutation_rate=0.01)},
            "1 epoch": {"embedder": but(max_epochs=1)},
            "100 epochs": {"embedder": but(max_epochs=100)},
        },
    )


def cnn(max_epochs):
    encoder = CNNEncoder(n_channels=64, kernel_size=9, n_layers=3)
    embedder = ReadPositionEmbedder(
        encoder=encoder,
        mutation_rate=0.01,
        lr=0.003,
        batch_size=256,
        max_epochs=7 * max_epochs,
        random_state=0,
    )
    show("A convolutional network, seven times the epochs", {"CNN": {"embedder": embedder}})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", default=["seeds", "settings", "cnn"])
    parser.add_argument("--max-epochs", type=int, default=30)
    arguments = parser.parse_args()
    for part in arguments.parts:
        {"seeds": seeds, "settings": settings, "cnn": cnn}[part](arguments.max_epochs)


if __name__ == "__main__":
    main()
