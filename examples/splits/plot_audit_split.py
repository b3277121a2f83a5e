"""
Audit your own split
====================

Does my test set contain copies of the training set, and does that change the score? Call
:func:`~skseed.model_selection.leakage_report` with both sets, and score the test sequences by their distance
to the nearest training sequence. In this example, the accuracy on near copies is far above that on other
sequences.
"""

# %%
# The training set and the test set are given, as they would be by two FASTA files. They come from a random
# split of receptor-binding proteins of phages, labeled with the bacterial host.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

from skseed.datasets import load_phage_hosts
from skseed.inspection import SplitLeakageDisplay
from skseed.model_selection import leakage_report
from skseed.neighbors import SequenceNeighbors
from skseed.preprocessing import KmerVectorizer

table = load_phage_hosts(as_frame=True).frame
table = table[table.groupby("target")["target"].transform("size") >= 15]
train, test = train_test_split(table, test_size=0.3, stratify=table["target"], random_state=0)

# %%
# The report has a row for each test protein: its nearest training protein and their distance in edits and as
# a fraction of the length.

report = leakage_report(train["sequence"], X_test=test["sequence"])
print(f"copies: {(report['edits'] == 0).mean():.0%}, within 10 %: {(report['fraction'] <= 0.1).mean():.0%}")
report.head()

# %%
# The display shows the share of test proteins that have a training protein within each distance.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
SplitLeakageDisplay.from_report(report, name="my split", threshold=0.1).plot(ax)
plt.show()

# %%
# We score two models in bands of that distance: a support vector machine on 3-mers, and the label of the
# nearest protein, which can only copy.

models = {
    "SVM, 3-mers": make_pipeline(
        KmerVectorizer(k=3, alphabet="protein"), Normalizer(), LinearSVC(random_state=0)
    ),
    "nearest protein": make_pipeline(SequenceNeighbors(1), KNeighborsClassifier(1, metric="precomputed")),
}
bands = pd.cut(report["fraction"], [-1, 0, 0.1, 0.3, 1], labels=["copy", "≤ 10 %", "10–30 %", "> 30 %"])
correct = {
    name: model.fit(train["sequence"], train["target"]).predict(test["sequence"]) == test["target"]
    for name, model in models.items()
}
scores = pd.DataFrame(
    {name: hits.groupby(bands.array, observed=True).mean() for name, hits in correct.items()}
)
scores.insert(0, "proteins", bands.value_counts())
scores.index = scores.index.astype(str)
scores.loc["all"] = [len(test), *(hits.mean() for hits in correct.values())]
scores.round(2)

# %%
# Report the score of the last bands, or split again with
# :class:`~skseed.model_selection.LevenshteinGroupKFold`. The dashed line is the most common host.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
scores.drop(columns="proteins").plot.bar(ax=ax, color=["#00798c", "#edae49"], rot=0, width=0.7)
ax.axhline(test["target"].value_counts(normalize=True).iloc[0], color="0.3", linestyle="--", linewidth=1)
ax.set(xlabel="distance to the nearest training protein", ylabel="accuracy", ylim=(0, 1.18))
ax.set_yticks(np.linspace(0, 1, 6))
ax.legend(frameon=False, ncols=2, loc="upper center")
ax.spines[["top", "right"]].set_visible(False)
plt.show()
