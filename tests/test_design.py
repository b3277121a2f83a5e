"""The code that the readme shows, run as it stands on small data with small networks."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skseed.datasets import load_fern_rbcl, load_moclo_kits
from skseed.distances import levenshtein_groups
from skseed.embedding import EditDistanceEmbedder
from skseed.metrics import percent_rmse_scorer, top_k_scorer
from skseed.model_selection import LevenshteinGroupKFold, PhylogeneticGroupSplit
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter, OneHotEncoder
from skseed.ranking import TripletLabRanker

README = Path(__file__).parents[1] / "README.md"


# the longest plasmid of all is in a test fold at some time, and its end is then cut, as it should be
@pytest.mark.filterwarnings("ignore:.*lose their end:UserWarning")
def test_the_code_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.search(
        r"<!-- design-code -->\n```python\n(.*?)\n```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert code is not None
    kits = load_moclo_kits()
    # at most two near copies of each plasmid, so that no group outgrows a fold
    groups = pd.Series(levenshtein_groups(kits.data, 0.1))
    groups = groups[["N" not in plasmid for plasmid in kits.data]]
    chosen = groups.groupby(groups).head(2).sample(60, random_state=0).index
    ferns = load_fern_rbcl(subset="clean", as_frame=True)
    genes = ferns.data.sample(400, random_state=0).str[:300]
    (tmp_path / "rbcL.nwk").write_text(ferns.tree, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {
        "BPETokenizer": BPETokenizer,
        "CircularShiftAugmenter": CircularShiftAugmenter,
        "GridSearchCV": GridSearchCV,
        "LevenshteinGroupKFold": LevenshteinGroupKFold,
        "OneHotEncoder": OneHotEncoder,
        # seeded, as clades of 64 among few genes make some random splits warn of their size
        "PhylogeneticGroupSplit": partial(PhylogeneticGroupSplit, random_state=0),
        "cross_val_score": cross_val_score,
        "make_pipeline": make_pipeline,
        "percent_rmse_scorer": percent_rmse_scorer,
        "top_k_scorer": top_k_scorer,
        # the same classes with fewer epochs, since the readme leaves the sizes at their defaults
        "TripletLabRanker": partial(TripletLabRanker, 8, n_filters=8, max_epochs=1),
        "EditDistanceEmbedder": partial(EditDistanceEmbedder, max_epochs=2),
        "plasmids": [kits.data[index] for index in chosen],
        "labs": kits.target_names[kits.target[chosen]],
        "new_plasmids": kits.data[:3],
        "genes": genes,
    }
    *statements, last = code[1].split("\nembedder.fit(genes)")
    exec("\n".join(statements), names)
    search = names["search"]
    assert np.isfinite(search.cv_results_["mean_test_top10"]).all()
    assert search.predict(kits.data[:3]).shape == (3,)
    points = eval("embedder.fit(genes)" + last.split("#")[0], names)
    assert points.shape == (400, 128)
    assert np.isfinite(points).all()
