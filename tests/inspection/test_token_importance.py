"""TokenImportanceDisplay in the coordinates of the sequence, and lab_profiles."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skseed.inspection import TokenImportanceDisplay, lab_profiles
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter, KmerVectorizer
from skseed.ranking import SoftmaxLabRanker, TripletLabRanker

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from tests.reference import random_sequence  # noqa: E402

TAGS = {"church": "GGATCCGGTACC", "smolke": "TTAATTAATGCA", "voigt": "CACGTGGAGCTC"}
SIZES: dict[str, Any] = {"kernel_sizes": (1, 3), "n_filters": 24, "lr": 0.01, "batch_size": 8}


@pytest.fixture(autouse=True)
def close_figures() -> Any:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def plasmids() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Random plasmids, each with its lab's tag somewhere."""
    rng = np.random.default_rng(0)
    labs = np.array(list(TAGS) * 16)
    starts = rng.integers(0, 180, size=len(labs))
    sequences = [random_sequence(rng, 200) for _ in labs]
    tagged = [s[:at] + TAGS[lab] + s[at:] for s, at, lab in zip(sequences, starts, labs, strict=True)]
    return tagged, labs, starts


@pytest.fixture(scope="module")
def pipeline(plasmids: Any) -> Any:
    ranker = TripletLabRanker(16, embedding_dim=16, loss="cosine", random_state=0, **SIZES)
    return make_pipeline(CircularShiftAugmenter(random_state=0), BPETokenizer(40), ranker).fit(*plasmids[:2])


def test_importances_have_the_positions_of_the_bases(pipeline: Any, plasmids: Any) -> None:
    sequence = plasmids[0][1]
    display = TokenImportanceDisplay.from_estimator(pipeline, sequence, lab="smolke")
    row = pipeline[:-1].transform([sequence])
    explained = pipeline[-1].token_importance(row, ["smolke"])
    assert display.importances.shape == (212,)
    assert "".join(display.tokens.token) == sequence
    assert [sequence[a:b] for a, b in zip(display.tokens.start, display.tokens.end, strict=True)] == list(
        display.tokens.token
    )
    n_tokens = len(display.tokens)
    np.testing.assert_allclose(display.tokens.importance, explained.importances[0, :n_tokens])
    gained = display.score - display.baseline_score
    assert display.importances.sum() == pytest.approx(gained + display.error)
    assert abs(display.error) < 0.01


@pytest.mark.parametrize("n_rotations", [1, 5])
def test_tag_of_the_lab_has_large_importances(pipeline: Any, plasmids: Any, n_rotations: int) -> None:
    inside, outside = [], []
    for sequence, lab, start in zip(*plasmids, strict=True):
        if len(inside) == 12:
            break
        made = TokenImportanceDisplay.from_estimator(pipeline, sequence, lab=lab, n_rotations=n_rotations)
        inside.append(made.importances[start : start + 12].mean())
        outside.append(np.delete(made.importances, np.arange(start, start + 12)).mean())
    assert np.mean(inside) > 5 * abs(np.mean(outside))


def test_importances_rotate_with_the_sequence(pipeline: Any, plasmids: Any) -> None:
    """All rotations of a sequence and of its rotation are the same set, so the importances turn with it."""
    sequence = plasmids[0][0][:40]
    turned = sequence[13:] + sequence[:13]
    one, other = (
        TokenImportanceDisplay.from_estimator(pipeline, s, lab="voigt", n_rotations=40)
        for s in (sequence, turned)
    )
    np.testing.assert_allclose(other.importances, np.roll(one.importances, -13), atol=1e-9)
    assert other.score == pytest.approx(one.score)


def test_tokens_beyond_max_length_have_no_importance(plasmids: Any) -> None:
    ranker = SoftmaxLabRanker(8, max_epochs=1, random_state=0, **SIZES)
    pipeline = make_pipeline(BPETokenizer(20, max_length=10), ranker).fit(*plasmids[:2])
    display = TokenImportanceDisplay.from_estimator(pipeline, plasmids[0][0])
    assert display.tokens.importance[:10].all()
    assert not display.tokens.importance[10:].any()
    assert display.lab == pipeline.predict(plasmids[0][:1])[0]


def test_plot_shows_positive_and_negative_contributions(pipeline: Any, plasmids: Any) -> None:
    display = TokenImportanceDisplay.from_estimator(pipeline, plasmids[0][0])
    assert display.plot(window=1) is display
    area = 0.0
    for collection in display.areas_:
        x, y = collection.get_paths()[0].vertices.T
        area += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(abs(display.importances).sum(), rel=1e-6)
    assert display.ax_.get_xlim() == (0, 212)
    assert display.lab in display.ax_.get_title(loc="left")
    _, ax = plt.subplots()
    assert display.plot(ax=ax).figure_ is ax.figure


def test_polar_plot_points_outward_where_contributions_are_positive(pipeline: Any, plasmids: Any) -> None:
    display = TokenImportanceDisplay.from_estimator(pipeline, plasmids[0][0])
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    display.plot(ax, window=1)
    # the largest contribution is drawn as half of the radius of the circle of zero
    scale = 0.5 / abs(display.importances).max()
    for collection, half in zip(
        display.areas_, (display.importances.clip(min=0), display.importances.clip(max=0)), strict=True
    ):
        radii = collection.get_paths()[0].vertices[:, 1]
        assert radii.max() == pytest.approx(1 + scale * half.max())
        assert radii.min() == pytest.approx(1 + scale * half.min())
    assert display.figure_ is ax.figure


def test_signatures_contain_the_tags_of_the_labs(pipeline: Any, plasmids: Any) -> None:
    sequences, labs, _ = plasmids
    analysis = lab_profiles(pipeline, sequences, labs)
    assert list(analysis.profiles.index) == list(TAGS)
    assert analysis.profiles.to_numpy().min() == 0
    assert (analysis.profiles.max(axis=1) == 1).all()
    vocabulary = pipeline.named_steps["bpetokenizer"].vocabulary_
    assert list(analysis.profiles.columns) == list(vocabulary)
    saliency = pipeline[-1].vocabulary_saliency(pipeline[:-1].transform(sequences), labs)
    mean = saliency[labs == "voigt"].mean(axis=0)
    expected = (mean - mean.min()) / (mean.max() - mean.min())
    np.testing.assert_allclose(analysis.profiles.loc["voigt"].to_numpy()[: len(expected)], expected)
    np.testing.assert_allclose(analysis.signatures, analysis.profiles - analysis.overall)
    cosines = pipeline[-1].lab_embeddings_ @ pipeline[-1].lab_embeddings_.T
    np.testing.assert_array_equal(analysis.furthest, np.array(list(TAGS))[cosines.argmin(axis=1)])
    # a token of a lab's tag is more typical of the lab than a token of another lab's tag
    own_tokens = {lab: [p for p in vocabulary if len(p) > 2 and p in tag] for lab, tag in TAGS.items()}
    own = np.mean([analysis.signatures.loc[lab, own_tokens[lab]].mean() for lab in TAGS])
    foreign = [
        analysis.signatures.loc[lab, own_tokens[other]].mean()
        for lab in TAGS
        for other in TAGS
        if lab != other
    ]
    assert own > np.mean(foreign) + 0.02, (own, foreign)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (TripletLabRanker(), "is of type TripletLabRanker; pass a fitted pipeline"),
        (make_pipeline(KmerVectorizer(), LogisticRegression()), "0 steps of type BPETokenizer"),
        (make_pipeline(BPETokenizer(), LogisticRegression()), "ends in LogisticRegression"),
    ],
)
def test_other_estimators_raise(estimator: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        TokenImportanceDisplay.from_estimator(estimator, "ACGT")
    with pytest.raises(TypeError, match=message):
        lab_profiles(estimator, ["ACGT"], ["a"])


def test_invalid_arguments_raise(pipeline: Any) -> None:
    with pytest.raises(ValueError, match="sequence is empty"):
        TokenImportanceDisplay.from_estimator(pipeline, "")
    with pytest.raises(ValueError, match="n_rotations must be an int of at least 1"):
        TokenImportanceDisplay.from_estimator(pipeline, "ACGT", n_rotations=0)
    with pytest.raises(ValueError, match="'Curie', which is not a lab of the ranker"):
        TokenImportanceDisplay.from_estimator(pipeline, "ACGT", lab="Curie")
    display = TokenImportanceDisplay.from_estimator(pipeline, "ACGT")
    for window in (0, 5, 1.5):
        with pytest.raises(ValueError, match=f"window is {window}; it must be an int from 1 to the 4 bases"):
            display.plot(window=window)
