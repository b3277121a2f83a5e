"""State of fitted rankers: files, processes without torch, failed fits, and enroll beside predict."""

import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
from sklearn.base import clone

from skseed.datasets import make_plasmids
from skseed.ranking import (
    CalibratedRanker,
    CopelandRanker,
    EvidenceLabRanker,
    KmerLabRanker,
    KmerNetworkLabRanker,
)

# token rankers are in tests/training
RANKERS: dict[str, Any] = {
    "vote": KmerLabRanker(),
    "evidence": EvidenceLabRanker(n_splits=2, random_state=0),
    "network": KmerNetworkLabRanker(random_state=0),
    "calibrated": CalibratedRanker(KmerLabRanker(), cv=2),
    "copeland": CopelandRanker([("one", KmerLabRanker()), ("two", KmerLabRanker(k=12))]),
}


@pytest.fixture(scope="module")
def plasmids() -> tuple[np.ndarray, np.ndarray]:
    X, y = make_plasmids(60, 4, length=600, random_state=0)
    return np.array(X, dtype=object), np.array([f"lab{i}" for i in y])


@pytest.fixture(scope="module")
def fitted_rankers(plasmids: Any) -> dict[str, Any]:
    return {name: clone(ranker).fit(*plasmids) for name, ranker in RANKERS.items()}


@pytest.fixture(params=list(RANKERS))
def fitted(request: pytest.FixtureRequest, fitted_rankers: dict[str, Any]) -> Any:
    return fitted_rankers[request.param]


def copies(ranker: Any, folder: Path) -> dict[str, Any]:
    """Return the ranker after a round trip through each kind of file."""
    joblib.dump(ranker, folder / "ranker.joblib")
    stored = skops.io.dumps(ranker)
    types = skops.io.get_untrusted_types(data=stored)
    assert all(name.split(".")[0] in ("skseed", "numpy", "scipy", "sklearn") for name in types)
    return {
        "pickle": pickle.loads(pickle.dumps(ranker)),
        "joblib": joblib.load(folder / "ranker.joblib"),
        "cloudpickle": cloudpickle.loads(cloudpickle.dumps(ranker)),
        "skops": skops.io.loads(stored, trusted=types),
    }


def test_every_file_format_keeps_the_scores_bit_for_bit(fitted: Any, plasmids: Any, tmp_path: Path) -> None:
    X, _ = plasmids
    expected = fitted.decision_function(X)
    for kind, again in copies(fitted, tmp_path).items():
        np.testing.assert_array_equal(again.decision_function(X), expected, err_msg=kind)
        np.testing.assert_array_equal(again.classes_, fitted.classes_)


def test_restored_rankers_enroll(plasmids: Any, tmp_path: Path) -> None:
    X, y = plasmids
    for name in ("vote", "evidence"):
        ranker = clone(RANKERS[name]).fit(X[8:], y[8:])
        restored = copies(ranker, tmp_path)
        expected = ranker.enroll(X[:8], ["new"] * 8).decision_function(X)
        for other in restored.values():
            np.testing.assert_array_equal(other.enroll(X[:8], ["new"] * 8).decision_function(X), expected)


def test_kmer_rankers_work_without_torch(fitted_rankers: dict[str, Any], tmp_path: Path) -> None:
    for name in ("vote", "evidence", "calibrated", "copeland"):
        joblib.dump(fitted_rankers[name], tmp_path / f"{name}.joblib")
    script = f"""
import sys, joblib
from pathlib import Path
import skseed.inspection
from skseed.ranking import KmerLabRanker
from skseed.datasets import make_plasmids
X, y = make_plasmids(60, 4, length=600, random_state=0)
for path in sorted(Path({str(tmp_path)!r}).glob("*.joblib")):
    assert joblib.load(path).rank(X, k=2).shape == (60, 2)
KmerLabRanker().fit(X, y)
import skseed.ranking
assert "TripletLabRanker" in dir(skseed.ranking)
assert "torch" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_unknown_names_raise_attribute_error() -> None:
    import skseed.ranking

    with pytest.raises(AttributeError, match="no attribute 'NoRanker'"):
        skseed.ranking.NoRanker  # noqa: B018


def test_failed_refit_keeps_the_fitted_ranker(plasmids: Any) -> None:
    X, y = plasmids
    table = np.column_stack([X, np.arange(60) % 2])
    ranker = KmerLabRanker(n_metadata=1).fit(table, y)
    before = vars(ranker).copy()
    wider = np.column_stack([table, np.full(60, 7)])
    with pytest.raises(ValueError, match=r"X\[0, 2\] is 7"):
        ranker.set_params(n_metadata=2).fit(wider, y)
    assert vars(ranker.set_params(n_metadata=1)) == before


@pytest.mark.parametrize("name", ["vote", "evidence"])
def test_enroll_in_another_thread_never_mixes_labs(
    plasmids: Any, fitted_rankers: dict[str, Any], name: str
) -> None:
    X, _ = plasmids
    ranker = pickle.loads(pickle.dumps(fitted_rankers[name]))
    expected = ranker.predict(X)
    done, failures = threading.Event(), []

    def predict() -> None:
        while not done.is_set():
            try:
                if not np.array_equal(ranker.predict(X), expected):
                    failures.append("other labs")
            except Exception as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=predict) for _ in range(3)]
    for thread in threads:
        thread.start()
    rng = np.random.default_rng(0)
    for number in range(12):
        # names before and after the known ones move their columns
        ranker.enroll(["".join(rng.choice(list("ACGT"), 600))], [f"{'az'[number % 2]}{number}"])
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(ranker.classes_) == 16
