"""BPETokenizer: tokens, settings of sentencepiece, repeatability, lengths and composition."""

import hashlib
import pickle
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter, KmerVectorizer

# the size of the sample is private, because 20 million letters take too long here
from skseed.preprocessing import _bpe_tokenizer as module


def random_dna(n: int, length: int, seed: int = 0, letters: str = "ACGT") -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(row) for row in rng.choice(list(letters), (n, length))]


@pytest.fixture(scope="module")
def tokenizer() -> BPETokenizer:
    return BPETokenizer(vocab_size=60).fit(random_dna(50, 200))


# tokens -------------------------------------------------------------------------------------------


@given(st.lists(st.text("ACGTacgtNRYX-*", max_size=40), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_tokens_join_to_the_sequence(tokenizer: BPETokenizer, sequences: list[str]) -> None:
    tokens = tokenizer.tokenize(sequences)
    assert ["".join(row) for row in tokens] == [sequence.upper() for sequence in sequences]


@given(st.lists(st.text("ACGT", max_size=40), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_inverse_transform_returns_the_sequence(tokenizer: BPETokenizer, sequences: list[str]) -> None:
    rows = tokenizer.transform(sequences)
    assert tokenizer.inverse_transform(rows).tolist() == sequences
    numbers = [[tokenizer.vocabulary_[token] for token in row] for row in tokenizer.tokenize(sequences)]
    assert [row[row != tokenizer.pad_id_].tolist() for row in rows] == numbers


def test_rows_are_padded_with_zeros(tokenizer: BPETokenizer) -> None:
    rows = tokenizer.transform(["", "ACGTAC"])
    assert rows.dtype == np.int32
    assert rows.shape == (2, tokenizer.max_length_)
    assert (tokenizer.pad_id_, tokenizer.unknown_id_) == (0, 1)
    assert not rows[0].any()
    assert (rows[1] > 1).sum() == len(tokenizer.tokenize(["ACGTAC"])[0])


def test_vocabulary_has_the_requested_size(tokenizer: BPETokenizer) -> None:
    assert len(tokenizer.vocabulary_) == 60
    assert sorted(tokenizer.vocabulary_.values()) == list(range(60))
    assert set("ACGT") < set(tokenizer.vocabulary_)
    # no token starts with the mark that sentencepiece puts before words
    assert not any("▁" in token for token in tokenizer.vocabulary_)


def test_merges_follow_frequency() -> None:
    tokenizer = BPETokenizer(vocab_size=7).fit(["GATTACA" * 9 + "CCCGTG"])
    first = min(set(tokenizer.vocabulary_) - set("ACGT") - {"<pad>", "<unk>"}, key=tokenizer.vocabulary_.get)
    assert first in {"GA", "AT", "TT", "TA", "AC", "CA"}


# settings of sentencepiece -----------------------------------------------------------------------


def test_long_sequences_are_used() -> None:
    """By default, sentencepiece silently skips sequences of more than 4,192 bytes."""
    long = "GATTACA" * 1300 + "N"
    tokenizer = BPETokenizer(vocab_size=20).fit([long, "ACGT"])
    assert "N" in tokenizer.vocabulary_
    assert any("GATTACA" in token for token in tokenizer.vocabulary_)
    assert len(long) > 9000


@pytest.mark.slow
def test_sequence_of_a_million_letters_is_used() -> None:
    (long,) = random_dna(1, 1_000_000)
    tokenizer = BPETokenizer(vocab_size=30).fit([long])
    assert "".join(tokenizer.tokenize([long])[0]) == long


def test_rare_letter_has_a_token() -> None:
    """By default, sentencepiece covers 99.95 % of the letters and reads the others as unknown."""
    sequences = [*random_dna(100, 1000), "ACGRT"]
    tokenizer = BPETokenizer(vocab_size=40).fit(sequences)
    assert "R" in tokenizer.vocabulary_
    assert tokenizer.unknown_id_ not in tokenizer.transform(["RRR"])


def test_letters_of_all_sequences_have_tokens_if_a_sample_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MAX_LETTERS", 5000)
    sequences = [*random_dna(99, 200), "N" + random_dna(1, 199, seed=1)[0]]
    tokenizer = BPETokenizer(vocab_size=40).fit(sequences)
    assert "N" in tokenizer.vocabulary_
    assert len(tokenizer.vocabulary_) == 40


def test_too_large_vocab_size_warns_and_gives_a_smaller_vocabulary() -> None:
    with pytest.warns(UserWarning, match=r"has \d+ tokens, fewer than vocab_size=1000") as caught:
        tokenizer = BPETokenizer().fit(["GATTACA", "CATTAG"])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert len(tokenizer.vocabulary_) < 1000
    assert tokenizer.tokenize(["GATTAG"])


def test_too_small_vocab_size_raises() -> None:
    with pytest.raises(ValueError, match=r"vocab_size=5 .* 4 different letters \('ACGT'\).*at least 6"):
        BPETokenizer(vocab_size=5).fit(["GATTACA"])
    assert len(BPETokenizer(vocab_size=6).fit(["GATTACA"]).vocabulary_) == 6


def test_only_empty_sequences_raise() -> None:
    with pytest.raises(ValueError, match="All sequences of X are empty"):
        BPETokenizer(vocab_size=6).fit(["", ""])


def test_unseen_letters_warn_once_and_become_unknown(tokenizer: BPETokenizer) -> None:
    sequences = ["ACGT", "ACNNNNGT", "XACGT"]
    with pytest.warns(
        UserWarning, match=r"2 of 3 .* not seen in fit \('NX'\); the first is X\[1\]"
    ) as caught:
        rows = tokenizer.transform(sequences)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert (rows == 1).sum(axis=1).tolist() == [0, 1, 1]
    assert tokenizer.inverse_transform(rows).tolist() == ["ACGT", "AC?GT", "?ACGT"]
    assert ["".join(row) for row in tokenizer.tokenize(sequences)] == sequences


def test_lower_case_is_read_as_upper_case(tokenizer: BPETokenizer) -> None:
    np.testing.assert_array_equal(tokenizer.transform(["gattaca"]), tokenizer.transform(["GATTACA"]))
    lower = BPETokenizer(vocab_size=60).fit([s.lower() for s in random_dna(50, 200)])
    assert lower.model_ == tokenizer.model_


@pytest.mark.parametrize(
    ("sequence", "position"), [("AC GT", 2), ("ACGT\n", 4), ("Ä", 0), ("A▁", 1), ("A\0", 1)]
)
def test_characters_that_sentencepiece_would_rewrite_raise(
    tokenizer: BPETokenizer, sequence: str, position: int
) -> None:
    calls: list[Callable[[list[str]], object]] = [
        BPETokenizer(vocab_size=9).fit,
        tokenizer.transform,
        tokenizer.tokenize,
    ]
    for call in calls:
        with pytest.raises(ValueError, match=rf"X\[1\] has .* at position {position}"):
            call(["ACGT", sequence])


def test_special_tokens_in_sequences_are_ordinary_text() -> None:
    tokenizer = BPETokenizer(vocab_size=20).fit(["<pad><unk><s>", "<PAD>ACGT"])
    rows = tokenizer.transform(["<pad>", "<unk>"])
    assert tokenizer.inverse_transform(rows).tolist() == ["<PAD>", "<UNK>"]


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    BPETokenizer(vocab_size=30).fit(random_dna(20, 100))
    assert capfd.readouterr() == ("", "")


# repeatability and files --------------------------------------------------------------------------


def test_the_model_is_equal_byte_for_byte_for_any_order() -> None:
    sequences = random_dna(60, 150)
    models = {
        BPETokenizer(vocab_size=40).fit(order).model_ for order in (sequences, sequences[::-1], sequences)
    }
    assert len(models) == 1


def test_fit_transform_equals_fit_then_transform() -> None:
    sequences = random_dna(30, 100)
    one, other = BPETokenizer(vocab_size=40), BPETokenizer(vocab_size=40)
    np.testing.assert_array_equal(one.fit_transform(sequences), other.fit(sequences).transform(sequences))


def test_damaged_model_raises_when_unpickled(tokenizer: BPETokenizer) -> None:
    state = pickle.dumps(tokenizer)
    copy = pickle.loads(state)
    assert copy.model_sha256_ == hashlib.sha256(tokenizer.model_).hexdigest()
    start = state.index(tokenizer.model_)
    for offset in range(0, len(tokenizer.model_), 97):
        flipped = bytearray(state)
        flipped[start + offset] ^= 1 << offset % 8
        with pytest.raises(ValueError, match="damaged"):
            pickle.loads(bytes(flipped))
    truncated = tokenizer.__getstate__() | {"model_": tokenizer.model_[:100]}
    with pytest.raises(ValueError, match="damaged"):
        BPETokenizer().__setstate__(truncated)


def test_unfitted_tokenizer_pickles() -> None:
    assert pickle.loads(pickle.dumps(BPETokenizer(vocab_size=30))).vocab_size == 30
    assert not hasattr(clone(BPETokenizer(vocab_size=30).fit(random_dna(20, 50))), "model_")


# lengths ------------------------------------------------------------------------------------------


def test_length_found_in_fit_cuts_with_one_warning() -> None:
    tokenizer = BPETokenizer(vocab_size=6).fit(["ACGT", "AC"])
    assert tokenizer.max_length_ == 4
    with pytest.warns(UserWarning, match=r"1 of 2 .* longer than the 4 tokens .* X\[1\] with 6") as caught:
        rows = tokenizer.transform(["ACGT", "ACGTAC"])
    assert len(caught) == 1
    assert tokenizer.inverse_transform(rows).tolist() == ["ACGT", "ACGT"]


def test_given_length_cuts_without_a_warning() -> None:
    tokenizer = BPETokenizer(vocab_size=6, max_length=3).fit(["ACGT"])
    assert tokenizer.inverse_transform(tokenizer.transform(["TTTTTTTTTTT"])).tolist() == ["TTT"]
    assert tokenizer.get_feature_names_out().tolist() == ["token0", "token1", "token2"]


def test_one_very_long_sequence_does_not_fill_the_table_with_padding() -> None:
    sequences = random_dna(2000, 100) + random_dna(1, 200_000, seed=1)
    tracemalloc.start()
    with pytest.warns(UserWarning, match=r"X\[2000\] has \d+ tokens; 2001 rows .* 1 of 2001 sequences lose"):
        tokens = BPETokenizer(vocab_size=100).fit_transform(sequences)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 400,000 letters; the table with rows of the longest length would take about 600 MB
    assert peak < 60e6
    assert (tokens[:-1] == 0).any(axis=1).all()
    assert (tokens[-1] > 0).all()
    # a given length is never changed
    assert BPETokenizer(vocab_size=100, max_length=5000).fit(sequences).max_length_ == 5000


@pytest.mark.parametrize("number", [-1, 60, 2.5])
def test_ids_outside_the_vocabulary_raise(tokenizer: BPETokenizer, number: float) -> None:
    with pytest.raises(ValueError, match=r"X\[1, 0\] is .*, but token ids are 0 to 59"):
        tokenizer.inverse_transform([[5, 6], [number, 0]])


# composition --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_searches_in_a_pipeline_with_two_jobs() -> None:
    sequences = random_dna(40, 30, letters="ACG") + random_dna(40, 30, letters="CGT")
    labs = ["church"] * 40 + ["voigt"] * 40
    model = make_pipeline(
        CircularShiftAugmenter(random_state=0), BPETokenizer(max_length=30), LogisticRegression(max_iter=1000)
    )
    grid = {"bpetokenizer__vocab_size": [8, 12]}
    scores = [
        GridSearchCV(model, grid, cv=3, n_jobs=n_jobs, error_score="raise").fit(sequences, labs)
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(*(s.cv_results_["mean_test_score"] for s in scores))


def test_works_beside_metadata_in_a_column_transformer() -> None:
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"sequence": random_dna(6, 40), "ampicillin": [0, 1, 0, 1, 1, 0]})
    columns = make_column_transformer(
        (BPETokenizer(vocab_size=12), "sequence"),
        ("passthrough", ["ampicillin"]),
        (KmerVectorizer(1), ["sequence"]),
    )
    rows = columns.fit_transform(table)
    n_tokens = columns.named_transformers_["bpetokenizer"].max_length_
    np.testing.assert_array_equal(rows[:, n_tokens], table["ampicillin"])
    assert rows.shape == (6, n_tokens + 1 + 4)
