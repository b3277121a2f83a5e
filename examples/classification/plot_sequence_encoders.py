"""
Encoders that use the order of residues
=======================================

Which encoders can use the position of a motif? The mean of residue vectors and k-mer counts cannot: they
ignore the position, so they stay at chance. The convolutional, recurrent and transformer encoders solve the
task. The example then shows what training does to the vectors of residues and of real proteins.
"""

# %%
# Random proteins contain one motif of five residues. The class is the half of the protein that contains the
# motif, so composition carries no information.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.manifold import TSNE
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skseed.alphabets import PROTEIN
from skseed.classification import SequenceClassifier
from skseed.datasets import load_spike_hosts
from skseed.preprocessing import KmerVectorizer


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
# The baseline is a linear support vector machine on 3-mers. We train the classifier with four encoders,
# without its linear model on k-mers (``kmers=None``). The mean stays at chance. The recurrent network, the
# convolutional one (which keeps the maxima of halves and quarters) and the transformer (which adds a vector
# for each position) detect the position of the motif.

baseline = make_pipeline(KmerVectorizer(k=3, alphabet="protein"), LinearSVC(random_state=0)).fit(*train)
accuracy = {"SVM, 3-mers": baseline.score(*test)}
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
# The accuracy on the motif, by encoder. The dashed line is chance.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
colors = ["#edae49", "#d1495b", *["#00798c"] * 3]
bars = ax.barh(list(accuracy), list(accuracy.values()), color=colors, height=0.6)
ax.bar_label(bars, fmt="%.2f", padding=4)
ax.axvline(0.5, color="0.3", linestyle="--", linewidth=1)
ax.set(xlim=(0, 1.12), xlabel="accuracy, position of the motif")
ax.set_xticks(np.linspace(0, 1, 6))
ax.invert_yaxis()
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Pairs of residues: the distance of their vectors does not depend on their difference in hydropathy.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
difference = pdist(hydropathy[:, None])
for (name, vectors_of_residues), color in zip(residues.items(), ["0.6", "#00798c"], strict=True):
    ax.plot(difference, pdist(vectors_of_residues), "o", color=color, markersize=4, label=f"{name} training")
ax.set(xlabel="difference in hydropathy", ylabel="distance of the vectors of two residues")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Maps of the spikes, colored by host.

common = pd.Series(hosts).value_counts().index[:7].tolist()
colors = dict(zip(common, plt.colormaps["tab10"].colors, strict=False))
for name, values in vectors.items():
    figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    points = TSNE(random_state=0, perplexity=20).fit_transform(values)
    for host in common:
        ax.scatter(*points[hosts == host].T, s=9, color=colors[host], label=host)
    rest = ~np.isin(hosts, common)
    ax.scatter(*points[rest].T, s=9, color="0.8", label="other", zorder=0)
    ax.set(xticks=[], yticks=[], title=f"spikes {name} training: {agreement[name]:.0%} of hosts shared")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=2)
plt.show()
