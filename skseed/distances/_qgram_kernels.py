"""Native code for the q-gram filter: counts of q-grams, and the pairs that share enough of them.

The rows of the filter are packed bits, so the number of shared q-grams is the number of bits that two rows
have in common. 1,024 columns take about 12 instructions of 256 bits, while the matrix product of the same
rows takes 64.
"""

from functools import cache
from typing import Any

from skseed.distances._llvm import BYTE, INT, POINTER, WORD, Function, compile_function, vector
from skseed.distances._qgram_filter import WORDS_PER_VECTOR
from skseed.distances._tiles import MEMBERS

_KIND = vector(WORDS_PER_VECTOR, WORD)
MULTIPLIER = 0x9E3779B97F4A7C15
MULTIPLIER_SHIFT = 40


@cache
def pair_kernel(n_vectors: int) -> Any:
    """Return the search for pairs whose packed rows of some vectors have enough bits in common.

    Row r is compared with the columns from ``low[r]`` to ``high[r]``. Rows and columns have ``ids``,
    ``roots``, ``places``, ``terms`` and ``bits`` (all int64; `Members`), and columns have ``limits``. A pair
    passes if the id of the row is smaller, the roots differ, the places differ by at most the limit, and
    twice the number of common bits is at least the sum of both terms. ``first``, ``second``, ``slack``
    (int64, ``capacity``): the row and the column of each pair, and twice the number minus that sum. ``state``
    (int64): the next row and the number of results. The search stops before a row that may have more results
    than there is room for.
    """
    f = Function(
        "pairs",
        **{f"row_{name}": POINTER for name in MEMBERS},
        **{f"column_{name}": POINTER for name in MEMBERS},
        **dict.fromkeys(["low", "high", "limits", "first", "second", "slack", "state"], POINTER),
        n_rows=WORD,
        capacity=WORD,
    )
    row, n_found = f.variable(f.state.load(0)), f.variable(f.state.load(1))
    size = n_vectors * WORDS_PER_VECTOR
    with f.repeat() as leave:
        number = row.get()
        leave(number.compare("sge", f.n_rows))
        low, high = f.low.load(number), f.high.load(number)
        leave((n_found.get() + high - low).compare("sgt", f.capacity))
        own, root = f.row_ids.load(number), f.row_roots.load(number)
        place, term = f.row_places.load(number), f.row_terms.load(number)
        own_bits = f.row_bits.at(number * size)
        vectors = [own_bits.at(index * WORDS_PER_VECTOR).load(0, _KIND) for index in range(n_vectors)]
        with f.loop(low, high) as column, f.when(f.column_roots.load(column).compare("ne", root)):
            other_bits = f.column_bits.at(column * size)
            slack = f.constant(0) - term - f.column_terms.load(column)
            if vectors:
                shared = f.constant(0, _KIND)
                for index, bits in enumerate(vectors):
                    shared = shared + (bits & other_bits.at(index * WORDS_PER_VECTOR).load(0, _KIND)).n_bits()
                slack = slack + (f.call(WORD, f"llvm.vector.reduce.add.v{WORDS_PER_VECTOR}i64", shared) << 1)
            moved = place - f.column_places.load(column)
            moved = moved.larger(f.constant(0) - moved)
            passes = slack.compare("sge", 0) & moved.compare("sle", f.limits.load(column))
            with f.when(passes & own.compare("slt", f.column_ids.load(column))):
                result = n_found.get()
                f.first.store(result, number)
                f.second.store(result, column)
                f.slack.store(result, slack)
                n_found.set(result + 1)
        row.set(number + 1)
    f.state.store(0, row.get())
    f.state.store(1, n_found.get())
    return compile_function(f)


@cache
def count_kernel() -> Any:
    """Return the function that counts q-grams and packs the columns of the filter.

    ``codes`` (uint8) and ``offsets`` (int64) are those of ``n_sequences`` sequences of ``n_symbols`` symbols;
    ``modulus`` is ``n_symbols ** q``. If it exceeds ``n_buckets``, a power of two, q-grams are hashed.
    ``counts`` (int32): the counts of a sequence, ``step`` items behind those of the last one. ``buckets``,
    ``levels`` (int64, ``n_columns``), a multiple of 64: column c tells whether ``counts[buckets[c]]`` reaches
    ``levels[c]``. ``bits`` and ``sums`` (int64): the packed columns, and how many are set.
    """
    names = ["codes", "offsets", "counts", "buckets", "levels", "bits", "sums"]
    f = Function(
        "counts",
        **dict.fromkeys(names, POINTER),
        **dict.fromkeys(["n_sequences", "n_symbols", "q", "modulus", "n_buckets", "step", "n_columns"], WORD),
    )
    is_hashed = f.modulus.compare("sgt", f.n_buckets)
    with f.loop(0, f.n_sequences) as number:
        counts = f.counts.at(number * f.step, INT)
        with f.loop(0, f.n_buckets) as bucket:
            counts.store(bucket, f.constant(0, INT))
        start, stop = f.offsets.load(number), f.offsets.load(number + 1)
        code = f.variable(0)
        with f.loop(start, stop) as place:
            code.set(code.get() * f.n_symbols + f.codes.load(place, BYTE).cast("zext", WORD))
            oldest = place - f.q
            with f.when(oldest.compare("sge", start)):
                code.set(code.get() - f.codes.load(oldest, BYTE).cast("zext", WORD) * f.modulus)
            with f.when(oldest.compare("sge", start - 1)):
                bucket_of = f.variable(code.get())
                with f.when(is_hashed):
                    bucket_of.set((code.get() * MULTIPLIER) >> MULTIPLIER_SHIFT & (f.n_buckets - 1))
                bucket = bucket_of.get()
                counts.store(bucket, counts.load(bucket, INT) + 1)
        n_set = f.variable(0)
        words = f.bits.at(number * (f.n_columns >> 6))
        with f.loop(0, f.n_columns >> 6) as index:
            word = f.variable(0)
            with f.loop(0, 64) as bit:
                column = (index << 6) + bit
                count = counts.load(f.buckets.load(column), INT).cast("zext", WORD)
                reached = count.compare("sge", f.levels.load(column)).cast("zext", WORD)
                word.set(word.get() | reached << bit)
            words.store(index, word.get())
            n_set.set(n_set.get() + word.get().n_bits())
        f.sums.store(number, n_set.get())
    return compile_function(f)
