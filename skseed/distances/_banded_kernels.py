"""SIMD kernels for edit distances with a cut-off: each element of a vector aligns another pair.

The recurrence is Hyyrö's form of Myers's bit-parallel algorithm [1]_ [2]_, where the bits of a word are rows
of the dynamic programming matrix. An alignment with at most d edits of sequences whose lengths differ by g
stays on d + 1 diagonals [3]_: (d - g) / 2 on one side of the first and of the last cell, and those between
the two. If all of them fit into a word, the word slides along the diagonals, and a pair leaves the vector for
the next one as soon as it is decided (`narrow_kernel`). Otherwise the words keep their rows, and a column
consists of the words that touch the band (`wide_kernel`). Rows outside the band get values that some
alignment reaches, so that no result is too small.

Symbols are compared by bit planes: plane p holds bit p of all codes. The words of a text and of a pattern are
cut out of the planes by shifts, for any alphabet, and no table is read.

Cells beside the matrix have arbitrary symbols, which is harmless: cells beyond the last row change no cell
above, and row -i starts with the value i, so that row 0 keeps its values even if all symbols before it match.

References
----------
.. [1] Myers, G. "A fast bit-vector algorithm for approximate string matching based on dynamic
   programming", Journal of the ACM 46, 395-415 (1999). doi:10.1145/316542.316550
.. [2] Hyyrö, H. "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", Nordic
   Journal of Computing 10, 29-39 (2003).
.. [3] Ukkonen, E. "Algorithms for approximate string matching", Information and Control 64, 100-118 (1985).
   doi:10.1016/S0019-9958(85)80046-2
"""

from functools import cache
from typing import Any

from skseed.distances._llvm import BYTE, INT, POINTER, WORD, Function, Value, compile_function, vector

# two registers of AVX2, or one of AVX-512
_VECTOR_BITS = 512
_GROUP = 8
# pairs that are aligned at once by the wide kernel
WIDE_WIDTH = 8
_TILE = 64


@cache
def narrow_kernel(word: int, n_planes: int) -> Any:
    """Return the kernel for cut-offs below `word`, which is 16, 32 or 64.

    The parameters are those of `_pair_function`.
    """
    return compile_function(_narrow_function(word, n_planes))


@cache
def wide_kernel(n_planes: int) -> Any:
    """Return the kernel for any cut-off.

    The parameters are those of `_pair_function`, and ``scratch``: `scratch_words` words.
    """
    return compile_function(_wide_function(n_planes))


def scratch_words(n_planes: int, longest: int) -> int:
    """Return how many words the wide kernel uses for patterns of up to `longest` symbols."""
    return (n_planes + 2) * WIDE_WIDTH * (longest // 64 + 1)


def _pair_function(name: str, **more: str) -> Function:
    """Return a function of pairs of sequences.

    ``planes``: the bit planes, each of ``stride`` bytes; the first symbol is bit 0 of the first byte.
    ``offsets``: the bounds of the sequences, in bits. ``shorter``, ``longer`` (int64): the sequences of each
    pair. ``limits`` (int64): the cut-offs. ``edits`` (int32): the result, or the cut-off plus one.
    """
    return Function(
        name,
        planes=POINTER,
        stride=WORD,
        offsets=POINTER,
        shorter=POINTER,
        longer=POINTER,
        limits=POINTER,
        edits=POINTER,
        n_pairs=WORD,
        **more,
    )


def _fetch(f: Function, plane: Value, bit: Value) -> Value:
    """Return the 64 bits of a plane from a position on."""
    place, shift = plane.at(bit >> 3, BYTE), bit & 7
    # two shifts of the upper word, because one by 64 bits has no result
    upper = (place.load(1, align=1) << 1) << (shift ^ 63)
    return place.load(0, align=1) >> shift | upper


def _narrow_function(word: int, n_planes: int) -> Function:
    f = _pair_function("narrow")
    width = _VECTOR_BITS // word
    element = f"i{word}"
    kind = vector(width, element)
    # what each element of the vectors aligns: its pair, or -1, and how far it is
    pairs, texts, patterns, left, scores, bounds = (f.array(width, WORD) for _ in range(6))
    rises, falls, finals, misses = (f.array(width, element) for _ in range(4))
    text_bits, low_bits, high_bits = ([f.array(width, element) for _ in range(n_planes)] for _ in range(3))
    planes = [f.planes.at(f.stride * number, BYTE) for number in range(n_planes)]
    with f.loop(0, width) as lane:
        pairs.store(lane, f.constant(-1))
        for array in (texts, patterns, left, scores, bounds):
            array.store(lane, f.constant(0))
        for array in (rises, falls, finals):
            array.store(lane, f.constant(0, element))
    upcoming, n_active = f.variable(0), f.variable(0)
    with f.repeat() as leave:
        with f.loop(0, width) as lane:
            with f.when(_is_free(pairs.load(lane)) & upcoming.get().compare("slt", f.n_pairs)):
                pair = upcoming.get()
                upcoming.set(pair + 1)
                n_active.set(n_active.get() + 1)
                short, long = f.shorter.load(pair), f.longer.load(pair)
                text, pattern = f.offsets.load(short), f.offsets.load(long)
                n_columns = f.offsets.load(short + 1) - text
                difference = f.offsets.load(long + 1) - pattern - n_columns
                limit = f.limits.load(pair)
                above = (limit - difference).larger(0) >> 1
                pairs.store(lane, pair)
                texts.store(lane, text)
                patterns.store(lane, pattern - above)
                left.store(lane, n_columns)
                scores.store(lane, difference)
                bounds.store(lane, limit)
                rise = (
                    (f.constant(-1) << above).cast("trunc", element) if word < 64 else f.constant(-1) << above
                )
                rises.store(lane, rise)
                falls.store(lane, ~rise)
                final = f.constant(1) << ((above + difference) & (word - 1))
                finals.store(lane, final.cast("trunc", element) if word < 64 else final)
            text, pattern = texts.load(lane), patterns.load(lane)
            # a free element reads the same bits again
            step = f.constant(0) - pairs.load(lane).compare("sge", 0).cast("zext", WORD) & word
            texts.store(lane, text + step)
            patterns.store(lane, pattern + step)
            for number, plane in enumerate(planes):
                low = _fetch(f, plane, pattern)
                if word == 16:
                    high = low >> 16
                else:
                    high = low >> 32 if word == 32 else _fetch(f, plane, pattern + word)
                for arrays, bits in ((text_bits, _fetch(f, plane, text)), (low_bits, low), (high_bits, high)):
                    arrays[number].store(lane, bits.cast("trunc", element) if word < 64 else bits)
        leave(n_active.get().compare("eq", 0))
        _advance_word(f, kind, word, (rises, falls, finals, misses), (text_bits, low_bits, high_bits))
        with f.loop(0, width) as lane:
            pair, rest = pairs.load(lane), left.load(lane)
            read = rest.smaller(word)
            missed = misses.load(lane, element)
            missed = missed if word == 64 else missed.cast("zext", WORD)
            # the bits of the columns that were read; no shift is as wide as the word
            inside = ((f.constant(-2) << (read - 1).larger(0)) ^ -1) & (
                f.constant(0) - read.compare("sgt", 0).cast("zext", WORD)
            )
            score = scores.load(lane) + (missed & inside).n_bits()
            scores.store(lane, score)
            left.store(lane, rest - read)
            limit = bounds.load(lane)
            decided = (rest - read).compare("eq", 0) | score.compare("sgt", limit)
            with f.when(decided & pair.compare("sge", 0)):
                f.edits.store(pair, score.smaller(limit + 1).cast("trunc", INT))
                pairs.store(lane, f.constant(-1))
                n_active.set(n_active.get() - 1)
    return f


def _is_free(pair: Value) -> Value:
    return pair.compare("slt", 0)


def _advance_word(
    f: Function,
    kind: str,
    word: int,
    state: tuple[Value, ...],
    symbols: tuple[list[Value], list[Value], list[Value]],
) -> None:
    """Read as many symbols of all texts as a word has bits, and note where the last diagonal rises."""
    rises, falls, finals, misses = state
    rise, fall, missed = (f.variable(array.load(0, kind)) for array in (rises, falls, falls))
    final = finals.load(0, kind)
    text, low, high = ([f.variable(plane.load(0, kind)) for plane in planes] for planes in symbols)
    with f.loop(0, word // _GROUP):
        now_rise, now_fall = rise.get(), fall.get()
        now_text, now_low, now_high = ([plane.get() for plane in planes] for planes in (text, low, high))
        found = f.constant(0, kind)
        for column in range(_GROUP):
            equal = None
            for symbol, right, left in zip(now_text, now_low, now_high, strict=True):
                window = right >> column | left << (word - column) if column else right
                differs = (symbol & (1 << column)).compare("eq", 0).cast("sext", kind)
                same = window ^ differs
                equal = same if equal is None else equal & same
            assert equal is not None
            diagonal = (((equal & now_rise) + now_rise) ^ now_rise) | equal | now_fall
            right_rise = now_fall | ~(diagonal | now_rise)
            right_fall = diagonal & now_rise
            below = diagonal >> 1
            now_rise = right_fall | ~(below | right_rise)
            now_fall = below & right_rise
            found = found | (diagonal & final).compare("eq", 0).cast("sext", kind) & (1 << column)
        rise.set(now_rise)
        fall.set(now_fall)
        missed.set(missed.get() >> _GROUP | found << (word - _GROUP))
        for number in range(len(text)):
            text[number].set(text[number].get() >> _GROUP)
            low[number].set(low[number].get() >> _GROUP | high[number].get() << (word - _GROUP))
            high[number].set(high[number].get() >> _GROUP)
    for array, variable in ((rises, rise), (falls, fall), (misses, missed)):
        array.store(0, variable.get())


def _wide_function(n_planes: int) -> Function:
    f = _pair_function("wide", scratch=POINTER, end=WORD)
    width, kind = WIDE_WIDTH, vector(WIDE_WIDTH, WORD)
    planes = [f.planes.at(f.stride * number, BYTE) for number in range(n_planes)]
    texts, columns, rows, scores, tops, alive = (f.array(width, WORD) for _ in range(6))
    text_bits = [f.array(width, WORD) for _ in range(n_planes)]
    differs = [f.array(_TILE, kind) for _ in range(n_planes)]
    rise_in, fall_in = f.array(_TILE, kind), f.array(_TILE, kind)
    first = f.variable(0)
    with f.repeat() as leave:
        leave(first.get().compare("sge", f.n_pairs))
        n_used = (f.n_pairs - first.get()).smaller(width)
        n_words, above, below, n_alive = (f.variable(0) for _ in range(4))
        # vectors are filled up with the last pair
        with f.loop(0, width) as lane:
            pair = first.get() + lane.smaller(n_used - 1)
            short, long = f.shorter.load(pair), f.longer.load(pair)
            n_columns = f.offsets.load(short + 1) - f.offsets.load(short)
            n_rows = f.offsets.load(long + 1) - f.offsets.load(long)
            limit, difference = f.limits.load(pair), n_rows - n_columns
            slack = (limit - difference).larger(0) >> 1
            texts.store(lane, f.offsets.load(short))
            columns.store(lane, n_columns)
            rows.store(lane, n_rows)
            tops.store(lane, f.constant(0))
            n_words.set(n_words.get().larger((n_rows + 63) >> 6))
            above.set(above.get().larger(slack))
            below.set(below.get().larger(slack + difference))
            is_used = lane.compare("slt", n_used)
            alive.store(lane, is_used.cast("zext", WORD))
            n_alive.set(n_alive.get() + is_used.cast("zext", WORD))
        size = n_words.get() * width
        rise, fall = f.scratch, f.scratch.at(size)
        patterns = [f.scratch.at(size * (2 + number)) for number in range(n_planes)]
        with f.loop(0, n_words.get()) as number:
            rise.at(number * width).store(0, f.constant(-1, kind))
            fall.at(number * width).store(0, f.constant(0, kind))
            with f.loop(0, width) as lane:
                pair = first.get() + lane.smaller(n_used - 1)
                place = (f.offsets.load(f.longer.load(pair)) + (number << 6)).smaller(f.end)
                for plane, pattern in zip(planes, patterns, strict=True):
                    pattern.store(number * width + lane, _fetch(f, plane, place))
        low, done = f.variable(0), f.variable(0)
        with f.repeat() as stop:
            # lanes without columns end before the first tile
            _end_lanes(
                f, first, (columns, rows, scores, tops, alive), (rise, fall), low, n_words, done, n_alive
            )
            stop(n_alive.get().compare("eq", 0))
            start = done.get()
            # a tile ends where a text ends
            until = f.variable(start + _TILE)
            with f.loop(0, width) as lane:
                n_columns = columns.load(lane)
                with f.when(alive.load(lane).compare("ne", 0)):
                    until.set(until.get().smaller(n_columns))
            n_read = until.get() - start
            lowest = (start - above.get()).larger(0) >> 6
            with f.repeat() as enough:
                enough(low.get().compare("sge", lowest))
                with f.loop(0, width) as lane:
                    place = low.get() * width + lane
                    tops.store(lane, tops.load(lane) + rise.load(place).n_bits() - fall.load(place).n_bits())
                low.set(low.get() + 1)
            with f.loop(0, width) as lane:
                tops.store(lane, tops.load(lane) + n_read)
                place = (texts.load(lane) + start).smaller(f.end)
                for plane, bits in zip(planes, text_bits, strict=True):
                    bits.store(lane, _fetch(f, plane, place))
            symbols = [f.variable(bits.load(0, kind)) for bits in text_bits]
            with f.loop(0, n_read) as column:
                for symbol, array in zip(symbols, differs, strict=True):
                    bit = symbol.get() & 1
                    array.store(column, bit - 1, align=64)
                    symbol.set(symbol.get() >> 1)
                # above the first row the matrix rises by one with every symbol of the text
                rise_in.store(column, f.constant(1, kind), align=64)
                fall_in.store(column, f.constant(0, kind), align=64)
            highest = ((until.get() + below.get() + 63) >> 6).smaller(n_words.get())
            with f.loop(low.get(), highest) as number:
                _advance_tile(
                    f, kind, number * width, n_read, (rise, fall, patterns), (differs, rise_in, fall_in)
                )
            done.set(until.get())
        first.set(first.get() + width)
    return f


def _advance_tile(
    f: Function,
    kind: str,
    place: Value,
    n_read: Value,
    state: tuple[Value, Value, list[Value]],
    columns: tuple[list[Value], Value, Value],
) -> None:
    """Advance one word of rows of all alignments by the columns of a tile."""
    rises, falls, patterns = state
    differs, rise_in, fall_in = columns
    rise = f.variable(rises.at(place).load(0, kind))
    fall = f.variable(falls.at(place).load(0, kind))
    windows = [pattern.at(place).load(0, kind) for pattern in patterns]
    with f.loop(0, n_read) as column:
        equal = None
        for window, array in zip(windows, differs, strict=True):
            same = window ^ array.load(column, kind, align=64)
            equal = same if equal is None else equal & same
        assert equal is not None
        up, down = rise.get(), fall.get()
        rising, falling = rise_in.load(column, kind, align=64), fall_in.load(column, kind, align=64)
        vertical = equal | down
        matches = equal | falling
        diagonal = (((matches & up) + up) ^ up) | matches
        right_rise = down | ~(diagonal | up)
        right_fall = up & diagonal
        rise_in.store(column, right_rise >> 63, align=64)
        fall_in.store(column, right_fall >> 63, align=64)
        right_rise = right_rise << 1 | rising
        right_fall = right_fall << 1 | falling
        rise.set(right_fall | ~(vertical | right_rise))
        fall.set(right_rise & vertical)
    rises.at(place).store(0, rise.get())
    falls.at(place).store(0, fall.get())


def _end_lanes(
    f: Function,
    first: Any,
    lanes: tuple[Value, ...],
    state: tuple[Value, Value],
    low: Any,
    n_words: Any,
    done: Any,
    n_alive: Any,
) -> None:
    """Store the results of the alignments that are finished, or beyond their cut-off for certain."""
    columns, rows, scores, tops, alive = lanes
    rise, fall = state
    with f.loop(0, WIDE_WIDTH) as lane, f.when(alive.load(lane).compare("ne", 0)):
        n_columns, n_rows = columns.load(lane), rows.load(lane)
        # the value on the last diagonal never falls
        row = done.get() + n_rows - n_columns
        scores.store(lane, tops.load(lane))
        last = row >> 6
        with f.loop(low.get(), last) as number:
            place = number * WIDE_WIDTH + lane
            scores.store(lane, scores.load(lane) + rise.load(place).n_bits() - fall.load(place).n_bits())
        with f.when((row & 63).compare("ne", 0)):
            place = last * WIDE_WIDTH + lane
            inside = (f.constant(1) << (row & 63)) - 1
            scores.store(
                lane,
                scores.load(lane)
                + (rise.load(place) & inside).n_bits()
                - (fall.load(place) & inside).n_bits(),
            )
        pair = first.get() + lane
        score, limit = scores.load(lane), f.limits.load(pair)
        is_finished = done.get().compare("sge", n_columns)
        with f.when(is_finished | score.compare("sgt", limit)):
            f.edits.store(pair, score.smaller(limit + 1).cast("trunc", INT))
            alive.store(lane, f.constant(0))
            n_alive.set(n_alive.get() - 1)
