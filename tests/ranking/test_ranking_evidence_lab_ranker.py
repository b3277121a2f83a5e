"""The learned ranker: its evidence against a plain reading, its weights, what it is better at, new labs."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import check_grad
from scipy.special import logsumexp

from skseed.alphabets import DNA
from skseed.datasets import make_plasmids
from skseed.metrics import top_k_score
from skseed.ranking import EvidenceLabRanker, KmerLabRanker
from skseed.ranking._conditional_logit import Candidates, fit_conditional_logit
from skseed.ranking._evidence_lab_ranker import _choose
from skseed.ranking._lab_evidence import LabEvidence, Plasmids, blocks_of, evidence_names
from tests.reference import random_sequence

Table = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def plasmids() -> Table:
    """Five large labs and fifteen small ones, whose own parts are short and worn."""
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


def random_plasmids(n: int, n_kmers: int, rng: np.random.Generator) -> Plasmids:
    kmers = sparse.csr_matrix((rng.random((n, n_kmers)) < 0.2).astype(np.float32))
    sizes = np.diff(kmers.indptr).astype(np.int64) + 2
    return Plasmids(
        kmers, sizes, rng.integers(1000, 9000, size=n), rng.integers(2, size=(n, 3)).astype(float)
    )


def test_evidence_is_that_of_a_plain_reading() -> None:
    rng = np.random.default_rng(0)
    library, queries = random_plasmids(40, 60, rng), random_plasmids(7, 60, rng)
    targets, groups = rng.integers(6, size=40), rng.integers(9, size=40)
    targets[targets == 3] = 4  # a lab without plasmids
    known = LabEvidence(library, targets, groups, 6)
    about = dict(zip(evidence_names(3), np.moveaxis(known.about(queries), 2, 0), strict=True))
    has, asked = library.kmers.toarray() > 0, queries.kmers.toarray().astype(int)
    counts = np.array([has[targets == lab].sum(axis=0) for lab in range(6)])
    labs_of = (counts > 0).sum(axis=0)
    idf = np.where(labs_of > 0, np.log(7 / (1 + labs_of)), 0)
    rarity = np.log1p(40 / np.maximum(has.sum(axis=0), 1))

    def scaled(votes: np.ndarray) -> np.ndarray:
        return votes / votes.sum(axis=1, keepdims=True)

    assert_allclose(
        about["vote by labs"], scaled(asked @ ((counts > 0) * idf / np.maximum(labs_of, 1)).T), rtol=1e-5
    )
    # in how many groups of each lab a k-mer is, the mean over all k-mers of the same labs
    n_groups = np.zeros((6, 60))
    for lab, group in set(zip(targets, groups, strict=True)):
        n_groups[lab] += has[(targets == lab) & (groups == group)].any(axis=0)
    parts = {}
    for kmer in range(60):
        parts.setdefault(tuple(np.flatnonzero(counts[:, kmer])), []).append(kmer)
    votes = {power: np.zeros((7, 6)) for power in (1, 0.5, 0)}
    for kmers in parts.values():
        share = n_groups[:, kmers].mean(axis=1) / max(n_groups[:, kmers].mean(axis=1).sum(), 1)
        n_asked = asked[:, kmers].sum(axis=1)
        for power in votes:
            weight = np.where(n_asked > 0, n_asked**power, 0) * idf[kmers[0]]
            votes[power] += weight[:, None] * share
    assert len(parts) < 60
    assert_allclose(about["vote by groups"], scaled(votes[1]), rtol=1e-5)
    assert_allclose(about["parts, by root"], scaled(votes[0.5]), rtol=1e-5)
    assert_allclose(about["parts, once"], scaled(votes[0]), rtol=1e-5)
    few = (labs_of >= 2) & (labs_of <= 4)
    assert_allclose(about["2-4 labs"], (asked * few) @ (counts > 0).T / queries.sizes[:, None], rtol=1e-5)
    one = asked @ ((counts > 0) & (labs_of == 1)).T / queries.sizes[:, None]
    assert_allclose(about["1 lab, log"], np.log(one + 1e-3), rtol=1e-5)
    for q in range(7):
        for lab in range(6):
            shared = [(asked[q] & row) @ rarity for row in has[targets == lab]]
            either = [(asked[q] | row) @ rarity for row in has[targets == lab]]
            jaccard = max((s / e for s, e in zip(shared, either, strict=True)), default=0)
            assert about["nearest, Jaccard"][q, lab] == pytest.approx(jaccard, rel=1e-4)
            assert about["nearest, part"][q, lab] == pytest.approx(
                max(shared, default=0) / (asked[q] @ rarity), rel=1e-4
            )
    best = about["nearest, Jaccard"].max(axis=1, keepdims=True)
    assert_allclose(about["nearest, Jaccard, to the best"], about["nearest, Jaccard"] / best, rtol=1e-5)
    groups_of = [len(set(groups[targets == lab])) for lab in range(6)]
    assert_allclose(about["groups, log"][0], np.log1p(groups_of), rtol=1e-6)


def test_asking_changes_no_query_and_blocks_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    library, queries = random_plasmids(30, 50, rng), random_plasmids(70, 50, rng)
    before = queries.kmers.toarray()
    known = LabEvidence(library, rng.integers(4, size=30), np.arange(30), 4)
    whole = known.about(queries)
    assert_array_equal(queries.kmers.toarray(), before)
    assert_array_equal(np.concatenate([known.about(queries[rows]) for rows in blocks_of(70)]), whole)


def test_lengths_that_a_lab_likes_speak_for_it() -> None:
    empty = sparse.csr_matrix((60, 5), dtype=np.float32)
    lengths = np.concatenate([np.full(30, 3000), np.full(30, 8000)])
    library = Plasmids(empty, np.zeros(60, dtype=np.int64), lengths, np.zeros((60, 0)))
    known = LabEvidence(library, np.repeat([0, 1], 30), np.arange(60), 2)
    about = known.about(library[np.array([0, 59])])[:, :, evidence_names(0).index("length")]
    assert about[0, 0] > 0 > about[0, 1]
    assert about[1, 1] > 0 > about[1, 0]


def test_weights_are_at_the_minimum() -> None:
    rng = np.random.default_rng(0)
    evidence = rng.normal(size=(400, 6, 3)).astype(np.float32)
    truth = np.array([2.0, -1.0, 0.0])
    # put the candidate first that a random utility chooses
    chosen = (evidence @ truth + rng.gumbel(size=(400, 6))).argmax(axis=1)
    for row, choice in enumerate(chosen):
        evidence[row, [0, choice]] = evidence[row, [choice, 0]]
    offset = np.zeros((400, 6))
    nothing = np.zeros(3)
    weights = fit_conditional_logit(Candidates(evidence, offset), nothing, strength=1e-6)
    assert_allclose(weights, truth, atol=0.25)

    def loss(w: np.ndarray) -> float:
        scores = evidence.astype(float) @ w
        return float((logsumexp(scores, axis=1) - scores[:, 0]).mean())

    assert check_grad(loss, lambda w: nothing, weights) < 1e-3
    # a candidate that stands for none is never compared with
    offset[:, 5] = -np.inf
    evidence[:, 5] = 1e3
    without = fit_conditional_logit(Candidates(evidence[:, :5], offset[:, :5]), nothing, strength=0)
    evidence[:, 5] = evidence[:, 0]
    masked = fit_conditional_logit(Candidates(evidence, offset), nothing, strength=0)
    assert_allclose(masked, without, atol=0.01)
    # and a strong prior is not left
    strong = fit_conditional_logit(Candidates(evidence, offset), truth + 1, strength=1e9)
    assert_allclose(strong, truth + 1, atol=1e-3)


def test_drawn_labs_stand_for_all_others() -> None:
    rng = np.random.RandomState(0)
    votes = np.random.default_rng(0).random((300, 400)).astype(np.float32)
    targets, present = np.arange(300), np.ones(400, dtype=bool)
    present[7] = False
    order, offset = _choose(votes, targets, present, rng)
    assert_array_equal(order[:, 0], targets)
    assert (order[:, 1:] != targets[:, None]).all()
    assert (offset[order == 7] == -np.inf).all()
    # labs counted by their weights: all of them, and on average each other one as itself
    assert_allclose(np.exp(offset).sum(axis=1).mean(), 399, atol=1)
    weight = np.bincount(order.ravel(), np.exp(offset).ravel(), minlength=400)
    assert_allclose(np.delete(weight, 7)[300:].mean(), 300, rtol=0.05)


def test_all_labs_are_compared_where_there_are_few() -> None:
    votes = np.array([[0.2, 0.5, 0.3]], dtype=np.float32)
    order, offset = _choose(votes, np.array([2]), np.ones(3, dtype=bool), np.random.RandomState(0))
    assert_array_equal(order, [[2, 1, 0]])
    assert_array_equal(offset, [[0, 0, 0]])


def test_it_beats_the_vote_on_unseen_publications(plasmids: Table) -> None:
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


def test_the_seed_rules_the_weights(plasmids: Table, fitted: EvidenceLabRanker) -> None:
    X, y, groups = plasmids
    again = EvidenceLabRanker(random_state=0).fit(X, y, groups=groups)
    assert_array_equal(again.coef_, fitted.coef_)
    assert len(fitted.coef_) == len(fitted.evidence_names_)
    named = EvidenceLabRanker(random_state=0).fit(X, y, groups=[f"paper {group}" for group in groups])
    assert named.coef_.shape == fitted.coef_.shape


def test_enrolled_labs_are_found_and_known_ones_stay(plasmids: Table) -> None:
    X, y, groups = plasmids
    late = y >= 16
    names = np.array([f"lab {lab:02d}" for lab in (y + 10) % 20])
    ranker = EvidenceLabRanker(random_state=0).fit(X[~late], names[~late], groups=groups[~late])
    weights = ranker.coef_
    rows = np.flatnonzero(late)[::2]
    for part in (rows[:7], rows[7:]):
        ranker.enroll(X[part], names[part], groups=part)
    assert ranker.coef_ is weights
    assert_array_equal(ranker.classes_, np.unique(names))
    assert_array_equal(ranker.lab_counts_.sum(), (~late).sum() + len(rows))
    rest = np.setdiff1d(np.flatnonzero(late), rows)
    assert top_k_score(names[rest], ranker.decision_function(X[rest]), k=1, labels=ranker.classes_) > 0.7
    # the evidence is that of a library built at once
    whole = EvidenceLabRanker(random_state=0)
    order = np.concatenate([np.flatnonzero(~late), rows])
    whole.fit(X[order], names[order], groups=np.concatenate([groups[~late], 1000 + rows]))
    whole.coef_ = weights
    assert_allclose(whole.decision_function(X[rest]), ranker.decision_function(X[rest]), rtol=1e-4, atol=1e-4)


def test_metadata_helps_where_sequences_do_not() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 15)
    X = [random_sequence(rng, 300) for _ in y]
    metadata = (rng.random((60, 6)) < np.where(rng.random((4, 6)) < 0.5, 0.05, 0.95)[y]).astype(int)
    table = np.column_stack([np.array(X, dtype=object), metadata])
    ranker = EvidenceLabRanker(n_metadata=6, random_state=0).fit(table[::2], y[::2])
    assert ranker.score(table[1::2], y[1::2]) > 0.7
    assert ranker.evidence_names_[-2:] == ["metadata, naive Bayes", "metadata, alike"]


@pytest.mark.parametrize("groups", [[0, 0, 0, 0], [0, 0, 1, 1]])
def test_where_nothing_can_be_held_out_the_vote_decides(groups: list[int]) -> None:
    X, y = ["ACGTACGTAA", "ACGTTCGTAA", "GGGTACGTCC", "GGGTTCGTCC"], ["a", "a", "b", "b"]
    ranker = EvidenceLabRanker(k=4, fraction=1).fit(X, y, groups=groups)
    assert ranker.evidence_names_[int(ranker.coef_.argmax())] == "vote by labs, log"
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
    ranker = EvidenceLabRanker(random_state=0).fit(X[::4], y[::4])
    before = ranker.decision_function(X[:3])
    with pytest.raises(ValueError, match=r"groups\[0\] is missing"):
        ranker.enroll(X[:2], y[:2], groups=[np.nan, 1])
    assert_array_equal(ranker.decision_function(X[:3]), before)


def test_copies_in_one_group_are_one_voice(plasmids: Table) -> None:
    X, y, groups = plasmids
    ranker = EvidenceLabRanker(random_state=0).fit(X, y, groups=groups)
    column = ranker.evidence_names_.index("vote by groups")
    ranker.coef_ = np.eye(len(ranker.coef_))[column]
    before = ranker.decision_function(X[:20])
    copies = np.repeat(np.flatnonzero(y == 7)[:1], 5)
    apart, together = (copy.copy(ranker) for _ in range(2))
    apart.enroll(X[copies], y[copies])
    together.enroll(X[copies], y[copies], groups=np.zeros(5))
    gained = [(r.decision_function(X[:20]) - before)[:, 7].sum() for r in (together, apart)]
    assert 0 < gained[0] < gained[1]
