"""
Search for the parameters of an embedding
=========================================

Is a search of the parameters of an embedding worth it? ``RandomizedSearchCV`` tries encoders of letters,
geometries and learning rates on folds that hold out whole clades. On other clades, its best candidate is
better than k-mer counts, but worse than the default encoder, which reads distances to landmarks: try the
default first. The score of the best candidate in the search is too optimistic, because it is the best of
many.
"""

# %%
# The data are 150 letters of the gene *rbcL* of ferns. A fifth of the clades is the final test set.

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.colors import LogNorm
from scipy.stats import loguniform, uniform
from sklearn.model_selection import RandomizedSearchCV

from skseed.datasets import load_fern_rbcl
from skseed.embedding import CNNEncoder, EditDistanceEmbedder, LinearEncoder, MLPEncoder
from skseed.metrics import percent_rmse_scorer
from skseed.model_selection import PhylogeneticGroupSplit

ferns = load_fern_rbcl(subset="clean", as_frame=True)
genes = ferns.data.str.extract("ATGCG.TGG.G.GA.([ACGT]{150})")[0].dropna().drop_duplicates()
genes = genes.sample(500, random_state=0)


def clades(n_splits):
    return PhylogeneticGroupSplit(n_splits, tree=ferns.tree, depth=6, test_size=0.2, random_state=0)


rest, last = next(clades(1).split(genes))
rest, last = genes.iloc[rest], genes.iloc[last]

# %%
# An encoder is a parameter that has parameters. The search draws candidates at random and scores each by
# minus the %RMSE on the held-out clades of two folds. A halving search with few epochs would prefer the
# linear encoder, which learns fastest in the first epochs.

common = {
    "distance": ["euclidean", "hyperbolic"],
    "lr": loguniform(3e-4, 3e-2),
    "batch_size": [32, 64, 128],
    "synthetic": uniform(0, 0.9),
    "mutation_rate": loguniform(0.01, 0.3),
}
space = [
    {"encoder": [LinearEncoder()], **common},
    {"encoder": [MLPEncoder()], "encoder__hidden_layer_sizes": [(64,), (128, 128), (256, 256)], **common},
    {
        "encoder": [CNNEncoder()],
        "encoder__n_channels": [8, 16, 32],
        "encoder__n_layers": [2, 3, 4],
        "encoder__kernel_size": [3, 5, 7],
        **common,
    },
]
search = RandomizedSearchCV(
    EditDistanceEmbedder(64, max_epochs=20, random_state=0),
    space,
    n_iter=12,
    cv=clades(2),
    scoring=percent_rmse_scorer,
    random_state=0,
).fit(rest)

# %%
# These are the six best candidates.

results = pd.DataFrame(search.cv_results_)
results["%RMSE"] = -results["mean_test_score"]
results["encoder"] = results["param_encoder"].map(lambda encoder: type(encoder).__name__)
columns = ["encoder", *(f"param_{name}" for name in common), "%RMSE"]
print(results.sort_values("%RMSE")[columns].head(6).round(4).to_string(index=False))

# %%
# The final test set compares the best candidate with the default encoder and with scaled distances of k-mer
# counts.

others = {
    "default": EditDistanceEmbedder(64, max_epochs=20, random_state=0).fit(rest),
    "k-mer counts": EditDistanceEmbedder(None, encoder="kmer", max_epochs=20, random_state=0).fit(rest),
}
test_errors = {name: -model.score(last) for name, model in {"best of the search": search, **others}.items()}
print({name: round(error, 2) for name, error in test_errors.items()})

# %%
# The figure shows all candidates, by encoder. The color is the learning rate.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
names = ["LinearEncoder", "MLPEncoder", "CNNEncoder"]
for distance, marker in (("euclidean", "o"), ("hyperbolic", "^")):
    some = results[results["param_distance"] == distance]
    # one column for each encoder, with the geometries side by side
    column = some["encoder"].map(names.index) + (0.12 if distance == "hyperbolic" else -0.12)
    image = ax.scatter(
        column,
        some["%RMSE"],
        c=some["param_lr"].astype(float),
        norm=LogNorm(3e-4, 3e-2),
        cmap="viridis",
        marker=marker,
        s=60,
        label=distance,
    )
figure.colorbar(image, label="learning rate")
ax.set(ylabel="%RMSE on held-out clades", xlim=(-0.5, 2.5))
ax.set_xticks(range(3), labels=[name.removesuffix("Encoder") for name in names])
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, title="geometry")
plt.show()
