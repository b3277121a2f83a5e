"""
Lab of origin: explain a ranking, and abstain
=============================================

Why is a laboratory first, and when should the ranker not answer? A map shows the stretches of the plasmid
that the likeliest laboratories have, too. A ranker that answers only when it is confident makes fewer errors:
here, none for two thirds of the plasmids. The k-mer vote has nearly the same curve.
"""

# %%
# The data are generated: twenty laboratories with six publications each. The ranker learns from four
# publications of each laboratory. All plasmids of the others are the test set.

import matplotlib.pyplot as plt
import numpy as np

from skseed.datasets import make_plasmids
from skseed.inspection import RiskCoverageDisplay, SharedStretchesDisplay
from skseed.ranking import EvidenceLabRanker, KmerLabRanker

plasmids = make_plasmids(
    480,
    20,
    n_publications=6,
    length=3000,
    signature=0.08,
    mutation_rate=0.01,
    return_X_y=False,
    random_state=0,
)
X = np.array(plasmids.data, dtype=object)
y = np.array([f"lab {lab + 1}" for lab in plasmids.target])
groups = plasmids.groups
test = groups % 6 >= 4
ranker = EvidenceLabRanker(random_state=0).fit(X[~test], y[~test], groups=groups[~test])
vote = KmerLabRanker().fit(X[~test], y[~test])
print(f"first place: {ranker.score(X[test], y[test]):.2f}, vote: {vote.score(X[test], y[test]):.2f}")

# %%
# We explain the test plasmid with the highest probability of the first place: which stretches do the
# likeliest laboratories have too? Each ring of the map is a laboratory. Dark stretches are shared by few
# laboratories, light ones by many. The outer ring shows how many laboratories have the k-mers of a position.

clearest = ranker.predict_proba(X[test]).max(axis=1).argmax()
display = SharedStretchesDisplay.from_estimator(ranker, X[test][[clearest]], n_labs=3).plot()
display.ax_.set_title(f"True laboratory: {y[test][clearest]}")
plt.show()

# %%
# The table behind the map names the nearest plasmid of the laboratory for each stretch: its index in the
# training data.

display.stretches.sort_values(["n_labs", "n_kmers"], ascending=[True, False]).head(8)

# %%
# The ranker answers if the probability of the first place is above a threshold. The curve shows the error
# rate for each share of answered plasmids.

_, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for name, fitted in (("evidence", ranker), ("vote", vote)):
    RiskCoverageDisplay.from_estimator(fitted, X[test], y[test], name=name).plot(ax)
plt.show()

# %%
# Plasmids of one publication come from one laboratory. With ``groups``, they are ranked together.

first = ranker.rank(X[test], k=1, groups=groups[test])[:, 0]
of_group = [y[groups == group][0] for group in dict.fromkeys(groups[test])]
print(f"first place of whole publications: {np.mean(first == of_group):.2f}")
