"""
How deep must a split cut?
==========================

A random test set is full of close relatives of the training set, and so flatters the model. Holding out
whole clades of up to 2, 4, 8, … 256 tips of the tree (depth 1 to 8) takes the relatives away, step by step.
How much does the error of an embedding of edit distances grow with the depth?
"""

# %%
# The gene *rbcL* of ferns, with its tree: the 150 letters after a conserved stretch, as one read would cover.

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
# For every depth, five random choices of clades are held out as the test set. Of the rest, a random fifth is
# the validation set, which is what an ordinary split would report.

rows = []
for depth in range(1, 9):
    splitter = PhylogeneticGroupSplit(n_splits=5, tree=ferns.tree, depth=depth, random_state=0)
    for seed, (rest, test) in enumerate(splitter.split(genes)):
        train, validation = train_test_split(rest, test_size=0.2, random_state=seed)
        embedder = EditDistanceEmbedder(32, encoder="linear", max_epochs=20, random_state=seed)
        embedder.fit(genes.iloc[train])
        parts = {"training": train[:250], "validation (random)": validation, "test (whole clades)": test}
        errors = {name: -embedder.score(genes.iloc[part]) for name, part in parts.items()}
        rows.append({"depth": depth, **errors})
errors = pd.DataFrame(rows).groupby("depth").agg(["mean", "sem"])
print(errors.round(2).to_string())

# %%
# The error on unseen clades grows with the depth, while the random validation set shows nothing of it: it
# stays where it was. The bars are standard errors over the five choices. Beside the errors stands the reason
# for them: how far the nearest training gene is from a test gene.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for name, colour in zip(parts, ["0.6", "#00798c", "#d1495b"], strict=True):
    mean, sem = errors[name]["mean"], errors[name]["sem"]
    left.errorbar(errors.index, mean, sem, marker="o", capsize=3, color=colour, label=name)
left.set(
    xlabel="depth: clades of up to 2$^{depth}$ tips are held out",
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
