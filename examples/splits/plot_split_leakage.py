"""
Leakage of a random split
=========================

How much of a score is memorization? A random split puts near copies of the training sequences into the test
set. In this example, a classifier predicts the host of coronaviruses from their spike protein. With folds
that keep relatives together, it loses half of its accuracy and is worse than the most common host.
"""

# %%
# The data are spike proteins, labeled with the animal from which each virus was isolated. At most 40
# sequences of each virus species are kept, so that no single species dominates the result.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

from skseed.datasets import load_spike_hosts
from skseed.model_selection import LevenshteinGroupKFold, leakage_report
from skseed.preprocessing import KmerVectorizer

spikes = load_spike_hosts(as_frame=True)
table = spikes.frame.drop_duplicates("sequence").sample(frac=1, random_state=0)
table = table.groupby("species_agg").head(40)
proteins = table["sequence"].tolist()
hosts = np.take(spikes.target_names, table["target"])
print(pd.Series(hosts).value_counts().head())

# %%
# Two splitters make five folds each. ``LevenshteinGroupKFold`` joins proteins within 10 % of each other into
# groups, also through chains of such pairs, and never divides a group. It guarantees that no test protein is
# within 10 % of any training protein.

MAX_DISTANCE = 0.1
splitters = {
    "random": KFold(n_splits=5, shuffle=True, random_state=0),
    "by edit distance": LevenshteinGroupKFold(n_splits=5, max_distance=MAX_DISTANCE),
}

# %%
# ``leakage_report`` computes the distance from each test protein to its nearest training protein, for any
# splitter.

reports = {name: leakage_report(proteins, splitter) for name, splitter in splitters.items()}
edits = pd.DataFrame({name: report["edits"] for name, report in reports.items()})
edits.quantile([0, 0.1, 0.5, 0.9]).rename_axis("quantile").astype(int)

# %%
# The same classifier is scored with both splitters: counts of 3-mers and a linear support vector machine.

model = make_pipeline(KmerVectorizer(k=3, alphabet="protein"), Normalizer(), LinearSVC(random_state=0))
accuracy = {
    name: cross_val_score(model, proteins, hosts, cv=splitter) for name, splitter in splitters.items()
}
most_common_share = pd.Series(hosts).value_counts(normalize=True).iloc[0]
pd.DataFrame(accuracy).agg(["mean", "min", "max"]).round(2)

# %%
# With random folds, half of the test proteins differ from a training protein by a few residues, and the score
# measures memorization. With folds that keep relatives together, the same model scores below the baseline
# that always predicts the most common host: the model recognizes the virus species, and the species
# determines the host. The second score is the one to expect for a virus species that is not in the training
# data.

# sphinx_gallery_thumbnail_number = 2
colors = {"random": "#d1495b", "by edit distance": "#00798c"}
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
bins = np.geomspace(0.7, 1000, 40)
for name in splitters:
    ax.hist(edits[name], bins=bins, color=colors[name], alpha=0.75, label=name)
limit = MAX_DISTANCE * np.median([len(protein) for protein in proteins])
ax.axvline(limit, color="0.3", linestyle="--", linewidth=1, label=f"{MAX_DISTANCE:.0%} of the length")
ax.set(xscale="log", xlabel="edits to the nearest training protein", ylabel="test proteins")
ax.set_ylim(0, 1.3 * ax.get_ylim()[1])
ax.legend(loc="upper center", frameon=False, ncols=3, fontsize=9)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The bars are the mean accuracy, the points that of each fold.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for position, (name, scores) in enumerate(accuracy.items()):
    ax.bar(position, scores.mean(), color=colors[name], alpha=0.75, width=0.55)
    ax.plot(np.full(len(scores), position), scores, "o", color="black", alpha=0.6, markersize=4)
    ax.annotate(f"{scores.mean():.2f}", (position, 0.03), ha="center", color="white", weight="bold", size=13)
ax.axhline(most_common_share, color="0.3", linestyle="--", linewidth=1)
ax.text(1.45, most_common_share + 0.01, "most common host", ha="right")
ax.set(xticks=[0, 1], xticklabels=[f"folds: {name}" for name in accuracy], xlim=(-0.5, 1.5), ylim=(0, 1))
ax.set_ylabel("accuracy")
ax.spines[["top", "right"]].set_visible(False)
plt.show()
