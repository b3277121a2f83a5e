"""
Points for sequencing reads, and the order of the reads
=======================================================

Two reads that overlap come from near places of the genome. Can a network give each read a point so that near
places have near points, and do those points tell in which order the reads lie? Yu (2024,
:doi:`10.1089/cmb.2024.0483`) trained such an embedding of reads of SARS-CoV-2 into three dimensions, found it
"too slow to be practical", and left the order to future work. Here it takes some seconds.
"""

# %%
# The genome has 29,903 nucleotides. The reads are simulated, 150 letters long with 1 % errors, from both
# strands. Two sets are drawn: the embedder learns from one, with the positions, and everything below is
# measured on the other, which it has not seen. It *has* seen the genome, though: this is about reads of a
# known genome.

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
print(f"{len(reads)} reads to learn from, {len(new_reads)} new ones at points of {points.shape[1]} numbers")

# %%
# Points are in bases. Within the length of a read, the distance of two points is to be the distance of the
# reads in the genome; further away it only has to be longer. ``score`` is the rank correlation of the two for
# reads that overlap. Of each read, do its ten nearest points overlap it?

nearest = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
overlaps = np.abs(new_positions[nearest] - new_positions[:, None]) < 150
print(f"Spearman's correlation, overlapping pairs: {embedder.score(new_reads, new_positions):.4f}")
print(f"nearest points whose reads overlap: {overlaps.mean():.2%}")

# %%
# The points lie on a curve, folded so that its coils keep a distance. Isomap measures distances along
# the curve, from neighbour to neighbour, and lays it out on one line. It sees the points alone: no positions,
# no letters.

line = Isomap(n_neighbors=10, n_components=1).fit_transform(points).ravel()
# the points cannot know at which end the genome begins
line *= np.sign(kendalltau(line, new_positions).statistic)
true_ranks, found_ranks = (np.argsort(np.argsort(values)) for values in (new_positions, line))
print(
    f"Kendall's correlation of the order with the positions: {kendalltau(line, new_positions).statistic:.4f}"
)
print(f"a read is {np.abs(true_ranks - found_ranks).mean():.2f} ranks off on average")
print(f"the line is {np.ptp(line):,.0f} bases long, the reads start within {np.ptp(new_positions):,}")

# %%
# A pair of reads that overlap lies on the diagonal on the left; reads that do not overlap lie above
# one read length, wherever they come from. On the right, every read by its place along the line.

figure = plt.figure(figsize=(9, 8), layout="constrained")
grid = figure.add_gridspec(2, 2, height_ratios=[1.4, 1])
curve = figure.add_subplot(grid[0, :], projection="3d")
left, right = (figure.add_subplot(grid[1, column]) for column in (0, 1))

colours = curve.scatter(*points.T, c=new_positions / 1000, cmap="viridis", s=4)
figure.colorbar(colours, ax=curve, label="position in the genome (kb)", shrink=0.7)
curve.set_title("Reads of SARS-CoV-2, each at its point")
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
    xlabel="apart in the genome (bases)", ylabel="distance of points (bases)", title="Distances hold near by"
)

right.scatter(new_positions / 1000, line / 1000, s=2, color="tab:blue")
right.set(
    xlabel="position in the genome (kb)",
    ylabel="place along the curve (kb)",
    title="The order from points alone",
)
for panel in (left, right):
    panel.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What makes it quick? Each k-mer of a read votes for a place (:class:`~skseed.embedding.KmerVoteEncoder`), so
# that learning is looking up rather than finding filters; batches are made of neighbours, because two random
# reads hardly ever overlap; and the line is folded first, from positions alone, so that the reads need not
# untangle it. What it is not: a read mapper or an assembler. Reads of a genome that it was not trained on
# have no place, and the embedder says so.
