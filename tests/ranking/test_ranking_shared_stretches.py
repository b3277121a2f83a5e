"""shared_stretches: the runs of shared k-mers against plain strings, nearest plasmids and errors."""

from typing import Any

import numpy as np
import pytest

from skseed.ranking import EvidenceLabRanker, KmerLabRanker, KmerNetworkLabRanker
from tests.reference import canonical_kmers, random_sequence

K = 9


@pytest.fixture(scope="module")
def case() -> Any:
    """Three labs with fragments of their own, and a query of fragments of two of them."""
    rng = np.random.default_rng(0)
    own = {lab: [random_sequence(rng, 60) for _ in range(3)] for lab in "abc"}
    backbone = random_sequence(rng, 80)
    X = [backbone + "".join(parts) for parts in (own["a"][:2], own["a"][1:], own["b"], own["c"])]
    y = np.array(["a", "a", "b", "c"])
    query = own["a"][2] + random_sequence(rng, 40) + own["b"][0] + backbone
    return X, y, query


@pytest.mark.parametrize("topology", ["circular", "linear"])
def test_stretches_are_the_runs_of_shared_kmers(case: Any, topology: Any) -> None:
    X, y, query = case
    ranker = EvidenceLabRanker(K, fraction=1, topology=topology, network=False).fit(X, y)
    found = ranker.shared_stretches([query], labs=["b", "a"])
    circular = topology == "circular"
    n_places = len(query) if circular else len(query) - K + 1
    sets = [set(canonical_kmers(x, K, circular=circular)) for x in X]
    doubled = query + query
    at = [next(iter(set(canonical_kmers(doubled[i : i + K], K, circular=False)))) for i in range(n_places)]
    n_labs = [len({lab for lab, own in zip(y, sets, strict=True) if kmer in own}) for kmer in at]
    assert found.kmers["start"].tolist() == list(range(n_places))
    assert found.kmers["n_labs"].tolist() == n_labs
    assert (found.length, found.circular) == (len(query), circular)
    for lab in "ab":
        rows = np.flatnonzero(y == lab)
        has = np.array([any(kmer in sets[row] for row in rows) for kmer in at])
        table = found.stretches[found.stretches["lab"] == lab]
        covered = np.zeros(n_places, dtype=int)
        for stretch in table.itertuples():
            places = (stretch.start + np.arange(stretch.n_kmers)) % len(query)
            covered[places] += 1
            assert (stretch.end - 1 - places[-1]) % len(query) == K - 1
            assert stretch.n_labs == min(n_labs[place] for place in places)
            shares = [np.mean([at[place] in sets[row] for place in places]) for row in rows]
            assert stretch.plasmid == rows[int(np.argmax(shares))]
            assert stretch.share == pytest.approx(max(shares))
        np.testing.assert_array_equal(covered, has)
        # runs are maximal
        changes = np.count_nonzero(has != np.roll(has, 1)) if circular else np.count_nonzero(np.diff(has))
        assert len(table) == (changes // 2 if circular else (changes + has[0] + has[-1]) / 2)
    assert found.stretches["lab"].iloc[0] == "b"


def test_a_known_plasmid_is_one_whole_stretch(case: Any) -> None:
    X, y, _ = case
    ranker = EvidenceLabRanker(K, fraction=1, network=False).fit(X, y)
    found = ranker.shared_stretches(X[3:], n_labs=1)
    (stretch,) = found.stretches.itertuples()
    assert (stretch.lab, stretch.n_kmers, stretch.plasmid, stretch.share) == ("c", len(X[3]), 3, 1.0)
    assert stretch.start == stretch.end
    assert found.scores[0] == ranker.decision_function(X[3:]).max()


def test_the_vote_names_no_plasmid_and_the_network_has_no_stretches(case: Any) -> None:
    X, y, query = case
    found = KmerLabRanker(K, fraction=1).fit(X, y).shared_stretches([query])
    assert set(found.stretches["plasmid"]) == {-1}
    assert found.stretches["share"].isna().all()
    assert len(found.labs) == 3
    assert not hasattr(KmerNetworkLabRanker(), "shared_stretches")


def test_enrolled_plasmids_are_named_by_their_index(case: Any) -> None:
    X, y, query = case
    ranker = EvidenceLabRanker(K, fraction=1, network=False).fit(X, y).enroll([query], ["d"])
    found = ranker.shared_stretches([query], labs=["d"])
    assert found.stretches["plasmid"].tolist() == [4]


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
def test_sequences_without_shared_kmers_have_no_stretch(case: Any) -> None:
    X, y, _ = case
    ranker = KmerLabRanker(K, fraction=1).fit(X, y)
    for query in ("ACGT", "A" * 40):
        found = ranker.shared_stretches([query])
        assert found.stretches.empty
        assert (found.kmers["n_labs"] == 0).all()


def test_invalid_input_raises(case: Any) -> None:
    X, y, query = case
    ranker = KmerLabRanker(K, fraction=1).fit(X, y)
    with pytest.raises(ValueError, match="X has 4 sequences, but one is explained at a time"):
        ranker.shared_stretches(X)
    with pytest.raises(ValueError, match=r"labs\[1\] is 'z', which is not in classes_"):
        ranker.shared_stretches([query], labs=["a", "z"])
    with pytest.raises(ValueError, match="must be an int of at least 1"):
        ranker.shared_stretches([query], n_labs=0)
