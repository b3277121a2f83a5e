"""
Guide trees for aligners
========================

Is an alignment as good with our guide tree as with the aligner's own? An aligner joins sequences in the order
of a guide tree, for which it compares all pairs. :class:`~skseed.cluster.SequenceLinkage` computes such a
tree from the distances to a few landmarks. In this example, MAFFT aligns genes of ferns with its own tree,
with ours, and with a random one. Without MAFFT, the example only writes the trees.
"""

# %%
# The names of the tips are the ids of the FASTA file.

import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage

from skseed.cluster import SequenceLinkage
from skseed.datasets import load_fern_rbcl
from skseed.inspection import DendrogramDisplay

ferns = load_fern_rbcl()
chosen = np.random.default_rng(0).choice(len(ferns.data), 200, replace=False)
genes = [ferns.data[index] for index in chosen]
names = [f"s{index}" for index in range(len(genes))]
tree = SequenceLinkage(embedder="landmarks").fit(genes)
newick = tree.to_newick(names)
print(newick[:100], "…")

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
DendrogramDisplay.from_estimator(tree, names=names).plot(ax, max_leaves=20)
plt.show()

# %%
# Clustal Omega (``--guidetree-in``) and FAMSA (``-gt import``) read this text. MAFFT reads one row for each
# merge: the first member of each of the two clusters, counted from 1, and the two branch lengths.


def mafft_tree(linkage_matrix):
    n = len(linkage_matrix) + 1
    first, heights, rows = list(range(1, n + 1)), [0.0] * n, []
    for one, other, height, _ in linkage_matrix:
        children = sorted((int(one), int(other)), key=lambda node: first[node])
        lengths = [(height - heights[node]) / 2 for node in children]
        rows.append("{:5d} {:5d} {:10.5f} {:10.5f}".format(*(first[node] for node in children), *lengths))
        first.append(first[children[0]])
        heights.append(height)
    return "\n".join(rows) + "\n"


print(mafft_tree(tree.linkage_matrix_)[:165])

# %%
# The sum of pairs counts the pairs of equal letters in the columns of an alignment. A random tree shows how
# much the guide tree matters for these sequences.


def sum_of_pairs(fasta):
    rows = ["".join(record.split("\n")[1:]).upper() for record in fasta.strip().split(">")[1:]]
    columns = np.array([list(row) for row in rows])
    counts = np.stack([(columns == letter).sum(axis=0) for letter in np.unique(columns) if letter != "-"])
    return int((counts * (counts - 1) // 2).sum())


random_tree = linkage(np.random.default_rng(0).random((len(genes), 3)), "average")
guide_trees = {"MAFFT's own": None, "ours": tree.linkage_matrix_, "random": random_tree}
scores = {}
if shutil.which("mafft"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        records = [f">{name}\n{gene}\n" for name, gene in zip(names, genes, strict=True)]
        (path / "genes.fasta").write_text("".join(records))
        for title, matrix in guide_trees.items():
            command = ["mafft", "--quiet", "--retree", "1", "--maxiterate", "0"]
            if matrix is not None:
                (path / "tree").write_text(mafft_tree(matrix))
                command += ["--treein", "tree"]
            done = subprocess.run(
                [*command, "genes.fasta"], cwd=path, check=True, capture_output=True, text=True
            )
            scores[title] = sum_of_pairs(done.stdout)
pd.Series(scores, name="sum of pairs", dtype="int64")

# %%
# These genes are easy to align, so that every tree gives nearly the same alignment. The benchmark page has
# figures for 16S rRNA and for spacers with many insertions and deletions.
