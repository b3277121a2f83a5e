"""The convolution bank against a plain convolution."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skseed.nn import TokenConvBank, _conv_bank


def plain_bank(bank: TokenConvBank, tokens: torch.Tensor) -> torch.Tensor:
    """Return the bank's features one row and one kernel at a time, by `conv1d`."""
    out = []
    for row in tokens:
        used = row.nonzero()
        row = row[: int(used.max()) + 1 if len(used) else 0]
        features = []
        for size, weight, bias in zip(bank.kernel_sizes, bank.weights, bank.biases, strict=True):
            padded = torch.cat([row, row.new_zeros(max(0, size - len(row)))])
            vectors = bank.tokens[padded] * (padded != 0)[:, None]
            convolved = torch.nn.functional.conv1d(vectors.T[None], weight.permute(2, 0, 1), bias)
            features.append(torch.nn.functional.selu(convolved).amax(dim=2)[0])
        out.append(torch.cat(features))
    return torch.stack(out)


def make_bank(kernel_sizes: tuple[int, ...] = (1, 2, 5)) -> TokenConvBank:
    torch.manual_seed(0)
    bank = TokenConvBank(12, embedding_dim=6, kernel_sizes=kernel_sizes, n_filters=4).double()
    with torch.no_grad():
        bank.tokens[1] = torch.randn(6, dtype=torch.float64)
    return bank


rows_of_tokens = st.lists(st.lists(st.integers(1, 11), max_size=9), min_size=1, max_size=6)


def pad(rows: list[list[int]]) -> torch.Tensor:
    width = max(1, *(len(row) for row in rows), 1)
    return torch.tensor([row + [0] * (width - len(row)) for row in rows])


@settings(max_examples=40, deadline=None)
@given(rows_of_tokens, st.booleans())
def test_equals_plain_convolution(rows: list[list[int]], training: bool) -> None:
    with torch.random.fork_rng():
        bank = make_bank().train(training)
    tokens = pad(rows)
    torch.testing.assert_close(bank(tokens), plain_bank(bank, tokens))


@settings(max_examples=40, deadline=None)
@given(rows_of_tokens, st.booleans())
def test_convolution_finds_the_windows_of_the_table(rows: list[list[int]], training: bool) -> None:
    # other devices than the CPU search by convolution
    with torch.random.fork_rng():
        bank = make_bank().train(training)
    tokens, lengths, vectors = bank._look_up(pad(rows), None, 1.0)
    for weight in bank.weights:
        table = _conv_bank._table(vectors, weight)
        n_windows = (lengths - weight.shape[1] + 1).clamp(min=1)
        by_table = _conv_bank._best_windows_by_table(table, tokens, n_windows)
        by_convolution = _conv_bank._best_windows_by_convolution(vectors, weight, tokens, n_windows)
        best, found = (
            _conv_bank._contributions(table, tokens, starts).sum(dim=2)
            for starts in (by_table, by_convolution)
        )
        assert (by_convolution < n_windows[:, None]).all()
        torch.testing.assert_close(found, best)  # windows with equal sums may differ


def test_gradients_equal_plain_convolution() -> None:
    with torch.random.fork_rng():
        bank = make_bank()
        tokens = torch.randint(1, 12, (7, 20))
        tokens[3, 11:] = 0
        tokens[4, 2:] = 0
        upstream = torch.randn(7, bank.n_features, dtype=torch.float64)
    fast = torch.autograd.grad((bank(tokens) * upstream).sum(), list(bank.parameters()))
    plain = torch.autograd.grad((plain_bank(bank, tokens) * upstream).sum(), list(bank.parameters()))
    for one, other in zip(fast, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_the_chunk_size_does_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.random.fork_rng():
        bank = make_bank()
        tokens = torch.randint(1, 12, (9, 15))
    tokens[2, 4:] = 0
    whole = bank(tokens)
    monkeypatch.setattr(_conv_bank, "_TABLE_CHUNK_FLOATS", 1)
    torch.testing.assert_close(bank(tokens), whole, rtol=0, atol=0)


def test_padding_is_never_the_maximum() -> None:
    with torch.random.fork_rng():
        bank = make_bank()
    with torch.no_grad():
        # every window of real tokens sums to less than an empty one would
        bank.tokens.fill_(1.0)
        for weight, bias in zip(bank.weights, bank.biases, strict=True):
            weight.fill_(-1.0)
            bias.zero_()
    short, long = torch.tensor([[2, 3, 4, 5, 6]]), torch.tensor([[2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0]])
    assert bank(short).max() < 0
    torch.testing.assert_close(bank(long), bank(short))


def test_a_row_does_not_depend_on_its_batch() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        bank = TokenConvBank(50, embedding_dim=20, kernel_sizes=(1, 3, 12), n_filters=16).eval()
        tokens = torch.randint(1, 50, (16, 40))
    with torch.inference_mode():
        together = bank(tokens)
        alone = torch.cat([bank(row[None]) for row in tokens])
    assert torch.equal(together, alone)


def test_rows_of_padding_and_short_rows_are_finite() -> None:
    with torch.random.fork_rng():
        bank = make_bank(kernel_sizes=(1, 12))
    assert torch.isfinite(bank(torch.tensor([[0, 0], [3, 0]]))).all()
