"""
Encoders that use the order of residues
=======================================

Averaged vectors of residues ignore the order: ``MNTQ…AKGD`` and ``AKGD…MNTQ`` have the same vector. This
example first compares encoders on classes that differ only in the position of one motif. The average stays at
chance, and the convolutional, recurrent and transformer encoders solve the task. It then shows the vectors of
residues and of real proteins before and after training.
"""

# %%
# Random proteins contain one motif of five residues. The class is the half of the protein that contains the
# motif, so composition carries no information.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from skseed.alphabets import PROTEIN
from skseed.classification import SequenceClassifier
from skseed.datasets import load_spike_hosts


def motif_in_one_half(n_proteins, seed, length=60, motif="HWKYC"):
    """Return random proteins with the motif in the first half (0) or in the second (1)."""
    rng = np.random.default_rng(seed)
    halves = rng.integers(2, size=n_proteins)
    proteins = []
    for half in halves:
        codes = rng.integers(20, size=length)
        start = rng.integers(length // 2 - len(motif)) + half * length // 2
        codes[start : start + len(motif)] = PROTEIN.encode(motif)
        proteins.append(PROTEIN.decode(codes))
    return proteins, halves


train, test = motif_in_one_half(2000, seed=0), motif_in_one_half(1000, seed=1)
print(train[0][0], train[1][0])

# %%
# We train the same classifier with four encoders, without its linear model on k-mers (``kmers=None``). The
# mean stays at chance. The recurrent network, the convolutional one (which keeps the maxima of halves and
# quarters) and the transformer (which adds a vector for each position) detect the position of the motif.

accuracy = {}
for encoder, max_epochs, lr in (
    ("mean", 10, 0.005),
    ("cnn", 5, 0.005),
    ("lstm", 10, 0.005),
    ("transformer", 12, 0.002),
):
    classifier = SequenceClassifier(encoder, kmers=None, max_epochs=max_epochs, lr=lr, random_state=0).fit(
        *train
    )
    accuracy[encoder] = classifier.score(*test)
pd.Series(accuracy, name="accuracy").to_frame()

# %%
# More training would not help the mean, because two proteins with the same residues have the same vector.
# Vectors of 3-mers (``k=3``) keep the order inside a 3-mer, which is most of the information about the host
# of a real protein (see :doc:`/benchmarks/classification`). They ignore the position of a 3-mer as well.

for encoder in ("mean", "lstm"):
    classifier = SequenceClassifier(encoder, kmers=None, max_epochs=1, random_state=0).fit(*train)
    forth, back = classifier.transform(["MNTQLLAKGD", "AKGDLLMNTQ"])
    print(f"{encoder}: distance of the two {np.linalg.norm(forth - back):.3f}")

# %%
# The real proteins are coronavirus spikes with the host of each virus, at most 40 of each virus. A network
# with a learning rate near zero shows the vectors before training. The residue vectors are those of the
# averaging network, the protein vectors those of the convolutional one.

spikes = load_spike_hosts(as_frame=True)
table = spikes.frame.drop_duplicates("sequence").groupby("species_agg").head(40)
table = table[table.groupby("target")["target"].transform("size") >= 15]
proteins, hosts = table["sequence"].tolist(), np.take(spikes.target_names, table["target"])
print(f"{len(proteins)} proteins, {len(set(hosts))} hosts")

network = {"kmers": None, "class_weight": None, "random_state": 0}
untrained = {"lr": 1e-9, "max_epochs": 1, **network}
trained = {"max_epochs": 12, **network}
residues, vectors = {}, {}
for name, training in (("before", untrained), ("after", trained)):
    averaging = SequenceClassifier("mean", embedding_dim=10, **training).fit(proteins, hosts)
    residues[name] = averaging.symbol_embeddings_[:20]
    convolving = SequenceClassifier("cnn", hidden_dim=32, **training).fit(proteins, hosts)
    vectors[name] = convolving.transform(proteins)

# %%
# Similar residues might get similar vectors. We compute the rank correlation between the difference in
# hydropathy (Kyte and Doolittle 1982) of two residues and the distance of their vectors, and how far the
# vectors move in training.

KYTE_DOOLITTLE = (
    "1.8 2.5 -3.5 -3.5 2.8 -0.4 -3.2 4.5 -3.9 3.8 1.9 -3.5 -1.6 -3.5 -4.5 -0.8 -0.7 4.2 -0.9 -1.3"
)
hydropathy = np.array(KYTE_DOOLITTLE.split(), dtype=float)
for name, points in residues.items():
    print(f"{name}: correlation {spearmanr(pdist(hydropathy[:, None]), pdist(points)).statistic:+.2f}")
lengths = np.linalg.norm(residues["before"], axis=1)
moved = np.linalg.norm(residues["after"] - residues["before"], axis=1) / lengths
print(f"the vectors moved by {moved.mean():.0%} of their length")

# %%
# The correlation is near zero: the vectors move by more than half of their length, but the new distances do
# not reflect hydropathy. To separate a few hundred labeled proteins, the vectors only have to differ. Models
# trained on millions of proteins learn vectors that reflect the chemistry of residues.
#
# We also compute how often the nearest proteins share a host. Both networks were trained on these proteins,
# so the numbers describe the figure and not new viruses. Even an untrained network groups the spikes well,
# because relatives have similar vectors in any encoder.

agreement = {
    name: cross_val_score(KNeighborsClassifier(5), points, hosts, cv=5).mean()
    for name, points in vectors.items()
}
print({name: round(float(share), 2) for name, share in agreement.items()})

# %%
# Residues are colored by hydropathy (brown: hydrophobic), proteins by host.

figure, axes = plt.subplot_mosaic(
    [["order", "residues before", "residues after"], ["order", "proteins before", "proteins after"]],
    figsize=(10, 6),
    width_ratios=[1, 1.25, 1.25],
    layout="constrained",
    facecolor="white",
)
bars = axes["order"]
bars.barh(list(accuracy), list(accuracy.values()), color=["#d1495b"] + ["#00798c"] * 3, height=0.6)
for position, value in enumerate(accuracy.values()):
    bars.annotate(
        f"{value:.2f}",
        (value, position),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color="white",
        weight="bold",
    )
bars.axvline(0.5, color="0.3", linestyle="--", linewidth=1)
bars.annotate("chance", (0.5, -0.45), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
bars.set(xlim=(0, 1), xlabel="accuracy", title="Position of the motif")
bars.invert_yaxis()
bars.spines[["top", "right"]].set_visible(False)

common = pd.Series(hosts).value_counts().index[:7].tolist()
colors = dict(zip(common, plt.colormaps["tab10"].colors, strict=False))
residue_map = PCA(2).fit(np.concatenate(list(residues.values())))
for name in residues:
    placed = residue_map.transform(residues[name])
    panel = axes[f"residues {name}"]
    panel.scatter(*placed.T, c=hydropathy, cmap="BrBG_r", s=180, edgecolor="0.6", linewidth=0.5)
    for letter, point, value in zip(PROTEIN.symbols, placed, hydropathy, strict=True):
        dark = abs(value) > 2.6
        panel.annotate(
            letter, point, ha="center", va="center", fontsize=8, color="white" if dark else "black"
        )
    panel.set_title(f"residue vectors {name} training")
    panel = axes[f"proteins {name}"]
    points = TSNE(random_state=0, perplexity=20).fit_transform(vectors[name])
    for host in common:
        panel.scatter(*points[hosts == host].T, s=9, color=colors[host], label=host)
    rest = ~np.isin(hosts, common)
    panel.scatter(*points[rest].T, s=9, color="0.8", label="other", zorder=0)
    panel.set_title(f"spikes {name}: {agreement[name]:.0%} of hosts shared")
    for panel in (axes[f"residues {name}"], axes[f"proteins {name}"]):
        panel.set(xticks=[], yticks=[])
handles, labels = axes["proteins after"].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=8, frameon=False, fontsize=8, markerscale=2)
plt.show()
