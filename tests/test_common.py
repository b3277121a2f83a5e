"""Run scikit-learn's estimator checks and our sequence checks on every public estimator.

To register an estimator, add one `Case` with a tiny, fast, seeded instance to `CASES`:

- ``rows="strings"``: X is a list of sequences. The estimator runs all of `tests/sequence_checks.py`, and
  scikit-learn's checks through an adapter (`tests/adapters.py`) that encodes each row of numbers as a DNA
  sequence (16 letters for one column, 124 for ten).
- ``rows="tokens"``: X is a matrix of tokens. The estimator runs scikit-learn's checks through an adapter
  that encodes each number as a token between 1 and 13 times the number of columns.
- ``rows="counts"``: X is a table of counts of sequences. The estimator runs scikit-learn's checks through an
  adapter that turns numbers into positive ones and names the columns by sequences.
- ``rows="numbers"``: X is numeric, and scikit-learn's checks need no adapter.

`trained` holds the parameters that replace those of the instance in the checks that require accuracy, so
that the other checks train for one epoch. `expected_failures` maps the name of a check of scikit-learn to
the reason why it must fail: a check that is listed and passes is an error. The last tests assert that
enough checks exist and that no public estimator is missing here.
"""

import importlib
import pkgutil
import unittest
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import estimator_checks_generator

import skseed
from skseed.classification import SequenceClassifier
from skseed.cluster import SequenceLinkage
from skseed.embedding import EditDistanceEmbedder, KmerVoteEncoder, ReadPositionEmbedder
from skseed.neighbors import SequenceNeighbors
from skseed.preprocessing import (
    BPETokenizer,
    CircularShiftAugmenter,
    KmerVectorizer,
    MinimizerVectorizer,
    OneHotEncoder,
    SampleEmbedder,
)
from skseed.ranking import (
    CalibratedRanker,
    CopelandRanker,
    EvidenceLabRanker,
    KmerLabRanker,
    KmerNetworkLabRanker,
    SoftmaxLabRanker,
    TripletLabRanker,
)
from tests.adapters import adapt, number_labels, rows_to_counts, rows_to_strings, rows_to_tokens
from tests.sequence_checks import (
    check_feature_names_fit_columns,
    check_global_generators_untouched,
    check_pickle_round_trip,
    check_refit_equals_fit,
    check_set_output,
    is_public_estimator,
    sequence_checks,
)

MIN_SKLEARN_CHECKS = 45
MIN_SEQUENCE_CHECKS = 27

# the only check that may skip itself, because it needs an environment variable of SciPy
SKIPPED = "check_array_api_input"
# the checks that require an accuracy, or predictions of every class
NEED_ACCURACY = {"check_classifiers_classes", "check_classifiers_train"}


@dataclass(frozen=True)
class Case:
    """An estimator and how to check it."""

    estimator: BaseEstimator
    rows: str = "strings"
    trained: dict[str, Any] = field(default_factory=dict)
    expected_failures: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return type(self.estimator).__name__

    @cached_property
    def sklearn_checks(self) -> list[tuple[BaseEstimator, Any]]:
        """Return scikit-learn's checks, each with the instance to check."""
        return [
            (estimator.set_params(**self.trained) if _name(check) in NEED_ACCURACY else estimator, check)
            for estimator, check in estimator_checks_generator(self._adapted)
        ]

    @property
    def _adapted(self) -> Any:
        if self.rows == "numbers":
            return self.estimator
        encodings = {"strings": rows_to_strings, "tokens": rows_to_tokens, "counts": rows_to_counts}
        return adapt(self.estimator, encodings[self.rows])


_ROTATES = "fit_transform rotates and transform does not, as documented"
_TINY_NETWORK: dict[str, Any] = {
    "embedding_dim": 16,
    "kernel_sizes": (1, 2),
    "n_filters": 32,
    "lr": 0.01,
    "max_epochs": 1,
    "dropout": 0.0,
    "random_state": 0,
}

CASES = [
    Case(OneHotEncoder(max_length=130)),
    Case(BPETokenizer(vocab_size=8, max_length=20)),
    Case(KmerVectorizer(k=2, gaps=1, canonical=True)),
    Case(MinimizerVectorizer(k=2, window=3, random_state=0)),
    Case(
        EditDistanceEmbedder(
            n_components=4, encoder="linear", max_epochs=1, batch_size=16, synthetic=0.0, random_state=0
        )
    ),
    Case(SequenceNeighbors(n_neighbors=2)),
    Case(
        KmerLabRanker(fraction=1, topology="linear"),
        expected_failures={"check_fit2d_1feature": "one number makes 16 letters, and k is 21"},
    ),
    # the network, which takes most of the time, runs in the checks of STRING_ESTIMATORS
    Case(EvidenceLabRanker(fraction=1, topology="linear", n_splits=2, network=False, random_state=0)),
    Case(
        KmerNetworkLabRanker(
            fraction=1,
            topology="linear",
            n_hidden=8,
            dropout=0.0,
            max_epochs=1,
            random_state=0,
        ),
        trained={"max_epochs": 40, "lr": 0.1, "n_hidden": 32},
    ),
    # one component, because folding the line into more dimensions takes most of the time of a tiny fit
    Case(ReadPositionEmbedder(1, encoder=KmerVoteEncoder(4), max_epochs=1, random_state=0)),
    Case(TripletLabRanker(n_components=16, **_TINY_NETWORK), rows="tokens", trained={"max_epochs": 4}),
    Case(SoftmaxLabRanker(**_TINY_NETWORK), rows="tokens", trained={"max_epochs": 4}),
    Case(
        CopelandRanker([("bayes", GaussianNB()), ("tree", DecisionTreeClassifier(random_state=0))]),
        rows="numbers",
    ),
    Case(CalibratedRanker(GaussianNB(), cv=3), rows="numbers"),
    Case(
        SequenceClassifier(
            alphabet="dna", embedding_dim=8, dropout=0.0, lr=0.1, max_epochs=1, random_state=0
        ),
        trained={"max_epochs": 10},
    ),
    Case(SequenceLinkage()),
    Case(SampleEmbedder(KmerVectorizer(k=2)), rows="counts"),
    Case(
        CircularShiftAugmenter(random_state=0),
        rows="tokens",
        expected_failures={
            "check_transformer_data_not_an_array": _ROTATES,
            "check_transformer_general": _ROTATES,
        },
    ),
]

STRING_ESTIMATORS = [
    number_labels(case.estimator)
    for case in CASES
    if case.rows == "strings"
    and not isinstance(case.estimator, (KmerLabRanker, EvidenceLabRanker, KmerNetworkLabRanker))
]
# scikit-learn's checks pass it rows of tokens, but it accepts sequences as well
STRING_ESTIMATORS.append(CircularShiftAugmenter(random_state=0))
# the k-mers that scikit-learn's checks need are longer than the sequences of our own checks
STRING_ESTIMATORS += [
    KmerLabRanker(k=3, fraction=1),
    EvidenceLabRanker(k=3, fraction=1, n_splits=2, random_state=0),
    KmerNetworkLabRanker(k=3, fraction=1, n_hidden=8, max_epochs=1, random_state=0),
]
# estimators that read sequences only behind another step
_embedder, _ranker = (
    case.estimator for case in CASES if case.name in {"EditDistanceEmbedder", "TripletLabRanker"}
)
STRING_PIPELINES = [
    make_pipeline(OneHotEncoder(max_length=14), _embedder),
    make_pipeline(CircularShiftAugmenter(random_state=0), BPETokenizer(8, max_length=14), _ranker),
]
# the checks whose result can depend on how ReadPositionEmbedder folds its line into three dimensions
FOLDED_CHECKS = [
    pytest.param(check, id=check.__name__, marks=marks)
    for check, marks in (
        (check_feature_names_fit_columns, []),
        (check_global_generators_untouched, []),
        (check_pickle_round_trip, pytest.mark.slow),
        (check_refit_equals_fit, []),
        (check_set_output, pytest.mark.slow),
    )
]


def _name(check: Any) -> str:
    return check.func.__name__ if isinstance(check, partial) else check.__name__


def _check_id(check: Any) -> str:
    options = check.keywords if isinstance(check, partial) else {}
    return "-".join([_name(check), *(f"{key}={value}" for key, value in options.items())])


def _marks(check: Any) -> list[pytest.MarkDecorator]:
    """Mark the repetitions of a check that trains until it is accurate, with X in read-only memory."""
    is_repetition = _name(check) == "check_classifiers_train" and "readonly_memmap" in _check_id(check)
    return [pytest.mark.slow] if is_repetition else []


def _estimator_id(estimator: BaseEstimator) -> str:
    return "+".join(getattr(estimator, "named_steps", {type(estimator).__name__: None}))


# naive Bayes in a meta-ranker gets a class of weight 0 from check_classifiers_one_label_sample_weights
@pytest.mark.filterwarnings("ignore:divide by zero encountered in log:RuntimeWarning")
@pytest.mark.parametrize(
    ("case", "estimator", "check"),
    [
        pytest.param(case, estimator, check, id=f"{case.name}-{_check_id(check)}", marks=_marks(check))
        for case in CASES
        for estimator, check in case.sklearn_checks
    ],
)
def test_sklearn_checks(case: Case, estimator: BaseEstimator, check: Any) -> None:
    if _name(check) in case.expected_failures:
        with pytest.raises(AssertionError):
            check(estimator)
        return
    try:
        check(estimator)
    except unittest.SkipTest:
        # another check that skips itself would lower the number of checks that run
        assert _name(check) == SKIPPED
        raise


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, id=f"{_estimator_id(estimator)}-{check.__name__}")
        for estimator in STRING_ESTIMATORS + STRING_PIPELINES
        for check in sequence_checks(estimator)
    ],
)
def test_sequence_checks(estimator: BaseEstimator, check: Any) -> None:
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("check", FOLDED_CHECKS)
def test_sequence_checks_of_a_folded_line(check: Any) -> None:
    estimator = ReadPositionEmbedder(3, encoder=KmerVoteEncoder(4), max_epochs=1, random_state=0)
    check("ReadPositionEmbedder", number_labels(estimator))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sklearn_yields_enough_checks(case: Case) -> None:
    """A changed estimator tag can silently remove most of scikit-learn's checks."""
    checks = {_check_id(check) for _, check in case.sklearn_checks if _name(check) != SKIPPED}
    assert len(checks) >= MIN_SKLEARN_CHECKS
    names = {_name(check) for _, check in case.sklearn_checks}
    assert names >= set(case.expected_failures)


@pytest.mark.parametrize("estimator", STRING_ESTIMATORS, ids=_estimator_id)
def test_sequence_estimators_have_enough_checks(estimator: BaseEstimator) -> None:
    assert len(list(sequence_checks(estimator))) >= MIN_SEQUENCE_CHECKS


def test_every_public_estimator_is_checked() -> None:
    public = {
        name
        for module in pkgutil.iter_modules(skseed.__path__)
        if module.ispkg and not module.name.startswith("_")
        for package in [importlib.import_module(f"skseed.{module.name}")]
        for name in getattr(package, "__all__", [])
        if is_public_estimator(getattr(package, name))
    }
    assert public == {case.name for case in CASES}
