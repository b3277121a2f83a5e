"""
Lab of origin: tell the ranker the publications
===============================================

Does a ranker need to know which plasmids come from one publication? Yes, if it learns from held-out plasmids.
The plasmids of a publication are near copies, so a ranker that holds them out one by one learns to trust
copies, and its probabilities are too high for a new publication. With ``groups``, it holds out whole
publications.
"""

# %%
# The data are generated: thirty laboratories with six publications each. All test plasmids are from
# publications that are not in the training data.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skseed.datasets import make_plasmids
from skseed.inspection import ReliabilityDisplay, TopKDisplay
from skseed.metrics import expected_calibration_error, top_k_score
from skseed.ranking import EvidenceLabRanker, KmerLabRanker

plasmids = make_plasmids(
    540, 30, n_publications=6, signature=0.1, mutation_rate=0.02, return_X_y=False, random_state=0
)
X = np.array(plasmids.data, dtype=object)
y, publications = plasmids.target, plasmids.groups
test = publications % 6 >= 4

# %%
# The k-mer vote has nothing to learn from publications; it is the baseline.

rankers = {
    "k-mer vote": KmerLabRanker().fit(X[~test], y[~test]),
    "evidence, no publications": EvidenceLabRanker(random_state=0).fit(X[~test], y[~test]),
    "evidence, publications": EvidenceLabRanker(random_state=0).fit(
        X[~test], y[~test], groups=publications[~test]
    ),
}
rows = {}
for name, ranker in rankers.items():
    probabilities = ranker.predict_proba(X[test])
    rows[name] = {
        **{f"top-{k}": top_k_score(y[test], probabilities, k=k, labels=ranker.classes_) for k in (1, 3, 10)},
        "calibration error": expected_calibration_error(y[test], probabilities, labels=ranker.classes_),
    }
pd.DataFrame(rows).T.round(2)

# %%
# Top-k: how often is the true laboratory among the first *k*?

colors = dict(zip(rankers, ["#edae49", "#d1495b", "#00798c"], strict=True))
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for name, ranker in rankers.items():
    display = TopKDisplay.from_estimator(ranker, X[test], y[test], name=name)
    display.plot(ax, color=colors[name], chance=name == "evidence, publications")
plt.show()

# %%
# Reliability: is the first laboratory right as often as its probability says? The points of the ranker that
# knows the publications are the nearest to the diagonal.

# sphinx_gallery_thumbnail_number = 2
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for name, ranker in rankers.items():
    display = ReliabilityDisplay.from_estimator(ranker, X[test], y[test], n_bins=8, name=name)
    display.plot(ax, color=colors[name])
plt.show()
