"""Features of held-out sequences, from which EvidenceLabRanker learns its weights."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold

from skseed._progress import track
from skseed.ranking._color_classes import ColorClasses
from skseed.ranking._conditional_logit import Candidates
from skseed.ranking._evidence_model import EvidenceModel, train_network
from skseed.ranking._kmer_library import KmerLibrary
from skseed.ranking._lab_features import query_blocks

Rows = npt.NDArray[np.integer]

# some thousand held-out sequences suffice for a few dozen weights
_MAX_QUERIES = 6000
# number of wrong labs that a true lab is compared with: the best by vote, and random ones
_N_BEST, _N_RANDOM = 48, 48
# held-out sequences of enrolled labs, and as many of known labs, in a fold
_MAX_ENROLLED_QUERIES = 750


@dataclass(frozen=True)
class HeldOut:
    """Candidates of held-out sequences, and whether each candidate lab was enrolled after the training.

    Each sequence stands for `sample_weight` sequences of its fold.
    """

    candidates: Candidates
    is_enrolled: npt.NDArray[np.bool_]
    sample_weight: npt.NDArray[np.float64]


def hold_out(
    library: KmerLibrary, n_splits: int, rng: np.random.RandomState, *, network: bool
) -> tuple[HeldOut | None, HeldOut | None]:
    """Return held-out sequences of known labs, and of a mixture of known and enrolled labs.

    The groups of a fold are left out of the library, and the network is trained without them. The folds end
    when there are enough sequences. A lab with all of its sequences in the fold is a new lab: some of its
    sequences are enrolled, and the others are ranked together with as many of known labs. None means that
    there are no such sequences.
    """
    n_groups = int(library.groups.max()) + 1
    if n_groups == 1:
        return None, None
    known, mixed = [], []
    n_left = _MAX_QUERIES
    splitter = GroupKFold(min(n_splits, n_groups), shuffle=True, random_state=rng)
    folds = splitter.split(library.labs, groups=library.groups)
    for train, test in track(folds, splitter.n_splits, "folds"):
        present = np.bincount(library.labs[train], minlength=library.n_labs) > 0
        every_old = test[present[library.labs[test]]]
        old = rng.permutation(every_old)[:n_left]
        if not len(old):
            continue
        n_left -= len(old)
        model = _train(library.take(train), present, rng, network=network)
        known.append(_features(model, library, old, rng))
        enrolled, every_new = _enroll_some(library, test[~present[library.labs[test]]], rng)
        new = rng.permutation(every_new)[:_MAX_ENROLLED_QUERIES]
        if len(new):
            larger = _enlarge(model, library.take(np.concatenate([train, enrolled])))
            old = old[: len(new)]
            mixture = _features(larger, library, np.concatenate([new, old]), rng)
            weight = np.repeat([len(every_new) / len(new), len(every_old) / len(old)], [len(new), len(old)])
            mixed.append(replace(mixture, sample_weight=weight))
    return _join(known), _join(mixed)


def _train(
    library: KmerLibrary, present: npt.NDArray[np.bool_], rng: np.random.RandomState, *, network: bool
) -> EvidenceModel:
    """Return the model of a library in which only the `present` labs have sequences."""
    color_classes = ColorClasses.from_library(library)
    labs = np.flatnonzero(present)
    seed = int(rng.randint(np.iinfo(np.int32).max))
    trained = train_network(library, color_classes, seed).select(labs) if network else None
    return EvidenceModel.from_library(library, color_classes, trained, labs)


def _enlarge(model: EvidenceModel, library: KmerLibrary) -> EvidenceModel:
    """Return the model of a library with the same k-mers and labs and further rows."""
    color_classes = ColorClasses.from_library(library)
    return EvidenceModel.from_library(library, color_classes, model.network, model.lab_of_output)


def _enroll_some(library: KmerLibrary, rows: Rows, rng: np.random.RandomState) -> tuple[Rows, Rows]:
    """Return the rows of new labs to enroll and those to rank.

    One row of half of the labs is enrolled, and a random share of the rows of the others.
    """
    enrolled, ranked = [rows[:0]], [rows[:0]]
    for lab in np.unique(library.labs[rows]):
        own = rng.permutation(rows[library.labs[rows] == lab])
        n_enrolled = 1 if rng.randint(2) else int(np.ceil(rng.random_sample() * (len(own) - 1)))
        enrolled.append(own[: max(1, n_enrolled)])
        ranked.append(own[max(1, n_enrolled) :])
    return np.concatenate(enrolled), np.concatenate(ranked)


def _features(model: EvidenceModel, library: KmerLibrary, rows: Rows, rng: np.random.RandomState) -> HeldOut:
    """Return the candidates of some rows of the whole library."""
    present = np.bincount(model.library.labs, minlength=library.n_labs) > 0
    features, offsets, is_enrolled = [], [], []
    for block in query_blocks(len(rows)):
        own = rows[block]
        every = model.features(library.profiles[own])
        columns, offset = choose_candidates(every[:, :, 0], library.labs[own], present, rng)
        features.append(np.take_along_axis(every, columns[:, :, None], axis=1))
        offsets.append(offset)
        is_enrolled.append(model.is_enrolled[columns])
    candidates = Candidates(np.concatenate(features), np.concatenate(offsets))
    return HeldOut(candidates, np.concatenate(is_enrolled), np.ones(len(rows)))


def choose_candidates(
    votes: npt.NDArray[np.float32],
    labs: npt.NDArray[np.integer],
    present: npt.NDArray[np.bool_],
    rng: np.random.RandomState,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the candidates of each query, the true lab first, and the logarithms of their weights.

    The candidates are the best labs by vote and a random sample of the others, weighted to stand for all of
    them. The logarithm of the weight is minus infinity for a lab without sequences.
    """
    n_queries, n_labs = votes.shape
    rows = np.arange(n_queries)[:, None]
    order = np.argsort(-votes, axis=1, kind="stable")
    others = order[order != labs[:, None]].reshape(n_queries, -1)
    order = np.concatenate([labs[:, None], others], axis=1)
    offset = np.where(present[order], 0.0, -np.inf)
    n_others = n_labs - 1 - _N_BEST
    if n_others > _N_RANDOM:
        drawn = 1 + _N_BEST + rng.randint(n_others, size=(n_queries, _N_RANDOM))
        columns = np.concatenate([np.tile(np.arange(1 + _N_BEST), (n_queries, 1)), drawn], axis=1)
        order, offset = order[rows, columns], offset[rows, columns]
        offset[:, 1 + _N_BEST :] += np.log(n_others / _N_RANDOM)
    return order, offset


def _join(folds: list[HeldOut]) -> HeldOut | None:
    if not folds:
        return None
    features = np.concatenate([fold.candidates.features for fold in folds])
    offset = np.concatenate([fold.candidates.offset for fold in folds])
    is_enrolled = np.concatenate([fold.is_enrolled for fold in folds])
    sample_weight = np.concatenate([fold.sample_weight for fold in folds])
    return HeldOut(Candidates(features, offset), is_enrolled, sample_weight)
