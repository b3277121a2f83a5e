"""
Lab of origin: how many changed bases a ranking survives
========================================================

How different may a plasmid be from the known ones before the right laboratory is lost? Change the test
plasmids more and more, and plot the rank of the true laboratory. Short k-mers survive more mutations than
long ones: a substitution destroys all k-mers that contain it.
"""

# %%
# The data are generated: twenty laboratories with four publications of 3,000 bases each. The test plasmids
# are from new publications.

import matplotlib.pyplot as plt
import numpy as np

from skseed.datasets import make_plasmids
from skseed.inspection import MutationRobustnessDisplay
from skseed.ranking import EvidenceLabRanker, KmerLabRanker

plasmids = make_plasmids(400, 20, return_X_y=False, random_state=0)
X, y = np.array(plasmids.data, dtype=object), plasmids.target
test = plasmids.groups % 4 == 3
rankers = {
    "vote of 31-mers": KmerLabRanker(k=31),
    "vote of 11-mers": KmerLabRanker(k=11, fraction=1.0),
    "evidence, 16-mers": EvidenceLabRanker(network=False, random_state=0),
}

# %%
# Substitutions, at random positions.

displays = {}
for name, ranker in rankers.items():
    groups = {"groups": plasmids.groups[~test]} if name.startswith("evidence") else {}
    ranker.fit(X[~test], y[~test], **groups)
    displays[name] = MutationRobustnessDisplay.from_estimator(
        ranker,
        X[test][:40],
        y[test][:40],
        levels=[10, 30, 100, 200, 300],
        n_repeats=2,
        random_state=0,
        name=name,
    )
    print(name, displays[name].frame()["top_1"].round(2).to_dict())

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for display, color in zip(displays.values(), ["#d1495b", "#edae49", "#00798c"], strict=True):
    display.plot(ax, color=color)
plt.show()

# %%
# A deletion of one stretch does less harm than substitutions of as many bases, because the k-mers of the rest
# stay whole.

deletion = MutationRobustnessDisplay.from_estimator(
    rankers["vote of 31-mers"],
    X[test][:40],
    y[test][:40],
    kind="deletion",
    levels=[10, 30, 100, 300, 600, 1000],
    n_repeats=2,
    random_state=0,
)
print("vote of 31-mers, deletion", deletion.frame()["top_1"].round(2).to_dict())
