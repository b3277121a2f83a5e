"""
Embed sequencing reads and recover their order
==============================================

This example embeds reads of a genome so that reads from near positions have near points. It then recovers the
order of the reads from the points alone. Yu (2024, :doi:`10.1089/cmb.2024.0483`) trained such an embedding of
reads of SARS-CoV-2 into three dimensions, found it "too slow to be practical", and left the order of the
reads to future work. Here training takes a few seconds.
"""

# %%
# The genome has 29,903 nucleotides. The reads are simulated: 150 letters, 1 % errors, both strands. The
# embedder learns from one set of reads and their positions. All results below are measured on another set of
# reads of the same genome. The method works for reads of a known genome only.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import kendalltau
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
# Bottom left: pairs of overlapping reads are on the diagonal, and all other pairs are above one read length.
# Bottom right: the position of each read along the curve, against its true position.

figure = plt.figure(figsize=(9, 8), layout="constrained")
grid = figure.add_gridspec(2, 2, height_ratios=[1.4, 1])
curve = figure.add_subplot(grid[0, :], projection="3d")
left, right = (figure.add_subplot(grid[1, column]) for column in (0, 1))

colors = curve.scatter(*points.T, c=new_positions / 1000, cmap="viridis", s=4)
figure.colorbar(colors, ax=curve, label="position in the genome (kb)", shrink=0.7)
curve.set_title("Embedded reads of SARS-CoV-2")
curve.tick_params(labelsize=7)
curve.set_box_aspect((1.5, 1, 1), zoom=1.15)
curve.set(xlabel="bases", ylabel="bases", zlabel="bases")

sample = np.random.default_rng(0).choice(len(points), size=600, replace=False)
rows, columns = np.triu_indices(len(sample), k=1)
true = np.abs(new_positions[sample][rows] - new_positions[sample][columns])
learned = np.linalg.norm(points[sample][rows] - points[sample][columns], axis=1)
near = true < 500
left.axvline(150, color="0.3", linestyle=":", linewidth=1)
left.plot([0, 150], [0, 150], color="0.3", linestyle="--", linewidth=1)
left.scatter(true[near], learned[near], s=4, alpha=0.5, color="tab:blue")
left.annotate("read length", (150, 20), xytext=(4, 0), textcoords="offset points")
left.set(
    xlabel="distance in the genome (bases)",
    ylabel="distance of points (bases)",
    title="Distances of near reads",
)

right.scatter(new_positions / 1000, line / 1000, s=2, color="tab:blue")
right.set(
    xlabel="position in the genome (kb)",
    ylabel="position along the curve (kb)",
    title="Order from the points alone",
)
for panel in (left, right):
    panel.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Training is fast for three reasons. Each k-mer of a read votes for a position
# (:class:`~skseed.embedding.KmerVoteEncoder`), so a table is learned instead of filters. Batches consist of
# neighboring reads, because two random reads rarely overlap. Training starts from a curve that is folded
# using the positions alone, so it does not have to untangle the curve. The embedder is neither a read mapper
# nor an assembler: it warns about reads of a genome that it was not trained on.
