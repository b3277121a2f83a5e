"""
Embedding of samples
====================

Can the habitat of a sample be predicted if its sequences were never seen? A sample, such as a soil, is a row
of counts of sequences. The Bray-Curtis distance compares samples by the sequences that they share, so it
fails if they share few. :class:`~skseed.preprocessing.SampleEmbedder` compares them by the mean vector of
their sequences, and still works. Plain 6-mer counts are as good as learned vectors here.
"""

# %%
# Real genes are divided into 12 clusters. Two habitats prefer different clusters: their expected abundances
# are random and overlap. A sample draws 200 reads. In the first experiment, all samples draw from one pool of
# 4 variants in each cluster, so they share most sequences. In the second one, every sample has its own
# variant of each cluster.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
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
chosen = generator.choice(len(ferns.data), 600, replace=False)
genes = np.unique(np.array([ferns.data[index] for index in chosen], dtype=object))
cluster = SequenceLinkage(n_clusters=12, linkage="ward").fit_predict(genes)
print("sizes of the clusters:", np.sort(np.bincount(cluster))[::-1])

habitats = np.repeat([0, 1], 12)


def draw_samples(preference, own_variants):
    """Return a table of counts with one row for each sample and one column for each sequence."""
    pools = [generator.permutation(np.flatnonzero(cluster == number)) for number in range(12)]
    table = np.zeros((len(habitats), len(genes)), dtype=int)
    for row, habitat in enumerate(habitats):
        # the abundances of single samples vary around those of their habitat
        share = generator.dirichlet(6 * preference[habitat] + 0.05)
        for pool, n_reads in zip(pools, generator.multinomial(200, share), strict=True):
            # a small cluster has fewer variants than there are samples, so some samples share one
            variants = pool[[row % len(pool)]] if own_variants else pool[:4]
            table[row, variants] += generator.multinomial(n_reads, np.full(len(variants), 1 / len(variants)))
    return pd.DataFrame(table, columns=genes)


# %%
# Each sample is classified by its three nearest samples, with one sample left out at a time: by the
# Bray-Curtis distance of relative abundances, by mean k-mer counts, and by the mean vectors of a learned
# embedding of edit distances. The embedding is trained once, without labels. The accuracy is the mean of five
# pairs of habitats.

learned = make_pipeline(
    OneHotEncoder("dna"),
    EditDistanceEmbedder(random_state=0),
).fit(genes)
embedders = {
    "mean of 6-mer counts": SampleEmbedder(KmerVectorizer(k=6)),
    "mean of learned vectors": SampleEmbedder(FrozenEstimator(learned)),
}
embedders = {
    name: embedder.fit(pd.DataFrame(np.ones((1, len(genes))), columns=genes))
    for name, embedder in embedders.items()
}


def accuracy(features, metric="euclidean"):
    model = KNeighborsClassifier(n_neighbors=3, metric=metric)
    return cross_val_score(model, features, habitats, cv=LeaveOneOut()).mean()


rows = []
for _ in range(5):
    preference = generator.dirichlet(np.ones(12), size=2)
    for title, own_variants in (("shared variants", False), ("own variants", True)):
        table = draw_samples(preference, own_variants)
        abundance = table.div(table.sum(axis=1), axis=0)
        distances = pairwise_distances(abundance, metric="braycurtis")
        rows.append((title, "Bray-Curtis of counts", accuracy(distances, metric="precomputed")))
        for name, embedder in embedders.items():
            rows.append((title, name, accuracy(embedder.transform(table))))
scores = pd.DataFrame(rows, columns=["samples with", "features", "accuracy"])
scores = scores.pivot_table(index="features", columns="samples with", values="accuracy")
scores.round(2)

# %%
# With shared variants, counts and mean 6-mer counts are equally good. With own variants, samples share few
# columns, so the Bray-Curtis distance fails, and the mean vectors still work. The learned embedding is about
# as good as 6-mer counts here; it has 128 components in place of 4,096. Use it if it is better on your data,
# or if vectors must be short.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
scores.plot.barh(ax=ax, color=["#00798c", "#d1495b"])
ax.axvline(0.5, color="0.3", linestyle="--", linewidth=1)
ax.set(xlim=(0, 1), xlabel="accuracy", ylabel="")
ax.get_legend().remove()
figure.legend(title="samples with", loc="outside lower center", ncols=2, frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
