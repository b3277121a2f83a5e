"""
Lab of origin: tune a ranker without leakage
============================================

How do I tune a ranker without fooling myself? Give ``GridSearchCV`` a splitter that keeps near copies
together, and score the best pipeline on publications that are not in the training data. The tuned network is
still worse than a vote of shared k-mers, which has nothing to tune: measure that baseline first.
"""

# %%
# The data are generated, so the truth is known: twenty laboratories with four publications each. A fifth of
# each plasmid comes from genetic parts of its laboratory. The rest comes from its publication and from a
# library that all laboratories share. Plasmids are circular, and each sequence starts at a random base.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from skseed.datasets import make_plasmids
from skseed.inspection import TopKDisplay
from skseed.metrics import top_k_scorer
from skseed.model_selection import LevenshteinGroupKFold
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter, KmerVectorizer
from skseed.ranking import KmerLabRanker, TripletLabRanker, rank_labs

plasmids = make_plasmids(
    n_samples=320, n_labs=20, n_publications=4, length=1500, return_X_y=False, random_state=0
)
sequences = np.array(plasmids.data, dtype=object)
labs = np.array([f"lab {lab + 1}" for lab in plasmids.target])

# %%
# The plasmids of a publication are near copies of one design. Folds by edit distance keep them together.
# ``topology="circular"`` computes the smallest distance over all rotations, because two copies may start at
# different bases, and ``both_strands`` compares the reverse complement, too. One fold is the final test set.

close = {"max_distance": 0.1, "topology": "circular", "both_strands": True}
folds = LevenshteinGroupKFold(n_splits=4, **close)
train, test = next(folds.split(sequences, labs))
shared = set(plasmids.groups[train]) & set(plasmids.groups[test])
print(f"{len(train)} training plasmids, {len(test)} test plasmids, {len(shared)} publications in both")

# %%
# Byte-pair encoding learns the tokens. The augmenter rotates each plasmid by a new random number of tokens in
# every epoch. The search tunes the size of the vocabulary and the margin of the triplet loss together.

search = GridSearchCV(
    make_pipeline(
        BPETokenizer(max_length=1000),
        TripletLabRanker(
            64, embedding_dim=64, n_filters=64, augmenter=CircularShiftAugmenter(), random_state=0
        ),
    ),
    {"bpetokenizer__vocab_size": [300, 1000], "tripletlabranker__margin": [0.3, 1.0]},
    scoring={"top1": top_k_scorer(1), "top10": top_k_scorer(10)},
    refit="top1",
    cv=LevenshteinGroupKFold(n_splits=3, **close),
)
search.fit(sequences[train], labs[train])
columns = [
    "param_bpetokenizer__vocab_size",
    "param_tripletlabranker__margin",
    "mean_test_top1",
    "mean_test_top10",
]
table = pd.DataFrame(search.cv_results_)[columns].round(3)
table.columns = ["vocabulary", "margin", "top-1", "top-10"]
table

# %%
# We score the best pipeline on the final test set. The baselines are the vote of k-mers and a logistic
# regression on 6-mer counts. The top-k score is the fraction of plasmids whose true laboratory is among the
# first *k*.

baseline = make_pipeline(KmerVectorizer(k=6), Normalizer(), LogisticRegression(C=100, max_iter=1000))
models = {
    "k-mer vote": KmerLabRanker().fit(sequences[train], labs[train]),
    "6-mer counts": baseline.fit(sequences[train], labs[train]),
    "triplet ranker": search,
}
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
for (name, model), color in zip(models.items(), ["#edae49", "#5e4b8b", "#00798c"], strict=True):
    display = TopKDisplay.from_estimator(model, sequences[test], labs[test], name=name)
    display.plot(ax, color=color, chance=name == "triplet ranker")
    print(f"{name}: {display.frame()['top_k'].loc[[1, 3, 10]].round(2).to_dict()}")
plt.show()

# %%
# ``rank_labs`` returns the list itself, from any fitted classifier, pipeline or search. ``enroll_labs`` would
# add a new laboratory to the same pipeline without training.

pd.DataFrame(rank_labs(search, sequences[test][:5], k=5), index=labs[test][:5]).rename_axis("true laboratory")

# %%
# The ranker maps plasmids and laboratories into the same space. Points are test plasmids, and stars are the
# vectors that the network learned for the laboratories.

tokens = search.best_estimator_[:-1].transform(sequences[test])
ranker = search.best_estimator_[-1]
points = np.vstack([ranker.transform(tokens), ranker.lab_embeddings_])
flat = TSNE(metric="cosine", perplexity=15, random_state=0).fit_transform(points)

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
colors = dict(zip(search.classes_, plt.get_cmap("tab20").colors, strict=True))
ax.scatter(*flat[: len(test)].T, color=[colors[lab] for lab in labs[test]], s=22)
ax.scatter(
    *flat[len(test) :].T, color=list(colors.values()), marker="*", s=190, edgecolor="black", linewidth=0.6
)
ax.set(xticks=[], yticks=[], title="Test plasmids (points) and laboratories (stars)")
plt.show()
