"""
Use several processes or machines
=================================

Do results change if the work runs on several processes or machines? No: functions and estimators divide their
work by joblib and return the same result with every backend. A search is the best place for parallel work,
because its fits are independent. A job of a few seconds, such as the one below, gets slower, because the
workers must start first.
"""

# %%
# The task is a search of the length of the k-mers of a vote, on folds without leakage. ``n_jobs`` is the
# number of workers. Pass it to the search or to the estimator in it, not to both.

import importlib.util
from contextlib import nullcontext
from time import perf_counter

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV

from skseed.datasets import make_plasmids
from skseed.model_selection import LevenshteinGroupKFold
from skseed.ranking import KmerLabRanker

plasmids, labs = make_plasmids(300, 15, length=2000, random_state=0)
folds = list(LevenshteinGroupKFold(3, max_distance=0.1, topology="circular").split(plasmids))


def search(n_jobs):
    grid = {"k": [11, 15, 21, 31], "fraction": [0.125, 1.0]}
    return GridSearchCV(KmerLabRanker(), grid, cv=folds, n_jobs=n_jobs).fit(plasmids, labs)


# %%
# joblib's own backend starts processes on this machine. Dask's backend sends the work to the workers of a
# cluster. The cluster of this example is one machine, too; pass the address of your scheduler to ``Client``
# in place of the numbers. Without the package distributed, the example skips Dask.

backends = {"one process": (nullcontext(), None), "two processes": (nullcontext(), 2)}
client = None
if importlib.util.find_spec("distributed"):
    from distributed import Client

    client = Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
    backends["Dask"] = (joblib.parallel_config("dask"), -1)
results, seconds = {}, {}
for name, (context, n_jobs) in backends.items():
    with context:
        start = perf_counter()
        results[name] = search(n_jobs).cv_results_["mean_test_score"]
        seconds[name] = perf_counter() - start
if client:
    client.close()

equal = {name: np.array_equal(scores, results["one process"]) for name, scores in results.items()}
pd.DataFrame({"seconds": seconds, "equal scores": equal}).round(1)

# %%
# Workers that train no network do not import PyTorch, so they start fast. The times depend on the machine.

figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
ax.barh(list(seconds), list(seconds.values()), color="#00798c", height=0.55)
ax.set(xlabel="seconds (this machine)", title="One search of 24 fits")
ax.invert_yaxis()
ax.spines[["top", "right"]].set_visible(False)
plt.show()
