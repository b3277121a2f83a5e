"""
An embedding of edit distances, tested on unseen clades
=======================================================

How accurate is a learned embedding on genes of clades that it has never seen? An embedder applies a network
once to each sequence, and the distances of the vectors approximate the edit distances. The error on whole
clades is larger than on a random split. With landmarks it is less than half of that of k-mer counts.
"""

# %%
# The data are 150 letters of the gene *rbcL* of ferns, after a conserved stretch, and the tree of the
# species.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.manifold import TSNE
from sklearn.model_selection import ShuffleSplit, cross_val_score

from skseed.datasets import load_fern_rbcl
from skseed.embedding import EditDistanceEmbedder, LandmarkEncoder
from skseed.metrics import percent_rmse_scorer
from skseed.model_selection import PhylogeneticGroupSplit

ferns = load_fern_rbcl(subset="clean", as_frame=True)
genes = ferns.data.str.extract("ATGCG.TGG.G.GA.([ACGT]{150})")[0].dropna().drop_duplicates()
genes = genes.sample(1000, random_state=0)

# %%
# The splitter holds out clades of at most :math:`2^6` tips. It finds each gene in the tree by its tip name,
# which is in the index of the Series.

splitters = {
    "random": ShuffleSplit(n_splits=3, test_size=0.2, random_state=0),
    "whole clades": PhylogeneticGroupSplit(
        n_splits=3, tree=ferns.tree, depth=6, test_size=0.2, random_state=0
    ),
}

# %%
# We compare three encoders with k-mer counts, whose distances are scaled to edits. The linear encoder has a
# weight for each letter at each position. The convolutional one detects short patterns that may shift. The
# input of the landmark encoder is the exact distances to 64 training sequences, and counts of 5-mers.

encoders = {
    "k-mers": "kmer",
    "linear": "linear",
    "convolutions": "cnn",
    "landmarks": LandmarkEncoder(n_landmarks=64),
}
embedders = {
    # the points of "kmer" are the counts themselves, so their number is not chosen
    name: EditDistanceEmbedder(
        None if encoder == "kmer" else 128, encoder=encoder, max_epochs=20, random_state=0
    )
    for name, encoder in encoders.items()
}
errors = pd.DataFrame(
    {
        (name, split): -cross_val_score(embedder, genes, scoring=percent_rmse_scorer, cv=splitter)
        for name, embedder in embedders.items()
        for split, splitter in splitters.items()
    }
)
errors.agg(["mean", "std"]).T.unstack().round(2)

# %%
# The errors on the random split are too optimistic for new clades, because most of its test genes have a
# sister species in the training set.
#
# The bars are means of three splits, the points single splits.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
colors = {"random": "#d1495b", "whole clades": "#00798c"}
for position, name in enumerate(encoders):
    for shift, (split, color) in zip((-0.2, 0.2), colors.items(), strict=True):
        values = errors[name, split]
        label = split if position == 0 else None
        ax.bar(position + shift, values.mean(), width=0.38, color=color, alpha=0.75, label=label)
        ax.plot(np.full(len(values), position + shift), values, "o", color="black", alpha=0.6, markersize=4)
ax.set(xticks=range(len(encoders)), xticklabels=list(encoders), ylabel="test %RMSE")
ax.set_ylim(0, 1.2 * errors.to_numpy().max())
ax.legend(title="held out", frameon=False, loc="upper right", ncols=2)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The map shows the clades that one split holds out, computed from learned distances alone. Colors are genera,
# which the embedder did not see.

train, test = next(splitters["whole clades"].split(genes))
embedder = embedders["landmarks"].fit(genes.iloc[train])
held_out = genes.iloc[test]
distances = embedder.pairwise_distances(held_out)
flat = TSNE(metric="precomputed", init="random", perplexity=20, random_state=0).fit_transform(distances)
genera = held_out.index.str.split("_").str[0]

figure, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
commonest = genera.value_counts().index[:9]
ax.scatter(*flat[~genera.isin(commonest)].T, color="0.85", s=14)
for genus, color in zip(commonest, plt.get_cmap("tab10").colors, strict=False):
    ax.scatter(*flat[genera == genus].T, color=color, s=20, label=genus)
ax.legend(frameon=False, bbox_to_anchor=(1, 0.5), loc="center left", prop={"style": "italic", "size": 9})
ax.set(xticks=[], yticks=[], title="Genes of clades outside the training data")
plt.show()
