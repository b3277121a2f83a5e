"""
Minimizers and convolution filters
==================================

Which k-mers of a sequence should be kept, and how many? The minimizer of a window is its first k-mer in some
order, and one k-mer in ten is kept with windows of 19. A convolution filter with max-pooling is such an
order: it keeps fewer positions than a random order in short repeats, and as many in random DNA. There, newer
sampling schemes keep the fewest. With a tenth of the k-mers, a classifier of proteins loses little accuracy.
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
            for order in ("random", "gaussian")
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


density = {"random": [], "gaussian": []}
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
# In DNA without repeats, a filter selects about as many positions as a random order. Other schemes come
# closer to the lower bound. With windows of 24 k-mers, ``order="double-decycling"`` and
# ``scheme="open-closed"`` select the fewest positions for short k-mers, and ``scheme="mod"`` for long ones.
# ``scheme="mod-open-closed"`` combines both.

text = DNA.decode(rng.integers(4, size=100_000))
schemes = {
    "random order": {},
    "random filter": {"order": "gaussian"},
    "double decycling": {"order": "double-decycling"},
    "open-closed": {"scheme": "open-closed"},
    "mod": {"scheme": "mod"},
    "mod-open-closed": {"scheme": "mod-open-closed"},
}
sizes = [6, 8, 10, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64]
by_scheme = pd.DataFrame(
    {
        name: [
            MinimizerVectorizer(k, 24, random_state=0, **parameters).fit([text]).density([text])[0]
            for k in sizes
        ]
        for name, parameters in schemes.items()
    },
    index=pd.Index(sizes, name="k"),
)
by_scheme.loc[[8, 16, 32, 64]].round(4)

# %%
# Minimizers also serve as a sketch: a row of counts of the selected k-mers for each sequence, which any model
# of scikit-learn accepts. We predict the hosts of coronaviruses from their spike proteins, with all 4-mers (a
# window of 1) and with fewer of them (larger windows). The folds are random, so the score measures how well
# relatives are recognized, which is the purpose of a sketch. It does not measure performance on new virus
# species; see :ref:`sphx_glr_auto_examples_splits_plot_split_leakage.py`.

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
# The response of the filter along the telomere, with the selected k-mers.

# sphinx_gallery_thumbnail_number = 3
INK, RANDOM, FILTER = "0.25", "#d1495b", "#00798c"
START, STOP = 0, 120
single = MinimizerFilter(vectorizer.filter_, window=1)
response = single(codes)[0, 0].detach().numpy()
pooled = layer(codes)[0, 0].detach().numpy()
positions = vectorizer.positions([telomere])[0]
positions = positions[(positions >= START) & (positions < STOP)]
shown = np.arange(START, STOP)
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.fill_between(shown, response[START:STOP], response.min(), step="mid", color="0.88", label="response")
ax.step(shown + WINDOW // 2, pooled[START:STOP], where="mid", color=FILTER, label="after max-pooling")
ax.plot(positions, response[positions], "o", color=RANDOM, label="selected 8-mers")
ax.set(xlim=(START, STOP), xlabel="position in the telomere (nt)", ylabel="filter response")
figure.legend(loc="outside upper center", frameon=False, ncols=3)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Repeats, with windows of 19. If the repeated unit is shorter than the window, a filter keeps fewer
# positions.

figure, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
ax.axhline(2 / (WINDOW + 1), color=INK, linestyle="--", linewidth=1, label="random sequences")
ax.axvline(WINDOW, color=INK, linestyle=":", linewidth=1, label="length of the window")
ax.plot(units, density["random"], "o-", color=RANDOM, markersize=4, label="random order")
ax.plot(units, density["gaussian"], "s-", color=FILTER, markersize=4, label="random filter")
ax.set(xlabel="length of the repeated unit (nt)", ylabel="density of minimizers")
figure.legend(loc="outside upper center", frameon=False, ncols=2)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Random DNA, with windows of 24.

figure, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
colors = [RANDOM, FILTER, "#edae49", "#66a182", "#2e4057", "#8d96a3"]
for (name, values), color, marker in zip(by_scheme.items(), colors, "osD^vP", strict=True):
    ax.plot(values, color=color, marker=marker, markersize=4, label=name)
ax.axhline(1 / 24, color=INK, linewidth=1, label="1 / window")
ax.set(xlabel="length k of a k-mer (nt)", ylabel="density of selected k-mers")
figure.legend(loc="outside upper center", frameon=False, ncols=3, fontsize=9)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
