"""
Lab of origin: calibrated probabilities and unknown laboratories
================================================================

Can I trust the probability of the first place, and what if the true laboratory is not in the training data?
The share of a k-mer vote is not a probability. :class:`~skseed.ranking.CalibratedRanker` learns a temperature
and a threshold from held-out publications. The probabilities are then closer to the accuracy, and most
plasmids of unknown laboratories are labeled as unknown.
"""

# %%
# The data are generated: thirty laboratories, six of which are not in the training data. The test set has
# plasmids of new publications of the known laboratories, and all plasmids of the unknown ones.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skseed.datasets import make_plasmids
from skseed.inspection import ReliabilityDisplay
from skseed.metrics import expected_calibration_error, fpr_at_tpr
from skseed.ranking import CalibratedRanker, KmerLabRanker

plasmids = make_plasmids(
    540, 30, n_publications=6, signature=0.1, mutation_rate=0.02, return_X_y=False, random_state=0
)
X = np.array(plasmids.data, dtype=object)
y = np.array([f"lab {lab + 1}" for lab in plasmids.target])
publications = plasmids.groups
unknown = plasmids.target >= 24
test = ~unknown & (publications % 6 >= 4)
train = ~unknown & ~test

# %%
# ``groups`` keeps the plasmids of a publication in one fold, as a new publication will be. The threshold
# accepts 70 % of the held-out plasmids of known laboratories, because the other ones share hardly any k-mer
# with the other plasmids of their laboratory.

vote = KmerLabRanker().fit(X[train], y[train])
calibrated = CalibratedRanker(KmerLabRanker(), unknown_label="unknown", tpr=0.7)
calibrated.fit(X[train], y[train], groups=publications[train])
rankers = {"k-mer vote": vote, "calibrated": calibrated}
pd.Series(
    {
        name: expected_calibration_error(y[test], ranker.predict_proba(X[test]), labels=ranker.classes_)
        for name, ranker in rankers.items()
    },
    name="expected calibration error",
).round(3)

# %%
# On the diagonal, the first laboratory is right as often as its probability says.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for (name, ranker), color in zip(rankers.items(), ["#edae49", "#00798c"], strict=True):
    display = ReliabilityDisplay.from_estimator(ranker, X[test], y[test], n_bins=8, name=name)
    display.plot(ax, color=color)
plt.show()

# %%
# ``predict`` returns the unknown label if the novelty score is above the threshold.

novelty = {"known": calibrated.novelty_score(X[test]), "unknown": calibrated.novelty_score(X[unknown])}
for name, chosen in (("known", test), ("unknown", unknown)):
    share = np.mean(calibrated.predict(X[chosen]) == "unknown")
    print(f"plasmids of {name} laboratories that are labeled as unknown: {share:.0%}")
is_unknown = np.repeat([False, True], [test.sum(), unknown.sum()])
confidence = -np.concatenate(list(novelty.values()))
print(
    f"unknown plasmids that pass if 70 % of the known do: {fpr_at_tpr(~is_unknown, confidence, tpr=0.7):.0%}"
)

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
bins = np.linspace(*np.quantile(-confidence, [0, 1]), 25)
for (name, values), color in zip(novelty.items(), ["#00798c", "#d1495b"], strict=True):
    ax.hist(values, bins=bins, density=True, alpha=0.7, color=color, label=f"{name} laboratory")
ax.axvline(calibrated.threshold_, color="0.2", linestyle="--", label="threshold")
ax.set(xlabel="novelty score", ylabel="density of plasmids", yticks=[])
ax.legend(frameon=False)
ax.spines[["top", "right", "left"]].set_visible(False)
plt.show()
