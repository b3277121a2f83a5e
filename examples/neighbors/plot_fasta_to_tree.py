"""
From a FASTA file to neighbors and a tree
=========================================

How do I find the relatives of a gene in my own FASTA file? Embed all genes, search among the vectors, compare
the few best with exact edit distances, and draw a tree of them. The vectors alone find 99 % of the ten
nearest genes. With 20 candidates, the exact check finds all. Candidates by k-mer counts need no training, and
find nearly all with 40.
"""

# %%
# The example first writes a file, so that it runs without yours. It has 150 letters of the gene *rbcL* of
# each of 1,500 ferns.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import NearestNeighbors

from skseed.cluster import SequenceLinkage
from skseed.datasets import load_fern_rbcl
from skseed.distances import levenshtein_distances
from skseed.embedding import EditDistanceEmbedder
from skseed.inspection import DendrogramDisplay
from skseed.io import read_fasta
from skseed.neighbors import SequenceNeighbors

ferns = load_fern_rbcl(subset="clean", as_frame=True)
genes = ferns.data.str.extract("ATGCG.TGG.G.GA.([ACGT]{150})")[0].dropna().drop_duplicates()
path = Path(tempfile.mkdtemp()) / "genes.fasta"
path.write_text("".join(f">{name}\n{gene}\n" for name, gene in genes.sample(1500, random_state=0).items()))

records = read_fasta(path, alphabet="dna")
known, queries = records.data[:1300], records.data[1300:]
print(f"{len(known)} known genes, {len(queries)} queries")

# %%
# The embedder learns from the known genes. The distance of two vectors approximates the edit distance.

embedder = EditDistanceEmbedder(random_state=0).fit(known)
vectors = NearestNeighbors(n_neighbors=10).fit(embedder.transform(known))
by_vectors = vectors.kneighbors(embedder.transform(queries), return_distance=False)

# %%
# :class:`~skseed.neighbors.SequenceNeighbors` takes the nearest vectors as candidates and sorts them by
# exact edit distances. Its baseline needs no training: the candidates with the least lower bounds from k-mer
# counts. The recall is the share of the ten nearest genes that are found. A gene as near as the tenth one
# counts as found.

true = levenshtein_distances(queries, known)
farthest = np.sort(true, axis=1)[:, [9]]


def recall(found):
    return np.mean(np.take_along_axis(true, found, axis=1) <= farthest)


numbers = [10, 20, 40, 80, 160]
curves = {"vectors": [], "k-mer counts": []}
for name, transformer in (("vectors", FrozenEstimator(embedder)), ("k-mer counts", None)):
    for number in numbers:
        search = SequenceNeighbors(10, algorithm="approximate", n_candidates=number, transformer=transformer)
        curves[name].append(recall(search.fit(known).kneighbors(queries, return_distance=False)))
print(f"without the exact check: {recall(by_vectors):.3f}")
print({name: np.round(curve, 3).tolist() for name, curve in curves.items()})

# %%
# The exact search compares all genes that cannot be excluded. It finds every neighbor, and it is fast enough
# for most files; see :doc:`/benchmarks/neighbors`.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for (name, curve), color in zip(curves.items(), ["#00798c", "#d1495b"], strict=True):
    ax.plot(numbers, curve, "o-", color=color, label=f"candidates: {name}")
ax.axhline(recall(by_vectors), color="0.4", linestyle="--", label="vectors, no exact check")
ax.set(
    xscale="log", xlabel="candidates compared exactly", ylabel="recall of the 10 nearest", ylim=(None, 1.01)
)
ax.set_xticks(numbers, labels=numbers)
ax.minorticks_off()
ax.legend(loc="lower right", frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The tree of the first query and its 20 nearest genes is built from exact distances.

indices = SequenceNeighbors(20).fit(known).kneighbors(queries[:1], return_distance=False)[0]
names = [f"query: {records.ids[1300]}", *(records.ids[index] for index in indices)]
tree = SequenceLinkage(n_clusters=3).fit([queries[0], *(known[index] for index in indices)])
figure, ax = plt.subplots(figsize=(7, 5.2), layout="constrained")
DendrogramDisplay.from_estimator(tree, names=names).plot(ax)
plt.show()
