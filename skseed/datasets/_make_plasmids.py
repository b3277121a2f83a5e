"""Circular plasmids assembled from parts by made-up laboratories."""

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from skseed._mutation import Codes, mutate
from skseed._sklearn import Interval, validate_params
from skseed.alphabets import DNA

_PARTS_IN_A_PLASMID = 10
_SHARED_PARTS = 30
_PARTS_OF_A_LAB = 4


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_labs": [Interval(Integral, 1, None, closed="left")],
        "n_publications": [Interval(Integral, 1, None, closed="left")],
        "length": [Interval(Integral, 100, None, closed="left")],
        "signature": [Interval(Real, 0, 0.9, closed="both")],
        "mutation_rate": [Interval(Real, 0, 1, closed="both")],
        "both_strands": ["boolean"],
        "return_X_y": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_plasmids(
    n_samples: int = 200,
    n_labs: int = 10,
    *,
    n_publications: int = 4,
    length: int = 3000,
    signature: float = 0.2,
    mutation_rate: float = 0.005,
    both_strands: bool = False,
    return_X_y: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch | tuple[list[str], npt.NDArray[np.int64]]:
    """Generate circular plasmids that laboratories assembled from shared parts and their own.

    Every plasmid is a ring of ten parts: one made for its publication, some from the small stock of its
    laboratory, the rest from a library that all laboratories use. The plasmids of a publication
    are near copies of one design. A random split is therefore easy for any method, whereas a
    split that keeps publications whole (``groups``) asks what is typical of the laboratory.

    Parameters
    ----------
    n_samples : int, default=200
        The number of plasmids, at least `n_labs` times `n_publications`, among which they are shared
        out evenly.
    n_labs : int, default=10
        The number of laboratories.
    n_publications : int, default=4
        The number of publications of each laboratory.
    length : int, default=3000
        The number of letters, at least 100, rounded down to a multiple of ten; indels change it a little.
    signature : float, default=0.2
        The share of a plasmid that comes from the four parts of its laboratory, between 0 and 0.9,
        rounded to tenths. With 0, nothing tells the laboratory of a new publication.
    mutation_rate : float, default=0.005
        The share of positions at which a plasmid differs from its publication's design, between 0 and
        1; a fifth of the mutations are indels.
    both_strands : bool, default=False
        If True, half of the plasmids are written as their reverse complement.
    return_X_y : bool, default=True
        If True, return ``(X, y)``, else a Bunch that holds the publications as well.
    random_state : int, RandomState instance or None, default=None
        Determines the parts, the designs and the mutations. Pass an int for the same data on every
        call.

    Returns
    -------
    X : list of str of length n_samples
        The plasmids in random order, each starting at a random position of its ring.
    y : ndarray of shape (n_samples,), dtype int64
        The laboratory of each plasmid.
    plasmids : Bunch
        If `return_X_y` is False: `data` and `target` as above, `groups`, the publication of each
        plasmid (numbered through all laboratories), and `ids`, a name for each plasmid.

    See Also
    --------
    load_moclo_kits : Real plasmids, few of them.
    fetch_addgene : Read a local table of many real plasmids.

    Examples
    --------
    >>> from skseed.datasets import make_plasmids
    >>> plasmids = make_plasmids(6, 2, n_publications=2, length=100, return_X_y=False, random_state=0)
    >>> plasmids.target, plasmids.groups
    (array([0, 0, 0, 0, 1, 1]), array([1, 0, 1, 0, 2, 3]))
    >>> plasmids.data[0][:30]
    'GCAGTCCCTCCGCTGATTCCTCACTAGACT'
    """
    n_designs = n_labs * n_publications
    if n_samples < n_designs:
        raise ValueError(
            f"n_samples={n_samples} is smaller than n_labs * n_publications = {n_designs}; each publication "
            "needs a plasmid."
        )
    rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    part_length = length // _PARTS_IN_A_PLASMID
    designs = _make_designs(n_labs, n_publications, part_length, round(signature * _PARTS_IN_A_PLASMID), rng)
    publication = rng.permutation(np.arange(n_samples) % n_designs)
    data = []
    for index in publication:
        (codes,) = mutate([designs[index]], mutation_rate, n_symbols=len(DNA), rng=rng)
        plasmid = DNA.decode(np.roll(codes, rng.integers(len(codes))))
        data.append(DNA.reverse_complement(plasmid) if both_strands and rng.random() < 0.5 else plasmid)
    lab = publication // n_publications
    if return_X_y:
        return data, lab
    ids = [f"p{index:0{len(str(n_samples - 1))}d}" for index in range(n_samples)]
    return Bunch(data=data, target=lab, groups=publication, ids=ids)


def _make_designs(
    n_labs: int, n_publications: int, part_length: int, n_own: int, rng: np.random.Generator
) -> list[Codes]:
    """Return the ring of each publication, those of a laboratory together."""

    def make_parts(n_parts: int) -> Codes:
        return rng.integers(len(DNA), size=(n_parts, part_length), dtype=np.uint8)

    shared = make_parts(_SHARED_PARTS)
    designs = []
    for _ in range(n_labs):
        own = make_parts(_PARTS_OF_A_LAB)
        for _ in range(n_publications):
            # a laboratory of a strong signature repeats its parts, one of a weak one shows a few of them
            chosen = np.resize(rng.permutation(_PARTS_OF_A_LAB), n_own)
            borrowed = rng.choice(_SHARED_PARTS, size=_PARTS_IN_A_PLASMID - 1 - n_own, replace=False)
            ring = np.concatenate([make_parts(1), own[chosen], shared[borrowed]])
            designs.append(rng.permutation(ring).ravel())
    return designs
