"""Token attributions of a neural ranker."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import Bunch, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skseed._training import one_torch_thread, resolve_device
from skseed._validation import check_labels
from skseed.nn import integrated_gradients, vocabulary_saliency

# the gradients of one row take about a megabyte
_BLOCK_ROWS = 64


class TokenExplanationMixin:
    """Attribute the score of a lab to the tokens of a row; used by ``TokenRanker``."""

    _read: Callable[..., Any]
    _forward: Callable[..., Any]
    _head_scores: Callable[..., Any]
    _head: Any
    net_: Any
    device: str

    def token_importance(self, X: Any, y: Any = None, *, n_steps: int = 64) -> Bunch:
        """Return the contribution of each token to the score of a lab, by integrated gradients.

        The importances of a row sum to its score minus the score of a row without tokens and with the same
        metadata [1]_. They may be negative. They describe the network, not the intention of the lab. The
        difference of the importances for two labs explains why one is ranked before the other. If a stretch
        of tokens occurs several times, its copies share the contribution equally.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`. Each is explained without rotation, for any `n_views`.
        y : array-like of shape (n_samples,), default=None
            The lab to explain for each row; with None, the lab with the highest score.
        n_steps : int, default=64
            The number of steps of the path from no tokens to the tokens of the row. A step is cheap, since
            the convolutions are computed once. One step is exact for a softmax ranker.

        Returns
        -------
        explanation : Bunch
            ``importances`` of shape (n_samples, n_tokens), 0 for padding; ``labs`` of shape (n_samples,);
            ``scores`` and ``baseline_scores``, the scores of these labs with and without the tokens; and
            ``errors``, the sum of the importances minus the difference of these scores.

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
        """Return the sensitivity of the score of a lab to each token of the vocabulary.

        This is the token importance of the paper on triplet networks: the absolute gradient of the score
        with respect to the token's vector, averaged over its components. Sensitivities do not sum to the
        score; use `token_importance` for contributions.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`. Each is explained without rotation, for any `n_views`.
        y : array-like of shape (n_samples,), default=None
            The lab to explain for each row; with None, the lab with the highest score.

        Returns
        -------
        saliency : ndarray of shape (n_samples, n_vocabulary)
            Non-negative; 0 for tokens that are not in the row. One column for each token id up to the
            largest id seen in `fit`.

        Raises
        ------
        ValueError
            If a lab of `y` is not in `classes_`.
        """
        check_is_fitted(self)
        return self._explain(X, y, lambda *rows: (vocabulary_saliency(*rows),))[1][0]

    def _explain(
        self, X: Any, y: Any, explain: Callable[..., tuple[torch.Tensor, ...]]
    ) -> tuple[npt.NDArray[Any], list[npt.NDArray[np.float64]]]:
        """Return the explained lab of each row, and the results of `explain` for all rows."""
        head = self._head
        tokens, metadata = self._read(X)
        if y is None:
            columns = self._head_scores(head, self._forward(self.net_.module_, tokens, metadata)).argmax(
                axis=1
            )
        else:
            columns = _find_labs(head.classes, y)
            check_consistent_length(tokens, columns)
        device = resolve_device(self.device)
        network = self.net_.module_.to(device)
        results = []
        with one_torch_thread(), torch.enable_grad():
            for start in range(0, len(tokens), _BLOCK_ROWS):
                rows = slice(start, start + _BLOCK_ROWS)
                labs = torch.as_tensor(columns[rows], device=device)
                inputs = [torch.as_tensor(tokens[rows].astype(np.int64), device=device)]
                if metadata is not None:
                    inputs.append(torch.as_tensor(metadata[rows], device=device))
                block = explain(network.body, _LabScore(network, head, labs), *inputs)
                results.append([result.cpu().numpy() for result in block])
        return head.classes[columns], [np.concatenate(blocks) for blocks in zip(*results, strict=True)]


@dataclass(frozen=True)
class _LabScore:
    """The score of one lab for each row, as a function of the features of the network's body."""

    network: Any
    head: Any
    columns: torch.Tensor

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        return self.head.scores_of(self.network.project(features), self.columns)


def _find_labs(classes: npt.NDArray[Any], y: Any) -> npt.NDArray[np.int64]:
    """Return the column of each lab; raise an error that names the first unknown one."""
    y = check_labels(y)
    columns = {lab: column for column, lab in enumerate(classes.tolist())}
    for index, lab in enumerate(y.tolist()):
        if lab not in columns:
            raise ValueError(f"y[{index}] is {lab!r}, which is not a lab of the ranker; see classes_.")
    return np.array([columns[lab] for lab in y.tolist()], dtype=np.int64)
