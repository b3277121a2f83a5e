"""Generate circular plasmids that simulated laboratories assemble from genetic parts."""

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from skseed._mutation import mutate
from skseed._sequences import Codes, sequences_of_rows
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
    """Generate circular plasmids assembled from shared genetic parts and parts of one laboratory.

    Every plasmid is a ring of ten genetic parts. One part is specific to its publication, some are
    specific to its laboratory, and the rest come from a library that all laboratories share. The plasmids
    of a publication are near copies of one design, so any method has a high score on a random split. A
    split that keeps publications whole (``groups``) tests whether a method recognizes the laboratory.

    Parameters
    ----------
    n_samples : int, default=200
        The number of plasmids, at least `n_labs` times `n_publications`. The numbers of plasmids of two
        publications differ by at most one.
    n_labs : int, default=10
        The number of laboratories.
    n_publications : int, default=4
        The number of publications of each laboratory.
    length : int, default=3000
        The number of letters before mutation, at least 100, rounded down to a multiple of ten.
    signature : float, default=0.2
        The fraction of a plasmid that comes from the four genetic parts of its laboratory, between 0 and
        0.9, rounded to tenths. With 0, the laboratory of a new publication cannot be predicted.
    mutation_rate : float, default=0.005
        The fraction of positions at which a plasmid differs from the design of its publication, between
        0 and 1; a fifth of the mutations are indels.
    both_strands : bool, default=False
        If True, half of the plasmids are replaced by their reverse complement.
    return_X_y : bool, default=True
        If True, return ``(X, y)``, else a Bunch that also holds the publications.
    random_state : int, RandomState instance or None, default=None
        Determines the genetic parts, the designs and the mutations. Pass an int for the same data on
        every call.

    Returns
    -------
    X : list of str of length n_samples
        The plasmids in random order, each from a random start position.
    y : ndarray of shape (n_samples,), dtype int64
        The laboratory of each plasmid.
    plasmids : Bunch
        If `return_X_y` is False. It holds `data` and `target` as above; `target_names`, a name for each
        laboratory; `groups`, the publication of each plasmid, numbered across laboratories; and `ids`, a
        name for each plasmid.

    See Also
    --------
    load_moclo_kits : Load 362 real plasmids.
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
            f"n_samples={n_samples} is smaller than n_labs * n_publications = {n_designs}, but each "
            "publication needs a plasmid; raise n_samples."
        )
    rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    part_length = length // _PARTS_IN_A_PLASMID
    designs = _make_designs(n_labs, n_publications, part_length, round(signature * _PARTS_IN_A_PLASMID), rng)
    publication = rng.permutation(np.arange(n_samples) % n_designs)
    data = []
    for index in publication:
        (codes,) = mutate(sequences_of_rows([designs[index]], DNA), mutation_rate, rng=rng)
        plasmid = DNA.decode(np.roll(codes, rng.integers(len(codes))))
        data.append(DNA.reverse_complement(plasmid) if both_strands and rng.random() < 0.5 else plasmid)
    lab = publication // n_publications
    if return_X_y:
        return data, lab
    ids = [f"p{index:0{len(str(n_samples - 1))}d}" for index in range(n_samples)]
    return Bunch(
        data=data,
        target=lab,
        target_names=[f"lab{index}" for index in range(n_labs)],
        groups=publication,
        ids=ids,
    )


def _make_designs(
    n_labs: int, n_publications: int, part_length: int, n_own: int, rng: np.random.Generator
) -> list[Codes]:
    """Return the design of each publication, ordered by laboratory."""

    def make_parts(n_parts: int) -> Codes:
        return rng.integers(len(DNA), size=(n_parts, part_length), dtype=np.uint8)

    shared = make_parts(_SHARED_PARTS)
    designs = []
    for _ in range(n_labs):
        own = make_parts(_PARTS_OF_A_LAB)
        for _ in range(n_publications):
            # with a strong signature the four parts are repeated, with a weak one only some are used
            chosen = np.resize(rng.permutation(_PARTS_OF_A_LAB), n_own)
            borrowed = rng.choice(_SHARED_PARTS, size=_PARTS_IN_A_PLASMID - 1 - n_own, replace=False)
            ring = np.concatenate([make_parts(1), own[chosen], shared[borrowed]])
            designs.append(rng.permutation(ring).ravel())
    return designs
