"""
Quickstart: embed genes, rank the sources of plasmids
=====================================================

This example solves two tasks on real sequences: it learns an embedding whose distances approximate edit
distances, and it ranks the sources of plasmids. No test sequence has a close relative in the training data.
The example takes one to two minutes on two cores.
"""

# %%
# Embed genes
# -----------
#
# The data are the gene *rbcL* of thousands of ferns, with their tree. We use the 150 letters after a
# conserved stretch, as in amplicon sequencing with one primer.

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
from skseed.ranking import KmerLabRanker, TripletLabRanker

ferns = load_fern_rbcl(subset="clean", as_frame=True)
genes = ferns.data.str.extract("ATGCG.TGG.G.GA.([ACGT]{150})")[0].dropna().drop_duplicates()

# %%
# The test set consists of whole clades, so no test gene has a close relative in the training set.

splitter = PhylogeneticGroupSplit(n_splits=1, tree=ferns.tree, depth=6, random_state=0)
train, test = next(splitter.split(genes))
train, test = genes.iloc[train], genes.iloc[test]
print(f"{len(train)} training genes, {len(test)} test genes of other clades")

# %%
# The embedder is an ordinary transformer with ``fit``, ``transform`` and ``score``. The landmark encoder is
# the most accurate one on new clades. Its input is the exact distances to 64 training sequences, and counts
# of 5-mers.

embedder = EditDistanceEmbedder(encoder=LandmarkEncoder(n_landmarks=64), max_epochs=25, random_state=0)
embedder.set_callbacks(ProgressBar())
embedder.fit(train)
print("shape of the embedding:", embedder.transform(test).shape)

# %%
# The baseline is the cosine distance of 4-mer counts, scaled to edits on training genes. The error is in
# percent of the length, over all pairs of test genes.

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
        "4-mer counts, cosine": percent_rmse(true, baseline, length=embedder.max_length_),
        "learned embedding": percent_rmse(true, learned, length=embedder.max_length_),
    },
    name="%RMSE, unseen clades",
)
print(errors.round(2).to_string(), "\n")

# %%
# Rank the sources of plasmids
# ----------------------------
#
# The data are plasmids of five cloning kits, each from a different laboratory. The plasmids are circular, and
# many are near copies of each other. We compare random folds with folds by edit distance, in which no test
# plasmid is within 10 % of any training plasmid, in any rotation and on either strand. The k-mer vote is the
# baseline.

kits = load_moclo_kits()
labs = np.take(kits.target_names, kits.target)
network = make_pipeline(
    BPETokenizer(vocab_size=1000, max_length=1500),
    TripletLabRanker(64, embedding_dim=64, n_filters=64, augmenter=CircularShiftAugmenter(), random_state=0),
)
random_folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
folds = LevenshteinGroupKFold(n_splits=5, max_distance=0.1, topology="circular", both_strands=True)
runs = {
    "network, random folds": (network, random_folds),
    "network, no relatives": (network, folds),
    "k-mer vote, no relatives": (KmerLabRanker(), folds),
}
scoring = {f"top-{k}": top_k_scorer(k) for k in range(1, 6)}
results = {}
for name, (ranker, cv) in runs.items():
    scores = cross_validate(ranker, kits.data, labs, cv=cv, scoring=scoring, verbose=2)
    results[name] = pd.Series({metric: scores[f"test_{metric}"].mean() for metric in scoring})
results = pd.DataFrame(results)
print("\nfraction of plasmids whose true source is first, or among the first two")
print(results.loc[["top-1", "top-2"]].round(3).T.to_string())

# %%
# The figure shows both results. It is saved as ``quickstart.png``.

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
second.text(
    0.04, 0.96, "genes of clades that are\nnot in the training data", transform=second.transAxes, va="top"
)
figure.colorbar(image, ax=second, label="pairs of genes")

for (name, scores), color in zip(results.items(), ["#d1495b", "#00798c", "#edae49"], strict=True):
    last.plot(range(1, 6), scores, "o-", color=color, label=name)
last.plot(range(1, 6), np.arange(1, 6) / 5, "--", color="0.6", label="chance")
last.set(
    xlabel="length of the list of sources",
    ylabel="true source is on the list",
    xticks=range(1, 6),
    ylim=(0, 1.03),
    title="Source of plasmids",
)
last.legend(loc="lower right", frameon=False)
for axes in (first, second, last):
    axes.spines[["top", "right"]].set_visible(False)
figure.savefig("quickstart.png", dpi=150)
print("\nsaved quickstart.png")
