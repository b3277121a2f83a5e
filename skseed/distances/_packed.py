"""Bit planes of sequences, and the exact distances of pairs by the SIMD kernels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._sequences import Sequences

# the kernels read whole words before and behind the sequences
_PADDING = 64
_WORDS = (16, 32, 64)
# half a second of work, after which Ctrl-C ends it; the time is that of a symbol and a word of a band
_SECONDS_AT_ONCE, _SECONDS_PER_WORD = 0.5, 1e-9


@dataclass(frozen=True)
class PackedSequences:
    """The bits of the symbol codes of sequences: plane p holds bit p of all codes.

    Parameters
    ----------
    planes : ndarray of shape (n_planes, n_bytes), dtype uint8
        The planes; the first symbol is the lowest bit of the byte `_PADDING`.
    offsets : ndarray of shape (n_sequences + 1,), dtype int64
        The bounds of the sequences, in bits of a plane.
    """

    planes: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Sequences) -> "PackedSequences":
        """Pack sequences of at most 256 different symbols."""
        codes = sequences.codes
        n_planes = max(1, int(codes.max(initial=0)).bit_length())
        planes = np.zeros((n_planes, -(-len(codes) // 8) + 2 * _PADDING), dtype=np.uint8)
        for number, plane in enumerate(planes):
            bits = np.packbits(codes & np.uint8(1 << number), bitorder="little")
            plane[_PADDING : _PADDING + len(bits)] = bits
        return cls(planes, sequences.offsets + 8 * _PADDING)

    def slice(self, start: int, stop: int) -> "PackedSequences":
        """Return consecutive sequences, as views."""
        offsets = self.offsets[start : stop + 1]
        first, last = int(offsets[0]) // 8 - _PADDING, int(offsets[-1]) // 8 + 1 + _PADDING
        return PackedSequences(self.planes[:, first:last], offsets - 8 * first)

    def joined(self, other: "PackedSequences") -> "PackedSequences":
        """Return these sequences followed by others."""
        n_planes = max(len(self.planes), len(other.planes))
        planes = np.concatenate(
            [np.pad(part.planes, ((0, n_planes - len(part.planes)), (0, 0))) for part in (self, other)],
            axis=1,
        )
        bounds = [self.offsets, other.offsets + 8 * self.planes.shape[1]]
        # a gap is a sequence of its own
        return PackedSequences(planes, np.concatenate(bounds))

    def edits(
        self, shorter: npt.NDArray[np.integer], longer: npt.NDArray[np.integer], limits: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int32]:
        """Return the distance of each pair, or its limit plus one if the distance exceeds the limit.

        `shorter` must not be longer than `longer`.
        """
        edits = np.empty(len(shorter), dtype=np.int32)
        short, long = shorter.astype(np.int64, copy=False), longer.astype(np.int64, copy=False)
        # only of these sequences, because a search calls this for a few pairs of a million sequences
        shorter_length = self.offsets[short + 1] - self.offsets[short]
        longer_length = self.offsets[long + 1] - self.offsets[long]
        limits = np.minimum(limits, longer_length)
        word = np.searchsorted(_WORDS, limits, side="right")
        beyond = longer_length - shorter_length > limits
        edits[beyond] = limits[beyond] + 1
        word[beyond] = -1
        for number in range(len(_WORDS) + 1):
            members = np.flatnonzero(word == number)
            if not len(members):
                continue
            if number == len(_WORDS):
                # the pairs of a vector should have similar lengths
                members = members[np.lexsort((shorter_length[members], limits[members]))]
            words = np.maximum(2.0, limits[members] / 64 + 1.6)
            seconds = np.cumsum(_SECONDS_PER_WORD * words * longer_length[members])
            slices = np.searchsorted(seconds, np.arange(_SECONDS_AT_ONCE, seconds[-1], _SECONDS_AT_ONCE))
            for now in np.split(members, slices):
                edits[now] = self._call(number, short[now], long[now], limits[now])
        return edits

    def _call(
        self,
        number: int,
        shorter: npt.NDArray[np.int64],
        longer: npt.NDArray[np.int64],
        limits: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int32]:
        from skseed.distances._banded_kernels import narrow_kernel, scratch_words, wide_kernel

        edits = np.empty(len(shorter), dtype=np.int32)
        n_planes = len(self.planes)
        arrays = self.offsets, shorter, longer, limits, edits
        addresses = [array.ctypes.data for array in arrays]
        # a slice of planes has gaps between them
        stride = self.planes.strides[0]
        if number < len(_WORDS):
            narrow_kernel(_WORDS[number], n_planes)(self.planes.ctypes.data, stride, *addresses, len(shorter))
            return edits
        longest = int((self.offsets[longer + 1] - self.offsets[longer]).max())
        scratch = np.empty(scratch_words(n_planes, longest), dtype=np.int64)
        wide_kernel(n_planes)(
            self.planes.ctypes.data,
            stride,
            *addresses,
            len(shorter),
            scratch.ctypes.data,
            int(self.offsets[-1]),
        )
        return edits
