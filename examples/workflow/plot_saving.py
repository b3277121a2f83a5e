"""
Save a model and load it again
==============================

How do I give a fitted model to someone else? Save it with skops: the reader lists the types in the file
before it loads any of them, and it runs no code of the file. A model loaded from either format returns the
same numbers as the saved one. A file of joblib or pickle can run any code, so load it only if you trust its
author.
"""

# %%
# The model is a pipeline with a network that embeds genes.

import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import skops.io
from sklearn.pipeline import make_pipeline

from skseed.datasets import load_fern_rbcl
from skseed.embedding import EditDistanceEmbedder
from skseed.preprocessing import OneHotEncoder

genes = [gene[200:350] for gene in load_fern_rbcl(subset="clean").data[:400]]
model = make_pipeline(
    OneHotEncoder("dna"),
    EditDistanceEmbedder(32, encoder="linear", max_epochs=10, verbose=0, random_state=0),
).fit(genes)

# %%
# Both formats store arrays, strings and numbers.

folder = Path(tempfile.mkdtemp())
joblib.dump(model, folder / "model.joblib", compress=3)
skops.io.dump(model, folder / "model.skops")
print({path.name: f"{path.stat().st_size / 1024:.0f} KiB" for path in sorted(folder.iterdir())})

# %%
# skops trusts the types of scikit-learn and numpy. It lists all other types. Read the list, and pass it only
# if you expect these types.

unknown = skops.io.get_untrusted_types(file=folder / "model.skops")
print("\n".join(unknown))

# %%
# The loaded models need neither the training data nor a new fit.

from_skops = skops.io.load(folder / "model.skops", trusted=unknown)
from_joblib = joblib.load(folder / "model.joblib")
points = model.transform(genes)
for name, loaded in (("skops", from_skops), ("joblib", from_joblib)):
    print(f"{name}: equal vectors: {np.array_equal(loaded.transform(genes), points)}")

# %%
# The history of the training is stored, too. It shows the loss of each epoch.

history = from_skops[-1].net_.history
figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
ax.plot(history[:, "epoch"], history[:, "train_loss"], "o-", color="#00798c")
ax.set(xlabel="epoch", ylabel="training loss", title="History of the loaded model")
ax.spines[["top", "right"]].set_visible(False)
plt.show()
