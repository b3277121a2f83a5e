"""Native code that finds the windows of sequences that equal a pigeonhole seed."""

from functools import cache
from typing import Any

from skseed.distances._llvm import BYTE, POINTER, WORD, Function, Value, compile_function


@cache
def hash_kernel() -> Any:
    """Return the function that hashes windows at given places.

    ``codes`` (uint8); ``places`` (int64, ``n_places``) are the starts of windows of ``width`` symbols.
    ``hashes`` (uint64): the number with these digits in ``base``, multiplied by ``mix``. Bit ``hash >>
    shift`` of ``table`` (uint8) is set.
    """
    f = Function(
        "hashes",
        **dict.fromkeys(["codes", "places", "hashes", "table"], POINTER),
        **dict.fromkeys(["n_places", "width", "base", "mix", "shift"], WORD),
    )
    with f.loop(0, f.n_places) as number:
        start, code = f.places.load(number), f.variable(0)
        with f.loop(start, start + f.width) as place:
            code.set(code.get() * f.base + f.codes.load(place, BYTE).cast("zext", WORD))
        value = code.get() * f.mix
        f.hashes.store(number, value)
        byte, bit = _place_in_table(f, value)
        f.table.store(byte, f.table.load(byte, BYTE) | bit)
    return compile_function(f)


@cache
def window_kernel() -> Any:
    """Return the function that finds windows whose bit in a table is set.

    ``codes`` (uint8, ``n_codes``, at least ``width``), ``table``, ``width``, ``base``, ``mix`` and ``shift``
    as in `hash_kernel`; ``power`` is ``base ** width``. ``places`` and ``hashes`` (uint64): the windows
    found, of which ``n_found`` (one item) are stored.
    """
    f = Function(
        "windows",
        **dict.fromkeys(["codes", "table", "places", "hashes", "n_found"], POINTER),
        **dict.fromkeys(["n_codes", "width", "base", "power", "mix", "shift"], WORD),
    )
    code, n_found = f.variable(0), f.variable(0)
    with f.loop(0, f.width - 1) as place:
        code.set(code.get() * f.base + f.codes.load(place, BYTE).cast("zext", WORD))
    # the symbol before the window; none is before the first one
    oldest = f.variable(0)
    with f.loop(0, f.n_codes - f.width + 1) as place:
        newest = f.codes.load(place + f.width - 1, BYTE).cast("zext", WORD)
        code.set(code.get() * f.base + newest - oldest.get() * f.power)
        oldest.set(f.codes.load(place, BYTE).cast("zext", WORD))
        value = code.get() * f.mix
        byte, bit = _place_in_table(f, value)
        with f.when((f.table.load(byte, BYTE) & bit).compare("ne", 0)):
            result = n_found.get()
            f.places.store(result, place)
            f.hashes.store(result, value)
            n_found.set(result + 1)
    f.n_found.store(0, n_found.get())
    return compile_function(f)


def _place_in_table(f: Function, value: Value) -> tuple[Value, Value]:
    """Return the byte and the bit of a hash."""
    place = value >> f.shift
    return place >> 3, (f.constant(1) << (place & 7)).cast("trunc", BYTE)
