"""Explain the rankings of rankers that keep the k-mers of known sequences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skseed._validation import check_labels
from skseed.ranking._base import check_list_length
from skseed.ranking._kmer_explanation import SharedKmers


class KmerExplanationMixin:
    """Return the stretches of a query that labs share; used by rankers with a library of k-mers."""

    _read: Callable[..., Any]
    _scored: Callable[..., Any]
    _model: Any
    k: int
    fraction: float
    # whether a row of the library is a single sequence
    _has_plasmids: bool

    def shared_stretches(self, X: Any, labs: Any = None, *, n_labs: int = 3) -> Bunch:
        """Return the stretches of one sequence that the likeliest labs, or given labs, have too.

        A stretch is a run of kept k-mers that plasmids of a lab have. A stretch of few labs is strong
        evidence; a stretch of hundreds is a common backbone or gene. The result describes shared k-mers; the
        score also depends on lengths, metadata and the network.

        Parameters
        ----------
        X : array-like of str of shape (1,) or table of shape (1, 1 + n_metadata)
            One sequence, as in `fit`.
        labs : array-like of shape (n_explained,), default=None
            The labs to explain; with None, the `n_labs` likeliest ones.
        n_labs : int, default=3
            The number of labs, if `labs` is None.

        Returns
        -------
        explanation : Bunch
            ``stretches``, a DataFrame with a row for each stretch of each lab: the ``lab``, the positions
            ``start`` and ``end`` (end excluded; in a circular sequence it is not above the start if the
            stretch crosses the first position), ``n_kmers``, and ``n_labs``, the smallest number of labs that
            share one of its k-mers. ``plasmid`` is the index of the nearest plasmid of the lab in the order
            of `fit` and then `enroll`, and ``share`` the share of the k-mers of the stretch in it; a ranker
            that does not keep single plasmids has -1 and NaN. ``kmers``, a DataFrame with the ``start`` of
            each kept k-mer and the number of labs ``n_labs`` that have it. ``labs`` and their ``scores``.
            ``length`` and ``circular`` of the sequence.

        Raises
        ------
        ValueError
            If X has more than one sequence, a lab is not in `classes_`, or `n_labs` is not a positive int.
        """
        check_is_fitted(self)
        check_list_length(n_labs)
        sequences, _ = self._read(X, reset=False)
        if len(sequences) != 1:
            raise ValueError(f"X has {len(sequences)} sequences, but one is explained at a time; pass X[:1].")
        library = self._model.library
        classes, scores = self._scored(X)
        if labs is None:
            columns = np.argsort(-scores[0], kind="stable")[:n_labs]
        else:
            asked = check_labels(labs, name="labs")
            unknown = ~np.isin(asked, classes)
            if unknown.any():
                position = int(np.argmax(unknown))
                raise ValueError(
                    f"labs[{position}] is {asked.tolist()[position]!r:.60}, which is not in classes_; "
                    "pass known labs."
                )
            columns = np.searchsorted(classes, asked)
        shared = SharedKmers.from_library(sequences, library, k=self.k, fraction=self.fraction)
        tables = []
        for column in columns:
            table = shared.stretches(int(column), by_row=self._has_plasmids)
            table.insert(0, "lab", classes[column])
            tables.append(table)
        return Bunch(
            stretches=pd.concat(tables, ignore_index=True),
            kmers=pd.DataFrame({"start": shared.starts, "n_labs": shared.n_labs}),
            labs=classes[columns],
            scores=scores[0, columns],
            length=shared.length,
            circular=shared.circular,
        )
