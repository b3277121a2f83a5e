"""
Lab of origin: token importance on a plasmid map
================================================

Which stretches of a plasmid made the network choose a laboratory? Integrated gradients divide the score of
the laboratory among the bases, and a circular map shows them. They agree with the stretches that only this
laboratory shares by its k-mers, which need no network. The map describes the model, not the intention of the
laboratory.
"""

# %%
# The data are generated: ten laboratories with four publications each. A fifth of each plasmid comes from
# genetic parts of its laboratory.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.inspection import TokenImportanceDisplay
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter
from skseed.ranking import KmerLabRanker, TripletLabRanker

plasmids = make_plasmids(240, 10, length=2000, return_X_y=False, random_state=0)
X = np.array(plasmids.data, dtype=object)
y = np.array([f"lab {lab + 1}" for lab in plasmids.target])
test = plasmids.groups % 4 == 3
network = make_pipeline(
    BPETokenizer(vocab_size=500, max_length=1000),
    TripletLabRanker(
        64,
        embedding_dim=64,
        n_filters=64,
        max_epochs=20,
        augmenter=CircularShiftAugmenter(),
        verbose=0,
        random_state=0,
    ),
).fit(X[~test], y[~test])
vote = KmerLabRanker(fraction=1.0).fit(X[~test], y[~test])
print(f"first place: network {network.score(X[test], y[test]):.2f}, vote {vote.score(X[test], y[test]):.2f}")

# %%
# We explain a plasmid that the network ranks right. The tokens depend on the first base of a plasmid, so the
# importance is the mean over several rotations.

chosen = np.flatnonzero(test & (network.predict(X) == y))[0]
display = TokenImportanceDisplay.from_estimator(network, X[chosen], lab=y[chosen], n_rotations=8)
print(f"score of {display.lab}: {display.score:.2f}, without tokens: {display.baseline_score:.2f}")

# %%
# The baseline is the stretches that no other laboratory has. How much of the positive importance do they
# have?

stretches = vote.shared_stretches([X[chosen]], labs=[y[chosen]]).stretches
own = stretches[stretches["n_labs"] == 1]
is_own = np.zeros(len(X[chosen]), dtype=bool)
for start, end in zip(own["start"], own["end"], strict=True):
    is_own[np.arange(start, end if end > start else end + len(is_own)) % len(is_own)] = True
positive = display.importances.clip(min=0)
share = positive[is_own].sum() / positive.sum()
print(f"{is_own.mean():.0%} of the bases are in such stretches, with {share:.0%} of the positive importance")

# %%
# On polar axes, the display draws a map. The gray arcs are the stretches of the baseline.

figure, ax = plt.subplots(figsize=(5.6, 4.6), layout="constrained", subplot_kw={"projection": "polar"})
display.plot(ax, window=25)
angle = 2 * np.pi * np.arange(len(is_own)) / len(is_own)
ax.fill_between(angle, 1.5, 1.6, where=is_own, color="0.45", linewidth=0, label="only this lab")
ax.legend(loc="upper left", bbox_to_anchor=(0.95, 1.0), frameon=False)
plt.show()
