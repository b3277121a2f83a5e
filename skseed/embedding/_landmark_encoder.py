"""An encoder that reads exact distances to landmarks instead of symbols."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from skseed._constraints import AT_LEAST_ONE
from skseed._sequences import Sequences
from skseed._sklearn import Interval, StrOptions
from skseed.embedding._encoder import Distances, Encoder, Featurizer, check_n_components
from skseed.embedding._encoders import KmerCounts, counter_of_kmers
from skseed.nn import LandmarkNet

_MOST_KMERS = 1024
_SAMPLE = 1000


class LandmarkDistances(Featurizer):
    """The target distances to some landmark sequences, and counts of k-mers, both standardized.

    Parameters
    ----------
    landmarks : Sequences
        The landmarks.
    distances : callable
        Returns the distances between two Sequences.
    kmers : KmerCounts or None
        Counts k-mers; None is without counts.
    sample : Sequences
        Training sequences, of which the features have means of 0. The distances to each landmark have a
        standard deviation of 1. The counts have one common scale, so that rare k-mers do not dominate.
    """

    def __init__(
        self, landmarks: Sequences, distances: Distances, kmers: KmerCounts | None, sample: Sequences
    ) -> None:
        self.landmarks = landmarks
        self.distances = distances
        self.kmers = kmers
        self.shape = (len(landmarks) + (0 if kmers is None else kmers.shape[0]),)
        self.mean = np.zeros(self.shape, dtype=np.float32)
        self.scale = np.ones(len(landmarks), dtype=np.float32)
        self.count_scale = 1.0
        measured, counts = np.split(self(sample).astype(np.float64), [len(landmarks)], axis=1)
        # copies of one sequence do not vary
        scale = np.maximum(measured.std(axis=0), 0.01 * measured.mean())
        self.scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
        if kmers is not None:
            self.count_scale = float(np.sqrt(counts.var(axis=0).mean())) or 1.0
        self.mean = np.concatenate([measured.mean(axis=0), counts.mean(axis=0)]).astype(np.float32)

    def __call__(self, sequences: Sequences) -> npt.NDArray[np.float32]:
        """Return the standardized distances and, as further columns, counts."""
        features = np.empty((len(sequences), *self.shape), dtype=np.float32)
        n_landmarks = len(self.landmarks)
        features[:, :n_landmarks] = self.distances(sequences, self.landmarks)
        if self.kmers is not None:
            features[:, n_landmarks:] = self.kmers(sequences)
        features -= self.mean
        features[:, :n_landmarks] /= self.scale
        features[:, n_landmarks:] /= np.float32(self.count_scale)
        return features


class LandmarkEncoder(Encoder):
    """Exact distances to a sample of training sequences and k-mer counts: the default encoder.

    An insertion shifts all later positions, which a network that reads symbols must learn to ignore. A
    distance to a landmark is invariant to such shifts, so that the network only has to place a point by its
    distances to known points. It learns faster and generalizes further than the other encoders, and it does
    not depend on where sequences start. A linear map of k-mer counts gives the last quarter of the
    components. It distinguishes near relatives, whose distances to all landmarks are nearly the same.

    The cost is `n_landmarks` exact distances for every sequence that is embedded, which grows with the square
    of the length; install the extra ``skseed[fast]``. Where fewer sequences than landmarks are compared,
    exact distances are cheaper. A fitted embedder stores its landmarks, which are training sequences.

    Parameters
    ----------
    n_landmarks : int, default=128
        The number of different training sequences that are landmarks; all of them if there are fewer.
    k : int, "auto" or None, default="auto"
        The length of the k-mers. ``"auto"`` is the largest length with at most 1,024 k-mers: 5 for DNA and
        RNA, 2 for proteins. None uses the distances alone, as do points of fewer than 4 components.
    n_blocks : int, default=3
        The number of residual blocks.
    width : int, default=256
        The length of the vectors between the blocks.

    Notes
    -----
    Landmarks are drawn uniformly from the different training sequences, so that most of them are in dense
    regions. Distances to fixed sequences are an embedding by themselves (Lipschitz embeddings [1]_, landmark
    MDS [2]_). mBed [3]_ places sequences by such distances for the guide trees of Clustal Omega [4]_. Here
    they are the input of a network that learns the geometry.

    References
    ----------
    .. [1] Bourgain (1985). "On Lipschitz embedding of finite metric spaces in Hilbert space." Israel
       Journal of Mathematics 52. :doi:`10.1007/BF02776078`
    .. [2] de Silva, Tenenbaum (2004). "Sparse multidimensional scaling using landmark points."
       Technical report, Stanford University.
    .. [3] Blackshields, Sievers, Shi, Wilm, Higgins (2010). "Sequence embedding for fast construction of
       guide trees for multiple sequence alignment." Algorithms for Molecular Biology 5, 21.
       :doi:`10.1186/1748-7188-5-21`
    .. [4] Sievers et al. (2011). "Fast, scalable generation of high-quality protein multiple sequence
       alignments using Clustal Omega." Molecular Systems Biology 7, 539. :doi:`10.1038/msb.2011.75`

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, LandmarkEncoder
    >>> genes = ["GATTACAGATTACA", "GATTACAGATTAC", "GCTTACAGATTACA", "CCCGGGAAATTTCC", "CCCGGAAATTTCC"]
    >>> embedder = EditDistanceEmbedder(8, encoder=LandmarkEncoder(3), max_epochs=20, random_state=0)
    >>> embedder.fit(genes).transform(genes).shape
    (5, 8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_landmarks": AT_LEAST_ONE,
        "k": [*AT_LEAST_ONE, StrOptions({"auto"}), None],
        "n_blocks": [Interval(Integral, 0, None, closed="left")],
        "width": AT_LEAST_ONE,
    }

    default_lr: ClassVar[float] = 1e-3
    embedders: ClassVar[tuple[str, ...]] = ("EditDistanceEmbedder",)

    def __init__(
        self, n_landmarks: int = 128, *, k: int | str | None = "auto", n_blocks: int = 3, width: int = 256
    ) -> None:
        self.n_landmarks = n_landmarks
        self.k = k
        self.n_blocks = n_blocks
        self.width = width

    def fit_featurizer(
        self, sequences: Sequences, max_length: int, distances: Distances | None, rng: np.random.Generator
    ) -> Featurizer:
        """Draw the landmarks, and compute the mean and the scale of the features.

        Parameters
        ----------
        sequences : Sequences
            The encoded training sequences.
        max_length : int
            Not used.
        distances : callable or None
            Returns the target distances between two Sequences.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        featurizer : Featurizer
            The featurizer.

        Raises
        ------
        ValueError
            If `distances` is None: a matrix as target has no distances of new sequences. If there are more
            than 2**24 k-mers.
        """
        if distances is None:
            raise ValueError(
                "LandmarkEncoder measures distances of new sequences, which a matrix as target does not "
                "contain; pass the function that computed the matrix as target, or choose another encoder."
            )
        end = bytes([sequences.alphabet.padding_code])
        positions = {key + end: index for index, key in enumerate(sequences.keys())}
        # sorted, so that the draw does not depend on the order of X
        different = np.array([positions[key] for key in sorted(positions)])
        landmarks = sequences.take(rng.permutation(different)[: self.n_landmarks])
        sample = sequences.take(rng.permutation(len(sequences))[:_SAMPLE])
        return LandmarkDistances(landmarks, distances, self._kmers(len(sequences.alphabet)), sample)

    def build(self, featurizer: Featurizer, n_components: int | None) -> nn.Module:
        """Return the network.

        Parameters
        ----------
        featurizer : Featurizer
            The description of the input.
        n_components : int
            The dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        assert isinstance(featurizer, LandmarkDistances)
        n_landmarks = len(featurizer.landmarks)
        return LandmarkNet(
            n_landmarks,
            check_n_components(n_components, self),
            n_kmers=featurizer.shape[0] - n_landmarks,
            n_blocks=self.n_blocks,
            width=self.width,
        )

    def _kmers(self, n_symbols: int) -> KmerCounts | None:
        if self.k is None:
            return None
        if isinstance(self.k, str):
            k = 1
            while n_symbols > 1 and n_symbols ** (k + 1) <= _MOST_KMERS:
                k += 1
            return KmerCounts(k, n_symbols)
        return counter_of_kmers(self.k, n_symbols, self)
