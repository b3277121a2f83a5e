"""
Find groups of related laboratories
===================================

Which laboratories exchange plasmids? Average the vectors of the plasmids of each laboratory, and cluster the
means. The vectors of a network that learned to distinguish the laboratories show the groups, and so do plain
k-mer counts. The vectors that the network learned for the laboratories themselves do not.
"""

# %%
# The data are generated, so the truth is known: twenty laboratories from five schools. One half of each
# plasmid comes from its laboratory and its publication. The other half comes from its school and is drawn
# from sequences that all laboratories of the school share. No model sees the names of the schools.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import dendrogram, linkage
from sklearn.cluster import KMeans
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import normalize

from skseed.datasets import make_plasmids
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter, KmerVectorizer
from skseed.ranking import TripletLabRanker

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
# The tokenizer splits the plasmids into tokens, and the network embeds the rows of tokens. Training uses the
# names of the laboratories only. Training pushes the vectors of all laboratories apart, related or not, so
# ``lab_embeddings_`` does not show the schools. The mean of the embeddings of a laboratory's plasmids does,
# because related plasmids share tokens. The baseline is the mean of 6-mer counts.

tokens = BPETokenizer(1000).fit_transform(sequences)
ranker = TripletLabRanker(
    64,
    embedding_dim=64,
    kernel_sizes=(1, 2, 4),
    n_filters=128,
    loss="cosine",
    augmenter=CircularShiftAugmenter(),
    lr=5e-3,
    max_epochs=6,
    random_state=0,
)
ranker.fit(tokens, names)
points = ranker.transform(tokens)
means = pd.DataFrame(normalize(points)).groupby(names).mean().loc[ranker.classes_]
counts = pd.DataFrame(normalize(KmerVectorizer(k=6).fit_transform(sequences)).toarray())
counts = counts.groupby(names).mean().loc[ranker.classes_]
vectors = {
    "learned vectors": ranker.lab_embeddings_,
    "means of plasmids": normalize(means),
    "means of k-mer counts": normalize(counts),
}
truth = np.array([school_of[name] for name in ranker.classes_])

# %%
# To choose the number of groups, find the number after which the sum of squared distances to the centers
# (inertia) decreases only slowly, or at which the silhouette is largest. The silhouette compares the distance
# of a point to its own group with the distance to the nearest other group. The adjusted Rand index compares
# the groups with the true schools: 1 is a perfect match and 0 is chance. It cannot be computed for real data,
# whose true groups are unknown.

numbers = np.arange(2, 11)
rows = []
for kind, values in vectors.items():
    for number in numbers:
        clusters = KMeans(number, n_init=20, random_state=0).fit(values)
        silhouette = silhouette_score(values, clusters.labels_)
        rand = adjusted_rand_score(truth, clusters.labels_)
        rows.append((kind, number, clusters.inertia_, silhouette, rand))
table = pd.DataFrame(rows, columns=["kind", "groups", "inertia", "silhouette", "adjusted Rand"])
table = table.pivot(index="groups", columns="kind").swaplevel(axis=1).sort_index(axis=1)
table.round(2)

# %%
# The curve of the silhouette has its maximum at the number of schools for the means, and none for the learned
# vectors.

colors = dict(zip(vectors, ["#d1495b", "#00798c", "#edae49"], strict=True))
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for kind, color in colors.items():
    ax.plot(numbers, table[kind, "silhouette"], "o-", color=color, label=kind)
ax.axvline(N_SCHOOLS, color="0.7", linestyle="--", zorder=0)
ax.set(xlabel="number of groups", ylabel="silhouette", xticks=numbers)
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The dendrogram (Ward's criterion) shows the same groups, and it needs no number of groups. The colors are
# the true schools.

schools = ["#00798c", "#edae49", "#d1495b", "#66a182", "#5e4b8b"]
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
dendrogram(
    linkage(vectors["means of plasmids"], "ward"),
    labels=ranker.classes_,
    ax=ax,
    leaf_rotation=90,
    leaf_font_size=9,
    color_threshold=0,
    above_threshold_color="0.4",
)
for label in ax.get_xticklabels():
    label.set_color(schools[school_of[label.get_text()]])
ax.set(title="Laboratories by Ward's criterion", ylabel="distance")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The map shows all plasmids by t-SNE, in the colors of their schools.

# sphinx_gallery_thumbnail_number = 2
flat = TSNE(metric="cosine", perplexity=100, random_state=0).fit_transform(points)
figure, ax = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
ax.scatter(*flat.T, s=8, color=[schools[s] for s in school])
ax.set(xticks=[], yticks=[])
plt.show()
