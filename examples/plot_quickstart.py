"""
Quickstart: embed genes, rank the sources of plasmids
=====================================================

Two jobs on real sequences, each scored on relatives of nothing it was trained on: an embedding whose
distances stand in for edit distances, and a ranking of who made a plasmid. It takes a minute or two on two
cores.
"""

# %%
# Embed genes
# -----------
#
# The gene *rbcL* of thousands of ferns, with their tree. We cut out the 150 letters that follow a conserved
# stretch, as sequencing from one primer would.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.callback import ProgressBar
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline

from skseed.datasets import load_fern_rbcl, load_moclo_kits
from skseed.distances import levenshtein_distances
from skseed.embedding import EditDistanceEmbedder, LandmarkEncoder
from skseed.metrics import percent_rmse, top_k_scorer
from skseed.model_selection import LevenshteinGroupKFold, PhylogeneticGroupSplit
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter, KmerVectorizer
from skseed.ranking import TripletLabRanker

ferns = load_fern_rbcl(subset="clean", as_frame=True)
genes = ferns.data.str.extract("ATGCG.TGG.G.GA.([ACGT]{150})")[0].dropna().drop_duplicates()

# %%
# Whole clades are held out: no test gene has a close relative among the training genes.

splitter = PhylogeneticGroupSplit(n_splits=1, tree=ferns.tree, depth=6, random_state=0)
train, test = next(splitter.split(genes))
train, test = genes.iloc[train], genes.iloc[test]
print(f"{len(train)} genes to learn from, {len(test)} of other clades to test on")

# %%
# The embedder is an ordinary transformer: ``fit``, ``transform``, ``score``. Of its encoders, the one with
# landmarks is the most accurate on new clades: it measures each sequence against 64 training sequences and
# learns the rest.

embedder = EditDistanceEmbedder(encoder=LandmarkEncoder(n_landmarks=64), max_epochs=25, random_state=0)
embedder.set_callbacks(ProgressBar())
embedder.fit(train)
print("a point for each gene:", embedder.transform(test).shape)

# %%
# Is it any good? The usual shortcut compares counts of four-letter words by their cosine, scaled to edits on
# training genes. The error is in per cent of the length, over all pairs of test genes.

pairs = np.triu_indices(len(test), k=1)
true = levenshtein_distances(test)[pairs]
learned = embedder.pairwise_distances(test)[pairs]

counts = KmerVectorizer(k=4)
sample = train.sample(500, random_state=0)
unscaled = pairwise_distances(counts.fit_transform(sample), metric="cosine")
edits_per_cosine = np.sum(unscaled * levenshtein_distances(sample)) / np.sum(unscaled**2)
baseline = edits_per_cosine * pairwise_distances(counts.transform(test), metric="cosine")[pairs]

errors = pd.Series(
    {
        "four-letter words, cosine": percent_rmse(true, baseline, length=embedder.max_length_),
        "learned embedding": percent_rmse(true, learned, length=embedder.max_length_),
    },
    name="%RMSE, unseen clades",
)
print(errors.round(2).to_string(), "\n")

# %%
# Rank the sources of plasmids
# ----------------------------
#
# Plasmids of five cloning kits, each from another laboratory. They are circular and come in families of near
# copies, so folds are made by edit distance: no test plasmid lies within 10 % of any training plasmid. Random
# folds are shown for comparison.

kits = load_moclo_kits()
labs = kits.target_names[kits.target]
ranker = make_pipeline(
    BPETokenizer(vocab_size=1000, max_length=1500),
    TripletLabRanker(64, n_filters=64, augmenter=CircularShiftAugmenter(), random_state=0),
)
folds = {
    "random split": StratifiedKFold(n_splits=5, shuffle=True, random_state=0),
    "leak-free split": LevenshteinGroupKFold(n_splits=5, max_distance=0.1),
}
scoring = {f"top-{k}": top_k_scorer(k) for k in range(1, 6)}
results = {}
for name, cv in folds.items():
    scores = cross_validate(ranker, kits.data, labs, cv=cv, scoring=scoring, verbose=2)
    results[name] = pd.Series({metric: scores[f"test_{metric}"].mean() for metric in scoring})
results = pd.DataFrame(results)
print("\nthe true source is the first, or among the first two")
print(results.loc[["top-1", "top-2"]].round(3).to_string())

# %%
# Both results in one picture, saved as ``quickstart.png``.

figure, (first, second, last) = plt.subplots(
    1, 3, figsize=(13, 4.2), width_ratios=[1, 1, 1], layout="constrained", facecolor="white"
)
limit = true.max() + 5
edges = [np.arange(-0.5, limit), np.arange(-0.5, limit, 0.5)]
for axes, predicted, (name, error) in zip((first, second), (baseline, learned), errors.items(), strict=True):
    *_, image = axes.hist2d(true, predicted, bins=edges, norm="log", cmin=1, cmap="viridis")
    axes.plot([0, limit], [0, limit], color="#d1495b", linewidth=1)
    axes.set(xlabel="true edit distance", title=f"{name.capitalize()}: {error:.2f} %RMSE")
first.set_ylabel("predicted edit distance")
second.text(0.04, 0.96, "genes of clades\nnever seen in training", transform=second.transAxes, va="top")
figure.colorbar(image, ax=second, label="pairs of genes")

for (name, scores), colour in zip(results.items(), ["#d1495b", "#00798c"], strict=True):
    last.plot(range(1, 6), scores, "o-", color=colour, label=name)
last.plot(range(1, 6), np.arange(1, 6) / 5, "--", color="0.6", label="guessing")
last.set(
    xlabel="length of the list of sources",
    ylabel="true source is on the list",
    xticks=range(1, 6),
    ylim=(0, 1.03),
    title="Who made this plasmid?",
)
last.legend(loc="lower right", frameon=False)
for axes in (first, second, last):
    axes.spines[["top", "right"]].set_visible(False)
figure.savefig("quickstart.png", dpi=150)
print("\nsaved quickstart.png")
