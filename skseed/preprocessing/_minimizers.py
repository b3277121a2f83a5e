"""Select k-mers of many sequences with a sampling scheme.

Sequences are encoded in buffers of bounded size, so that each step is a few numpy calls on arrays that fit
into the cache. Short sequences share a buffer; a long sequence is split into overlapping segments.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._sequences import offsets_of, raise_foreign
from skseed.alphabets import FOREIGN, Alphabet
from skseed.preprocessing._minimizer_orders import KmerText
from skseed.preprocessing._minimizer_schemes import Scheme, Windows

Integers = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Buffer:
    """Symbol codes of segments of sequences, end to end.

    A segment is a sequence or a slice of a long one. Segment i begins at ``start[i]`` in `codes` and at
    position ``offset[i]`` of sequence ``sequence[i]``. Only its first ``n_windows[i]`` windows count, because
    the next ones reach into segment i + 1. A buffer that continues a long sequence begins with its segment.
    """

    codes: Symbols
    sequence: Integers
    offset: Integers
    start: Integers
    n_windows: Integers


@dataclass(frozen=True)
class Selection:
    """The selected k-mers of one buffer: their sequences, their positions in them and their codes."""

    sequence: Integers
    position: Integers
    code: Integers


def iter_buffers(
    strings: npt.NDArray[np.object_], *, alphabet: Alphabet, k: int, window: int, size: int
) -> Iterator[Buffer]:
    """Yield the sequences in buffers of about `size` symbols; sequences shorter than `k` are skipped.

    A sequence of fewer than `window` k-mers is filled up with wildcards to one window. Raises a ValueError
    that names index and position if a letter does not belong to the alphabet.
    """
    span = k + window - 1
    size = max(size, span)
    texts: list[str] = []
    table: list[tuple[int, int, int]] = []
    used = 0
    for index, sequence in enumerate(strings):
        if len(sequence) < k:
            codes = alphabet.codes_of(sequence)
            if codes.max(initial=0) == FOREIGN:
                raise_foreign(strings, index, int(np.argmax(codes == FOREIGN)), alphabet, "X")
            continue
        n_windows = max(1, len(sequence) - span + 1)
        first = 0
        while first < n_windows:
            if used and (first or used + span > size):
                yield _encode_buffer(texts, table, strings, alphabet)
                texts, table, used = [], [], 0
            count = min(n_windows - first, size - used - span + 1)
            texts.append(sequence[first : first + count + span - 1].ljust(span, alphabet.wildcard))
            table.append((index, first, count))
            used += len(texts[-1])
            first += count
    if texts:
        yield _encode_buffer(texts, table, strings, alphabet)


def _encode_buffer(
    texts: list[str], table: list[tuple[int, int, int]], strings: npt.NDArray[np.object_], alphabet: Alphabet
) -> Buffer:
    sequence, offset, n_windows = np.array(table, dtype=np.int64).T
    start = offsets_of(np.array([len(text) for text in texts]))[:-1]
    codes = alphabet.codes_of("".join(texts))
    if codes.max() == FOREIGN:
        place = int(np.argmax(codes == FOREIGN))
        segment = int(np.searchsorted(start, place, side="right")) - 1
        position = place - int(start[segment]) + int(offset[segment])
        raise_foreign(strings, int(sequence[segment]), position, alphabet, "X")
    return Buffer(codes, sequence, offset, start, n_windows)


def select_minimizers(
    strings: npt.NDArray[np.object_],
    *,
    alphabet: Alphabet,
    k: int,
    window: int,
    scheme: Scheme,
    canonical: bool,
    size: int,
) -> Iterator[Selection]:
    """Yield the selected positions of the sequences, buffer by buffer, each position once.

    Parameters
    ----------
    strings : ndarray of shape (n_sequences,), dtype object
        The sequences.
    alphabet : Alphabet
        The alphabet of the sequences.
    k : int
        Symbols in a k-mer.
    window : int
        K-mers in a window.
    scheme : callable
        Returns the positions that it selects in a buffer, ascending.
    canonical : bool
        Whether a k-mer and its reverse complement are equal.
    size : int
        Symbols in a buffer.

    Yields
    ------
    selection : Selection
        Sequences and positions ascend within a buffer. A k-mer with a wildcard is not selected.
    """
    # the positions that the last sequence of the previous buffer has already selected there
    previous, previous_sequence = np.zeros(0, dtype=np.int64), -1
    for buffer in iter_buffers(strings, alphabet=alphabet, k=k, window=window, size=size):
        text = KmerText(buffer.codes, n_symbols=len(alphabet), canonical=canonical)
        codes, valid, _ = text.codes(k)
        continues = buffer.offset[0] > 0 and buffer.sequence[0] == previous_sequence
        if not continues:
            previous = previous[:0]
        picks = scheme(text, _windows(buffer, strings, k, window, previous))
        if valid is not None:
            picks = picks[valid[picks]]

        segment = np.searchsorted(buffer.start, picks, side="right") - 1
        position = picks - buffer.start[segment] + buffer.offset[segment]
        sequence = buffer.sequence[segment]
        new = np.ones(len(picks), dtype=bool)
        if len(previous):
            head = np.searchsorted(picks, previous.max() - buffer.offset[0] + buffer.start[0], side="right")
            new[:head] = ~np.isin(position[:head], previous)
        yield Selection(sequence[new], position[new], codes[picks[new]])
        previous_sequence = int(buffer.sequence[-1])
        own = position[sequence == previous_sequence]
        if len(own) or not continues or len(buffer.start) > 1:
            previous = own[own > own[-1] - k - window] if len(own) else own


def _windows(
    buffer: Buffer, strings: npt.NDArray[np.object_], k: int, window: int, previous: Integers
) -> Windows:
    total = int(buffer.n_windows.sum())
    first = np.cumsum(buffer.n_windows) - buffer.n_windows
    n_kmers = np.full(len(buffer.start), window)
    for segment in np.flatnonzero(buffer.n_windows == 1):
        n_kmers[segment] = min(window, len(strings[buffer.sequence[segment]]) - k + 1)
    return Windows(
        starts=np.arange(total) + np.repeat(buffer.start - first, buffer.n_windows),
        first=first,
        segment_starts=buffer.start,
        segment_offsets=buffer.offset,
        n_kmers=n_kmers,
        carried=int(previous[-1] - buffer.offset[0]) if len(previous) else -1,
    )
