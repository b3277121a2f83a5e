"""
Search for the parameters of an embedding
=========================================

The best encoder, geometry, learning rate and share of synthetic data depend on the sequences. This example
searches them with scikit-learn's ``RandomizedSearchCV``. The folds hold out whole clades, and a final test
set of other clades measures the gain of the search.
"""

# %%
# The data are 150 letters of the gene *rbcL* of ferns. A fifth of the clades is the final test set.

import matplotlib.pyplot as plt
import pandas as pd
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
# The final test set compares the best candidate with the default parameters.

default = EditDistanceEmbedder(64, max_epochs=20, random_state=0).fit(rest)
print(
    f"test %RMSE: best of the search {-search.score(last):.2f}, default parameters {-default.score(last):.2f}"
)

# %%
# The figure shows all candidates. The cross-validation score of the best candidate is too optimistic,
# because it is the best of many. Only the final test set shows how much of the gain is real.

figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained", facecolor="white")
colors = {"LinearEncoder": "#edae49", "MLPEncoder": "#00798c", "CNNEncoder": "#d1495b"}
for name, color in colors.items():
    for marker, distance in (("o", "euclidean"), ("^", "hyperbolic")):
        some = results[(results["encoder"] == name) & (results["param_distance"] == distance)]
        label = f"{name}, {distance}"
        axis.scatter(some["param_lr"], some["%RMSE"], color=color, marker=marker, alpha=0.8, label=label)
axis.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="%RMSE on held-out clades")
axis.minorticks_off()
ticks = [2, 3, 5, 10, 20]
axis.set_yticks(ticks, labels=ticks)
axis.spines[["top", "right"]].set_visible(False)
axis.legend(frameon=False, fontsize=8)
plt.show()
