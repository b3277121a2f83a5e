"""
Test error and the size of held-out clades
==========================================

A random test set contains close relatives of the training sequences, so the test error is too low. A split
that holds out whole clades removes these relatives. This example holds out clades of up to 2, 4, 8, … 256
tips of a tree (depth 1 to 8), and measures how the error of an edit-distance embedding grows with the clade
size.
"""

# %%
# The data are *rbcL* genes of ferns and their tree. Each sequence is the 150 letters after a conserved
# region, the length of one sequencing read.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import train_test_split

from skseed.datasets import load_fern_rbcl
from skseed.embedding import EditDistanceEmbedder
from skseed.inspection import SplitLeakageDisplay
from skseed.model_selection import PhylogeneticGroupSplit

ferns = load_fern_rbcl(subset="clean", as_frame=True)
genes = ferns.data.str.extract("ATGCG.TGG.G.GA.([ACGT]{150})")[0].dropna().drop_duplicates()
genes = genes.sample(1000, random_state=0)

# %%
# For each depth, five random choices of clades form five test sets. A random fifth of the remaining sequences
# is the validation set, as in an ordinary random split.

rows = []
for depth in range(1, 9):
    splitter = PhylogeneticGroupSplit(n_splits=5, tree=ferns.tree, depth=depth, random_state=0)
    for seed, (rest, test) in enumerate(splitter.split(genes)):
        train, validation = train_test_split(rest, test_size=0.2, random_state=seed)
        embedder = EditDistanceEmbedder(32, encoder="linear", max_epochs=20, random_state=seed)
        embedder.fit(genes.iloc[train])
        sets = {"training": train[:250], "validation (random)": validation, "test (whole clades)": test}
        errors = {name: -embedder.score(genes.iloc[indices]) for name, indices in sets.items()}
        rows.append({"depth": depth, **errors})
errors = pd.DataFrame(rows).groupby("depth").agg(["mean", "sem"])
print(errors.round(2).to_string())

# %%
# The error on held-out clades grows with the depth, while the error on the random validation set does not
# change. The bars are standard errors over the five choices. The right plot shows the reason: the distance
# from a test gene to its nearest training gene grows with the depth.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for name, color in zip(sets, ["0.6", "#00798c", "#d1495b"], strict=True):
    mean, sem = errors[name]["mean"], errors[name]["sem"]
    left.errorbar(errors.index, mean, sem, marker="o", capsize=3, color=color, label=name)
left.set(
    xlabel="depth (clades have at most 2$^{depth}$ tips)",
    ylabel="%RMSE",
    title="Error of the embedding",
    ylim=(0, None),
)
left.legend(frameon=False)
for depth in (1, 4, 8):
    splitter = PhylogeneticGroupSplit(n_splits=1, tree=ferns.tree, depth=depth, random_state=0)
    SplitLeakageDisplay.from_splits(genes, splitter, name=f"depth {depth}").plot(ax=right)
right.set_title("Distance to the nearest training gene")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
