"""
Embed sequencing reads and recover their order
==============================================

Can the order of reads be recovered from vectors alone? This example embeds reads of a genome into three
dimensions so that reads from near positions have near points. Isomap then recovers the order with a small
error. Yu (2024, :doi:`10.1089/cmb.2024.0483`) trained such an embedding of reads of SARS-CoV-2, found it "too
slow to be practical", and left the order to future work. Here training takes a few seconds.
"""

# %%
# The genome has 29,903 nucleotides. The reads are simulated: 150 letters, 1 % errors, both strands. The
# embedder learns from one set of reads and their positions. All results below are measured on another set of
# reads of the same genome. The method works for reads of a known genome only.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import kendalltau
from sklearn.decomposition import PCA
from sklearn.manifold import Isomap
from sklearn.neighbors import NearestNeighbors

from skseed.datasets import load_sars_cov_2, make_reads
from skseed.embedding import ReadPositionEmbedder

genome = load_sars_cov_2().data[0]
reads, positions = make_reads(genome, depth=20, both_strands=True, random_state=0)
new_reads, new_positions = make_reads(genome, depth=10, both_strands=True, random_state=1)

embedder = ReadPositionEmbedder(random_state=0).fit(reads, positions)
points = embedder.transform(new_reads)
print(f"{len(reads)} training reads, {len(new_reads)} new reads in {points.shape[1]} dimensions")

# %%
# The unit of the points is one base. Up to the length of a read, the distance of two points approximates the
# distance of their reads in the genome. The points of reads that do not overlap only have to be more than one
# read length apart. ``score`` is the rank correlation of both distances over overlapping reads. We also count
# how many of the ten nearest points of a read belong to overlapping reads.

nearest = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
overlaps = np.abs(new_positions[nearest] - new_positions[:, None]) < 150
print(f"Spearman's correlation, overlapping pairs: {embedder.score(new_reads, new_positions):.4f}")
print(f"nearest points whose reads overlap: {overlaps.mean():.2%}")

# %%
# The points form a folded curve. Isomap computes distances along the curve, from neighbor to neighbor, and
# maps the curve to one dimension. Its only input is the points.

line = Isomap(n_neighbors=10, n_components=1).fit_transform(points).ravel()
# the points do not determine at which end the genome starts
line *= np.sign(kendalltau(line, new_positions).statistic)
true_ranks, found_ranks = (np.argsort(np.argsort(values)) for values in (new_positions, line))
print(
    f"Kendall's correlation of the order with the positions: {kendalltau(line, new_positions).statistic:.4f}"
)
print(f"a read is {np.abs(true_ranks - found_ranks).mean():.2f} ranks off on average")
print(f"the line is {np.ptp(line):,.0f} bases long, the reads start within {np.ptp(new_positions):,}")

# %%
# The curve, seen from the direction in which it is flattest. The color is the position in the genome.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
image = ax.scatter(*PCA(2).fit_transform(points).T, c=new_positions / 1000, cmap="viridis", s=6)
figure.colorbar(image, label="position in the genome (kb)")
ax.set(xlabel="bases", ylabel="bases", title="Embedded reads of SARS-CoV-2", aspect="equal")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Pairs of overlapping reads are on the diagonal. All other pairs are above one read length.

sample = np.random.default_rng(0).choice(len(points), size=600, replace=False)
rows, columns = np.triu_indices(len(sample), k=1)
true = np.abs(new_positions[sample][rows] - new_positions[sample][columns])
learned = np.linalg.norm(points[sample][rows] - points[sample][columns], axis=1)
near = true < 500
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
ax.axvline(150, color="0.3", linestyle=":", linewidth=1, label="read length")
ax.plot([0, 150], [0, 150], color="0.3", linestyle="--", linewidth=1, label="equal distances")
ax.scatter(true[near], learned[near], s=4, alpha=0.5, color="#00798c")
ax.set(xlabel="distance in the genome (bases)", ylabel="distance of points (bases)")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The position of each read along the curve, against its true position.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
ax.scatter(new_positions / 1000, line / 1000, s=3, color="#00798c")
ax.set(xlabel="position in the genome (kb)", ylabel="position along the curve (kb)")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Training is fast for three reasons. Each k-mer of a read votes for a position
# (:class:`~skseed.embedding.KmerVoteEncoder`), so a table is learned instead of filters. Batches consist of
# neighboring reads, because two random reads rarely overlap. Training starts from a curve that is folded
# using the positions alone, so it does not have to untangle the curve. The embedder is neither a read mapper
# nor an assembler: it warns about reads of a genome that it was not trained on.
