"""Typical tokens of each lab."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch

from skseed._sklearn import HasMethods, validate_params
from skseed._validation import check_labels
from skseed.inspection._token_pipeline import token_pipeline


@validate_params(
    {"estimator": [HasMethods(["fit", "predict"])], "X": ["array-like"], "y": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def lab_profiles(estimator: Any, X: Any, y: Any) -> Bunch:
    """Return the sensitivity of each lab's score to each token, and the tokens typical of each lab.

    This is the analysis of the paper on triplet networks [1]_. The profile of a lab is the mean absolute
    gradient of its score over its sequences, scaled to [0, 1]. The signature of a lab is its profile minus
    the profile of all sequences. A token with a high value in every profile matters for all labs. A token
    with a high value in one signature is typical of that lab. To compare a sequence with its predicted lab,
    pass this sequence and this lab.

    Parameters
    ----------
    estimator : Pipeline
        A fitted pipeline of sequences with a :class:`~skseed.preprocessing.BPETokenizer`, which ends in a
        :class:`~skseed.ranking.TripletLabRanker` or :class:`~skseed.ranking.SoftmaxLabRanker`.
    X : array-like of str of shape (n_sequences,)
        Sequences.
    y : array-like of shape (n_sequences,)
        The lab of each sequence.

    Returns
    -------
    analysis : Bunch
        ``profiles`` and ``signatures``, DataFrames with a row for each lab of `y` and a column for each token
        of the vocabulary; ``overall``, a Series with the profile of all sequences; ``furthest``, a Series
        with the known lab whose vector has the lowest cosine with the vector of each lab of `y`, or None for
        a softmax ranker, which has no vectors.

    Raises
    ------
    TypeError
        If the estimator is not such a pipeline.
    ValueError
        If a lab of `y` is missing or is not a lab of the ranker.

    See Also
    --------
    TokenImportanceDisplay : Contributions of the tokens of one sequence.

    References
    ----------
    .. [1] Soares, I. M., Camargo, F. H. F., Marques, A., Crook, O. M. "Improving lab-of-origin prediction of
       genetically engineered plasmids via deep metric learning", Nature Computational Science 2, 253-264
       (2022). doi:10.1038/s43588-022-00234-z

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.inspection import lab_profiles
    >>> from skseed.preprocessing import BPETokenizer
    >>> from skseed.ranking import TripletLabRanker
    >>> plasmids = ["CCGCGGATTACAGG", "CCGCGGATTACACG", "CCGCGGTTTTTTGG", "CCGCGGTTTTTTCG"]
    >>> labs = ["voigt", "voigt", "church", "church"]
    >>> sizes = {"embedding_dim": 8, "kernel_sizes": (1, 2), "n_filters": 16}
    >>> ranker = TripletLabRanker(8, lr=0.01, random_state=0, **sizes)
    >>> pipeline = make_pipeline(BPETokenizer(10), ranker).fit(plasmids, labs)
    >>> analysis = lab_profiles(pipeline, plasmids, labs)
    >>> analysis.signatures.shape
    (2, 10)
    >>> analysis.furthest.to_dict()
    {'church': 'voigt', 'voigt': 'church'}
    """
    steps, tokenizer, ranker = token_pipeline(estimator)
    labs = check_labels(y)
    saliency = ranker.vocabulary_saliency(steps.transform(X), labs)
    tokens = list(tokenizer.vocabulary_)
    # tokens with larger ids than those seen in fit have no vector
    saliency = np.pad(saliency, ((0, 0), (0, max(0, len(tokens) - saliency.shape[1]))))[:, : len(tokens)]
    overall = pd.Series(_scaled(saliency.mean(axis=0)), index=tokens)
    names = np.unique(labs)
    profiles = pd.DataFrame(
        [_scaled(saliency[labs == name].mean(axis=0)) for name in names], index=names, columns=tokens
    )
    furthest = None
    if hasattr(ranker, "lab_embeddings_"):
        own = ranker.lab_embeddings_[np.searchsorted(ranker.classes_, names)]
        furthest = pd.Series(ranker.classes_[(own @ ranker.lab_embeddings_.T).argmin(axis=1)], index=names)
    return Bunch(profiles=profiles, signatures=profiles - overall, overall=overall, furthest=furthest)


def _scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the values scaled to [0, 1]; zeros if they are all equal."""
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread else np.zeros_like(values)
