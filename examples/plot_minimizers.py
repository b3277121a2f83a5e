"""
Minimizers and convolution filters
==================================

The minimizer of a window is its first k-mer in some order of all k-mers. With windows of 19 k-mers, about one
k-mer in ten is a minimizer, which is enough to find overlaps of sequences. A convolution filter followed by
max-pooling also selects one k-mer of each window: the k-mer with the largest response. A filter with random
weights is therefore an order of k-mers. This example compares its selection with that of a random order, on
human telomeres and on simulated repeats. It then uses minimizers as a sketch of proteins.
"""

# %%
# First we apply one filter to one telomere. ``order="gaussian"`` orders the 8-mers by the response of a
# filter with random weights. :class:`~skseed.nn.MinimizerFilter` is the same filter as a layer of a network.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skseed.alphabets import DNA
from skseed.datasets import load_spike_hosts, load_telomeres
from skseed.nn import MinimizerFilter
from skseed.preprocessing import MinimizerVectorizer

K, WINDOW = 8, 19
telomere = load_telomeres().data[0]
vectorizer = MinimizerVectorizer(K, WINDOW, order="gaussian", random_state=2).fit([telomere])
codes = torch.as_tensor(DNA.encode(telomere).copy())[None]

layer = MinimizerFilter(vectorizer.filter_, window=WINDOW)
selected_by_layer = {telomere[start : start + K] for start in layer.select(codes)[0, 0].tolist()}
selected_by_order = set(vectorizer.kmers([telomere])[0])
print(f"{len(selected_by_layer)} selected k-mers, equal sets: {selected_by_layer == selected_by_order}")

# %%
# A telomere repeats ``CCCTAA`` thousands of times, so most windows contain several copies of their first
# k-mer. The rule for such ties affects the number of selected positions much more than the order does.
# ``"robust"`` keeps the copy that the previous window selected as long as it is in the window.

seeds = range(20)
telomeres = load_telomeres().data
pd.DataFrame(
    {
        tie_break: {
            order: np.mean(
                [
                    MinimizerVectorizer(K, WINDOW, order=order, tie_break=tie_break, random_state=seed)
                    .fit(telomeres)
                    .density(telomeres)
                    for seed in seeds
                ]
            )
            for order in ("hash", "gaussian")
        }
        for tie_break in ("robust", "leftmost", "slot")
    }
).round(4)

# %%
# Next we simulate repeats: copies of a random unit in which one letter in ten is changed, as in Fig. 2 of
# Yu (2024, :doi:`10.1089/cmb.2024.0483`). If the unit is shorter than the window, a filter selects fewer
# positions than a random order, because the response to a copy with a changed letter is nearly that of the
# original. If the unit is longer than the window, the two densities agree.

rng = np.random.default_rng(0)
units = np.arange(2, 30)


def repeats(unit, n_copies=60, length=1007):
    """Return mutated repeats of random units, one sequence for each of `n_copies`."""
    sequences = []
    for _ in range(n_copies):
        letters = np.tile(rng.integers(4, size=unit), -(-length // unit))[:length]
        mutated = rng.random(length) < 0.1333
        letters[mutated] = rng.integers(4, size=mutated.sum())
        sequences.append(DNA.decode(letters))
    return sequences


density = {"hash": [], "gaussian": []}
for unit in units:
    sequences = repeats(unit)
    for order, means in density.items():
        each = [
            MinimizerVectorizer(K, WINDOW, order=order, tie_break="slot", random_state=seed)
            .fit([sequence])
            .density([sequence])
            for seed, sequence in enumerate(sequences)
        ]
        means.append(np.mean(each))

# %%
# Minimizers also serve as a sketch: a row of counts of the selected k-mers for each sequence, which any model
# of scikit-learn accepts. We predict the hosts of coronaviruses from their spike proteins, with all 4-mers (a
# window of 1) and with fewer of them (larger windows). The folds are random, so the score measures how well
# relatives are recognized, which is the purpose of a sketch. It does not measure performance on new virus
# species; see :ref:`sphx_glr_auto_examples_plot_split_leakage.py`.

spikes = load_spike_hosts(as_frame=True)
table = spikes.frame.drop_duplicates("sequence").groupby("species_agg").head(60)
table = table[table.groupby("target")["target"].transform("size") >= 10]
proteins, hosts = table["sequence"].tolist(), table["target"].to_numpy()
folds = StratifiedKFold(3, shuffle=True, random_state=0)

sketch = {}
for window in (1, 4, 9, 19, 39, 79):
    features = MinimizerVectorizer(4, window, alphabet="protein", binary=True, random_state=0)
    model = make_pipeline(features, TfidfTransformer(), LinearSVC(C=10, random_state=0))
    scores = cross_val_score(model, proteins, hosts, cv=folds, scoring="balanced_accuracy")
    sketch[window] = {
        "k-mers kept": features.fit_transform(proteins).nnz / len(proteins),
        "balanced accuracy": scores.mean(),
    }
sketch = pd.DataFrame(sketch).T.rename_axis("window")
sketch.round(2)

# %%
# The figure shows the response of a filter along the telomere with the selected k-mers (top), the densities
# (left), and the accuracy by the number of k-mers in the sketch (right).

INK, RANDOM, FILTER = "0.25", "#d1495b", "#00798c"
figure, axes = plt.subplot_mosaic(
    [["top", "top"], ["left", "right"]], figsize=(9.5, 6.5), layout="constrained", facecolor="white"
)
top, left, right = axes.values()

START, STOP = 0, 150
single = MinimizerFilter(vectorizer.filter_, window=1)
response = single(codes)[0, 0].detach().numpy()
pooled = layer(codes)[0, 0].detach().numpy()
positions = vectorizer.positions([telomere])[0]
positions = positions[(positions >= START) & (positions < STOP)]
shown = np.arange(START, STOP)
top.fill_between(shown, response[START:STOP], response.min(), step="mid", color="0.9")
top.step(
    shown + WINDOW // 2, pooled[START:STOP], where="mid", color=FILTER, alpha=0.6, label="after max-pooling"
)
top.plot(positions, response[positions], "o", color=RANDOM, label="minimizers")
for position in positions:
    top.annotate(
        telomere[position : position + K],
        (position, response[position]),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=7,
        family="monospace",
        color=INK,
    )
top.set(
    xlim=(START, STOP),
    ylim=(None, response.max() * 1.25),
    xlabel="position in the telomere (nt)",
    ylabel="filter response",
    title="A random filter over a human telomere",
)
top.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none", ncols=2)

left.axhline(2 / (WINDOW + 1), color=INK, linestyle="--", linewidth=1)
left.annotate(
    "random sequences", (29, 2 / (WINDOW + 1)), xytext=(0, 9), textcoords="offset points", ha="right"
)
left.axvline(WINDOW, color=INK, linestyle=":", linewidth=1)
left.annotate("window", (WINDOW, 0.112), xytext=(3, 0), textcoords="offset points", va="top")
left.plot(units, density["hash"], "o-", color=RANDOM, markersize=4, label="random order")
left.plot(units, density["gaussian"], "s-", color=FILTER, markersize=4, label="random filter")
left.set(
    xlabel="length of the repeated unit (nt)",
    ylabel="density of minimizers",
    title="Filters select fewer k-mers in repeats",
)
left.legend(frameon=False, loc="lower left")

right.plot(sketch["k-mers kept"], sketch["balanced accuracy"], "o-", color=FILTER)
for window, row in sketch.iterrows():
    right.annotate(
        "all" if window == 1 else f"{window:.0f}",
        (row["k-mers kept"], row["balanced accuracy"]),
        xytext=(0, -14),
        textcoords="offset points",
        ha="center",
        fontsize=8,
    )
right.set(
    xscale="log",
    ylim=(0, 1),
    xlabel="k-mers kept of a spike protein",
    ylabel="balanced accuracy",
    title="Accuracy by window of the sketch",
)
right.margins(x=0.15)
for panel in (top, left, right):
    panel.spines[["top", "right"]].set_visible(False)
plt.show()
