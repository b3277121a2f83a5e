"""Byte-pair encoding of sequences by sentencepiece, with settings that keep every letter."""

import hashlib
import io
import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar, NoReturn, Self

import numpy as np
import numpy.typing as npt
import sentencepiece
from sklearn.utils.validation import check_array, check_is_fitted

from skseed._base import SequenceTransformer, warn_cut
from skseed._sklearn import Interval, _fit_context
from skseed._tokens import PADDING, UNKNOWN
from skseed._validation import check_sequences

_SPECIAL = ["<pad>", "<unk>"]
_BATCH = 512
# sentencepiece keeps about 40 bytes a letter while it learns
_MAX_LETTERS = 20_000_000


class BPETokenizer(SequenceTransformer):
    """Learn frequent pieces of sequences and give rows of their numbers.

    Byte-pair encoding starts from single letters and joins the most frequent pair of neighbours
    again and again, until the vocabulary is full [1]_ [2]_. A plasmid of 6,000 bases becomes about a
    thousand tokens, which a network reads more easily. A single edit may change several tokens around
    it, so use :class:`OneHotEncoder` where positions must line up.

    Parameters
    ----------
    vocab_size : int, default=1000
        The number of pieces, with the two special ones for padding and for unknown letters. When
        the sequences do not hold so many, the vocabulary is smaller and a warning says so.
    max_length : int, default=None
        The number of tokens of a row. Longer sequences lose their end. None takes the longest
        sequence given to `fit`; `transform` then warns when it has to cut.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The number of each piece.
    pad_id_ : int
        The number that fills up a row: 0.
    unknown_id_ : int
        The number of a run of letters that `fit` did not see: 1.
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
    KmerVectorizer : Counts of words of a fixed length.

    Notes
    -----
    Letters are upper-cased first; every other printable ASCII letter is kept as it is, so the
    pieces of `tokenize` join to the upper-case sequence exactly. Every letter seen in `fit` has a
    piece; a run of other letters becomes a single unknown token, with one warning a call.

    The result does not depend on the order of the training sequences, on the number of threads or
    on any random generator, and `model_` is equal byte for byte. Beyond 20 million letters the
    pieces are learnt from an evenly spaced part of the sorted sequences, which bounds the memory to
    about 0.8 GB. A piece has at most 16 letters. The transformer is row-wise.

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
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, vocab_size: int = 1000, *, max_length: int | None = None) -> None:
        self.vocab_size = vocab_size
        self.max_length = max_length

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the pieces.

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
            empty, or if one holds white space or a letter that is not ASCII.

        Warns
        -----
        UserWarning
            If the sequences hold fewer pieces than `vocab_size`.
        """
        self._fit_encode(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> npt.NDArray[np.int32]:
        """Learn the pieces and tokenize the same sequences, which costs less than two calls.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.
        y : None
            Ignored.

        Returns
        -------
        tokens : ndarray of shape (n_sequences, max_length_), dtype int32
            The numbers of the pieces, filled up with `pad_id_`.
        """
        return _pad(self._fit_encode(X), self.max_length_)

    def transform(self, X: Any) -> npt.NDArray[np.int32]:
        """Tokenize sequences into rows of numbers.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences. An empty one gives a row of `pad_id_`.

        Returns
        -------
        tokens : ndarray of shape (n_sequences, max_length_), dtype int32
            The numbers of the pieces, filled up with `pad_id_`.

        Warns
        -----
        UserWarning
            If a letter was not seen in `fit`, or a sequence is longer than a length learnt there.
        """
        check_is_fitted(self)
        sequences = _upper(check_sequences(X))
        tokens = list(_encode(self._processor, sequences))
        _warn_unknown(tokens, sequences, set(self.vocabulary_))
        if self.max_length is None:
            warn_cut(np.array([len(row) for row in tokens]), self.max_length_, unit="tokens")
        return _pad(tokens, self.max_length_)

    def tokenize(self, X: Any) -> list[list[str]]:
        """Split sequences into pieces, without cutting or padding.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        pieces : list of list of str, of length n_sequences
            The pieces of each sequence, which join to it in upper case. A run of letters that `fit`
            did not see is one piece.
        """
        check_is_fitted(self)
        sequences = _upper(check_sequences(X))
        return [
            pieces
            for start in range(0, len(sequences), _BATCH)
            for pieces in self._processor.encode(sequences[start : start + _BATCH], out_type=str)
        ]

    def inverse_transform(self, X: Any) -> npt.NDArray[np.object_]:
        """Return the sequences of rows of tokens.

        Parameters
        ----------
        X : array-like of int of shape (n_sequences, n_tokens)
            Rows of numbers as `transform` gives them.

        Returns
        -------
        sequences : ndarray of shape (n_sequences,), dtype object
            The upper-case sequences up to where they were cut. Each unknown token is a ``"?"``: its
            letters, and their number, are lost.

        Raises
        ------
        ValueError
            If a number is not in the vocabulary.
        """
        check_is_fitted(self)
        rows = check_array(X, dtype=None, input_name="X")
        pieces = np.array(["", "?", *list(self.vocabulary_)[len(_SPECIAL) :]], dtype=object)
        wrong = ~np.isin(rows, np.arange(len(pieces)))
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(
                f"{rows[row, column]} at row {row}, column {column} is not the number of a piece "
                f"(0 to {len(pieces) - 1}); pass rows as BPETokenizer.transform gives them."
            )
        sequences = np.empty(len(rows), dtype=object)
        sequences[:] = ["".join(pieces[row]) for row in rows.astype(np.int64)]
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

    def _fit_encode(self, X: Any) -> list[npt.NDArray[np.int32]]:
        """Fit, and return the tokens of the training sequences."""
        sequences = _upper(check_sequences(X))
        model = _train(sequences, self.vocab_size)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        tokens = list(_encode(processor, sequences))
        n_pieces = processor.get_piece_size()
        if n_pieces < self.vocab_size:
            warnings.warn(
                f"The sequences hold {n_pieces} pieces, fewer than vocab_size={self.vocab_size}; "
                f"the vocabulary has {n_pieces} pieces. Pass more sequences, or a smaller vocab_size.",
                UserWarning,
                stacklevel=4,
            )
        self.vocabulary_ = {processor.id_to_piece(i): i for i in range(n_pieces)}
        self.pad_id_, self.unknown_id_ = PADDING, UNKNOWN
        longest = max(map(len, tokens))
        self.max_length_ = longest if self.max_length is None else int(self.max_length)
        self.model_ = model
        self.model_sha256_ = hashlib.sha256(model).hexdigest()
        self._processor = processor
        return tokens

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_processor", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "model_" in state:
            # sentencepiece itself reads a truncated model without a word
            if hashlib.sha256(state["model_"]).hexdigest() != state["model_sha256_"]:
                raise ValueError(
                    "The model of this BPETokenizer is damaged (wrong SHA-256); restore the file or refit."
                )
            state = {**state, "_processor": sentencepiece.SentencePieceProcessor(model_proto=state["model_"])}
        super().__setstate__(state)


def _upper(sequences: npt.NDArray[np.object_]) -> list[str]:
    """Return upper-case sequences, having checked that all letters are printable ASCII."""
    for index, sequence in enumerate(sequences):
        if not (sequence.isascii() and sequence.isprintable()) or " " in sequence:
            _raise_letter(sequence, index)
    return [sequence.upper() for sequence in sequences]


def _raise_letter(sequence: str, index: int) -> NoReturn:
    position = next(i for i, a in enumerate(sequence) if not (a.isascii() and a.isprintable()) or a == " ")
    raise ValueError(
        f"X[{index}] holds {sequence[position]!r} at position {position}; "
        "the letters of a sequence are printable ASCII without white space, so remove it."
    )


def _train(sequences: list[str], vocab_size: int) -> bytes:
    letters = sorted(set().union(*map(set, sequences)))
    if not letters:
        raise ValueError(
            "All sequences of X are empty, so there is nothing to learn; pass sequences with letters."
        )
    smallest = len(letters) + len(_SPECIAL)
    if vocab_size < smallest:
        raise ValueError(
            f"vocab_size={vocab_size} is too small for {len(letters)} different letters ({''.join(letters)}) "
            f"and {len(_SPECIAL)} special pieces; use at least {smallest}."
        )
    # sorted, so that neither the result nor the part that is taken depends on the order of the rows
    ordered = sorted(filter(None, sequences))
    part = ordered[:: 1 + sum(map(len, ordered)) // _MAX_LETTERS]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(part),
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
        # the default drops longer sequences without a word
        max_sentence_length=10**9,
        # the model stores the number of threads, so any other would change its bytes
        num_threads=1,
        pad_id=PADDING,
        unk_id=UNKNOWN,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


def _encode(
    processor: sentencepiece.SentencePieceProcessor, sequences: list[str]
) -> Iterator[npt.NDArray[np.int32]]:
    for start in range(0, len(sequences), _BATCH):
        for numbers in processor.encode(sequences[start : start + _BATCH]):
            yield np.array(numbers, dtype=np.int32)


def _pad(tokens: list[npt.NDArray[np.int32]], length: int) -> npt.NDArray[np.int32]:
    rows = np.full((len(tokens), length), PADDING, dtype=np.int32)
    for row, numbers in zip(rows, tokens, strict=True):
        row[: len(numbers)] = numbers[:length]
    return rows


def _warn_unknown(tokens: list[npt.NDArray[np.int32]], sequences: list[str], known: set[str]) -> None:
    unknown = [index for index, row in enumerate(tokens) if (row == UNKNOWN).any()]
    if unknown:
        letters = sorted(set().union(*(sequences[index] for index in unknown)) - known)
        warnings.warn(
            f"{len(unknown)} of {len(tokens)} sequences hold letters that were not seen in fit "
            f"({''.join(letters)}; the first is X[{unknown[0]}]); each run of them is one unknown token.",
            UserWarning,
            stacklevel=4,
        )
