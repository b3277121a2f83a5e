"""An encoder that places sequences by their exact distances to landmarks."""

from numbers import Integral
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt
import torch

from skseed._sequences import Sequences
from skseed._sklearn import Interval
from skseed._training import one_torch_thread
from skseed.embedding._encoder import Distances, Encoder, Featurizer, check_n_components
from skseed.embedding._points import calibrate
from skseed.nn import FIXED_EXPONENTS, AllPairsLoss, LandmarkNet, PairBatches, SiameseNet

# the exponents that the points of the landmarks are started with; the best one is kept
_EXPONENTS = (1.02, 1.2, 1.35, 1.5, 1.65, 1.8, 1.92)
_SMALL_BATCH = 32
# the root mean squared distance of the points at the start, to which the learning rate is relative
_TYPICAL_DISTANCE = 0.5
# points use this number of components even if it is more than half of the landmarks
_FEW_COMPONENTS = 8


class LandmarkDistances(Featurizer):
    """The target distances to some landmark sequences.

    Parameters
    ----------
    landmarks : Sequences
        The landmarks.
    distances : callable
        Returns the distances between two Sequences.
    """

    def __init__(self, landmarks: Sequences, distances: Distances) -> None:
        self.landmarks = landmarks
        self.distances = distances
        self.shape = (len(landmarks),)

    def __call__(self, sequences: Sequences) -> npt.NDArray[np.float32]:
        """Return the distances, shape (n_sequences, n_landmarks)."""
        return self.distances(sequences, self.landmarks)

    def check_placement(self, encoder: LandmarkNet, lr: float) -> None:
        """Raise a FloatingPointError if the trained points of the landmarks cannot place a sequence.

        A learning rate that is too high may end with finite weights, but with a scale of 0.
        """
        distances = torch.from_numpy(self(self.landmarks.slice(0, 1))).to(encoder.points.device)
        with one_torch_thread(), torch.inference_mode():
            points = encoder.eval()(distances)
        if not torch.isfinite(points).all():
            raise FloatingPointError(
                f"The points of sequences became infinite or NaN in training; lower lr (now {lr})."
            )


class LandmarkEncoder(Encoder):
    """Multilateration from exact distances to training sequences: the default encoder, with the lowest error.

    Some training sequences are landmarks. Training finds points of the landmarks whose distances are close to
    the exact distances between them. Another sequence is placed by its exact distances to the landmarks: its
    point minimizes the weighted squared errors of these distances. There is no network whose weights must
    generalize, so that training takes seconds, and unseen sequences have smaller errors than with any other
    encoder. It does not matter where sequences start.

    The cost is `n_landmarks` exact distances for every sequence that is embedded, which grows with the square
    of the length. Where fewer sequences than landmarks are compared, exact distances are cheaper. A fitted
    embedder stores its landmarks, which are training sequences.

    Parameters
    ----------
    n_landmarks : int, default=320
        The number of different training sequences that are landmarks, at least 2; all of them if there are
        fewer. Errors fall slowly with their number, and the cost rises in proportion.

    Notes
    -----
    The distance must be ``"power"``, ``"euclidean"`` or ``"squared"``. Training starts at classical scaling
    [1]_, for ``"power"`` with the best of seven exponents. The weights of the squared errors and the start of
    the placement, which is landmark MDS [1]_, are those of :class:`~skseed.nn.LandmarkNet`. The stress and
    the learned exponent are departures from [1]_. mBed [2]_ uses the distances to landmarks themselves as
    coordinates, for the guide trees of Clustal Omega [3]_.

    Points use at most half as many components as there are landmarks, or 8 if that is more; the others are 0.
    With more components, the distances to the landmarks would not determine the point of a new sequence.

    `synthetic` and `mutation_rate` have no effect, because only the landmarks are trained on. Landmarks are
    drawn uniformly from the different training sequences.

    References
    ----------
    .. [1] de Silva, Tenenbaum (2004). "Sparse multidimensional scaling using landmark points."
       Technical report, Stanford University.
    .. [2] Blackshields, Sievers, Shi, Wilm, Higgins (2010). "Sequence embedding for fast construction of
       guide trees for multiple sequence alignment." Algorithms for Molecular Biology 5, 21.
       :doi:`10.1186/1748-7188-5-21`
    .. [3] Sievers et al. (2011). "Fast, scalable generation of high-quality protein multiple sequence
       alignments using Clustal Omega." Molecular Systems Biology 7, 539. :doi:`10.1038/msb.2011.75`

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, LandmarkEncoder
    >>> genes = ["GATTACAGATTACA", "GATTACAGATTAC", "GCTTACAGATTACA", "CCCGGGAAATTTCC", "CCCGGAAATTTCC"]
    >>> embedder = EditDistanceEmbedder(8, encoder=LandmarkEncoder(4), random_state=0)
    >>> embedder.fit(genes).transform(genes).shape
    (5, 8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_landmarks": [Interval(Integral, 2, None, closed="left")],
    }

    embedders: ClassVar[tuple[str, ...]] = ("EditDistanceEmbedder",)

    def __init__(self, n_landmarks: int = 320) -> None:
        self.n_landmarks = n_landmarks

    def fit_featurizer(
        self, sequences: Sequences, max_length: int, distances: Distances | None, rng: np.random.Generator
    ) -> LandmarkDistances:
        """Draw the landmarks.

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
            If `distances` is None: a matrix as target has no distances of new sequences.
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
        drawn = rng.permutation(different)[: self.n_landmarks]
        # copies of one sequence have two equal landmarks, since training needs a pair
        return LandmarkDistances(sequences.take(drawn if len(drawn) > 1 else np.arange(2)), distances)

    def build(self, featurizer: Featurizer, n_components: int | None) -> LandmarkNet:
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
        return LandmarkNet(featurizer.shape[0], check_n_components(n_components, self))

    def check_distance(self, distance: str) -> None:
        """Raise a ValueError unless a distance is a power of the Euclidean distance.

        Parameters
        ----------
        distance : str
            The name of the distance.
        """
        if distance not in ("power", *FIXED_EXPONENTS):
            raise ValueError(
                f"LandmarkEncoder places sequences in Euclidean space, so that distance must be 'power', "
                f"'euclidean' or 'squared'; got {distance!r}. Choose one of these, or another encoder."
            )


def start_landmarks(
    module: SiameseNet,
    criterion: AllPairsLoss,
    distances: npt.NDArray[np.float32],
    batch_size: int,
    *,
    seed: int,
) -> tuple[int, PairBatches]:
    """Set the points of the landmarks by classical scaling; return their dimension and the training batches.

    `distances` are those of the landmarks to one another. A batch holds the numbers of landmarks. An epoch
    has at least two batches, unless they would be too small. Few landmarks use few components.
    """
    encoder, geometry = cast(LandmarkNet, module.encoder), module.distance
    n_landmarks, n_components = encoder.points.shape
    # components that are 0 at the start stay 0, because their gradient is 0
    n_used = min(n_components, max(_FEW_COMPONENTS, n_landmarks // 2))
    numbers = torch.arange(n_landmarks)
    exponents = _EXPONENTS if geometry.bend is not None else (geometry.power_law()[0].item(),)
    losses, states = [], []
    # the bits of the points do not depend on the number of threads
    with one_torch_thread(), torch.no_grad():
        target = torch.from_numpy(distances)
        for exponent in exponents:
            if geometry.bend is not None:
                geometry.set_exponent(exponent)
            points = classical_scaling(target.double() ** (2 / exponent), n_used)
            points *= _TYPICAL_DISTANCE / (2 * points.square().sum(1).mean()).sqrt().clamp_min(1e-12)
            encoder.points.copy_(torch.nn.functional.pad(points, (0, n_components - points.shape[1])))
            calibrate(module, numbers.numpy(), distances)
            losses.append(float(criterion(module(numbers), target)))
            states.append({name: values.clone() for name, values in module.state_dict().items()})
    module.load_state_dict(states[int(np.argmin(losses))])
    return n_components, PairBatches(
        n_landmarks,
        lambda indices, rng: (indices, distances[np.ix_(indices, indices)]),
        batch_size=min(batch_size, max(_SMALL_BATCH, n_landmarks // 2)),
        seed=seed,
    )


def classical_scaling(squares: torch.Tensor, n_components: int) -> torch.Tensor:
    """Return the points whose squared Euclidean distances are closest to some numbers (Torgerson 1952).

    There are at most as many components as points, and those without a positive eigenvalue are 0.
    """
    products = -0.5 * (squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean())
    values, vectors = torch.linalg.eigh(products)
    values, vectors = values.flip(0)[:n_components], vectors.flip(1)[:, :n_components]
    # the sign of an eigenvector is arbitrary: its largest entry shall be positive
    signs = vectors.gather(0, vectors.abs().argmax(0, keepdim=True)).sign()
    return signs * vectors * values.clamp_min(0).sqrt()
