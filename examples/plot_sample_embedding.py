"""
Embedding of samples
====================

Can the habitat of a sample be predicted if its sequences were never seen? A sample, such as a soil, is a
row of counts of sequences. The Bray-Curtis distance compares samples by the sequences that they share.
:class:`~skseed.preprocessing.SampleEmbedder` compares them by the mean vector of their sequences. In this
example, semi-synthetic samples of real fern genes show when each of them works.
"""

# %%
# Real genes are divided into 12 clusters. Two habitats prefer different clusters: their expected abundances
# are random and overlap. A sample draws 200 reads. Its sequences come from a pool of variants. In the first
# experiment, all samples draw from one pool of 4 variants in each cluster, so they share most sequences. In
# the second one, every sample has its own variants.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skseed.cluster import SequenceLinkage
from skseed.datasets import load_fern_rbcl
from skseed.embedding import EditDistanceEmbedder
from skseed.preprocessing import KmerVectorizer, OneHotEncoder, SampleEmbedder

generator = np.random.default_rng(0)
ferns = load_fern_rbcl(subset="clean")
genes = np.array([ferns.data[i] for i in generator.choice(len(ferns.data), 900, replace=False)], dtype=object)
genes = np.unique(genes)
cluster = SequenceLinkage(n_clusters=12).fit_predict(genes)
members = [np.flatnonzero(cluster == number) for number in range(12)]
print("sizes of the clusters:", sorted((len(rows) for rows in members), reverse=True))

habitats = np.repeat([0, 1], 20)
preference = generator.dirichlet(np.ones(12), size=2)


def draw_samples(variants_of_sample):
    """Return a table of counts with one row for each sample and one column for each sequence."""
    table = np.zeros((len(habitats), len(genes)), dtype=int)
    for row, habitat in enumerate(habitats):
        # the abundances of single samples vary around those of their habitat
        share = generator.dirichlet(6 * preference[habitat] + 0.05)
        for number, n_reads in enumerate(generator.multinomial(200, share)):
            variants = variants_of_sample(row, members[number])
            table[row, variants] += generator.multinomial(n_reads, np.full(len(variants), 1 / len(variants)))
    return pd.DataFrame(table, columns=genes)


pools = [generator.permutation(rows) for rows in members]
place = {rows[0]: pool for rows, pool in zip(members, pools, strict=True)}
experiments = {
    "shared variants": draw_samples(lambda row, rows: place[rows[0]][:4]),
    # consecutive, not overlapping slices of the pool; small clusters begin again from their start
    "own variants": draw_samples(
        lambda row, rows: np.unique(np.take(place[rows[0]], [2 * row, 2 * row + 1], mode="wrap"))
    ),
}

# %%
# Each sample is classified by its three nearest samples, with one sample left out at a time: by the
# Bray-Curtis distance of relative abundances, by mean k-mer counts, and by the mean vectors of a learned
# embedding of edit distances. The embedding is trained without labels.

learned = make_pipeline(
    OneHotEncoder("dna"),
    EditDistanceEmbedder(
        n_components=32, encoder="linear", geometry="euclidean", max_epochs=10, random_state=0
    ),
)
embedders = {"mean of 6-mer counts": KmerVectorizer(k=6), "mean of learned vectors": learned}


def accuracy(features, metric="euclidean"):
    model = KNeighborsClassifier(n_neighbors=3, metric=metric)
    return cross_val_score(model, features, habitats, cv=LeaveOneOut()).mean()


results = {}
for title, table in experiments.items():
    abundance = table.to_numpy() / table.to_numpy().sum(axis=1, keepdims=True)
    used = table.loc[:, table.sum() > 0]
    distances = pairwise_distances(abundance, metric="braycurtis")
    results[title] = {"Bray-Curtis of counts": accuracy(distances, metric="precomputed")}
    for name, embedder in embedders.items():
        results[title][name] = accuracy(SampleEmbedder(embedder).fit_transform(used))
scores = pd.DataFrame(results)
scores.round(2)

# %%
# With shared variants, the counts suffice. With own variants, samples share almost no column, so the
# Bray-Curtis distance fails, and the mean vectors still work. Mean k-mer counts need no training: use a
# learned embedding only if it is better on your data, or if vectors must be short.

figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
scores.plot.barh(ax=ax, color=["#00798c", "#d1495b"])
ax.axvline(0.5, color="0.3", linestyle="--", linewidth=1)
ax.set(xlim=(0, 1), xlabel="accuracy (3 nearest neighbors, one sample left out)")
ax.legend(loc="lower left", frameon=True)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
