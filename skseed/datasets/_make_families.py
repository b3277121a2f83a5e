"""Generate families of related sequences along a random tree."""

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from skseed._mutation import mutate
from skseed._sequences import sequences_of_rows
from skseed._sklearn import Interval, validate_params
from skseed.alphabets import Alphabet, get_alphabet


@validate_params(
    {
        "n_samples": [Interval(Integral, 2, None, closed="left")],
        "n_families": [Interval(Integral, 1, None, closed="left")],
        "length": [Interval(Integral, 10, None, closed="left")],
        "divergence": [Interval(Real, 0, 1, closed="both")],
        "family_divergence": [Interval(Real, 0, 1, closed="both")],
        "indel_share": [Interval(Real, 0, 1, closed="both")],
        "alphabet": [str, Alphabet],
        "return_X_y": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_families(
    n_samples: int = 100,
    n_families: int = 10,
    *,
    length: int = 300,
    divergence: float = 0.3,
    family_divergence: float = 0.05,
    indel_share: float = 0.2,
    alphabet: str | Alphabet = "dna",
    return_X_y: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch | tuple[list[str], npt.NDArray[np.int64]]:
    """Generate families of related sequences along a random tree.

    A random sequence evolves down a tree. Its deep splits separate the families, and its recent splits
    separate the members of a family. Edit distances therefore follow a known tree, every family is a
    clade, and the parameters set how similar the families are. All positions have the same mutation rate,
    so no region is conserved. Use a real data set to compare methods.

    Parameters
    ----------
    n_samples : int, default=100
        The number of sequences, at least 2 and at least `n_families`.
    n_families : int, default=10
        The number of families; their sizes differ by at most one.
    length : int, default=300
        The length of the ancestral sequence, at least 10; indels change the lengths of its descendants.
    divergence : float, default=0.3
        Mutations per position from the root to the ancestor of a family, between 0 and 1.
    family_divergence : float, default=0.05
        Mutations per position from the ancestor of a family to its members, between 0 and 1.
    indel_share : float, default=0.2
        The fraction of mutations that insert or delete a letter, between 0 and 1.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The alphabet of the sequences.
    return_X_y : bool, default=True
        If True, return ``(X, y)``, else a Bunch that also holds the tree.
    random_state : int, RandomState instance or None, default=None
        Determines the tree and the mutations. Pass an int for the same data on every call.

    Returns
    -------
    X : list of str of length n_samples
        The sequences, in random order.
    y : ndarray of shape (n_samples,), dtype int64
        The family of each sequence.
    families : Bunch
        If `return_X_y` is False. It holds `data` and `target` as above; `target_names`, a name for each
        family; `ids`, the name of each sequence; and `tree`, a binary tree in Newick format. The tips of
        the tree have the names in `ids`, its branch lengths are expected mutations per position, and
        all tips are equally far from the root.

    See Also
    --------
    make_plasmids : Generate plasmids assembled from genetic parts.

    Notes
    -----
    The splits have the order of a coalescent [1]_. The times of the coalescent are scaled so that the
    common ancestor of a family is exactly `family_divergence` above the tips.

    References
    ----------
    .. [1] Kingman, J. F. C. (1982). The coalescent. Stochastic Processes and their Applications 13, 235.
       :doi:`10.1016/0304-4149(82)90011-4`

    Examples
    --------
    >>> from skseed.datasets import make_families
    >>> families = make_families(4, 2, length=12, return_X_y=False, random_state=1)
    >>> for name, family, sequence in zip(families.ids, families.target, families.data):
    ...     print(name, family, sequence)
    s0 0 GACACACTGA
    s1 1 GAAGCAGACCACAA
    s2 1 GAAGCAACCACAA
    s3 0 GACACACTGA
    """
    if n_families > n_samples:
        raise ValueError(
            f"n_families={n_families} is larger than n_samples={n_samples}, but each family "
            "needs a member; lower n_families."
        )
    letters = get_alphabet(alphabet)
    rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    family = rng.permutation(np.arange(n_samples) % n_families)
    ids = [f"s{index:0{len(str(n_samples - 1))}d}" for index in range(n_samples)]
    tree = _Tree(ids)
    ancestors = [
        tree.coalesce(np.flatnonzero(family == one).tolist(), 0.0, family_divergence, rng)
        for one in range(n_families)
    ]
    root = tree.coalesce(ancestors, family_divergence, family_divergence + divergence, rng)
    start = rng.integers(len(letters), size=length, dtype=np.uint8)
    codes = tree.evolve(root, start, alphabet=letters, indel_share=indel_share, rng=rng)
    data = [letters.decode(codes[index]) for index in range(n_samples)]
    if return_X_y:
        return data, family
    return Bunch(
        data=data,
        target=family,
        target_names=[f"family{index}" for index in range(n_families)],
        ids=ids,
        tree=f"{tree.newick[root]};",
    )


class _Tree:
    """A binary tree that is built from its tips; a node is an index into the lists."""

    def __init__(self, ids: list[str]) -> None:
        self.newick = list(ids)
        self.height = [0.0] * len(ids)
        self.children: list[tuple[int, ...]] = [()] * len(ids)

    def coalesce(self, nodes: list[int], start: float, end: float, rng: np.random.Generator) -> int:
        """Join nodes, two at a time, between the heights `start` and `end`, and return the last one."""
        n_pairs = np.array([n * (n - 1) / 2 for n in range(len(nodes), 1, -1)])
        times = np.cumsum(rng.exponential(1 / n_pairs))
        for time in times:
            first, second = sorted(rng.choice(len(nodes), size=2, replace=False))
            pair = (nodes.pop(second), nodes.pop(first))
            height = start + (end - start) * float(time / times[-1])
            branches = [f"{self.newick[node]}:{height - self.height[node]:.6g}" for node in pair]
            nodes.append(len(self.newick))
            self.newick.append(f"({','.join(branches)})")
            self.height.append(height)
            self.children.append(pair)
        return nodes[0]

    def evolve(
        self,
        root: int,
        start: npt.NDArray[np.uint8],
        *,
        alphabet: Alphabet,
        indel_share: float,
        rng: np.random.Generator,
    ) -> dict[int, npt.NDArray[np.uint8]]:
        """Return the sequence of every node below and at `root`."""
        codes = {root: start}
        parents = [root]
        while parents:
            pairs = [(parent, child) for parent in parents for child in self.children[parent]]
            copies = mutate(
                sequences_of_rows([codes[parent] for parent, _ in pairs], alphabet),
                [self.height[parent] - self.height[child] for parent, child in pairs],
                rng=rng,
                indel_share=indel_share,
            )
            parents = [child for _, child in pairs]
            codes.update(zip(parents, copies, strict=True))
        return codes
