"""Which tokens are typical of each lab."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch

from skseed._sklearn import HasMethods, validate_params
from skseed.inspection._token_pipeline import token_pipeline


@validate_params(
    {"estimator": [HasMethods(["fit", "predict"])], "X": ["array-like"], "y": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def lab_profiles(estimator: Any, X: Any, y: Any) -> Bunch:
    """Return to which tokens the score of each lab is sensitive, and which of them are its own.

    The analysis of the paper on triplet networks [1]_: the profile of a lab is the mean absolute gradient
    of its score over its sequences, scaled to [0, 1]; its signature is the profile less that of all
    labs. A token high in every profile is one the network always looks at; one high in a signature is a
    habit of the lab. To lay a sequence beside its predicted lab, call this with that sequence and that lab.

    Parameters
    ----------
    estimator : Pipeline
        Fitted; it takes sequences, has a :class:`~skseed.preprocessing.BPETokenizer` and ends in a
        :class:`~skseed.ranking.TripletLabRanker` or :class:`~skseed.ranking.SoftmaxLabRanker`.
    X : array-like of str of shape (n_sequences,)
        Sequences.
    y : array-like of shape (n_sequences,)
        The lab of each.

    Returns
    -------
    analysis : Bunch
        ``profiles`` and ``signatures``, DataFrames with a row for each lab of `y` and a column for each
        piece of the vocabulary; ``overall``, the profile of all sequences; ``furthest``, a Series with
        the known lab whose vector has the lowest cosine with that of each lab of `y` (None where labs
        have no vectors, as in a softmax ranker).

    Raises
    ------
    TypeError
        If the estimator is not such a pipeline.
    ValueError
        If the ranker does not know a lab.

    See Also
    --------
    TokenImportanceDisplay : What a single sequence's score is made of.

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
    labs = np.asarray(y)
    saliency = ranker.vocabulary_saliency(steps.transform(X), labs)
    pieces = list(tokenizer.vocabulary_)
    # tokens beyond the last one seen in training have no vector
    saliency = np.pad(saliency, ((0, 0), (0, max(0, len(pieces) - saliency.shape[1]))))[:, : len(pieces)]
    overall = pd.Series(_scaled(saliency.mean(axis=0)), index=pieces)
    names = np.unique(labs)
    profiles = pd.DataFrame(
        [_scaled(saliency[labs == name].mean(axis=0)) for name in names], index=names, columns=pieces
    )
    furthest = None
    if hasattr(ranker, "lab_embeddings_"):
        own = ranker.lab_embeddings_[np.searchsorted(ranker.classes_, names)]
        furthest = pd.Series(ranker.classes_[(own @ ranker.lab_embeddings_.T).argmin(axis=1)], index=names)
    return Bunch(profiles=profiles, signatures=profiles - overall, overall=overall, furthest=furthest)


def _scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the values from 0 to 1; 0 where they are all the same."""
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread else np.zeros_like(values)
