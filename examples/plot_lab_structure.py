"""
Which laboratories are related?
===============================

A student who founds a laboratory takes plasmids along, and so do the neighbours who asked for one. Here
k-means, a dendrogram and a map of the plasmids look for such families in the embedding of a network that was
taught to tell laboratories apart, with scikit-learn and scipy alone once the vectors are there.
"""

# %%
# Twenty laboratories from five schools, generated so that the truth is known. Each plasmid has one half
# from the stock of its laboratory and its publication, and one from the stock of its school, where every
# laboratory of the school draws the same parts. The names of the schools are shown to no model.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import dendrogram, linkage
from sklearn.cluster import KMeans
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import normalize

from skseed.datasets import make_plasmids
from skseed.ranking import KmerEmbeddingRanker

N_LABS, N_SCHOOLS = 20, 5
rng = np.random.default_rng(0)
own, lab = make_plasmids(640, N_LABS, length=1500, random_state=0)
common, school_of_common = make_plasmids(640, N_SCHOOLS, length=1500, signature=0.4, random_state=1)
school = rng.permutation(np.arange(N_LABS) % N_SCHOOLS)[lab]
partners = {s: iter(rng.permutation(np.flatnonzero(school_of_common == s))) for s in range(N_SCHOOLS)}
sequences = [half + common[next(partners[s])] for half, s in zip(own, school, strict=True)]
names = np.array([f"lab {number + 1:02d}" for number in lab])
school_of = dict(zip(names, school, strict=True))

# %%
# A plasmid is read as the set of its k-mers, which no rotation and no strand changes. The embedding is
# taught the laboratories only. Training pulls the vectors of all laboratories apart, relatives or not, so
# it is not in ``lab_embeddings_`` that families show, but in the mean of a laboratory's plasmids, which
# keep what they share.

ranker = KmerEmbeddingRanker(fraction=0.25, embedding_dim=64, batch_size=32, max_epochs=4, random_state=0)
ranker.fit(sequences, names)
points = ranker.transform(sequences)
means = pd.DataFrame(normalize(points)).groupby(names).mean().loc[ranker.classes_]
vectors = {"learned vectors": ranker.lab_embeddings_, "means of plasmids": normalize(means)}
truth = np.array([school_of[name] for name in ranker.classes_])

# %%
# How many families? The elbow is where the distances to the centres stop falling fast; the silhouette
# compares the distance to a laboratory's own family with that to the next one, and is largest where
# families are far apart. The adjusted Rand index, 1 for the true schools and 0 for chance, is what one
# cannot know outside of such an example.

numbers = np.arange(2, 11)
rows = []
for kind, values in vectors.items():
    for number in numbers:
        clusters = KMeans(number, n_init=20, random_state=0).fit(values)
        silhouette = silhouette_score(values, clusters.labels_)
        rand = adjusted_rand_score(truth, clusters.labels_)
        rows.append((kind, number, clusters.inertia_, silhouette, rand))
table = pd.DataFrame(rows, columns=["kind", "families", "inertia", "silhouette", "adjusted Rand"])
table = table.pivot(index="families", columns="kind").swaplevel(axis=1).sort_index(axis=1)
table.round(2)

# %%
# The dendrogram by Ward's criterion shows the same without a number to choose; its names have the colour of
# their school. The map places all plasmids by t-SNE.

colours = ["#00798c", "#edae49", "#d1495b", "#66a182", "#5e4b8b"]
figure, axes = plt.subplot_mosaic(
    [["inertia", "tree"], ["silhouette", "map"]],
    figsize=(11, 8),
    width_ratios=[1, 1.8],
    layout="constrained",
    facecolor="white",
)
for measure in ("inertia", "silhouette"):
    axis = axes[measure]
    for kind, colour in {"means of plasmids": "#00798c", "learned vectors": "#d1495b"}.items():
        axis.plot(numbers, table[kind, measure], "o-", color=colour, label=kind)
    axis.axvline(N_SCHOOLS, color="0.7", linestyle="--", zorder=0)
    axis.set(xlabel="number of families", ylabel=measure, xticks=numbers)
    axis.spines[["top", "right"]].set_visible(False)
axes["inertia"].set_title("k-means on laboratories")
axes["inertia"].legend(frameon=False)

dendrogram(
    linkage(vectors["means of plasmids"], "ward"),
    labels=ranker.classes_,
    ax=axes["tree"],
    leaf_rotation=90,
    color_threshold=0,
    above_threshold_color="0.4",
)
for label in axes["tree"].get_xticklabels():
    label.set_color(colours[school_of[label.get_text()]])
axes["tree"].set(title="Laboratories by Ward's criterion", ylabel="distance")
axes["tree"].spines[["top", "right"]].set_visible(False)

flat = TSNE(metric="cosine", perplexity=100, random_state=0).fit_transform(points)
axes["map"].scatter(*flat.T, s=8, color=[colours[s] for s in school])
for name in ranker.classes_:
    middle = np.median(flat[names == name], axis=0)
    axes["map"].annotate(name[4:], middle, (0, 12), textcoords="offset points", ha="center")
axes["map"].margins(0.1)
axes["map"].set(xticks=[], yticks=[], title="Plasmids, with the numbers of their laboratories")
plt.show()
