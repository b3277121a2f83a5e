"""Parameter constraints that several estimators and functions share."""

from numbers import Integral, Real
from typing import Any

from skseed._sklearn import Interval, StrOptions
from skseed.alphabets import Alphabet

ALPHABET: list[Any] = [StrOptions({"dna", "rna", "protein", "protein-reduced"}), Alphabet]
ALPHABET_OF_DISTANCES: list[Any] = [StrOptions({"auto", "dna", "rna", "protein"}), Alphabet, None]
AT_LEAST_ONE: list[Any] = [Interval(Integral, 1, None, closed="left")]
MAX_DISTANCE: list[Any] = [Interval(Integral, 0, None, closed="left"), Interval(Real, 0, 1, closed="neither")]
TOPOLOGY: list[Any] = [StrOptions({"circular", "linear"})]
VERBOSE: list[Any] = ["verbose"]
