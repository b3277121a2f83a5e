"""Embed samples, given as counts of sequences."""

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import Estimator
from skseed._sklearn import HasMethods, _fit_context
from skseed._validation import check_sequences


class SampleEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """Embed samples as the mean of the vectors of their sequences, weighted by abundance.

    A sample, such as a soil or a gut, is a row of counts of sequences (amplicon variants). Count tables
    compare samples by the variants that they share. The mean vector also compares samples without a common
    variant, if their variants are similar. Use counts with the Bray-Curtis distance if samples share most
    variants: the mean discards which variants a sample has.

    Parameters
    ----------
    embedder : transformer
        A transformer of sequences, such as :class:`KmerVectorizer` or a pipeline that ends with
        :class:`~skseed.embedding.EditDistanceEmbedder`. It is cloned and fitted to the sequences, each of
        them once; wrap a fitted one in :class:`~sklearn.frozen.FrozenEstimator` to keep it.
    sequences : array-like of str of shape (n_sequences,), default=None
        The sequence of each column. None takes the column names of `X`, as in the tables of DADA2.

    Attributes
    ----------
    embedder_ : transformer
        The fitted transformer.
    embedding_ : ndarray of shape (n_sequences, n_components), dtype float64
        The vector of each sequence.
    sequences_ : ndarray of shape (n_sequences,), dtype object
        The sequences.
    n_features_in_ : int
        The number of sequences.
    feature_names_in_ : ndarray of shape (n_sequences,), dtype object
        The column names of `X`, if they are all strings.

    See Also
    --------
    KmerVectorizer : As `embedder`, it gives the relative k-mer counts of a sample.

    Notes
    -----
    The result is ``(counts / counts.sum(axis=1)) @ embedding_``. It does not depend on the number of reads of
    a sample, except for noise. In ``transform``, a DataFrame may have other columns than in ``fit``, if
    `sequences` is None: the embedder embeds their names.

    Examples
    --------
    >>> import pandas as pd
    >>> from skseed.preprocessing import KmerVectorizer, SampleEmbedder
    >>> counts = pd.DataFrame([[3, 1, 0], [0, 2, 2]], columns=["GATT", "GGTT", "CCCC"], index=["soil", "gut"])
    >>> embedder = SampleEmbedder(KmerVectorizer(k=1)).set_output(transform="pandas")
    >>> embedder.fit_transform(counts)
          sampleembedder0  sampleembedder1  sampleembedder2  sampleembedder3
    soil             0.75              0.0             1.25              2.0
    gut              0.00              2.0             1.00              1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "embedder": [HasMethods(["fit", "transform"])],
        "sequences": ["array-like", None],
    }

    def __init__(self, embedder: Any, *, sequences: Any = None) -> None:
        self.embedder = embedder
        self.sequences = sequences

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the embedder to the sequences and embed them.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_sequences)
            Counts or abundances, none of them negative.
        y : None
            Ignored.

        Returns
        -------
        self : SampleEmbedder
            The fitted embedder.

        Raises
        ------
        ValueError
            If a count is negative or missing, a sample has no counts, or there are not as many sequences as
            columns. The message names the index.
        """
        n_columns = _check_counts(X).shape[1]
        columns = getattr(X, "columns", None)
        if self.sequences is not None:
            sequences = check_sequences(self.sequences, name="sequences")
        elif columns is not None:
            sequences = check_sequences(list(columns), name="X.columns")
        else:
            raise ValueError(
                "X has no column names; pass sequences, or a DataFrame whose column names are the sequences."
            )
        if len(sequences) != n_columns:
            raise ValueError(f"X has {n_columns} columns, but there are {len(sequences)} sequences.")
        self.embedder_ = clone(self.embedder).fit(sequences, None)
        self.sequences_ = sequences
        self.embedding_ = _embed(self.embedder_, sequences)
        self.n_features_in_ = len(sequences)
        self.__dict__.pop("feature_names_in_", None)
        if columns is not None and all(isinstance(column, str) for column in columns):
            self.feature_names_in_ = np.array(list(columns), dtype=object)
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the weighted mean vector of each sample.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_sequences)
            Counts or abundances, none of them negative.

        Returns
        -------
        vectors : ndarray of shape (n_samples, n_components)
            The vectors.

        Raises
        ------
        ValueError
            If a count is negative or missing, a sample has no counts, or there are not as many columns as in
            ``fit``. The message names the index.
        """
        check_is_fitted(self)
        counts = _check_counts(X)
        columns = getattr(X, "columns", None)
        embedding = self.embedding_
        if self.sequences is None and columns is not None and list(columns) != list(self.sequences_):
            embedding = _embed(self.embedder_, check_sequences(list(columns), name="X.columns"))
        elif counts.shape[1] != len(embedding):
            raise ValueError(
                f"X has {counts.shape[1]} features, but SampleEmbedder is expecting {len(embedding)} "
                "features as input; pass one column for each sequence."
            )
        totals = np.asarray(counts.sum(axis=1)).ravel()
        return np.asarray(counts @ embedding) / totals[:, None]

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])


def _embed(embedder: Any, sequences: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    vectors = embedder.transform(sequences)
    vectors = vectors.toarray() if sparse.issparse(vectors) else vectors
    return check_array(vectors, dtype=np.float64, input_name="embedder.transform(sequences)")


def _check_counts(X: Any) -> Any:
    """Return a matrix of counts; raise for negative counts and for samples without counts."""
    counts = check_array(X, accept_sparse="csr", dtype=np.float64, input_name="X")
    values = counts.data if sparse.issparse(counts) else counts
    if (values < 0).any():
        rows = sparse.coo_array(counts).row[sparse.coo_array(counts).data < 0]
        raise ValueError(
            f"Negative values in data passed to SampleEmbedder: X[{rows.min()}] has a negative count."
        )
    empty = np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() == 0)
    if empty.size:
        raise ValueError(f"X[{empty[0]}] has no counts; remove the sample.")
    return counts
