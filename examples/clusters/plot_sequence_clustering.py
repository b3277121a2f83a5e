"""
Clusters of genes
=================

Do clusters by edit distance agree with the clades of a published tree? For the gene *rbcL* of ferns they do
in part. Complete linkage agrees better than average and single linkage, and clusters of k-mer counts agree
best. :class:`~skseed.cluster.SequenceLinkage` computes the tree and the clusters.
"""

# %%
# The data are *rbcL* genes of ferns. 300 of them are drawn at random, and the tips of the published tree have
# the same names.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from skseed.cluster import SequenceLinkage, cluster_representatives
from skseed.datasets import load_fern_rbcl
from skseed.inspection import DendrogramDisplay
from skseed.io import read_tree
from skseed.preprocessing import KmerVectorizer

ferns = load_fern_rbcl(subset="clean")
chosen = np.sort(np.random.default_rng(0).choice(len(ferns.data), 300, replace=False))
genes = [ferns.data[index] for index in chosen]
names = [ferns.ids[index] for index in chosen]

# %%
# The tree is computed once. ``n_clusters`` only sets the number of clusters in ``labels_``. The display shows
# the top of the tree; a number in parentheses is the size of a branch that is not drawn.

tree = SequenceLinkage(n_clusters=8).fit(genes)
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
DendrogramDisplay.from_estimator(tree, names=names).plot(ax, max_leaves=16)
plt.show()

# %%
# The published tree is cut into clades of at most 64 tips. The adjusted Rand index is 1 for equal groups and
# 0 for random ones. Average linkage is compared with complete and single linkage, and with scikit-learn's
# average linkage of 5-mer counts.

published = read_tree(ferns.tree)
tips = np.array([published.tips[name] for name in names])
clades = published.clades_of_size(tips, 64)
n_clades = len(np.unique(clades))
scores = {
    linkage: adjusted_rand_score(
        clades, SequenceLinkage(n_clusters=n_clades, linkage=linkage).fit_predict(genes)
    )
    for linkage in ("average", "complete", "single")
}
counts = KmerVectorizer(k=5).fit_transform(genes).toarray()
by_counts = AgglomerativeClustering(n_clades, metric="cosine", linkage="average").fit_predict(counts)
scores["average, 5-mer counts"] = adjusted_rand_score(clades, by_counts)
pd.Series(scores, name=f"adjusted Rand index, {n_clades} clusters").round(2)

# %%
# The table shows the representatives of the clusters. The consensus of a cluster of species is not the gene
# of an ancestor; it shows how far the members are from their center.

found = cluster_representatives(genes, tree.labels_)
pd.DataFrame(
    {
        "sequences": found.counts,
        "medoid": [names[index] for index in found.medoid_indices],
        "edits to the medoid": found.medoid_distances,
        "edits to the consensus": found.consensus_distances,
    }
).round(1)
