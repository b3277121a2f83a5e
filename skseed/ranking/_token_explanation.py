"""Why a neural ranker scores a lab as it does: what its methods of explanation share."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import Bunch, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skseed._training import one_torch_thread, resolve_device
from skseed.nn import integrated_gradients, vocabulary_saliency

# the gradients of a row take about a megabyte
_ROWS = 64


class TokenExplanationMixin:
    """Explain the score of a lab by the tokens of a row.

    The ranker gives `_read`, `_run` and `_scores_of` (see ``TokenRanker``) and, in `_score_of_labs`, its
    score as a function of the features of its network's body.
    """

    classes_: npt.NDArray[Any]

    def token_importance(self, X: Any, y: Any = None, *, n_steps: int = 64) -> Bunch:
        """Return what each token adds to the score of a lab, by integrated gradients.

        The importances of a row add up to the difference between its score and that of a row without
        tokens, but with the same metadata [1]_. They may be negative. They tell what the network went by,
        not what the lab did. The difference of two labs' importances tells why the one and not the
        other. Where a stretch of tokens is there several times, its places share what it adds.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`; each is explained as it stands, whatever `n_views`.
        y : array-like of shape (n_samples,), default=None
            The lab whose score is explained for each row; None takes the one with the highest score.
        n_steps : int, default=64
            The steps of the path from no tokens to those of the row. They are cheap, as the
            convolutions are computed once; a softmax ranker needs a single one.

        Returns
        -------
        explanation : Bunch
            ``importances`` of shape (n_samples, n_tokens), 0 for padding; ``labs`` of shape (n_samples,);
            ``scores`` and ``baseline_scores`` of these labs, with the tokens and without; and ``errors``,
            by how much the importances of each row miss the difference.

        Raises
        ------
        ValueError
            If a lab of `y` is not in `classes_`, or `n_steps` is not a positive int.

        References
        ----------
        .. [1] Sundararajan, Taly, Yan (2017). "Axiomatic attribution for deep networks." ICML.
           :doi:`10.48550/arXiv.1703.01365`
        """
        check_is_fitted(self)
        if not isinstance(n_steps, Integral) or n_steps < 1:
            raise ValueError(f"n_steps must be an int of at least 1; got {n_steps!r}.")
        labs, (importances, ends, starts) = self._explain(
            X, y, lambda *rows: integrated_gradients(*rows, n_steps=int(n_steps))
        )
        return Bunch(
            importances=importances,
            labs=labs,
            scores=ends,
            baseline_scores=starts,
            errors=importances.sum(axis=1) - (ends - starts),
        )

    def vocabulary_saliency(self, X: Any, y: Any = None) -> npt.NDArray[np.float64]:
        """Return how much the score of a lab depends on each token of the vocabulary.

        The token importance of the paper on triplet networks: the absolute gradient of the score by a
        token's vector, averaged over its components. It says to what the score is sensitive, not what it
        is made of, and does not add up to anything; see `token_importance` for that.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`; each is explained as it stands, whatever `n_views`.
        y : array-like of shape (n_samples,), default=None
            The lab whose score is explained for each row; None takes the one with the highest score.

        Returns
        -------
        saliency : ndarray of shape (n_samples, n_vocabulary)
            Not negative; 0 where the row lacks the token. A column for each token id up to the
            largest one seen in `fit`.

        Raises
        ------
        ValueError
            If a lab of `y` is not in `classes_`.
        """
        check_is_fitted(self)
        return self._explain(X, y, lambda *rows: (vocabulary_saliency(*rows),))[1][0]

    def _read(self, X: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32] | None]:
        raise NotImplementedError

    def _run(
        self, tokens: npt.NDArray[np.int32], metadata: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float64]:
        raise NotImplementedError

    def _scores_of(self, outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        raise NotImplementedError

    def _score_of_labs(self, network: Any, columns: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return the function from features to the score of one lab, by its column, for each row."""
        raise NotImplementedError

    def _explain(
        self, X: Any, y: Any, explain: Callable[..., tuple[torch.Tensor, ...]]
    ) -> tuple[npt.NDArray[Any], list[npt.NDArray[np.float64]]]:
        """Return the lab that is explained for each row, and what `explain` says of all rows."""
        tokens, metadata = self._read(X)
        if y is None:
            columns = self._scores_of(self._run(tokens, metadata)).argmax(axis=1)
        else:
            columns = _find_labs(self.classes_, y)
            check_consistent_length(tokens, columns)
        device = resolve_device(self.device)  # type: ignore[attr-defined]
        network = self.net_.module_.to(device)  # type: ignore[attr-defined]
        parts = []
        with one_torch_thread(), torch.enable_grad():
            for start in range(0, len(tokens), _ROWS):
                rows = slice(start, start + _ROWS)
                score = self._score_of_labs(network, torch.as_tensor(columns[rows], device=device))
                inputs = [torch.as_tensor(tokens[rows].astype(np.int64), device=device)]
                if metadata is not None:
                    inputs.append(torch.as_tensor(metadata[rows], device=device))
                parts.append([part.cpu().numpy() for part in explain(network.body, score, *inputs)])
        return self.classes_[columns], [np.concatenate(part) for part in zip(*parts, strict=True)]


def _find_labs(classes: npt.NDArray[Any], y: Any) -> npt.NDArray[np.int64]:
    """Return the column of each lab, or say which one has none."""
    y = column_or_1d(y, warn=True)
    columns = {lab: column for column, lab in enumerate(classes.tolist())}
    for index, lab in enumerate(y.tolist()):
        if lab not in columns:
            raise ValueError(f"y[{index}] is {lab!r}, a lab that the ranker does not know; see classes_.")
    return np.array([columns[lab] for lab in y.tolist()], dtype=np.int64)
