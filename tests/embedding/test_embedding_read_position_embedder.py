"""ReadPositionEmbedder, KmerVoteEncoder, and the modules of skseed.nn that they use."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import NearestNeighbors
from skorch.callbacks import Callback

from skseed.alphabets import DNA
from skseed.datasets import load_sars_cov_2, make_reads
from skseed.embedding import CNNEncoder, Encoder, Featurizer, KmerVoteEncoder, ReadPositionEmbedder
from skseed.nn import KmerVotesNet, LocalPairsLoss, fold_line
from tests.reference import reverse_complement

GENOME = load_sars_cov_2().data[0][:3000]


# one component, because folding the line into more dimensions takes most of the time of a tiny fit
TINY = {"n_components": 1, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    reads, positions = make_reads(GENOME, both_strands=True, random_state=0)
    embedder = ReadPositionEmbedder(encoder=KmerVoteEncoder(), batch_size=128, random_state=0)
    return embedder.fit(reads, positions)


@pytest.fixture(scope="module")
def new_reads():
    return make_reads(GENOME, both_strands=True, random_state=1)


# predictions -----------------------------------------------------------------------------------


def test_near_points_are_overlapping_reads_of_both_strands(fitted, new_reads):
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
    assert_array_equal(distances, distances.T)
    assert not distances.diagonal().any()


def test_a_read_and_its_reverse_complement_have_equal_points(fitted, new_reads):
    reads = new_reads[0][:50]
    reverse_complements = [DNA.reverse_complement(read) for read in reads]
    assert_allclose(fitted.transform(reverse_complements), fitted.transform(reads), atol=1e-2)


@pytest.mark.slow
def test_a_convolutional_network_learns_positions():
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


def test_shifted_positions_give_equal_points(new_reads):
    reads, positions = (part[:60] for part in new_reads)
    embedder = ReadPositionEmbedder(**TINY, max_epochs=2)
    points = embedder.fit(reads, positions).transform(reads)
    shifted = clone(embedder).fit(reads, (positions + 4096).astype(float)).transform(reads)
    assert_allclose(shifted, points, atol=1e-2)


def test_cross_validation_gives_finite_scores(new_reads):
    reads, positions = (part[:200] for part in new_reads)
    scores = cross_val_score(ReadPositionEmbedder(**TINY, max_epochs=3), reads, positions, cv=2)
    assert np.isfinite(scores).all()


# equal bits ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_threads_and_parallel_fits_change_no_bit(new_reads):
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


class InterruptIn(Callback):
    """Interrupt training in the steps of an epoch, as Ctrl-C does."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_grad_computed(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("encoder", "n_components"), [("votes", 3), (CNNEncoder(4), 1)], ids=["votes", "cnn"]
)
def test_an_interrupted_fit_resumes_bit_for_bit(tmp_path, new_reads, encoder, n_components):
    reads, positions = (part[:100] for part in new_reads)
    params = {"n_components": n_components, "encoder": encoder, "mutation_rate": 0.01, "batch_size": 32}
    params |= {"validation_fraction": 0.2, "max_epochs": 4, "random_state": 0}
    with pytest.raises(KeyboardInterrupt):
        ReadPositionEmbedder(**params, checkpoint=tmp_path, callbacks=[InterruptIn(3)]).fit(reads, positions)
    (state,) = tmp_path.iterdir()
    resumed = ReadPositionEmbedder(**params, checkpoint=tmp_path).fit(reads, positions)
    whole = ReadPositionEmbedder(**params).fit(reads, positions)
    assert_array_equal(resumed.transform(reads), whole.transform(reads))
    assert resumed.net_.history[:, "train_loss"] == whole.net_.history[:, "train_loss"]
    assert not state.exists()


def test_a_pickle_gives_equal_bits_without_the_reads(fitted, new_reads):
    reads, positions = new_reads
    data = pickle.dumps(fitted)
    copy = pickle.loads(data)
    assert_array_equal(copy.transform(reads), fitted.transform(reads))
    assert copy.score(reads, positions) == fitted.score(reads, positions)
    weights = sum(values.nbytes for values in fitted.net_.module_.state_dict().values())
    assert len(data) < weights + fitted.featurizer_.vocabulary.nbytes + 10_000


# errors and warnings ------------------------------------------------------------------------------

READS = ["GATTACAGATTACAGA", "ATTACAGATTACAGAC", "TTACAGATTACAGACC"]


@pytest.mark.parametrize(
    ("reads", "positions", "match"),
    [
        (READS, None, "requires y to be passed"),
        (READS, [0, 1], "inconsistent numbers of samples"),
        (READS, [0, 1, np.nan], "NaN"),
        (READS[:1], [0], "at least 2 reads"),
        ([*READS, ""], [0, 1, 2, 3], r"X\[3\] has 0 symbols"),
        (["GATTACA", "ATTACAG"], [0, 1], "No read has 15 consecutive letters"),
        (["GATTACA!", "ATTACAGA"], [0, 1], "position 7"),
    ],
)
def test_invalid_input_raises_and_leaves_the_embedder_unfitted(reads, positions, match):
    embedder = ReadPositionEmbedder(max_epochs=1)
    with pytest.raises(ValueError, match=match):
        embedder.fit(reads, positions)
    assert not hasattr(embedder, "net_")


def test_score_needs_pairs_that_overlap(fitted):
    with pytest.raises(ValueError, match="at different distances"):
        fitted.score([GENOME[:150], GENOME[1000:1150]], [0, 1000])


def test_reads_without_a_known_kmer_warn(fitted):
    with pytest.warns(UserWarning, match=r"1 of 2 sequences has no 15-mers .* X\[1\]"):
        points = fitted.transform([GENOME[:150], "AC" * 75])
    assert_array_equal(points[1], 0)


def test_a_longer_read_loses_its_end(fitted):
    with pytest.warns(UserWarning, match="lose their end"):
        points = fitted.transform([GENOME[:170]])
    assert_array_equal(points, fitted.transform([GENOME[:150]]))


# k-mers -------------------------------------------------------------------------------------------


def votes_of(embedder, reads):
    """Return the point of each read, computed from the k-mers as strings."""
    k = embedder.encoder.k
    vocabulary = embedder.featurizer_.vocabulary
    known = {"".join(kmer): i for i, kmer in enumerate(spelled(vocabulary, k))}
    net = embedder.net_.module_.encoder
    points, directions = (values.detach().numpy() for values in (net.points, net.directions))
    half_width = max(embedder.max_length_ - k, 1) / 2
    result = []
    for read in reads:
        votes = []
        for start in range(len(read) - k + 1):
            kmer = read[start : start + k]
            other = reverse_complement(kmer)
            if min(kmer, other) in known:
                i, sign = known[min(kmer, other)], 1 if kmer <= other else -1
                offset = sign * (start - (len(read) - k) / 2) / half_width
                votes.append(points[i] + offset * directions[i])
        result.append(np.mean(votes, axis=0) if votes else np.zeros(points.shape[1]))
    return np.array(result) * embedder.max_length_


def spelled(codes, k):
    """Return the letters of k-mers from their numbers in base 4."""
    return [["ACGT"[code // 4**place % 4] for place in range(k - 1, -1, -1)] for code in codes.tolist()]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.text("ACGT", min_size=5, max_size=12), min_size=2, max_size=5),
    st.text("ACGTN", min_size=1, max_size=12),
    st.integers(1, 5),
)
@example(["AAAAA", "AAAAC"], "A", 4)
def test_the_point_of_a_read_is_the_mean_vote_of_its_canonical_kmers(reads, new_read, k):
    embedder = ReadPositionEmbedder(**TINY, encoder=KmerVoteEncoder(k), max_epochs=1)
    embedder.fit(reads, np.arange(len(reads)))
    kmers = {read[i : i + k] for read in reads for i in range(len(read) - k + 1)}
    vocabulary = {min(kmer, reverse_complement(kmer)) for kmer in kmers}
    assert {"".join(kmer) for kmer in spelled(embedder.featurizer_.vocabulary, k)} == vocabulary
    sequences = [*reads, new_read[: embedder.max_length_]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = embedder.transform(sequences)
    assert_allclose(points, votes_of(embedder, sequences), rtol=1e-4, atol=1e-4)


def test_the_mean_vote_has_a_coordinate_for_every_component(fitted, new_reads):
    reads = new_reads[0][:20]
    assert_allclose(fitted.transform(reads), votes_of(fitted, reads), rtol=1e-4, atol=1e-2)


def test_the_longest_kmers_have_31_letters():
    read = "TGCA" * 8
    embedder = ReadPositionEmbedder(**TINY, encoder=KmerVoteEncoder(31), max_epochs=1)
    embedder.fit([read] * 2, [0, 1])
    assert embedder.featurizer_.n_symbols == len(
        {min(kmer, reverse_complement(kmer)) for kmer in (read[:31], read[1:])}
    )
    with pytest.raises(ValueError, match="'k' parameter"):
        ReadPositionEmbedder(encoder=KmerVoteEncoder(32)).fit([read] * 2, [0, 1])


def test_votes_are_a_mean_of_points_and_directions():
    net = KmerVotesNet(3, 2)
    with torch.no_grad():
        net.points.copy_(torch.tensor([[0.0, 0.0], [1.0, 2.0], [3.0, 0.0]]))
        net.directions.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    # the first is reversed at the left end, the second in the middle, the third at the right end
    points, spread = net.points_and_spread(torch.tensor([[-2, 3, 4], [1, 1, 0]]))
    votes = np.array([[1.0, 0.0], [1.0, 2.0], [3.0, 0.0]])
    assert_allclose(points.detach(), [votes.mean(axis=0), [0, 0]], rtol=1e-6)
    assert_allclose(spread.item(), ((votes - votes.mean(axis=0)) ** 2).sum(axis=1).mean(), rtol=1e-6)


# batches and loss ---------------------------------------------------------------------------------


class Recorder(Featurizer):
    """Record the reads of every batch."""

    keep_features = False

    def __init__(self):
        self.shape = (1,)
        self.batches = []

    def __call__(self, sequences):
        self.batches.append(sequences.to_strings())
        return sequences.lengths[:, None].astype(np.float32)


class RecordingEncoder(Encoder):
    def fit_featurizer(self, sequences, max_length, distances, rng):
        assert distances is None
        return Recorder()

    def build(self, featurizer, n_components):
        return torch.nn.Linear(1, n_components)


def batches_of(reads, positions, **params):
    """Return the reads of the batches of one epoch."""
    embedder = ReadPositionEmbedder(**TINY, encoder=RecordingEncoder(), max_epochs=1, **params)
    return embedder.fit(reads, positions).featurizer_.batches


@pytest.mark.slow
@pytest.mark.parametrize("depth", [0.5, 20, 100])
def test_overlapping_reads_are_close_together_in_a_batch_at_any_depth(depth):
    rng = np.random.default_rng(0)
    positions = rng.uniform(0, 1000, size=int(100 * depth))
    # reads of 10 letters that differ, so that they name their positions
    reads = ["".join(rng.choice(list("ACGT"), 10)) for _ in positions]
    position_of = dict(zip(reads, positions / 10, strict=True))
    batches = batches_of(reads, positions, batch_size=50)
    assert all(len(batch) == 50 for batch in batches)
    epoch = [read for batch in batches for read in batch]
    assert sorted(epoch) == sorted(reads)
    apart = np.abs(np.diff([position_of[read] for read in epoch]))
    assert np.mean(apart < 2) > (0.3 if depth == 0.5 else 0.85)
    # groups cover their window even where it has many reads
    assert np.mean(apart < 0.5) < 0.6


def test_mutation_rate_gives_reads_new_errors():
    rng = np.random.default_rng(0)
    reads = ["".join(rng.choice(list("ACGT"), 100)) for _ in range(40)]
    positions = np.arange(40) * 10
    exact = [read for batch in batches_of(reads, positions) for read in batch]
    assert sorted(exact) == sorted(reads)
    mutated = [read for batch in batches_of(reads, positions, mutation_rate=0.1) for read in batch]
    assert len(mutated) == 40
    assert len(set(mutated) & set(reads)) < 5
    assert max(map(len, mutated)) <= 100


def test_gaps_of_positions_are_shortened():
    reads, positions = make_reads(GENOME[:600], depth=10, random_state=0)
    second = positions > 300
    points = [
        ReadPositionEmbedder(**TINY, max_epochs=3).fit(reads, positions + second * gap).transform(reads)
        for gap in (2**10, 2**30)
    ]
    assert_allclose(points[1], points[0], atol=0.1)


def test_loss_is_the_error_of_near_pairs_and_a_bound_for_far_pairs():
    points = torch.tensor([[0.0], [0.7], [-0.6]])
    distances = (points - points.T).abs()
    target = torch.tensor([[0.0, 0.0], [0.5, 0.5], [3.0, -0.6]])
    loss = LocalPairsLoss(n_steps=1)
    near, far = 0.2**2, 0.4**2 / 2
    # one of the far pairs is too near, the other far enough
    first = loss((distances, points, torch.tensor(0.0)), target)
    assert_allclose(first, near + far + 0.2**2 / 3, rtol=1e-5)
    # the guide has faded
    assert_allclose(loss((distances, points, torch.tensor(0.0)), target), near + far, rtol=1e-5)
    assert loss((distances, points, torch.tensor(1.0)), target) > near + far + 0.01


def test_loss_in_evaluation_mode_has_no_guide_and_counts_no_step():
    points = torch.tensor([[0.0], [0.7]])
    distances = (points - points.T).abs()
    target = torch.tensor([[0.0, 5.0], [0.5, 5.0]])
    loss = LocalPairsLoss(n_steps=10).eval()
    assert_allclose(loss((distances, points, torch.tensor(0.0)), target), 0.2**2, rtol=1e-5)
    assert int(loss.step) == 0
    assert loss.train()((distances, points, torch.tensor(0.0)), target) > 1


def test_loss_of_a_batch_without_near_or_far_pairs_is_finite():
    loss = LocalPairsLoss(n_steps=2)
    points = torch.zeros(3, 2)
    for step in (0.1, 2.0):
        target = torch.tensor([[0.0, 0, 0], [step, 0, 0], [2 * step, 0, 0]])
        assert torch.isfinite(loss((torch.cdist(points, points), points, torch.tensor(0.0)), target))


# folded line and initial votes --------------------------------------------------------------------


@pytest.mark.parametrize("n_components", [1, 3, 8])
def test_a_folded_line_keeps_near_distances_and_separates_the_rest(n_components):
    places = torch.arange(0, 30, 1 / 3)
    points = fold_line(places, n_components, generator=torch.Generator().manual_seed(1))
    assert points.shape == (90, n_components)
    distances, true = torch.cdist(points, points), (places[:, None] - places).abs()
    near = true < 1
    assert (distances - true)[near].abs().mean() < 0.02
    assert distances[true >= 2].min() > 1.2
    if n_components > 1:
        assert distances.max() < 25


def test_a_line_of_one_place_is_finite():
    for places in (torch.zeros(1), torch.zeros(2)):
        points = fold_line(places, 3, generator=torch.Generator().manual_seed(0))
        assert torch.isfinite(points).all()


def test_initial_votes_give_the_points_of_the_reads():
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


def test_initial_votes_are_a_regression_for_every_kmer():
    rng = np.random.default_rng(0)
    ids = (rng.integers(1, 6, size=(5000, 5)) * rng.choice([-1, 1], size=(5000, 5))).astype(np.int32)
    points = rng.normal(size=(5000, 2)).astype(np.float32)
    net = KmerVotesNet(4, 2)
    net.start_at(torch.from_numpy(ids), torch.from_numpy(points))
    for kmer in range(4):
        reads, columns = np.nonzero(np.abs(ids) == kmer + 2)
        x = np.sign(ids[reads, columns]) * (columns - 2) / 2
        y = points[reads]
        centered = x - x.mean()
        direction = centered @ (y - y.mean(axis=0)) / ((centered**2).sum() + 0.1)
        assert_allclose(net.directions[kmer].detach(), direction, atol=1e-4)
        assert_allclose(net.points[kmer].detach(), y.mean(axis=0) - x.mean() * direction, atol=1e-4)
