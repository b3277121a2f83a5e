"""Byte-pair encoding of sequences by sentencepiece, with settings that keep every letter."""

import hashlib
import io
from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar, NoReturn, Self

import numpy as np
import numpy.typing as npt
import sentencepiece
from sklearn.utils.validation import check_array, check_is_fitted

from skseed._base import SequenceTransformer, warn_cut
from skseed._constraints import AT_LEAST_ONE, VERBOSE
from skseed._progress import reports_progress, track
from skseed._sequences import chunk_bounds, offsets_of
from skseed._sklearn import Interval, _fit_context
from skseed._tokens import PADDING, UNKNOWN, list_symbols, warn_unseen_symbols
from skseed._validation import check_sequences
from skseed._warnings import warn_user

_SPECIAL = ["<pad>", "<unk>"]
# letters tokenized at once; sentencepiece returns Python integers, about 36 bytes for each token
_BATCH = 1 << 20
# sentencepiece takes about 40 bytes for each letter while it learns
_MAX_LETTERS = 20_000_000
# a table with more cells than this has at most _MAX_PADDING cells for each token
_SMALL_TABLE = 1 << 22
_MAX_PADDING = 16


class BPETokenizer(SequenceTransformer):
    """Learn a vocabulary of frequent substrings and encode sequences as rows of token ids.

    Byte-pair encoding starts with single letters and repeatedly merges the most frequent pair of adjacent
    tokens, until the vocabulary is full [1]_ [2]_. A plasmid of 6,000 bases becomes about a thousand tokens,
    which a network reads more easily. A single edit may change several tokens around it. Use
    :class:`OneHotEncoder` if positions must be comparable.

    Parameters
    ----------
    vocab_size : int, default=1000
        The number of tokens in the vocabulary, including the two special ones for padding and for unknown
        letters. If the sequences do not have as many, the vocabulary is smaller and `fit` warns.
    max_length : int, default=None
        The number of tokens of a row. Longer sequences lose their end. None takes the length of the longest
        sequence given to `fit`. `transform` then warns if the sequences lose more than 1 % of all tokens.
        None takes less if a few very long sequences would fill the table with padding: a table of more than
        2**22 cells (16 MiB) has at most 16 cells for each token. `fit` then warns.
    verbose : int, default=0
        Whether to print the progress on standard error, with the log of sentencepiece while it learns.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The id of each token.
    pad_id_ : int
        The id that fills up a row: 0.
    unknown_id_ : int
        The id of consecutive letters that `fit` did not see: 1.
    max_length_ : int
        The number of tokens of a row.
    model_ : bytes
        The sentencepiece model; ``sentencepiece.SentencePieceProcessor(model_proto=...)`` reads it.
    model_sha256_ : str
        The checksum of `model_`, verified when the tokenizer is unpickled.

    See Also
    --------
    CircularShiftAugmenter : Rotates sequences, or the rows of tokens.
    OneHotEncoder : One column for each position and symbol.
    KmerVectorizer : Counts of all k-mers of one length.

    Notes
    -----
    Lower case is read as upper case. All other printable ASCII characters are kept as they are (U stays U),
    so the tokens of `tokenize` join to the upper-case sequence exactly. Every letter seen in `fit` has a
    token. Consecutive letters that `fit` did not see become one unknown token, with one warning in a call.

    The result does not depend on the order of the training sequences, on the number of threads or on a random
    generator, and `model_` is identical byte for byte. Of more than 20 million letters, the vocabulary is
    learned from evenly spaced ones of the sorted sequences, which bounds the memory to about 0.8 GB. A token
    has at most 16 letters. The transformer is row-wise.

    References
    ----------
    .. [1] Sennrich, Haddow, Birch (2016). "Neural machine translation of rare words with subword
       units." ACL. :doi:`10.18653/v1/P16-1162`
    .. [2] Kudo, Richardson (2018). "SentencePiece: A simple and language independent subword
       tokenizer." EMNLP. :doi:`10.18653/v1/D18-2012`

    Examples
    --------
    >>> from skseed.preprocessing import BPETokenizer
    >>> tokenizer = BPETokenizer(vocab_size=10).fit(["GATTACAGATTACA", "CATGATTACATG"])
    >>> tokenizer.tokenize(["GATTACATG"])
    [['GATT', 'AC', 'AT', 'G']]
    >>> tokenizer.transform(["GATTACATG", "TG"])
    array([[5, 3, 2, 9, 0, 0],
           [7, 9, 0, 0, 0, 0]], dtype=int32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "vocab_size": [Interval(Integral, 3, None, closed="left")],
        "max_length": [*AT_LEAST_ONE, None],
        "verbose": VERBOSE,
    }

    def __init__(self, vocab_size: int = 1000, *, max_length: int | None = None, verbose: int = 0) -> None:
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences, of any length.
        y : None
            Ignored.

        Returns
        -------
        self : BPETokenizer
            The fitted tokenizer.

        Raises
        ------
        ValueError
            If `vocab_size` is less than the number of different letters plus 2, if all sequences are
            empty, or if a sequence has white space or a character that is not printable ASCII.

        Warns
        -----
        UserWarning
            If the sequences have fewer tokens than `vocab_size`, or if ``max_length=None`` and `max_length_`
            is less than the longest length.
        """
        self._fit_encode(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> npt.NDArray[np.int32]:
        """Learn the vocabulary and tokenize the same sequences, in less time than by two calls.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.
        y : None
            Ignored.

        Returns
        -------
        tokens : ndarray of shape (n_sequences, max_length_), dtype int32
            The token ids, filled up with `pad_id_`.
        """
        return _pad(self._fit_encode(X), self.max_length_)

    @reports_progress
    def transform(self, X: Any) -> npt.NDArray[np.int32]:
        """Tokenize sequences into rows of token ids.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences. An empty one gives a row of `pad_id_`.

        Returns
        -------
        tokens : ndarray of shape (n_sequences, max_length_), dtype int32
            The token ids, filled up with `pad_id_`.

        Raises
        ------
        ValueError
            If a sequence has white space or a character that is not printable ASCII.

        Warns
        -----
        UserWarning
            If a letter was not seen in `fit`, or if ``max_length=None`` and the sequences lose more than 1 %
            of all tokens.
        """
        check_is_fitted(self)
        sequences = _upper(check_sequences(X))
        tokens = list(_encode(self._processor, sequences))
        self._warn_unseen(tokens, sequences)
        if self.max_length is None:
            warn_cut(np.array([len(row) for row in tokens]), self.max_length_, unit="tokens")
        return _pad(tokens, self.max_length_)

    def tokenize(self, X: Any) -> list[list[str]]:
        """Split sequences into tokens, without cutting or padding.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        tokens : list of list of str, of length n_sequences
            The tokens of each sequence, which join to it in upper case. Consecutive letters that `fit` did
            not see are one token.
        """
        check_is_fitted(self)
        sequences = _upper(check_sequences(X))
        return [
            tokens
            for start, stop in _batches(sequences)
            for tokens in self._processor.encode(sequences[start:stop], out_type=str)
        ]

    def inverse_transform(self, X: Any) -> npt.NDArray[np.object_]:
        """Return the sequences of rows of token ids.

        Parameters
        ----------
        X : array-like of int of shape (n_sequences, n_tokens)
            Rows of token ids, as returned by `transform`.

        Returns
        -------
        sequences : ndarray of shape (n_sequences,), dtype object
            The upper-case sequences, up to the position at which they were cut. Each unknown token is a
            ``"?"``: its letters and their number are lost.

        Raises
        ------
        ValueError
            If a number is not the id of a token; the message names row and column.
        """
        check_is_fitted(self)
        rows = check_array(X, input_name="X")
        texts = np.array(["", "?", *list(self.vocabulary_)[len(_SPECIAL) :]], dtype=object)
        wrong = (rows < 0) | (rows >= len(texts)) | (rows != np.floor(rows))
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(
                f"X[{row}, {column}] is {rows[row, column]}, but token ids are 0 to {len(texts) - 1}; pass "
                "rows as returned by BPETokenizer.transform."
            )
        sequences = np.empty(len(rows), dtype=object)
        sequences[:] = ["".join(texts[row.astype(np.intp)]) for row in rows]
        return sequences

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns: ``"token0"``, ``"token1"``, ….

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (max_length_,), dtype object
            The names.
        """
        check_is_fitted(self)
        return np.array([f"token{i}" for i in range(self.max_length_)], dtype=object)

    @reports_progress
    def _fit_encode(self, X: Any) -> list[npt.NDArray[np.int32]]:
        """Fit, and return the tokens of the training sequences."""
        sequences = _upper(check_sequences(X))
        model = _train(sequences, self.vocab_size, log_level=0 if self.verbose else 2)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        tokens = list(_encode(processor, sequences))
        n_tokens = processor.get_piece_size()
        if n_tokens < self.vocab_size:
            warn_user(
                f"The vocabulary has {n_tokens} tokens, fewer than vocab_size={self.vocab_size}, because the "
                "sequences have no more; pass more sequences, or a smaller vocab_size."
            )
        lengths = np.array([len(row) for row in tokens])
        max_length = _affordable_length(lengths) if self.max_length is None else int(self.max_length)
        self.vocabulary_ = {processor.id_to_piece(i): i for i in range(n_tokens)}
        self.pad_id_, self.unknown_id_ = PADDING, UNKNOWN
        self.max_length_ = max_length
        self.model_ = model
        self.model_sha256_ = hashlib.sha256(model).hexdigest()
        self._processor = processor
        return tokens

    def _warn_unseen(self, tokens: list[npt.NDArray[np.int32]], sequences: list[str]) -> None:
        has_unseen = np.array([(row == UNKNOWN).any() for row in tokens])
        letters = set().union(*(sequences[index] for index in np.flatnonzero(has_unseen)))
        warn_unseen_symbols(
            has_unseen,
            letters - self.vocabulary_.keys(),
            effect="consecutive ones are read as one unknown token; remove such sequences or refit with them",
        )

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_processor", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "model_" in state:
            # sentencepiece reads a truncated model without an error
            if hashlib.sha256(state["model_"]).hexdigest() != state["model_sha256_"]:
                raise ValueError(
                    "The model of this BPETokenizer is damaged (wrong SHA-256); restore the file or refit."
                )
            state = {**state, "_processor": sentencepiece.SentencePieceProcessor(model_proto=state["model_"])}
        super().__setstate__(state)


def _upper(sequences: npt.NDArray[np.object_]) -> list[str]:
    """Return upper-case sequences; raise a ValueError if a character is not printable ASCII."""
    for index, sequence in enumerate(sequences):
        if not (sequence.isascii() and sequence.isprintable()) or " " in sequence:
            _raise_letter(sequence, index)
    return [sequence.upper() for sequence in sequences]


def _raise_letter(sequence: str, index: int) -> NoReturn:
    position = next(i for i, a in enumerate(sequence) if not (a.isascii() and a.isprintable()) or a == " ")
    raise ValueError(
        f"X[{index}] has {sequence[position]!r} at position {position}, but letters must be printable ASCII "
        "characters without white space; remove it."
    )


def _train(sequences: list[str], vocab_size: int, *, log_level: int) -> bytes:
    letters = sorted(set().union(*map(set, sequences)))
    if not letters:
        raise ValueError(
            "All sequences of X are empty, so no token can be learned; pass sequences with letters."
        )
    smallest = len(letters) + len(_SPECIAL)
    if vocab_size < smallest:
        raise ValueError(
            f"vocab_size={vocab_size} is too small for {len(letters)} different letters "
            f"({list_symbols(letters)}) and {len(_SPECIAL)} special tokens; use at least {smallest}."
        )
    # sorted, so that neither the sample nor the result depends on the order of the rows
    ordered = sorted(filter(None, sequences))
    sample = ordered[:: 1 + sum(map(len, ordered)) // _MAX_LETTERS]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sample),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        character_coverage=1.0,
        required_chars="".join(letters),
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_unicode_script=False,
        split_by_number=False,
        # the default silently skips sequences of more than 4,192 letters
        max_sentence_length=10**9,
        # the model stores the number of threads, so another number would change its bytes
        num_threads=1,
        pad_id=PADDING,
        unk_id=UNKNOWN,
        bos_id=-1,
        eos_id=-1,
        minloglevel=log_level,
    )
    return model.getvalue()


def _batches(sequences: list[str]) -> Iterator[tuple[int, int]]:
    yield from chunk_bounds(offsets_of(np.array([len(sequence) for sequence in sequences])), _BATCH)


def _encode(
    processor: sentencepiece.SentencePieceProcessor, sequences: list[str]
) -> Iterator[npt.NDArray[np.int32]]:
    batches = list(_batches(sequences))
    sizes = [stop - start for start, stop in batches]
    for start, stop in track(batches, len(sequences), "sequences", sizes=sizes):
        for ids in processor.encode(sequences[start:stop]):
            yield np.array(ids, dtype=np.int32)


def _affordable_length(lengths: npt.NDArray[np.int64]) -> int:
    """Return the longest length, or less if most of a large table would be padding; then warn."""
    longest = int(lengths.max())
    n_cells = max(_SMALL_TABLE, _MAX_PADDING * int(lengths.sum()))
    if longest * len(lengths) <= n_cells:
        return longest
    limit = n_cells // len(lengths)
    is_cut = lengths > limit
    warn_user(
        f"X[{int(lengths.argmax())}] has {longest} tokens; {len(lengths)} rows of that length would take "
        f"{4 * longest * len(lengths) / 2**20:,.0f} MiB, nearly all of it padding. Rows have {limit} tokens "
        f"instead, and {is_cut.sum()} of {len(lengths)} sequences lose their end; set max_length to choose "
        "the length, which also silences this warning."
    )
    return limit


def _pad(tokens: list[npt.NDArray[np.int32]], length: int) -> npt.NDArray[np.int32]:
    rows = np.full((len(tokens), length), PADDING, dtype=np.int32)
    for row, ids in zip(rows, tokens, strict=True):
        row[: len(ids)] = ids[:length]
    return rows
