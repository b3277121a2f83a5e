"""
Test error and the size of held-out clades
==========================================

Does the error of an embedding depend on how distant the test genes are? This example holds out clades of up
to 2, 4, 16, 64 and 256 tips of a tree (depth 1, 2, 4, 6 and 8). On large clades, the error of a learned
embedding is about twice that on a random validation set. Scaled distances of k-mer counts learn only one
number. Their error does not grow, but it is several times as large.
"""

# %%
# The data are *rbcL* genes of ferns and their tree. Each sequence is the 150 letters after a conserved
# region, the length of one sequencing read.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import train_test_split

from skseed.datasets import load_fern_rbcl
from skseed.distances import levenshtein_distances
from skseed.embedding import EditDistanceEmbedder
from skseed.inspection import SplitLeakageDisplay
from skseed.metrics import percent_rmse
from skseed.model_selection import PhylogeneticGroupSplit
from skseed.preprocessing import KmerVectorizer

ferns = load_fern_rbcl(subset="clean", as_frame=True)
genes = ferns.data.str.extract("ATGCG.TGG.G.GA.([ACGT]{150})")[0].dropna().drop_duplicates()
genes = genes.sample(800, random_state=0)

# %%
# For each depth, three random choices of clades form three test sets. A random fifth of the remaining
# sequences is the validation set, as in an ordinary random split. The baseline is the cosine distance of
# 4-mer counts, scaled to edits on training genes.


def error_of_counts(train, test):
    """Return the %RMSE of scaled distances of 4-mer counts."""
    counts = KmerVectorizer(k=4).fit(train)
    cosine, edits = pairwise_distances(counts.transform(train), metric="cosine"), levenshtein_distances(train)
    scale = np.sum(cosine * edits) / np.sum(cosine**2)
    pairs = np.triu_indices(len(test), k=1)
    predicted = scale * pairwise_distances(counts.transform(test), metric="cosine")[pairs]
    return percent_rmse(levenshtein_distances(test)[pairs], predicted, length=150)


rows = []
for depth in (1, 2, 4, 6, 8):
    splitter = PhylogeneticGroupSplit(n_splits=3, tree=ferns.tree, depth=depth, random_state=0)
    for seed, (rest, test) in enumerate(splitter.split(genes)):
        train, validation = train_test_split(rest, test_size=0.2, random_state=seed)
        embedder = EditDistanceEmbedder(random_state=seed)
        embedder.fit(genes.iloc[train])
        sets = {"training": train[:250], "validation (random)": validation, "test (whole clades)": test}
        errors = {name: -embedder.score(genes.iloc[indices]) for name, indices in sets.items()}
        errors["4-mer counts, test"] = error_of_counts(genes.iloc[train[:250]], genes.iloc[test])
        rows.append({"depth": depth, **errors})
errors = pd.DataFrame(rows).groupby("depth").agg(["mean", "sem"])
print(errors.round(2).to_string())

# %%
# The bars are standard errors over the three choices.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
names = [*sets, "4-mer counts, test"]
for name, color in zip(names, ["0.6", "#00798c", "#d1495b", "#edae49"], strict=True):
    mean, sem = errors[name]["mean"], errors[name]["sem"]
    ax.errorbar(errors.index, mean, sem, marker="o", capsize=3, color=color, label=name)
ax.set(xlabel="depth (clades have at most 2$^{depth}$ tips)", ylabel="%RMSE", yscale="log")
figure.legend(frameon=False, ncols=2, fontsize=9, loc="outside upper center")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The reason: the distance from a test gene to its nearest training gene grows with the depth.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for depth in (1, 4, 8):
    splitter = PhylogeneticGroupSplit(n_splits=1, tree=ferns.tree, depth=depth, random_state=0)
    SplitLeakageDisplay.from_splits(genes, splitter, name=f"depth {depth}").plot(ax)
plt.show()
