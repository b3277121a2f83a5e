"""Compiled kernels that count the bits in which rows differ, for the lower bounds of a search.

The import compiles the kernels, which takes about two seconds.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.extending import intrinsic

# sequences handled at once: their words and sums fit into a first-level cache
_BLOCK = 1024
_WORDS = types.Array(types.uint64, 2, "C", readonly=True)
_LENGTHS = types.Array(types.int64, 1, "C", readonly=True)


@intrinsic
def _n_bits(typingctx: Any, word: Any) -> Any:
    """Return the number of bits that are set in a word, by an instruction that vectorizes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), codegen


@njit(types.void(_WORDS, _LENGTHS, _WORDS, _LENGTHS, types.int64, types.uint16[:, ::1]), nogil=True)
def fill_differences(
    queries: npt.NDArray[np.uint64],
    query_lengths: npt.NDArray[np.int64],
    words: npt.NDArray[np.uint64],
    lengths: npt.NDArray[np.int64],
    largest_gap: int,
    differences: npt.NDArray[np.uint16],
) -> None:
    """Write the number of different bits plus the capped difference of the lengths of all pairs.

    `queries` has the shape (n_queries, n_words), `words` the shape (n_words, n_sequences). The difference of
    the lengths counts as at most `largest_gap`.
    """
    n_queries, n_words = queries.shape
    n_sequences = words.shape[1]
    sums = np.empty(_BLOCK, np.uint64)
    for start in range(0, n_sequences, _BLOCK):
        stop = min(start + _BLOCK, n_sequences)
        # loops over slices are vectorized
        block = lengths[start:stop]
        total = sums[: stop - start]
        for query in range(n_queries):
            length = query_lengths[query]
            for one in range(len(total)):
                total[one] = np.uint64(min(abs(block[one] - length), largest_gap))
            for word in range(n_words):
                row, bits = words[word, start:stop], queries[query, word]
                for one in range(len(total)):
                    total[one] += _n_bits(row[one] ^ bits)
            result = differences[query, start:stop]
            for one in range(len(total)):
                result[one] = total[one]


@njit(
    types.void(
        types.Array(types.uint64, 1, "C", readonly=True),
        _WORDS,
        types.Array(types.int64, 1, "C", readonly=True),
        types.int64[::1],
    ),
    nogil=True,
)
def count_differences(
    query: npt.NDArray[np.uint64],
    words: npt.NDArray[np.uint64],
    chosen: npt.NDArray[np.int64],
    differences: npt.NDArray[np.int64],
) -> None:
    """Write the number of bits in which the chosen rows differ from a query."""
    for place in range(len(chosen)):
        total = np.uint64(0)
        for word in range(len(query)):
            total += _n_bits(words[chosen[place], word] ^ query[word])
        differences[place] = total
