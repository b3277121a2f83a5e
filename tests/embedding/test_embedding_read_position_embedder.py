"""Reads placed by where they come from, and the pieces that the embedder is made of."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import NearestNeighbors

from skseed.alphabets import DNA
from skseed.datasets import load_sars_cov_2, make_reads
from skseed.embedding import CNNEncoder, EditDistanceEmbedder, KmerVoteEncoder, ReadPositionEmbedder
from skseed.embedding._read_batches import ReadBatchMaker, along_the_line, neighbour_order
from skseed.embedding._read_position_embedder import overlapping_distances
from skseed.nn import KmerVotesNet, LocalPairsLoss, fold_line

GENOME = load_sars_cov_2().data[0][:3000]


@pytest.fixture(scope="module")
def fitted():
    return ReadPositionEmbedder(batch_size=128, random_state=0).fit(*make_reads(GENOME, random_state=0))


@pytest.fixture(scope="module")
def new_reads():
    return make_reads(GENOME, random_state=1)


# what it is for -----------------------------------------------------------------------------------


def test_near_points_are_overlapping_reads(fitted, new_reads):
    reads, positions = new_reads
    assert fitted.score(reads, positions) > 0.99
    points = fitted.transform(reads)
    nearest = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    assert np.mean(np.abs(positions[nearest] - positions[:, None]) < 150) > 0.98


def test_distances_are_in_bases(fitted, new_reads):
    reads, positions = new_reads
    distances = fitted.pairwise_distances(reads)
    true = np.abs(positions[:, None] - positions)
    near = true < 150
    assert np.abs(distances - true)[near].mean() < 5
    assert np.mean(distances[~near] > 140) > 0.99
    points = fitted.transform(reads).astype(np.float64)
    assert_allclose(distances[3], np.linalg.norm(points[3] - points, axis=1), atol=1e-3)
    assert_allclose(fitted.pairwise_distances(reads[:5], reads[7:9]), distances[:5, 7:9], atol=1e-3)


def test_a_read_and_its_reverse_complement_are_one_point(fitted, new_reads):
    reads = new_reads[0][:50]
    turned = [DNA.reverse_complement(read) for read in reads]
    assert_allclose(fitted.transform(turned), fitted.transform(reads), atol=1e-2)


def test_learns_from_both_strands():
    reads, positions = make_reads(GENOME, both_strands=True, random_state=2)
    new_reads, new_positions = make_reads(GENOME, both_strands=True, random_state=3)
    embedder = ReadPositionEmbedder(batch_size=128, random_state=0).fit(reads, positions)
    assert embedder.score(new_reads, new_positions) > 0.99


def test_a_convolutional_network_learns_too(new_reads):
    reads, positions = make_reads(GENOME[:400], depth=40, random_state=0)
    embedder = ReadPositionEmbedder(
        encoder=CNNEncoder(n_channels=32), lr=0.003, batch_size=32, max_epochs=20, random_state=0
    )
    assert embedder.fit(reads, positions).score(reads, positions) > 0.6


def test_score_is_spearmans_correlation_of_overlapping_pairs(fitted, new_reads):
    reads, positions = (part[:60] for part in new_reads)
    distances = fitted.pairwise_distances(reads)
    pairs = [(i, j) for i in range(60) for j in range(i) if abs(positions[i] - positions[j]) < 150]
    expected = spearmanr(
        [distances[pair] for pair in pairs], [abs(positions[i] - positions[j]) for i, j in pairs]
    )
    assert_allclose(fitted.score(reads, positions), expected.statistic, atol=1e-3)


def test_positions_may_be_fractions_and_shifted(new_reads):
    reads, positions = (part[:100] for part in new_reads)
    embedder = ReadPositionEmbedder(max_epochs=3, random_state=0)
    points = embedder.fit(reads, positions).transform(reads)
    shifted = clone(embedder).fit(reads, (positions + 4096).astype(float)).transform(reads)
    assert_allclose(shifted, points, atol=1e-2)


def test_cross_validates(new_reads):
    reads, positions = (part[:200] for part in new_reads)
    scores = cross_val_score(ReadPositionEmbedder(max_epochs=5, random_state=0), reads, positions, cv=2)
    assert np.isfinite(scores).all()


# the same bits ------------------------------------------------------------------------------------


def test_threads_and_other_fits_change_no_bit(new_reads):
    reads, positions = (part[:150] for part in new_reads)

    def embed(seed):
        embedder = ReadPositionEmbedder(mutation_rate=0.01, max_epochs=3, batch_size=32, random_state=seed)
        return embedder.fit(reads, positions).transform(reads)

    before = torch.get_num_threads()
    states = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    expected = [embed(0), embed(1)]
    assert (expected[0] != expected[1]).any()
    try:
        torch.set_num_threads(4)
        assert_array_equal(embed(0), expected[0])
        with ThreadPoolExecutor(4) as pool:
            for points, alone in zip(pool.map(embed, [0, 1] * 2), expected * 2, strict=True):
                assert_array_equal(points, alone)
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)
    assert_array_equal(np.random.get_state()[1], states[0])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), states[1])


# refusals -----------------------------------------------------------------------------------------

READS = ["GATTACAGATTACAGA", "ATTACAGATTACAGAC", "TTACAGATTACAGACC"]


@pytest.mark.parametrize(
    ("reads", "positions", "match"),
    [
        (READS, None, "requires y to be passed"),
        (READS, [0, 1], "inconsistent numbers of samples"),
        (READS, [0, 1, np.nan], "NaN"),
        (READS[:1], [0], "at least 2 reads"),
        ([*READS, ""], [0, 1, 2, 3], r"X\[3\] has 0 symbols"),
        (["GATTACA", "ATTACAG"], [0, 1], "holds 15 letters"),
        (["GATTACA!", "ATTACAGA"], [0, 1], "position 7"),
    ],
)
def test_refuses(reads, positions, match):
    embedder = ReadPositionEmbedder(max_epochs=1)
    with pytest.raises(ValueError, match=match):
        embedder.fit(reads, positions)
    assert not hasattr(embedder, "net_")


def test_score_needs_pairs_that_overlap(fitted):
    with pytest.raises(ValueError, match="at different distances"):
        fitted.score([GENOME[:150], GENOME[1000:1150]], [0, 1000])


def test_a_read_from_elsewhere_is_named(fitted):
    with pytest.warns(UserWarning, match=r"1 of 2 reads hold no k-mer .* X\[1\]"):
        points = fitted.transform([GENOME[:150], "AC" * 75])
    assert_array_equal(points[1], 0)


def test_a_longer_read_loses_its_end(fitted):
    with pytest.warns(UserWarning, match="lose their end"):
        points = fitted.transform([GENOME[:170]])
    assert_array_equal(points, fitted.transform([GENOME[:150]]))


# k-mers -------------------------------------------------------------------------------------------


def slow_ids(read, k, vocabulary, length):
    """Return the ids of one read by strings."""
    ids = []
    for start in range(length - k + 1):
        kmer = read[start : start + k]
        if len(kmer) < k:
            ids.append(0)
            continue
        turned = DNA.reverse_complement(kmer)
        sign = 1 if kmer <= turned else -1
        ids.append(sign * (vocabulary.index(min(kmer, turned)) + 2 if min(kmer, turned) in vocabulary else 1))
    return ids


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text("ACGT", min_size=5, max_size=12), min_size=1, max_size=5),
    st.text("ACGTN", min_size=1, max_size=12),
    st.integers(1, 5),
)
def test_ids_are_those_of_strings(reads, new_read, k):
    codes = DNA.encode_rows(reads, length=12)
    inputs = KmerVoteEncoder(k).make_inputs(codes, np.zeros(len(reads)), np.random.default_rng(0))
    kmers = {read[i : i + k] for read in reads for i in range(len(read) - k + 1)}
    vocabulary = sorted({min(kmer, DNA.reverse_complement(kmer)) for kmer in kmers})
    assert inputs.n_symbols == len(vocabulary)
    ids = inputs(DNA.encode_rows([*reads, new_read], length=12))
    expected = [slow_ids(read, k, vocabulary, 12) for read in [*reads, new_read]]
    assert_array_equal(np.abs(ids), np.abs(expected))
    known = np.abs(ids) > 1
    assert_array_equal(ids[known], np.asarray(expected)[known])
    assert_array_equal(inputs.places(ids), known.any(axis=1))


def test_the_longest_kmers_fit():
    read = "TGCA" * 8
    inputs = KmerVoteEncoder(31).make_inputs(
        DNA.encode_rows([read], length=32), np.zeros(1), np.random.default_rng(0)
    )
    assert inputs.n_symbols == len({min(k, DNA.reverse_complement(k)) for k in (read[:31], read[1:])})
    with pytest.raises(ValueError, match="'k' parameter"):
        ReadPositionEmbedder(encoder=KmerVoteEncoder(32)).fit([read] * 2, [0, 1])


def test_votes_are_a_mean_of_points_and_directions():
    net = KmerVotesNet(3, 2)
    with torch.no_grad():
        net.points.copy_(torch.tensor([[0.0, 0.0], [1.0, 2.0], [3.0, 0.0]]))
        net.directions.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    # the first stands reversed at the left end, the second in the middle, the third is at the right end
    points, spread = net.points_and_spread(torch.tensor([[-2, 3, 4], [1, 1, 0]]))
    votes = np.array([[1.0, 0.0], [1.0, 2.0], [3.0, 0.0]])
    assert_allclose(points.detach(), [votes.mean(axis=0), [0, 0]], rtol=1e-6)
    assert_allclose(spread.item(), ((votes - votes.mean(axis=0)) ** 2).sum(axis=1).mean(), rtol=1e-6)


def test_the_encoder_serves_edit_distances_as_well():
    genes = [GENOME[:100], GENOME[:90], GENOME[5:100], GENOME[50:150]]
    embedder = EditDistanceEmbedder(4, encoder=KmerVoteEncoder(6), max_epochs=2, random_state=0)
    assert embedder.fit(genes).transform(genes).shape == (4, 4)


# batches and loss ---------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [0.5, 20, 500])
def test_neighbours_follow_one_another_at_any_depth(depth):
    rng = np.random.default_rng(0)
    positions = rng.uniform(0, 100, size=int(100 * depth))
    order = neighbour_order(positions, rng)
    assert_array_equal(np.sort(order), np.arange(len(positions)))
    apart = np.abs(np.diff(positions[order]))
    assert np.mean(apart < 2) > (0.9 if depth == 500 else 0.3 if depth == 0.5 else 0.85)
    # groups spread over their window even where it holds many reads
    assert np.mean(apart < 0.5) < 0.6
    assert not np.array_equal(order, neighbour_order(positions, rng))


def test_fresh_errors_change_inputs_and_not_targets():
    codes = DNA.encode_rows(READS, length=16)
    targets = np.arange(6, dtype=np.float32).reshape(3, 2)
    maker = ReadBatchMaker(codes, targets, inputs=lambda rows: rows, alphabet=DNA, mutation_rate=0.5)
    inputs, learnt = maker(np.array([2, 0]), np.random.default_rng(0))
    assert_array_equal(learnt, targets[[2, 0]])
    assert inputs.shape == (2, 16)
    assert (inputs != codes[[2, 0]]).any()
    maker.mutation_rate = 0.0
    assert_array_equal(maker(np.array([2, 0]), np.random.default_rng(0))[0], codes[[2, 0]])


def test_long_gaps_of_the_line_are_shortened():
    places = along_the_line(np.array([7.0, 0.0, 0.5, 1e12, 7.25]))
    assert_allclose(places, [2.5, 0, 0.5, 4.75, 2.75])


def test_loss_is_an_error_near_by_and_a_bound_further_away():
    points = torch.tensor([[0.0], [0.7], [-0.6]])
    distances = (points - points.T).abs()
    target = torch.tensor([[0.0, 0.0], [0.5, 0.5], [3.0, -0.6]])
    loss = LocalPairsLoss(n_steps=1)
    near, far = 0.2**2, 0.4**2 / 2
    # of the far pairs one is too near, and one far enough
    first = loss((distances, points, torch.tensor(0.0)), target)
    assert_allclose(first, near + far + 0.2**2 / 3, rtol=1e-5)
    # the guide has faded
    assert_allclose(loss((distances, points, torch.tensor(0.0)), target), near + far, rtol=1e-5)
    assert loss((distances, points, torch.tensor(1.0)), target) > near + far + 0.01


def test_loss_of_a_batch_without_near_or_far_pairs_is_finite():
    loss = LocalPairsLoss(n_steps=2)
    points = torch.zeros(3, 2)
    for step in (0.1, 2.0):
        target = torch.tensor([[0.0, 0, 0], [step, 0, 0], [2 * step, 0, 0]])
        assert torch.isfinite(loss((torch.cdist(points, points), points, torch.tensor(0.0)), target))


# the line -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_components", [1, 3, 8])
def test_a_folded_line_keeps_near_places_and_leaves_room(n_components):
    places = torch.arange(0, 60, 1 / 3)
    points = fold_line(places, n_components, generator=torch.Generator().manual_seed(1))
    assert points.shape == (180, n_components)
    distances, true = torch.cdist(points, points), (places[:, None] - places).abs()
    near = true < 1
    assert (distances - true)[near].abs().mean() < 0.02
    assert distances[true >= 2].min() > 1.2
    if n_components > 1:
        assert distances.max() < 50


def test_a_line_of_one_place():
    for places in (torch.zeros(1), torch.zeros(2)):
        points = fold_line(places, 3, generator=torch.Generator().manual_seed(0))
        assert torch.isfinite(points).all()


def test_kmers_start_where_their_reads_lie():
    # k-mers a, b, c in a row on a line: reads of two of them, at steps of one offset
    ids = torch.tensor([[2, 3, 4, 5], [3, 4, 5, 6], [4, 5, 6, 7], [-7, -6, -5, -4], [1, 1, 1, 0]])
    points = torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0], [2.0, 4.0], [9.0, 9.0]])
    net = KmerVotesNet(6, 2)
    net.start_at(ids, points)
    with torch.no_grad():
        placed, spread = net.points_and_spread(ids)
    assert_allclose(placed[:4], points[:4], atol=0.25)
    assert spread < 0.2
    assert_array_equal(placed[4], 0)


def test_a_start_is_a_regression_for_every_kmer(monkeypatch):
    rng = np.random.default_rng(0)
    ids = (rng.integers(1, 6, size=(20, 5)) * rng.choice([-1, 1], size=(20, 5))).astype(np.int32)
    points = rng.normal(size=(20, 2)).astype(np.float32)
    # so that the reads come in several parts
    monkeypatch.setattr("skseed.nn._kmer_votes._CHUNK", 7)
    net = KmerVotesNet(4, 2)
    net.start_at(torch.from_numpy(ids), torch.from_numpy(points))
    for kmer in range(4):
        reads, columns = np.nonzero(np.abs(ids) == kmer + 2)
        x = np.sign(ids[reads, columns]) * (columns - 2) / 2
        y = points[reads]
        centred = x - x.mean()
        direction = centred @ (y - y.mean(axis=0)) / ((centred**2).sum() + 0.1)
        assert_allclose(net.directions[kmer].detach(), direction, atol=1e-4)
        assert_allclose(net.points[kmer].detach(), y.mean(axis=0) - x.mean() * direction, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=25))
def test_overlapping_distances_are_those_of_all_pairs(positions):
    positions = np.asarray(positions, dtype=float)
    points = np.random.default_rng(0).normal(size=(len(positions), 2))
    learned, true = overlapping_distances(points, positions, 10)
    pairs = [
        (abs(positions[i] - positions[j]), np.linalg.norm(points[i] - points[j]))
        for i in range(len(positions))
        for j in range(i)
        if abs(positions[i] - positions[j]) < 10
    ]
    assert_allclose(sorted(zip(true, learned, strict=True)), sorted(pairs), atol=1e-9)
