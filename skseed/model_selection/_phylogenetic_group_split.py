"""Random splits that hold out whole clades."""

import warnings
from collections import Counter
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import BaseShuffleSplit
from sklearn.utils import check_random_state

from skseed._constraints import ALPHABET_OF_DISTANCES
from skseed._files import quote_some
from skseed._sequences import Sequences
from skseed._sklearn import Interval, validate_parameter_constraints
from skseed.alphabets import Alphabet
from skseed.distances import levenshtein_distances
from skseed.io import Tree, read_tree
from skseed.model_selection._columns import sequences_of


class PhylogeneticGroupSplit(BaseShuffleSplit):
    """Random splits in which whole clades are held out.

    A test set of whole clades measures how a model performs on lineages that it has not seen. Each split
    holds out random clades until the test set has the requested size. `depth` sets the clade size: a clade is
    a largest subtree with at most ``2 ** depth`` of the sequences, and larger clades make a harder test.
    Without a tree, a clade is a random sequence with its nearest relatives by edit distance. Use
    :class:`LevenshteinGroupKFold` to test every sequence once, or for a guarantee in edits.

    Parameters
    ----------
    n_splits : int, default=5
        The number of random splits, at least 1.
    tree : str, path-like or skbio.TreeNode, default=None
        The tree of the sequences: Newick text, the path of a Newick file, or an object, as
        :func:`~skseed.io.read_tree` accepts them. Tips that are not in `X` are ignored. A sequence that is
        not a tip raises an error. None uses the edit distance instead.
    depth : int, default=6
        The largest clade size, as a power of two: clades have at most ``2 ** depth`` tips that are in `X`, 64
        by default, which is the clade size of a balanced tree of this depth. At 0 every tip is a clade, and
        the split is an ordinary random one.
    height : float, default=None
        The largest clade height, in branch length, in place of `depth`: a clade is a largest subtree whose
        tips are all at most this far from its root. Requires a tree.
    test_size : float or int, default=0.2
        The fraction (float between 0 and 1) or number (int) of test sequences. Clades are held out whole, so
        the size of the test set is the nearest one that the random clades allow. It is never 0.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal, for the edit distance without a tree. "auto" ignores the case of ASCII
        letters, and treats U as T if all letters are IUPAC nucleotide codes. With a name or an
        :class:`~skseed.alphabets.Alphabet`, all letters must belong to the alphabet, and all ambiguity
        letters equal its wildcard. None compares exact characters.
    tip_names : array-like of str of shape (n_sequences,), default=None
        The tip of each sequence of the *whole* `X`. None takes the index of `X`, a pandas Series or
        DataFrame, which also works for the subsets of `X` in nested cross-validation.
    random_state : int, RandomState instance or None, default=None
        Seed of the choice of clades; pass an int for the same splits in every call.
    sequence_column : str or int, default=None
        The column of the sequences if `X` is a table: a name, or a position in a two-dimensional array.
    n_jobs : int, default=None
        The number of blocks of distances that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor. Unused with a tree.

    See Also
    --------
    LevenshteinGroupKFold : Folds with a guaranteed least distance.
    leakage_report : The distance of each test sequence to its nearest training sequence.
    sklearn.model_selection.GroupShuffleSplit : Random splits by known groups.

    Notes
    -----
    The guarantee with a tree: *no training sequence is in the clade of a test sequence*. The clade of a
    sequence is the largest subtree that holds it and at most ``2 ** depth`` tips of `X`, or that has at most
    `height`. Without a tree: *the* ``2 ** depth - 1`` *nearest relatives of each chosen sequence are in the
    test set with it*, and equal sequences are on one side. A relative of such a relative may be in training,
    so a tree is better. Neither guarantee bounds the edit distance; `leakage_report` measures it.

    The split without a tree is that of a re-implementation of NeuroSEED [1]_.

    References
    ----------
    .. [1] G. Corso et al., "Neural distance embeddings for biological sequences", Advances in Neural
       Information Processing Systems 34, 2021. :doi:`10.48550/arXiv.2109.09740`

    Examples
    --------
    >>> import pandas as pd
    >>> from skseed.model_selection import PhylogeneticGroupSplit
    >>> genes = pd.Series({"oak": "GATTACA", "elm": "GATTACC", "fern": "CCGCGG", "moss": "CCGCG"})
    >>> tree = "((oak:1,elm:1):2,(fern:1,moss:1):2);"
    >>> splitter = PhylogeneticGroupSplit(n_splits=2, tree=tree, depth=1, test_size=0.5, random_state=0)
    >>> for train, test in splitter.split(genes):
    ...     print(*genes.index[train], "|", *genes.index[test])
    oak elm | fern moss
    fern moss | oak elm
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "n_splits": [Interval(Integral, 1, None, closed="left")],
        "depth": [Interval(Integral, 0, 40, closed="both")],
        "height": [Interval(Real, 0, None, closed="left"), None],
        "test_size": [Interval(Integral, 1, None, closed="left"), Interval(Real, 0, 1, closed="neither")],
        "alphabet": ALPHABET_OF_DISTANCES,
        "tip_names": ["array-like", None],
        "random_state": ["random_state"],
        "sequence_column": [str, Integral, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_splits: int = 5,
        *,
        tree: Any = None,
        depth: int = 6,
        height: float | None = None,
        test_size: float | int = 0.2,
        alphabet: str | Alphabet | None = "auto",
        tip_names: Any = None,
        random_state: Any = None,
        sequence_column: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(n_splits=n_splits, test_size=test_size, random_state=random_state)
        self.tree = tree
        self.depth = depth
        self.height = height
        self.alphabet = alphabet
        self.tip_names = tip_names
        self.sequence_column = sequence_column
        self.n_jobs = n_jobs

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Generate the indices of training and test sequences, split by split.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or table
            Sequences, or a table that holds them in `sequence_column`.
        y : object, default=None
            Ignored.
        groups : object, default=None
            Ignored with a warning, because the clades are computed from the tree.

        Yields
        ------
        train : ndarray of int
            The indices of the training sequences.
        test : ndarray of int
            The indices of the test sequences.
        """
        if groups is not None:
            warnings.warn(
                f"The groups parameter is ignored by {type(self).__name__}", UserWarning, stacklevel=2
            )
        yield from super().split(X, y)

    def _iter_indices(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        parameters = {name: getattr(self, name) for name in self._parameter_constraints}
        validate_parameter_constraints(self._parameter_constraints, parameters, type(self).__name__)
        sequences = sequences_of(X, self.sequence_column, alphabet=self.alphabet)
        n_test = self._n_test(len(sequences))
        random_state = check_random_state(self.random_state)
        if self.tree is None:
            if self.height is not None:
                raise ValueError("height needs a tree; pass tree, or use depth in place of height.")
            unique, copy_of = sequences.unique()
        else:
            tree = read_tree(self.tree)
            tips = _tips_of(tree, self._names(X, len(sequences)))
            if self.height is None:
                clades = tree.clades_of_size(tips, 2**self.depth)
            else:
                clades = tree.clades_of_height(tips, self.height)
            clades = np.unique(clades, return_inverse=True)[1]
        for _ in range(self.n_splits):
            if self.tree is None:
                in_test = _hold_out_relatives(
                    unique, copy_of, 2**self.depth, n_test, random_state, self.n_jobs
                )
            else:
                in_test = _hold_out_clades(clades, n_test, random_state)
            self._check_size(in_test, n_test)
            yield np.flatnonzero(~in_test), np.flatnonzero(in_test)

    def _n_test(self, n_sequences: int) -> int:
        """Return the requested number of test sequences."""
        if isinstance(self.test_size, Integral):
            n_test = int(self.test_size)
        else:
            n_test = int(np.ceil(self.test_size * n_sequences))
        if n_test >= n_sequences:
            raise ValueError(
                f"With n_samples={n_sequences} and test_size={self.test_size} the training set is empty."
            )
        return n_test

    def _names(self, X: Any, n_sequences: int) -> list[str]:
        """Return the tip name of each sequence."""
        if self.tip_names is not None:
            names = list(map(str, np.asarray(self.tip_names, dtype=object)))
            if len(names) != n_sequences:
                raise ValueError(
                    f"tip_names holds {len(names)} names, but X has {n_sequences} sequences; for subsets of "
                    "X, pass X as a pandas Series indexed by tip name instead."
                )
        elif hasattr(X, "index") and hasattr(X, "iloc"):
            names = list(map(str, X.index))
        else:
            raise ValueError(
                "The tips of the sequences are unknown; pass X as a pandas Series indexed by tip name, or "
                "set tip_names."
            )
        return names

    def _check_size(self, in_test: npt.NDArray[np.bool_], n_test: int) -> None:
        n_held_out = int(in_test.sum())
        size, remedy = f"at most {2**self.depth} tips (depth={self.depth})", "depth"
        if self.height is not None:
            size, remedy = f"height {self.height:g}", "height"
        if n_held_out == len(in_test):
            raise ValueError(
                f"The training set would be empty, because a clade of {size} holds all {n_held_out} "
                f"sequences; lower {remedy}."
            )
        if n_held_out > 1.5 * n_test + 1:
            warnings.warn(
                f"Clades of {size} are too large for a test set of {n_test}: "
                f"{n_held_out} sequences are held out and {len(in_test) - n_held_out} are left for training; "
                f"lower {remedy}.",
                UserWarning,
                stacklevel=5,
            )


def _tips_of(tree: Tree, names: list[str]) -> npt.NDArray[np.intp]:
    """Return the tip of each name."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(
            f"Several sequences are named {quote_some(repeated)}; give every sequence a tip of its own."
        )
    tips = tree.tips
    missing = [name for name in names if name not in tips]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(names)} sequences are not tips of the tree: {quote_some(missing, 30)}. "
            f"The tree has, for instance, {quote_some(list(tips), 30)}; remove the sequences or correct "
            "their names."
        )
    return np.array([tips[name] for name in names], dtype=np.intp)


def _hold_out_clades(
    clades: npt.NDArray[np.intp], n_test: int, random_state: np.random.RandomState
) -> npt.NDArray[np.bool_]:
    """Mark random whole clades until the test set has the requested size."""
    order = random_state.permutation(clades.max() + 1)
    totals = np.cumsum(np.bincount(clades)[order])
    n_clades = _nearest_count(totals, n_test)
    return np.isin(clades, order[:n_clades])


def _nearest_count(totals: npt.NDArray[np.int64], n_test: int) -> int:
    """Return the number of groups, at least 1, whose total size is nearest to `n_test`."""
    last = int(np.searchsorted(totals, n_test))
    if last > 0 and n_test - totals[last - 1] <= totals[last] - n_test:
        last -= 1
    return last + 1


def _hold_out_relatives(
    unique: Sequences,
    copy_of: npt.NDArray[np.intp],
    n_relatives: int,
    n_test: int,
    random_state: np.random.RandomState,
    n_jobs: int | None,
) -> npt.NDArray[np.bool_]:
    """Mark random sequences and their nearest relatives until the test set has the requested size."""
    copies = np.bincount(copy_of)
    left = np.ones(len(unique), dtype=bool)
    held_out = 0
    while held_out < n_test:
        remaining = np.flatnonzero(left)
        seed = random_state.choice(remaining, p=copies[remaining] / copies[remaining].sum())
        distances = levenshtein_distances(unique.take([seed]), unique.take(remaining), n_jobs=n_jobs)[0]
        # a random order breaks ties, instead of the order of the data
        shuffled = random_state.permutation(len(remaining))
        nearest = remaining[shuffled[np.argsort(distances[shuffled], kind="stable")]]
        group = nearest[: 1 + int(np.searchsorted(np.cumsum(copies[nearest]), n_relatives))]
        size = int(copies[group].sum())
        if held_out and n_test - held_out <= held_out + size - n_test:
            break
        left[group] = False
        held_out += size
    return ~left[copy_of]
