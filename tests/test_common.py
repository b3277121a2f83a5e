"""Every public estimator runs scikit-learn's whole battery and, where X is strings, the sequence checks.

To register an estimator, add one `Case` with a tiny, fast, seeded instance to `CASES`. Nothing else:

- ``rows="strings"``: it eats strings. It runs all of `tests/sequence_checks.py`, and scikit-learn's
  battery through an adapter (`tests/adapters.py`) that spells each row of numbers as a DNA string
  (16 letters for one column, 124 for ten).
- ``rows="tokens"``: it eats rows of tokens, and runs the battery through an adapter that turns each
  number into a token of 1 to 13 times the number of columns.
- ``rows="numbers"``: it eats numbers as they are, and runs the battery without an adapter.

`expected_failures` maps the name of a check of the battery to the reason why it must fail: an entry
that passes after all is an error. The last tests assert that enough checks ran, and that no public
estimator is missing here.
"""

import importlib
import pkgutil
import unittest
from dataclasses import dataclass, field
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._test_common.instance_generator import _get_check_estimator_ids
from sklearn.utils.estimator_checks import estimator_checks_generator

import skseed
from skseed.classification import SequenceClassifier
from skseed.embedding import EditDistanceEmbedder, KmerVoteEncoder, ReadPositionEmbedder
from skseed.preprocessing import (
    BPETokenizer,
    CircularShiftAugmenter,
    KmerVectorizer,
    MinimizerVectorizer,
    OneHotEncoder,
)
from skseed.ranking import (
    CalibratedRanker,
    CopelandRanker,
    EvidenceLabRanker,
    KmerLabRanker,
    SoftmaxLabRanker,
    TripletLabRanker,
)
from tests.adapters import adapt, number_labels, rows_to_strings, rows_to_tokens
from tests.sequence_checks import is_public_estimator, sequence_checks

MIN_BATTERY = 45
MIN_SEQUENCE_CHECKS = 27


@dataclass(frozen=True)
class Case:
    """An estimator and how it is checked."""

    estimator: BaseEstimator
    rows: str = "strings"
    expected_failures: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return type(self.estimator).__name__

    @property
    def adapted(self) -> Any:
        if self.rows == "numbers":
            return self.estimator
        return adapt(self.estimator, rows_to_strings if self.rows == "strings" else rows_to_tokens)


_ROTATES = "fit_transform rotates and transform does not, as documented"

CASES = [
    Case(OneHotEncoder(max_length=130)),
    Case(BPETokenizer(vocab_size=8, max_length=20)),
    Case(KmerVectorizer(k=2)),
    Case(MinimizerVectorizer(k=2, window=3, random_state=0)),
    Case(
        EditDistanceEmbedder(
            n_components=4, encoder="linear", max_epochs=2, batch_size=16, synthetic=0.0, random_state=0
        )
    ),
    Case(KmerLabRanker(fraction=1, topology="linear")),
    Case(EvidenceLabRanker(fraction=1, topology="linear", random_state=0)),
    Case(ReadPositionEmbedder(encoder=KmerVoteEncoder(4), max_epochs=2, random_state=0)),
    Case(
        TripletLabRanker(
            embedding_dim=16,
            kernel_sizes=(1, 2),
            n_filters=32,
            lr=0.01,
            max_epochs=8,
            dropout=0.0,
            random_state=0,
        ),
        rows="tokens",
    ),
    Case(
        SoftmaxLabRanker(
            embedding_dim=16,
            kernel_sizes=(1, 2),
            n_filters=32,
            lr=0.01,
            max_epochs=8,
            dropout=0.0,
            random_state=0,
        ),
        rows="tokens",
    ),
    Case(
        CopelandRanker([("bayes", GaussianNB()), ("tree", DecisionTreeClassifier(random_state=0))]),
        rows="numbers",
    ),
    Case(CalibratedRanker(GaussianNB(), cv=3), rows="numbers"),
    Case(
        SequenceClassifier(
            alphabet="dna", embedding_dim=8, dropout=0.0, lr=0.05, max_epochs=20, random_state=0
        )
    ),
    Case(
        CircularShiftAugmenter(random_state=0),
        rows="tokens",
        expected_failures={
            "check_transformer_data_not_an_array": _ROTATES,
            "check_transformer_general": _ROTATES,
        },
    ),
]

STRING_ESTIMATORS = [number_labels(case.estimator) for case in CASES if case.rows == "strings"]
# it takes rows of tokens in the battery, but strings as well
STRING_ESTIMATORS.append(CircularShiftAugmenter(random_state=0))
# the words that tell rows of numbers apart are longer than the sequences of our own checks
STRING_ESTIMATORS += [KmerLabRanker(k=4, fraction=1), EvidenceLabRanker(k=4, fraction=1, random_state=0)]
# estimators that meet strings only behind another step
_embedder, _ranker = (
    case.estimator for case in CASES if case.name in {"EditDistanceEmbedder", "TripletLabRanker"}
)
STRING_PIPELINES = [
    make_pipeline(OneHotEncoder(max_length=14), _embedder),
    make_pipeline(CircularShiftAugmenter(random_state=0), BPETokenizer(8, max_length=14), _ranker),
]

# the checks that ran in this session, for the test that counts them
_ran: dict[str, set[str]] = {}


def _id(estimator: BaseEstimator) -> str:
    steps = getattr(estimator, "named_steps", {type(estimator).__name__: None})
    return "+".join(steps)


def _battery(case: Case) -> list[tuple[BaseEstimator, Any, str]]:
    checks = estimator_checks_generator(case.adapted)
    return [(estimator, check, _get_check_estimator_ids(check)) for estimator, check in checks]


def _run(case: Case, estimator: BaseEstimator, check: Any, check_id: str) -> None:
    """Run a check of the battery; note it unless it skips itself."""
    reason = case.expected_failures.get(check_id.split("(")[0])
    if reason is None:
        check(estimator)
    else:
        with pytest.raises(AssertionError):
            check(estimator)
    _ran.setdefault(case.name, set()).add(check_id)


@pytest.mark.parametrize(
    ("case", "estimator", "check", "check_id"),
    [
        pytest.param(case, estimator, check, check_id, id=f"{case.name}-{check_id}")
        for case in CASES
        for estimator, check, check_id in _battery(case)
    ],
)
def test_sklearn_battery(case: Case, estimator: BaseEstimator, check: Any, check_id: str) -> None:
    _run(case, estimator, check, check_id)


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, id=f"{_id(estimator)}-{check.__name__}")
        for estimator in STRING_ESTIMATORS + STRING_PIPELINES
        for check in sequence_checks(estimator)
    ],
)
def test_sequences(estimator: BaseEstimator, check: Any) -> None:
    check(type(estimator).__name__, estimator)


def test_enough_checks_ran() -> None:
    """A tag that changes must not empty the battery: count what ran, and run what was deselected."""
    for case in CASES:
        for estimator, check, check_id in _battery(case):
            if check_id not in _ran.get(case.name, set()):
                try:
                    _run(case, estimator, check, check_id)
                except (unittest.SkipTest, pytest.skip.Exception):
                    continue
        ran = len(_ran[case.name])
        assert ran >= MIN_BATTERY, f"only {ran} checks of scikit-learn ran for {case.name}"
    for string_estimator in STRING_ESTIMATORS:
        n_checks = len(list(sequence_checks(string_estimator)))
        assert n_checks >= MIN_SEQUENCE_CHECKS, f"only {n_checks} for {type(string_estimator).__name__}"


def test_no_estimator_is_missing() -> None:
    public = {
        name
        for module in pkgutil.iter_modules(skseed.__path__)
        if module.ispkg and not module.name.startswith("_")
        for package in [importlib.import_module(f"skseed.{module.name}")]
        for name in getattr(package, "__all__", [])
        if is_public_estimator(getattr(package, name))
    }
    assert public == {case.name for case in CASES}
