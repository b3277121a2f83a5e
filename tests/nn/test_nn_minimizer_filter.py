"""Convolution and max-pooling select the k-mers that the minimizers are."""

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal

from skseed.alphabets import DNA
from skseed.datasets import load_telomeres
from skseed.nn import MinimizerFilter
from skseed.preprocessing import MinimizerVectorizer


def codes_of(sequence):
    return torch.as_tensor(DNA.encode(sequence).copy())[None]


def repeats(rng, *, unit, length, rate):
    """Return mutated copies of a random unit, end to end: what most ties come from."""
    letters = np.tile(rng.integers(4, size=unit), -(-length // unit))[:length]
    changed = rng.random(length) < rate
    letters[changed] = rng.integers(4, size=changed.sum())
    return DNA.decode(letters)


@pytest.mark.parametrize("unit", [1, 6, 19, 1000])
@pytest.mark.parametrize("tie_break", ["robust", "leftmost", "slot"])
def test_convolution_and_max_pool_select_the_minimizers_of_the_gaussian_order(unit, tie_break):
    rng = np.random.default_rng(unit)
    sequences = [repeats(rng, unit=unit, length=1007, rate=0.13) for _ in range(3)]
    for seed in range(5):
        vectorizer = MinimizerVectorizer(order="gaussian", tie_break=tie_break, random_state=seed).fit(
            sequences
        )
        layer = MinimizerFilter(vectorizer.filter_, window=vectorizer.window)
        for sequence, kmers, positions in zip(
            sequences, vectorizer.kmers(sequences), vectorizer.positions(sequences), strict=True
        ):
            windows = layer.select(codes_of(sequence))[0, 0].numpy()
            assert len(windows) == 1000 - 19 + 1
            # the very k-mers, as a set ...
            assert {sequence[p : p + 8] for p in windows} == set(kmers)
            # ... and one of the highest score in each window of 19 k-mers
            kmer_codes = sliding_window_view(DNA.encode(sequence), 8)
            scores = vectorizer.filter_[np.arange(8), kmer_codes].sum(axis=1)
            highest = sliding_window_view(scores, 19).max(axis=1)
            assert_allclose(scores[windows], highest, rtol=0, atol=1e-5)
            # a pick is the same position where nothing ties
            if unit == 1000:
                assert_array_equal(np.unique(windows), positions)


def test_telomeres_select_the_same_kmers():
    telomeres = load_telomeres().data
    vectorizer = MinimizerVectorizer(order="gaussian", random_state=0).fit(telomeres)
    layer = MinimizerFilter(vectorizer.filter_, window=vectorizer.window)
    for telomere, kmers in zip(telomeres, vectorizer.kmers(telomeres), strict=True):
        positions = layer.select(codes_of(telomere))[0, 0].tolist()
        assert {telomere[p : p + 8] for p in positions} == set(kmers)


def test_the_lexicographic_order_is_a_filter():
    sequence = repeats(np.random.default_rng(0), unit=300, length=300, rate=0)
    digits = -torch.outer(4.0 ** torch.arange(4, -1, -1), torch.arange(4.0))
    vectorizer = MinimizerVectorizer(5, 7, order="lexicographic", tie_break="leftmost").fit([sequence])
    windows = MinimizerFilter(digits, window=7).select(codes_of(sequence))
    assert_array_equal(np.unique(windows), vectorizer.positions([sequence])[0])


def test_forward_equals_a_plain_loop_with_wildcards_and_padding():
    generator = torch.Generator().manual_seed(0)
    filters = torch.randn(3, 4, 4, generator=generator, dtype=torch.float64)
    layer = MinimizerFilter(filters, window=5)
    rows = torch.full((3, 20), DNA.padding_code, dtype=torch.uint8)
    for row, sequence in zip(rows, ["ACGTNACGTTGCATTAGGA", "ACGTACGTAC", "NNNN"], strict=True):
        row[: len(sequence)] = codes_of(sequence)[0]
    responses, positions = layer(rows), layer.select(rows)
    assert responses.shape == positions.shape == (3, 3, 20 - 4 + 1 - 5 + 1)
    for row in range(3):
        for filter_ in range(3):
            for window in range(13):
                best, where = -np.inf, -1
                for start in range(window, window + 5):
                    kmer = rows[row, start : start + 4].tolist()
                    if max(kmer) < 4:
                        response = sum(filters[filter_, j, code].item() for j, code in enumerate(kmer))
                        if response > best + 1e-12:
                            best, where = response, start
                assert responses[row, filter_, window].item() == pytest.approx(best)
                assert positions[row, filter_, window] == where


def test_short_sequences_are_one_window():
    layer = MinimizerFilter(torch.ones(3, 4), window=10)
    assert layer(codes_of("ACGT")).tolist() == [[[3.0]]]
    assert layer.select(codes_of("ACGT")).tolist() == [[[0]]]
    assert layer.select(codes_of("AC")).tolist() == [[[-1]]]


def test_only_selected_kmers_have_a_gradient():
    layer = MinimizerFilter(torch.tensor([[0.0, 1.0, 2.0, 0.0]] * 2), window=7)
    layer(codes_of("AAAGGAAA")).sum().backward()
    assert layer.weight.grad[0].tolist() == [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    assert not layer.requires_grad_(False)(codes_of("AAAGGAAA")).requires_grad


def test_invalid_filters_raise():
    with pytest.raises(ValueError, match="floating-point numbers of shape"):
        MinimizerFilter(torch.ones(4), window=3)
    with pytest.raises(ValueError, match=r"torch\.int64"):
        MinimizerFilter(torch.ones(3, 4, dtype=torch.int64), window=3)
    with pytest.raises(ValueError, match="window must be at least 1; got 0"):
        MinimizerFilter(torch.ones(3, 4), window=0)


def test_repr_states_the_sizes():
    assert repr(MinimizerFilter(torch.ones(2, 8, 4), window=19)) == (
        "MinimizerFilter(n_filters=2, k=8, n_symbols=4, window=19)"
    )
