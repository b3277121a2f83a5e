"""Generate sequencing reads of a genome with their positions."""

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from skseed._mutation import mutate
from skseed._sequences import sequences_of_rows
from skseed._sklearn import Interval, validate_params
from skseed.alphabets import DNA

_READS_AT_A_TIME = 4096


@validate_params(
    {
        "genome": [str],
        "depth": [Interval(Real, 0, None, closed="neither")],
        "n_reads": [Interval(Integral, 1, None, closed="left"), None],
        "read_length": [Interval(Integral, 1, None, closed="left")],
        "error_rate": [Interval(Real, 0, 1, closed="both")],
        "both_strands": ["boolean"],
        "return_X_y": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_reads(
    genome: str,
    *,
    depth: float = 20.0,
    n_reads: int | None = None,
    read_length: int = 150,
    error_rate: float = 0.01,
    both_strands: bool = False,
    return_X_y: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch | tuple[list[str], npt.NDArray[np.int64]]:
    """Generate sequencing reads of a linear genome, with errors, and their positions.

    Reads start at uniformly random positions, and every letter is equally likely to be wrong. This
    suffices to test whether a method recovers the order of reads. The reads do not model a sequencing
    machine, whose errors and coverage depend on the sequence.

    Parameters
    ----------
    genome : str
        The DNA sequence; ambiguity codes become ``N`` and lower case becomes upper case.
    depth : float, default=20.0
        The mean number of reads that cover a position, above 0; ignored if `n_reads` is given.
    n_reads : int or None, default=None
        The number of reads; None computes it from `depth`.
    read_length : int, default=150
        The number of letters of a read, at most the length of the genome. A read with deletions is
        shorter if it reaches an end of the genome.
    error_rate : float, default=0.01
        The probability that a letter is wrong, between 0 and 1; a fifth of the errors are indels.
    both_strands : bool, default=False
        If True, half of the reads are reverse complements.
    return_X_y : bool, default=True
        If True, return ``(X, y)``, else a Bunch that also holds the strands.
    random_state : int, RandomState instance or None, default=None
        Determines positions, strands and errors. Pass an int for the same reads on every call.

    Returns
    -------
    X : list of str of length n_reads
        The reads.
    y : ndarray of shape (n_reads,), dtype int64
        The position in the genome, from 0, of the leftmost letter that each read was copied from.
    reads : Bunch
        If `return_X_y` is False. It holds `data` and `target` as above; `target_names`, which is empty;
        `ids`, a name for each read; and `strand`, 1 or -1 for each read.

    Raises
    ------
    ValueError
        If the genome is shorter than a read or has a letter that is no nucleotide.

    See Also
    --------
    load_sars_cov_2 : Load a genome.

    Examples
    --------
    >>> from skseed.datasets import make_reads
    >>> reads, positions = make_reads("GATTACAGATTTACA", n_reads=3, read_length=5, random_state=0)
    >>> reads, positions
    (['ACAGA', 'ACAGA', 'ATTAC'], array([4, 4, 1]))
    """
    if len(genome) < read_length:
        raise ValueError(
            f"The genome has {len(genome)} letters, but at least read_length={read_length} are required; "
            "lower read_length."
        )
    rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    n_reads = n_reads or max(1, round(depth * len(genome) / read_length))
    position = rng.integers(len(genome) - read_length + 1, size=n_reads)
    strand = rng.choice([1, -1], size=n_reads) if both_strands else np.ones(n_reads, dtype=np.int64)
    forward = DNA.encode(genome)
    backward = DNA.encode(DNA.reverse_complement(genome))
    # deletions shorten a read, so more letters are copied than needed; on average at most a tenth of
    # them is deleted
    reach = read_length + read_length // 4 + 8
    data = []
    for first in range(0, n_reads, _READS_AT_A_TIME):
        batch = slice(first, first + _READS_AT_A_TIME)
        templates = [
            forward[start : start + reach]
            if side == 1
            else backward[len(genome) - start - read_length :][:reach]
            for start, side in zip(position[batch], strand[batch], strict=True)
        ]
        copies = mutate(sequences_of_rows(templates, DNA), error_rate, rng=rng)
        data += [DNA.decode(codes[:read_length]) for codes in copies]
    if return_X_y:
        return data, position
    ids = [f"r{index:0{len(str(n_reads - 1))}d}" for index in range(n_reads)]
    return Bunch(data=data, target=position, target_names=[], ids=ids, strand=strand)
