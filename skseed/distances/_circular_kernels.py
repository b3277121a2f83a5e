"""Native code for circular sequences: shared k-mers, and maximal exact matches."""

from functools import cache
from typing import Any

from skseed.distances._llvm import BYTE, INT, POINTER, WORD, Function, compile_function

_HASH_NUMBERS = ("n_codes", "width", "base", "power", "mix")


@cache
def hash_kernel() -> Any:
    """Return the function that hashes all windows of a circular sequence.

    ``codes`` (uint8, ``n_codes``, at least ``width``); ``hashes`` (uint64): for each start, the number with
    the ``width`` digits of the window in ``base``, multiplied by ``mix``. ``power`` is ``base ** width``.
    """
    f = Function("circular_hashes", codes=POINTER, hashes=POINTER, **dict.fromkeys(_HASH_NUMBERS, WORD))
    code, oldest = f.variable(0), f.variable(0)
    with f.loop(0, f.width - 1) as place:
        code.set(code.get() * f.base + f.codes.load(place, BYTE).cast("zext", WORD))
    newest = f.variable(f.width - 1)
    with f.loop(0, f.n_codes) as place:
        symbol = f.codes.load(newest.get(), BYTE).cast("zext", WORD)
        code.set(code.get() * f.base + symbol - oldest.get() * f.power)
        oldest.set(f.codes.load(place, BYTE).cast("zext", WORD))
        f.hashes.store(place, code.get() * f.mix)
        newest.set(newest.get() + 1)
        with f.when(newest.get().compare("eq", f.n_codes)):
            newest.set(f.constant(0))
    return compile_function(f)


@cache
def lost_kernel(block: int) -> Any:
    """Return the function that counts the absent k-mers of sequences in blocks of `block` k-mers.

    ``kmers`` (int32): the k-mers of all sequences, in blocks, of which sequence c has those from ``first[c]``
    to ``first[c + 1]`` (int64). ``absent`` (uint8): bit s tells whether a k-mer is absent from strand s.
    ``chosen`` (int64, ``n_chosen``): the sequences. ``lost`` (int64, two for each block): how many k-mers of
    each of their blocks are absent from the first and from the second strand.
    """
    f = Function(
        "lost", **dict.fromkeys(["kmers", "first", "absent", "chosen", "lost"], POINTER), n_chosen=WORD
    )
    place = f.variable(0)
    with f.loop(0, f.n_chosen) as number:
        sequence = f.chosen.load(number)
        with f.loop(f.first.load(sequence), f.first.load(sequence + 1)) as index:
            kmers = f.kmers.at(index * block, INT)
            # one count in each half of a word
            counts = f.variable(0)
            with f.loop(0, block) as kmer:
                bits = f.absent.load(kmers.load(kmer, INT).cast("zext", WORD), BYTE).cast("zext", WORD)
                counts.set(counts.get() + ((bits | bits << 31) & 0x100000001))
            f.lost.store(place.get(), counts.get() & 0xFFFFFFFF)
            f.lost.store(place.get() + 1, counts.get() >> 32)
            place.set(place.get() + 2)
    return compile_function(f)


@cache
def match_kernel() -> Any:
    """Return the function that finds the maximal exact matches of two circular sequences.

    ``windows`` (uint64, ``n_windows``, ascending) of the strands of the first sequence, ``keys`` (uint64)
    with the symbol before them in the bits of ``low``, ``strands`` (int8) and ``positions`` (int32);
    ``other_keys`` (uint64, ``n_other``, ascending) of the second sequence, and ``starts`` (int64). ``codes``
    (uint8): the strands of the first sequence, each twice, followed by 8 bytes, and ``stride`` bytes behind
    the last one; ``other_codes``: the second sequence twice. ``longest``: the length of the shorter sequence.
    ``matches`` (int64, four for each): length, start in the second sequence, strand and start in the first
    one; at most ``capacity`` are stored. ``n_found`` (one item): the number of matches.
    """
    names = ["windows", "keys", "strands", "positions", "other_keys", "starts", "codes", "other_codes"]
    f = Function(
        "matches",
        **dict.fromkeys([*names, "matches", "n_found"], POINTER),
        **dict.fromkeys(["n_windows", "n_other", "low", "stride", "longest", "capacity"], WORD),
    )
    first, n_found = f.variable(0), f.variable(0)
    with f.loop(0, f.n_other) as number:
        key = f.other_keys.load(number)
        window = key & ~f.low
        with f.repeat() as leave:
            leave(first.get().compare("sge", f.n_windows))
            leave(f.windows.load(first.get()).compare("uge", window))
            first.set(first.get() + 1)
        entry = f.variable(first.get())
        with f.repeat() as leave:
            leave(entry.get().compare("sge", f.n_windows))
            leave(f.windows.load(entry.get()).compare("ne", window))
            # windows after the same symbol continue a match; only the others start one
            with f.when(f.keys.load(entry.get()).compare("ne", key)):
                result = n_found.get()
                with f.when(result.compare("slt", f.capacity)):
                    strand = f.strands.load(entry.get(), BYTE).cast("zext", WORD)
                    there = f.positions.load(entry.get(), INT).cast("zext", WORD)
                    here = f.starts.load(number)
                    one = f.codes.at(strand * f.stride + there, BYTE)
                    other = f.other_codes.at(here, BYTE)
                    length = f.variable(0)
                    with f.repeat() as differ:
                        differ(length.get().compare("sge", f.longest))
                        differences = one.at(length.get(), BYTE).load(0, align=1) ^ other.at(
                            length.get(), BYTE
                        ).load(0, align=1)
                        with f.when(differences.compare("eq", 0)):
                            length.set(length.get() + 8)
                        with f.when(differences.compare("ne", 0)):
                            # the number of zeros below the lowest bit that is set
                            n_equal = ((differences - 1) & ~differences).n_bits() >> 3
                            length.set(length.get() + n_equal)
                        differ(differences.compare("ne", 0))
                    match = f.matches.at(result << 2)
                    match.store(0, length.get().smaller(f.longest))
                    match.store(1, here)
                    match.store(2, strand)
                    match.store(3, there)
                n_found.set(result + 1)
            entry.set(entry.get() + 1)
    f.n_found.store(0, n_found.get())
    return compile_function(f)
