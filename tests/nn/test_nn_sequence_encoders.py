"""Encoders: rows of codes in, points out, each row on its own."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

# the plain one-hot rows and seeded weights that the layers are compared with
from skseed._one_hot import one_hot_from_codes
from skseed._training import build_seeded
from skseed.alphabets import DNA, PROTEIN
from skseed.embedding import (
    CNNEncoder,
    Featurizer,
    LinearEncoder,
    TransformerEncoder,
)
from skseed.nn import CNNNet, SegmentTransformerNet

# layers inside the public networks, compared with those of torch bit for bit
from skseed.nn._sequence_encoders import HalvingPool, OneHot

ENCODERS = {
    "cnn": CNNEncoder,
    "linear": LinearEncoder,
    "transformer": TransformerEncoder,
}
NAMES = sorted(ENCODERS)


class CodesOfLength(Featurizer):
    """The description of padded codes, from which an encoder builds its network."""

    def __init__(self, length, n_symbols):
        self.shape = (length,)
        self.n_symbols = n_symbols


def random_codes(n, length, alphabet=DNA, seed=0):
    """Return rows of codes with wildcards, of different lengths."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(len(alphabet) + 1, size=(n, length), dtype=np.uint8)
    for row in codes[1:]:
        row[rng.integers(1, length + 1) :] = alphabet.padding_code
    return torch.from_numpy(codes)


def build(name, length, alphabet=DNA, n_components=8, seed=0):
    featurizer = CodesOfLength(length, len(alphabet))
    return build_seeded(lambda: ENCODERS[name]().build(featurizer, n_components), seed)


# one-hot ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=lambda alphabet: alphabet.name)
def test_one_hot_vectors_equal_those_of_the_preprocessing(alphabet):
    codes = random_codes(20, 15, alphabet)
    vectors = OneHot(len(alphabet))(codes)
    assert vectors.shape == (20, 15, len(alphabet))
    assert_allclose(vectors.flatten(1), one_hot_from_codes(codes.numpy(), alphabet), rtol=0, atol=0)


def test_padding_is_zero_and_a_wildcard_is_uniform():
    vectors = OneHot(4)(torch.tensor([[2, 4, 5]], dtype=torch.uint8))
    assert vectors[0].tolist() == [[0, 0, 1, 0], [0.25, 0.25, 0.25, 0.25], [0, 0, 0, 0]]
    assert not list(OneHot(4).parameters())


# the networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [2, 3, 10, 151])
def test_halving_pool_is_average_pooling_to_the_last_bit(length):
    features = torch.randn(5, 4, length, generator=torch.Generator().manual_seed(length))
    assert_array_equal(HalvingPool()(features), torch.nn.AvgPool1d(2)(features))


def test_linear_net_is_one_matrix_product():
    net = build("linear", 10)
    codes = random_codes(7, 10)
    linear = net[-1]
    rows = one_hot_from_codes(codes.numpy(), DNA)
    expected = rows @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()
    assert_allclose(net(codes).detach(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 16, 150])
@pytest.mark.parametrize("n_layers", [1, 4])
def test_cnn_halves_the_positions_while_more_than_one_is_left(length, n_layers):
    net = CNNNet(length, 4, 8, n_channels=6, kernel_size=5, n_layers=n_layers)
    left = length
    for _ in range(n_layers):
        left = max(left // 2, 1)
    assert net.read_out.in_features == 6 * left
    assert net(random_codes(3, length)).shape == (3, 8)


def test_cnn_accepts_kernel_size_one_and_raises_for_even_ones():
    assert CNNEncoder(kernel_size=1).build(CodesOfLength(9, 4), 2)(random_codes(2, 9)).shape == (2, 2)
    with pytest.raises(ValueError, match="kernel_size must be odd; got 4"):
        CNNEncoder(kernel_size=4).build(CodesOfLength(9, 4), 2)


# every encoder ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [1, 5, 40])
def test_points_have_the_given_shape(name, length):
    for alphabet in (DNA, PROTEIN):
        points = build(name, length, alphabet, n_components=6)(random_codes(4, length, alphabet))
        assert points.shape == (4, 6)
        assert points.dtype == torch.float32
        assert torch.isfinite(points).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_row_does_not_depend_on_its_batch_in_evaluation(name):
    net = build(name, 30).eval()
    codes = random_codes(12, 30)
    with torch.inference_mode():
        together = net(codes)
        alone = torch.cat([net(row[None]) for row in codes])
        shuffled = net(codes.flip(0)).flip(0)
    assert_allclose(alone, together, rtol=1e-4, atol=1e-6)
    assert_allclose(shuffled, together, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_gets_a_finite_gradient(name):
    net = build(name, 30)
    net(random_codes(12, 30)).square().sum().backward()
    for parameter_name, parameter in net.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name


@pytest.mark.parametrize("name", NAMES)
def test_different_sequences_get_different_points(name):
    net = build(name, 30).eval()
    codes = random_codes(2, 30)[:1].repeat(3, 1)
    codes[1, 0] = (codes[0, 0] + 1) % 4
    codes[2, -1] = DNA.padding_code
    with torch.inference_mode():
        points = net(codes)
    assert (points[0] != points[1]).any()
    assert (points[0] != points[2]).any()


@pytest.mark.parametrize("name", NAMES)
def test_weights_depend_on_the_seed(name):
    one, two, other = (build(name, 20, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


# attention ----------------------------------------------------------------------------------------


def test_a_window_masks_far_segments():
    def net(window, n_layers=1):
        return build_seeded(
            lambda: SegmentTransformerNet(
                40, 4, 8, segment_length=4, width=8, n_layers=n_layers, n_heads=2, window=window
            ),
            0,
        ).eval()

    codes = random_codes(1, 40)
    changed = codes.clone()
    changed[0, 36:] = (changed[0, 36:] + 1) % 4
    for window, sees_the_end in ((None, True), (1, False)):
        model = net(window)
        first_segments = []
        for rows in (codes, changed):
            vectors = model.segments(model.one_hot(rows).reshape(1, 10, -1)) + model.places
            first_segments.append(model.layers[0](vectors, src_mask=model.far)[0, 0])
        assert bool((first_segments[0] != first_segments[1]).any()) == sees_the_end
