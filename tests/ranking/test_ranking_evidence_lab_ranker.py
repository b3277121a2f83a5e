"""EvidenceLabRanker: features against plain loops, the conditional logit, accuracy, groups and enroll."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import check_grad
from scipy.special import logsumexp

from skseed.alphabets import DNA
from skseed.datasets import make_plasmids
from skseed.metrics import top_k_score
from skseed.ranking import EvidenceLabRanker, KmerLabRanker

# the minimum of the penalized loss and the weights of the random candidates show in no public result
from skseed.ranking._conditional_logit import Candidates, fit_conditional_logit
from skseed.ranking._hold_out import choose_candidates
from tests.reference import canonical_kmers, random_sequence

Table = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def plasmids() -> Table:
    """Five large labs and fifteen small ones, with short and mutated sequences of their own."""
    data = make_plasmids(
        400,
        20,
        length=1500,
        signature=0.1,
        mutation_rate=0.02,
        n_publications=4,
        return_X_y=False,
        random_state=0,
    )
    X, y, groups = np.array(data.data, dtype=object), np.asarray(data.target), np.asarray(data.groups)
    kept = np.random.default_rng(0).random(400) < np.where(y < 5, 1, 0.35)
    return X[kept], y[kept], groups[kept]


@pytest.fixture(scope="module")
def fitted(plasmids: Table) -> EvidenceLabRanker:
    X, y, groups = plasmids
    return EvidenceLabRanker(random_state=0).fit(X, y, groups=groups)


def features_of(ranker: EvidenceLabRanker, X: list[str]) -> dict[str, np.ndarray]:
    """Return each feature, shape (n_queries, n_labs): the score of a ranker that has only its weight."""
    alone = copy.copy(ranker)
    features = {}
    for column, name in enumerate(ranker.logit_feature_names_):
        alone.coef_ = np.eye(len(ranker.coef_))[column]
        features[name] = alone.decision_function(X)
    return features


def test_features_equal_plain_loops() -> None:
    rng = np.random.default_rng(0)
    fragments = [random_sequence(rng, 25) for _ in range(12)]
    X = ["".join(rng.choice(fragments, size=rng.integers(2, 6))) for _ in range(47)]
    library, queries = X[:40], X[40:]
    labs, groups = rng.integers(6, size=40), rng.integers(9, size=40)
    ranker = EvidenceLabRanker(k=7, fraction=1, network=False, random_state=0)
    ranker.fit(library, labs, groups=groups)
    features = features_of(ranker, queries)

    kmers = sorted(set().union(*(canonical_kmers(x, 7, circular=True) for x in library)))

    def table(sequences: list[str]) -> np.ndarray:
        sets = [set(canonical_kmers(x, 7, circular=True)) for x in sequences]
        return np.array([[kmer in own for kmer in kmers] for own in sets])

    has, asked = table(library), table(queries).astype(int)
    sizes = np.array([len(set(canonical_kmers(x, 7, circular=True))) for x in queries])
    counts = np.array([has[labs == lab].sum(axis=0) for lab in range(6)])
    labs_of = (counts > 0).sum(axis=0)
    idf = np.log(7 / (1 + labs_of))
    rarity = np.log1p(40 / has.sum(axis=0))

    def scaled(votes: np.ndarray) -> np.ndarray:
        return votes / votes.sum(axis=1, keepdims=True)

    assert_allclose(features["lab vote"], scaled(asked @ ((counts > 0) * idf / labs_of).T), rtol=1e-5)
    # the number of groups of each lab with a k-mer, the mean over the k-mers of a color class
    n_groups = np.zeros((6, len(kmers)))
    for lab, group in set(zip(labs, groups, strict=True)):
        n_groups[lab] += has[(labs == lab) & (groups == group)].any(axis=0)
    classes: dict[tuple[int, ...], list[int]] = {}
    for kmer in range(len(kmers)):
        classes.setdefault(tuple(np.flatnonzero(counts[:, kmer])), []).append(kmer)
    votes = {power: np.zeros((7, 6)) for power in (1, 0.5, 0)}
    for members in classes.values():
        share = n_groups[:, members].mean(axis=1) / n_groups[:, members].mean(axis=1).sum()
        n_asked = asked[:, members].sum(axis=1)
        for power in votes:
            weight = np.where(n_asked > 0, n_asked**power, 0) * idf[members[0]]
            votes[power] += weight[:, None] * share
    assert 5 < len(classes) < len(kmers)
    assert_allclose(features["group vote"], scaled(votes[1]), rtol=1e-5)
    assert_allclose(features["group vote, root of class size"], scaled(votes[0.5]), rtol=1e-5)
    assert_allclose(features["group vote, one per class"], scaled(votes[0]), rtol=1e-5)
    few = (labs_of >= 2) & (labs_of <= 4)
    assert_allclose(
        features["k-mers in 2-4 labs"], (asked * few) @ (counts > 0).T / sizes[:, None], rtol=1e-5
    )
    one = asked @ ((counts > 0) & (labs_of == 1)).T / sizes[:, None]
    assert_allclose(features["k-mers in 1 lab, log"], np.log(one + 1e-3), rtol=1e-5)
    for q in range(7):
        for lab in range(6):
            shared = [(asked[q] & row) @ rarity for row in has[labs == lab]]
            either = [(asked[q] | row) @ rarity for row in has[labs == lab]]
            jaccard = max(s / e for s, e in zip(shared, either, strict=True))
            assert features["nearest, Jaccard"][q, lab] == pytest.approx(jaccard, rel=1e-4)
            containment = max(shared) / (asked[q] @ rarity)
            assert features["nearest, containment"][q, lab] == pytest.approx(containment, rel=1e-4)
    best = features["nearest, Jaccard"].max(axis=1, keepdims=True)
    assert_allclose(features["nearest, Jaccard, relative"], features["nearest, Jaccard"] / best, rtol=1e-5)
    groups_of = [len(set(groups[labs == lab])) for lab in range(6)]
    assert_allclose(features["groups, log"][0], np.log1p(groups_of), rtol=1e-6)


def test_scores_do_not_depend_on_the_other_rows(plasmids: Table, fitted: EvidenceLabRanker) -> None:
    X = plasmids[0]
    rows = [0, 63, 64, 100]
    alone = np.concatenate([fitted.decision_function(X[[row]]) for row in rows])
    assert_array_equal(fitted.decision_function(X)[rows], alone)


def test_length_feature_favors_labs_with_this_length() -> None:
    rng = np.random.default_rng(0)
    X = [random_sequence(rng, length) for length in [300] * 20 + [800] * 20 + [550] * 20]
    ranker = EvidenceLabRanker(k=9, network=False, random_state=0).fit(X, np.repeat(["a", "b", "c"], 20))
    length = features_of(ranker, [X[0], X[20]])["length"]
    assert length[0, 0] > 0 > length[0, 1]
    assert length[1, 1] > 0 > length[1, 0]


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
def test_sequences_without_a_known_kmer_tie(plasmids: Table, fitted: EvidenceLabRanker) -> None:
    scores = fitted.decision_function(["ACGT", "", plasmids[0][0]])
    assert np.ptp(scores[0]) == np.ptp(scores[1]) == 0
    assert np.ptp(scores[2]) > 1
    assert scores[:2].max() < scores[2].max()


def test_fit_raises_without_kmers(plasmids: Table) -> None:
    ranker = EvidenceLabRanker(k=16, topology="linear")
    with pytest.raises(ValueError, match="2 of 2 sequences have no k-mer"):
        ranker.fit(["ACGT", "GGATCC"], ["a", "b"])
    assert not hasattr(ranker, "classes_")


def test_weights_minimize_the_loss() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 6, 3)).astype(np.float32)
    truth = np.array([2.0, -1.0, 0.0])
    # put the candidate first that a random utility chooses
    chosen = (features @ truth + rng.gumbel(size=(400, 6))).argmax(axis=1)
    for row, choice in enumerate(chosen):
        features[row, [0, choice]] = features[row, [choice, 0]]
    offset = np.zeros((400, 6))
    nothing = np.zeros(3)
    weights = fit_conditional_logit(Candidates(features, offset), nothing, strength=1e-6)
    assert_allclose(weights, truth, atol=0.25)

    def loss(w: np.ndarray) -> float:
        scores = features.astype(float) @ w
        return float((logsumexp(scores, axis=1) - scores[:, 0]).mean())

    assert check_grad(loss, lambda w: nothing, weights) < 1e-3
    # a candidate with the offset minus infinity has no effect
    offset[:, 5] = -np.inf
    features[:, 5] = 1e3
    without = fit_conditional_logit(Candidates(features[:, :5], offset[:, :5]), nothing, strength=0)
    features[:, 5] = features[:, 0]
    masked = fit_conditional_logit(Candidates(features, offset), nothing, strength=0)
    assert_allclose(masked, without, atol=0.01)
    # a strong prior keeps the weights
    strong = fit_conditional_logit(Candidates(features, offset), truth + 1, strength=1e9)
    assert_allclose(strong, truth + 1, atol=1e-3)


def test_sample_weight_repeats_a_query() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 4, 2)).astype(np.float32)
    offset = np.zeros((60, 4))
    repeats = rng.integers(4, size=60)
    weighted = fit_conditional_logit(
        Candidates(features, offset), np.ones(2), strength=0, sample_weight=repeats.astype(float)
    )
    rows = np.repeat(np.arange(60), repeats)
    repeated = fit_conditional_logit(Candidates(features[rows], offset[rows]), np.ones(2), strength=0)
    assert_allclose(weighted, repeated, atol=1e-3)
    equal = fit_conditional_logit(Candidates(features, offset), np.ones(2), strength=0)
    assert np.abs(weighted - equal).max() > 0.05


def test_random_candidates_are_weighted_by_the_number_of_labs() -> None:
    rng = np.random.RandomState(0)
    votes = np.random.default_rng(0).random((300, 400)).astype(np.float32)
    targets, present = np.arange(300), np.ones(400, dtype=bool)
    present[7] = False
    order, offset = choose_candidates(votes, targets, present, rng)
    assert_array_equal(order[:, 0], targets)
    assert (order[:, 1:] != targets[:, None]).all()
    assert (offset[order == 7] == -np.inf).all()
    # the weights sum to the number of labs, and each lab has weight 1 on average
    assert_allclose(np.exp(offset).sum(axis=1).mean(), 399, atol=1)
    weight = np.bincount(order.ravel(), np.exp(offset).ravel(), minlength=400)
    assert_allclose(np.delete(weight, 7)[300:].mean(), 300, rtol=0.05)


def test_all_labs_are_candidates_if_there_are_few() -> None:
    votes = np.array([[0.2, 0.5, 0.3]], dtype=np.float32)
    order, offset = choose_candidates(votes, np.array([2]), np.ones(3, dtype=bool), np.random.RandomState(0))
    assert_array_equal(order, [[2, 1, 0]])
    assert_array_equal(offset, [[0, 0, 0]])


@pytest.mark.slow
def test_beats_the_vote_on_unseen_publications(plasmids: Table) -> None:
    X, y, groups = plasmids
    test = groups % 4 == 0
    learned = EvidenceLabRanker(random_state=0).fit(X[~test], y[~test], groups=groups[~test])
    vote = KmerLabRanker().fit(X[~test], y[~test])
    scores = [
        top_k_score(y[test], ranker.decision_function(X[test]), k=1, labels=ranker.classes_)
        for ranker in (learned, vote)
    ]
    assert scores[0] > scores[1] + 0.03
    assert scores[0] > 0.65


def test_strand_and_rotation_do_not_matter(plasmids: Table, fitted: EvidenceLabRanker) -> None:
    X = plasmids[0][:10]
    turned = [DNA.reverse_complement(x[300:] + x[:300]) for x in X]
    assert_array_equal(fitted.decision_function(turned), fitted.decision_function(X))


def test_random_state_determines_the_weights(plasmids: Table, fitted: EvidenceLabRanker) -> None:
    X, y, groups = plasmids
    again = EvidenceLabRanker(random_state=0).fit(X, y, groups=groups)
    assert_array_equal(again.coef_, fitted.coef_)
    assert len(fitted.coef_) == len(fitted.logit_feature_names_)


def test_groups_can_be_names(plasmids: Table) -> None:
    X, y, groups = (part[::4] for part in plasmids)
    names = [f"paper {group}" for group in groups]
    numbered, named = (
        EvidenceLabRanker(n_splits=2, network=False, random_state=0).fit(X, y, groups=given)
        for given in (groups, names)
    )
    assert named.coef_.shape == numbered.coef_.shape
    assert named.logit_feature_names_ == numbered.logit_feature_names_


def test_enrolled_labs_are_found(plasmids: Table) -> None:
    X, y, groups = plasmids
    late = y >= 16
    names = np.array([f"lab {lab:02d}" for lab in (y + 10) % 20])
    ranker = EvidenceLabRanker(network=False, random_state=0)
    ranker.fit(X[~late], names[~late], groups=groups[~late])
    weights = ranker.coef_
    ranker.enrolled_coef_ = weights
    rows = np.flatnonzero(late)[::2]
    for chunk in (rows[:7], rows[7:]):
        ranker.enroll(X[chunk], names[chunk], groups=chunk)
    assert ranker.coef_ is weights
    assert_array_equal(ranker.classes_, np.unique(names))
    assert_array_equal(ranker.lab_counts_.sum(), (~late).sum() + len(rows))
    rest = np.setdiff1d(np.flatnonzero(late), rows)
    assert top_k_score(names[rest], ranker.decision_function(X[rest]), k=1, labels=ranker.classes_) > 0.7
    # the features equal those of a library from one fit
    whole = EvidenceLabRanker(network=False, random_state=0)
    order = np.concatenate([np.flatnonzero(~late), rows])
    whole.fit(X[order], names[order], groups=np.concatenate([groups[~late], 1000 + rows]))
    whole.coef_ = weights
    assert_allclose(whole.decision_function(X[rest]), ranker.decision_function(X[rest]), rtol=1e-4, atol=1e-4)


def test_network_features_are_its_probabilities(plasmids: Table, fitted: EvidenceLabRanker) -> None:
    X = list(plasmids[0][:5])
    features = features_of(fitted, X)
    logs, probabilities = features["network, log-probability"], features["network, probability"]
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert_allclose(np.exp(logs), probabilities, rtol=1e-5)
    without = EvidenceLabRanker(network=False, random_state=0).fit(*plasmids[:2], groups=plasmids[2])
    assert without.logit_feature_names_ == fitted.logit_feature_names_[:-2]
    # an enrolled lab gets the value of a uniform guess, and the others keep theirs
    larger = copy.copy(fitted).enroll(X[:1], [99])
    larger.enrolled_coef_ = larger.coef_ = np.eye(len(fitted.coef_))[-2]
    scores = larger.decision_function(X)
    assert_allclose(scores[:, :-1], logs, rtol=1e-5)
    assert_allclose(scores[:, -1], -np.log(20), rtol=1e-5)


@pytest.fixture(scope="module")
def enrollment(plasmids: Table) -> tuple[Table, np.ndarray, EvidenceLabRanker]:
    """Plasmids, whether each one is used in fit, and a ranker that is fitted without three labs.

    One publication of each large lab is left out of fit. The small labs have a single publication, so they
    are new in its fold.
    """
    X, y, groups = plasmids
    train = (y < 17) & ((y >= 5) | (groups % 4 != 0))
    groups = np.where(y < 5, groups, 1000 + y)
    ranker = EvidenceLabRanker(random_state=0).fit(X[train], y[train], groups=groups[train])
    return (X, y, groups), train, ranker


def test_weights_of_enrolled_labs_are_learned_from_held_out_labs(
    enrollment: tuple[Table, np.ndarray, EvidenceLabRanker],
) -> None:
    (X, y, groups), _, ranker = enrollment
    assert np.abs(ranker.enrolled_coef_ - ranker.coef_).max() > 0.05
    first = [np.flatnonzero(y == lab)[0] for lab in (17, 18, 19)]
    larger = copy.copy(ranker).enroll(X[first], y[first], groups=groups[first])
    rest = np.setdiff1d(np.flatnonzero(y >= 17), first)
    own = top_k_score(y[rest], larger.decision_function(X[rest]), k=1, labels=larger.classes_)
    larger.enrolled_coef_ = larger.coef_
    assert own > top_k_score(y[rest], larger.decision_function(X[rest]), k=1, labels=larger.classes_)


def test_enrolling_a_lab_hardly_changes_known_labs(
    enrollment: tuple[Table, np.ndarray, EvidenceLabRanker],
) -> None:
    (X, y, groups), train, ranker = enrollment
    rest = ~train & (y < 5)
    before = ranker.predict_proba(X[rest])
    row = np.flatnonzero(y == 19)[:1]
    after = copy.copy(ranker).enroll(X[row], y[row], groups=groups[row]).predict_proba(X[rest])
    # an equal share of 18 labs is 0.06
    assert after[:, -1].mean() < 0.1
    assert np.abs(after[:, :-1] - before).sum(axis=1).mean() < 0.1
    among_known = after[:, :-1] / after[:, :-1].sum(axis=1, keepdims=True)
    assert_allclose(among_known, before, atol=0.02)


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
def test_sequences_without_a_known_kmer_tie_after_enrolling(
    enrollment: tuple[Table, np.ndarray, EvidenceLabRanker],
) -> None:
    (X, y, groups), _, ranker = enrollment
    new = y >= 17
    larger = copy.copy(ranker).enroll(X[new], y[new], groups=groups[new])
    assert_array_equal(np.ptp(larger.decision_function(["ACGT", ""]), axis=1), 0)


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
def test_metadata_decides_for_random_sequences() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 15)
    X = [random_sequence(rng, 300) for _ in y]
    metadata = (rng.random((60, 6)) < np.where(rng.random((4, 6)) < 0.5, 0.05, 0.95)[y]).astype(int)
    table = np.column_stack([np.array(X, dtype=object), metadata])
    ranker = EvidenceLabRanker(n_metadata=6, random_state=0).fit(table[::2], y[::2])
    assert ranker.score(table[1::2], y[1::2]) > 0.7
    assert ranker.logit_feature_names_[-4:-2] == ["metadata, naive Bayes", "metadata, similar sequences"]


@pytest.mark.parametrize("groups", [[0, 0, 0, 0], [0, 0, 1, 1]])
def test_vote_decides_if_nothing_can_be_held_out(groups: list[int]) -> None:
    X, y = ["ACGTACGTAA", "ACGTTCGTAA", "GGGTACGTCC", "GGGTTCGTCC"], ["a", "a", "b", "b"]
    ranker = EvidenceLabRanker(k=4, fraction=1).fit(X, y, groups=groups)
    assert ranker.logit_feature_names_[int(ranker.coef_.argmax())] == "lab vote, log"
    assert ranker.coef_.sum() == 1
    assert ranker.predict(["CGTAAA", "GGTCCC"]).tolist() == ["a", "b"]


def test_groups_have_the_length_of_x() -> None:
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        EvidenceLabRanker(k=4).fit(["ACGTACGT", "ACGTTCGT"], ["a", "b"], groups=[1])


def test_a_missing_group_is_named(plasmids: Table) -> None:
    X, y, groups = plasmids
    missing = groups.astype(object)
    missing[[3, 5]] = None
    with pytest.raises(ValueError, match=r"groups\[3\] is missing"):
        EvidenceLabRanker().fit(X, y, groups=missing)
    ranker = EvidenceLabRanker(network=False, random_state=0).fit(X[::4], y[::4])
    before = ranker.decision_function(X[:3])
    with pytest.raises(ValueError, match=r"groups\[0\] is missing"):
        ranker.enroll(X[:2], y[:2], groups=[np.nan, 1])
    assert_array_equal(ranker.decision_function(X[:3]), before)


def test_copies_in_one_group_count_once(plasmids: Table, fitted: EvidenceLabRanker) -> None:
    X, y, _ = plasmids
    ranker = copy.copy(fitted)
    column = ranker.logit_feature_names_.index("group vote")
    ranker.coef_ = np.eye(len(ranker.coef_))[column]
    before = ranker.decision_function(X[:20])
    copies = np.repeat(np.flatnonzero(y == 7)[:1], 5)
    apart, together = (copy.copy(ranker) for _ in range(2))
    apart.enroll(X[copies], y[copies])
    together.enroll(X[copies], y[copies], groups=np.zeros(5))
    gained = [(r.decision_function(X[:20]) - before)[:, 7].sum() for r in (together, apart)]
    assert 0 < gained[0] < gained[1]
