"""
Remove near copies, as CD-HIT does
==================================

How do I reduce a set to representatives that differ by more than 3 %? Sort the sequences by length and call
:func:`~skseed.distances.levenshtein_groups` with ``linkage="leader"``. It is the greedy rule of CD-HIT with
exact edit distances, so no two representatives are within the cut-off. Single linkage makes fewer, larger
groups.
"""

# %%
# The data are spike proteins of coronaviruses, at most 60 of each virus species. CD-HIT takes the longest
# sequence first.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skseed.datasets import load_spike_hosts
from skseed.distances import levenshtein_groups, levenshtein_neighbors

table = load_spike_hosts(as_frame=True).frame.drop_duplicates("sequence").groupby("species").head(60)
table = table.sort_values("sequence", key=lambda column: -column.str.len(), kind="stable")
proteins = table["sequence"].to_numpy(dtype=object)
CUTOFF = 0.03

# %%
# The first member of a group is its representative. The check counts the pairs of representatives within the
# cut-off: with exact distances there is none.

groups = {
    "leader (CD-HIT)": levenshtein_groups(proteins, CUTOFF, linkage="leader"),
    "single linkage": levenshtein_groups(proteins, CUTOFF, linkage="single"),
}
rows = {}
for name, labels in groups.items():
    _, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    close = levenshtein_neighbors(proteins[first], CUTOFF)
    rows[name] = {
        "representatives": len(first),
        "close pairs of representatives": close.nnz // 2,
        "largest group": sizes.max(),
    }
print(f"{len(proteins)} proteins")
pd.DataFrame(rows)

# %%
# The representatives of groups are a set to search or to show. *They are no split*: a member of one leader
# group can be close to a member of another. The last number counts such pairs. For folds, use single linkage
# or :class:`~skseed.model_selection.LevenshteinGroupKFold`.

pairs = levenshtein_neighbors(proteins, CUTOFF).tocoo()
for name, labels in groups.items():
    divided = (labels[pairs.row] != labels[pairs.col]).sum() // 2
    print(f"{name}: {divided} of {pairs.nnz // 2} close pairs are in two groups")

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for (name, labels), color in zip(groups.items(), ["#d1495b", "#00798c"], strict=True):
    sizes = np.sort(np.bincount(labels))[::-1]
    ax.loglog(np.arange(1, len(sizes) + 1), sizes, "o-", markersize=3, color=color, label=name)
ax.set(xlabel="group, by its size", ylabel="proteins in the group")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
