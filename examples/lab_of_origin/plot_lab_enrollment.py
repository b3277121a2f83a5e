"""
Lab of origin: add laboratories without training
================================================

How many publications of a new laboratory must a ranker see? ``enroll`` adds their plasmids to a fitted
ranker, without training. In these generated data, one publication is hardly enough, and with three
publications a new laboratory is found as often as a known one. The accuracy on the known laboratories stays
the same.
"""

# %%
# The data are generated: thirty laboratories with six publications of three plasmids each. Twenty
# laboratories are in the training data. The other ten are enrolled with one, two, three and four
# publications. All plasmids of the last two publications are the test set.

import copy

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skseed.datasets import make_plasmids
from skseed.ranking import EvidenceLabRanker, KmerLabRanker

plasmids = make_plasmids(
    540, 30, n_publications=6, signature=0.1, mutation_rate=0.02, return_X_y=False, random_state=0
)
X = np.array(plasmids.data, dtype=object)
y, publications = plasmids.target, plasmids.groups
number = publications % 6
new, test = y >= 20, number >= 4
train = ~new & ~test

# %%
# ``enroll`` changes a ranker in place, so each number of publications starts from a copy. The baseline of the
# accuracy is chance, 1/30.

fitted = {
    "k-mer vote": KmerLabRanker().fit(X[train], y[train]),
    "evidence": EvidenceLabRanker(random_state=0).fit(X[train], y[train], groups=publications[train]),
}
rows = []
for name, ranker in fitted.items():
    for n_publications in range(1, 5):
        added = new & (number < n_publications)
        groups = {"groups": publications[added]} if name == "evidence" else {}
        enrolled = copy.deepcopy(ranker).enroll(X[added], y[added], **groups)
        for labs, chosen in (("new", new & test), ("known", ~new & test)):
            rows.append((name, labs, n_publications, enrolled.score(X[chosen], y[chosen])))
scores = pd.DataFrame(rows, columns=["ranker", "laboratories", "publications", "accuracy"])
scores.pivot(index="publications", columns=["ranker", "laboratories"], values="accuracy").round(2)

# %%
# Call ``fit`` again if a new laboratory has many plasmids, because ``enroll`` does not train the network of
# the evidence ranker. In a pipeline, use :func:`~skseed.ranking.enroll_labs`.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for (name, labs), line in scores.groupby(["ranker", "laboratories"], sort=False):
    ax.plot(
        line["publications"],
        line["accuracy"],
        marker="o",
        linestyle="-" if labs == "new" else ":",
        color="#edae49" if name == "k-mer vote" else "#00798c",
        label=f"{name}, {labs} laboratories",
    )
ax.axhline(1 / 30, color="0.6", linestyle="--", label="chance")
ax.set(xlabel="enrolled publications of each new laboratory", ylabel="first place is right", ylim=(0, 1))
ax.set_xticks(range(1, 5))
ax.legend(frameon=False, fontsize=8)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
