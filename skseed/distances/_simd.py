"""SIMD kernel for exact edit distances: eight alignments per instruction.

The recurrence is Hyyrö's form of Myers's bit-parallel algorithm [1]_ [2]_, in machine words of 64 rows of the
dynamic programming matrix. Each element of a vector belongs to one pattern. All eight patterns are aligned
with the same text, which is read symbol by symbol, so that no gather instruction is needed. One column is
written as LLVM vector code, because the compiler does not vectorize plain loops here.

The import compiles the kernel, which takes about three seconds.

References
----------
.. [1] Myers, G. "A fast bit-vector algorithm for approximate string matching based on dynamic
   programming", Journal of the ACM 46, 395-415 (1999). doi:10.1145/316542.316550
.. [2] Hyyrö, H. "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", Nordic
   Journal of Computing 10, 29-39 (2003).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_WIDTH = 8
_INDEX = ir.IntType(64)
_VECTOR = ir.VectorType(ir.IntType(64), _WIDTH)


def _constant(value: int) -> ir.Constant:
    return ir.Constant(_VECTOR, [value] * _WIDTH)


@intrinsic
def _read_symbol(typingctx: Any, equal: Any, symbol: Any, up: Any, down: Any, n_words: Any) -> Any:
    """Advance all alignments by one symbol of the text, which changes `up` and `down` in place.

    ``equal[symbol]`` has a bit for each row whose pattern holds the symbol; `up` and `down` have a bit for
    each row where the matrix rises or falls by one. All are C-contiguous arrays of words of all patterns.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def vectors(index: int) -> Any:
            array = cgutils.create_struct_proxy(signature.args[index])(context, builder, value=args[index])
            return builder.bitcast(array.data, _VECTOR.as_pointer())

        n_words, entry = args[4], builder.block
        equal, up, down = vectors(0), vectors(2), vectors(3)
        equal = builder.gep(equal, [builder.mul(args[1], n_words)])
        loop, done = builder.append_basic_block("word"), builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        word, rise_in, fall_in = builder.phi(_INDEX), builder.phi(_VECTOR), builder.phi(_VECTOR)
        here = [builder.gep(array, [word]) for array in (equal, up, down)]
        matches, rises, falls = (builder.load(array, align=8) for array in here)
        one, last, every = _constant(1), _constant(63), _constant(-1)
        vertical = builder.or_(matches, falls)
        matches = builder.or_(matches, fall_in)
        carried = builder.add(builder.and_(matches, rises), rises)
        horizontal = builder.or_(builder.xor(carried, rises), matches)
        right_rises = builder.or_(falls, builder.xor(builder.or_(horizontal, rises), every))
        right_falls = builder.and_(rises, horizontal)
        rise_out, fall_out = builder.lshr(right_rises, last), builder.lshr(right_falls, last)
        right_rises = builder.or_(builder.shl(right_rises, one), rise_in)
        right_falls = builder.or_(builder.shl(right_falls, one), fall_in)
        rises = builder.or_(right_falls, builder.xor(builder.or_(vertical, right_rises), every))
        builder.store(rises, here[1], align=8)
        builder.store(builder.and_(right_rises, vertical), here[2], align=8)
        following = builder.add(word, ir.Constant(_INDEX, 1))
        # above the first row the matrix rises by one with every symbol of the text
        starts = [(word, ir.Constant(_INDEX, 0), following), (rise_in, one, rise_out)]
        for node, start, carried in [*starts, (fall_in, _constant(0), fall_out)]:
            node.add_incoming(start, entry)
            node.add_incoming(carried, loop)
        builder.cbranch(builder.icmp_signed("<", following, n_words), loop, done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return types.void(equal, symbol, up, down, n_words), codegen


@njit
def _n_bits(word: Any) -> Any:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


# one signature, of arrays that may be read-only, so that the kernel is compiled once
_CODES = types.Array(types.uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(types.int64, 1, "C", readonly=True)


@njit(
    types.void(_CODES, _OFFSETS, _CODES, _OFFSETS, types.int64, types.boolean, types.int32[:, ::1]),
    nogil=True,
)
def fill_distances(
    patterns: npt.NDArray[np.uint8],
    pattern_offsets: npt.NDArray[np.int64],
    texts: npt.NDArray[np.uint8],
    text_offsets: npt.NDArray[np.int64],
    n_symbols: int,
    symmetric: bool,
    distances: npt.NDArray[np.int32],
) -> None:
    """Write the edit distances of all pairs of two collections of sequences.

    `patterns` and `texts` hold codes below `n_symbols`, with offsets as in ``Sequences``. If `symmetric`, the
    patterns are the first texts, and the distances among them are computed once. `distances` has the shape
    (n_patterns, n_texts).
    """
    n_patterns, n_texts = len(pattern_offsets) - 1, len(text_offsets) - 1
    for first in range(0, n_patterns, _WIDTH):
        n_used = min(_WIDTH, n_patterns - first)
        longest = 1
        for element in range(n_used):
            longest = max(longest, pattern_offsets[first + element + 1] - pattern_offsets[first + element])
        n_words = (longest + 63) // 64
        equal = np.zeros((n_symbols, n_words, _WIDTH), np.uint64)
        inside = np.zeros((n_words, _WIDTH), np.uint64)
        for element in range(n_used):
            start = pattern_offsets[first + element]
            for row in range(pattern_offsets[first + element + 1] - start):
                bit = np.uint64(1) << np.uint64(row & 63)
                equal[patterns[start + row], row >> 6, element] |= bit
                inside[row >> 6, element] |= bit
        up = np.empty((n_words, _WIDTH), np.uint64)
        down = np.empty((n_words, _WIDTH), np.uint64)
        for text in range(first if symmetric else 0, n_texts):
            up[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
            down[:] = np.uint64(0)
            for index in range(text_offsets[text], text_offsets[text + 1]):
                _read_symbol(equal, np.int64(texts[index]), up, down, n_words)
            for element in range(n_used):
                # the last column begins at the length of the text, and rises and falls to the distance
                distance = text_offsets[text + 1] - text_offsets[text]
                for word in range(n_words):
                    distance += _n_bits(up[word, element] & inside[word, element])
                    distance -= _n_bits(down[word, element] & inside[word, element])
                distances[first + element, text] = distance
                if symmetric and text < n_patterns:
                    distances[text, first + element] = distance
