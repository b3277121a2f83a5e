"""
The leakage of a random split, made visible
===========================================

Viruses are sampled in bursts: one outbreak leaves hundreds of nearly equal sequences. Whoever splits them
at random tests a model on copies of its training data. Here a plain classifier predicts the host of
coronaviruses from their spike protein, first under random folds and then under folds that keep relatives
together.
"""

# %%
# The sequences: spike proteins with the animal that each virus was taken from. We keep at most 40 of each
# virus, so that no single species decides the outcome.

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
# Two ways to make five folds. ``LevenshteinGroupKFold`` joins all proteins within 10 % of each other,
# directly or through others, and never divides such a group; its guarantee is that no test protein lies
# within 10 % of any training protein.

MAX_DISTANCE = 0.1
splitters = {
    "random": KFold(n_splits=5, shuffle=True, random_state=0),
    "by edit distance": LevenshteinGroupKFold(n_splits=5, max_distance=MAX_DISTANCE),
}

# %%
# How far is each test protein from its nearest training protein? ``leakage_report`` answers for any splitter.

reports = {name: leakage_report(proteins, splitter) for name, splitter in splitters.items()}
edits = pd.DataFrame({name: report["edits"] for name, report in reports.items()})
edits.quantile([0, 0.1, 0.5, 0.9]).rename_axis("quantile").astype(int)

# %%
# The classifier is the same for both: counts of three-residue words and a linear support vector machine.

model = make_pipeline(KmerVectorizer(k=3, alphabet="protein"), Normalizer(), LinearSVC(random_state=0))
accuracy = {
    name: cross_val_score(model, proteins, hosts, cv=splitter) for name, splitter in splitters.items()
}
always_the_commonest = pd.Series(hosts).value_counts(normalize=True).iloc[0]
pd.DataFrame(accuracy).agg(["mean", "min", "max"]).round(2)

# %%
# Under random folds half of the test proteins differ from a training protein by a handful of residues, and
# the score is about memory. Keep relatives together and the same model does worse than always naming the
# commonest host: it had learned to recognise the virus, and the virus gives the host away. The second number
# is the one to expect for a virus that nobody has seen before.

colours = {"random": "#d1495b", "by edit distance": "#00798c"}
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 4), width_ratios=[2, 1], layout="constrained", facecolor="white"
)
bins = np.geomspace(0.7, 1000, 40)
for name in splitters:
    left.hist(edits[name], bins=bins, color=colours[name], alpha=0.75, label=name)
median_length = np.median([len(protein) for protein in proteins])
left.axvline(MAX_DISTANCE * median_length, color="0.3", linestyle="--", linewidth=1)
left.annotate(
    f"{MAX_DISTANCE:.0%} of the length",
    (MAX_DISTANCE * median_length, 0.97),
    xycoords=("data", "axes fraction"),
    xytext=(-5, 0),
    textcoords="offset points",
    ha="right",
    va="top",
)
left.set(
    xscale="log",
    xlabel="edits to the nearest training protein",
    ylabel="test proteins",
    title="How near the answer is",
)
left.legend(title="folds", loc="upper center", bbox_to_anchor=(0.42, 0.85), frameon=False)

for position, (name, scores) in enumerate(accuracy.items()):
    right.bar(position, scores.mean(), color=colours[name], alpha=0.75, width=0.6)
    right.plot(np.full(len(scores), position), scores, "o", color="black", alpha=0.6, markersize=4)
    right.annotate(f"{scores.mean():.2f}", (position, 0.03), ha="center", color="white", weight="bold")
right.axhline(always_the_commonest, color="0.3", linestyle="--", linewidth=1)
right.text(1.45, always_the_commonest + 0.01, "always the commonest", ha="right", fontsize=8)
right.set(
    xticks=[0, 1],
    xticklabels=list(accuracy),
    xlim=(-0.5, 1.5),
    ylim=(0, 1),
    ylabel="accuracy",
    title="What the model gets for it",
)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
