"""The linear model on k-mer counts with which a classifier starts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

from skseed._training import one_torch_thread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]

# the loss of all rows relative to the penalty, for features of variance 1
_STRENGTHS = (0.5, 5.0, 50.0)
_N_FOLDS = 3
# the exact solver needs rows**2 numbers and a time that grows with rows**3
_EXACT_ROWS = 6000
_GRAM_COLUMNS = 1 << 13
_LEAST_VARIANCE = 1e-3
_MAX_STEPS = 100
_MAX_GRADIENT_STEPS = 300


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A linear model and its logits on folds that it was not fitted on.

    Parameters
    ----------
    weight : ndarray of shape (n_classes, n_features)
        The weights.
    bias : ndarray of shape (n_classes,)
        The intercepts.
    strength : float
        The weight of the loss relative to the penalty, in units of 1 / (variance of the features).
    out_of_fold : ndarray of shape (n_rows, n_classes)
        The logits of each row from a model that was fitted without it.
    """

    weight: Floats
    bias: Floats
    strength: float
    out_of_fold: Floats


def unit_root_counts(counts: sparse.csr_array) -> sparse.csr_array:
    """Return the square roots of counts, scaled to length 1 in each row; a row of zeros stays zero.

    The square root makes the dot product of two rows less dependent on frequent k-mers.
    """
    roots = counts.astype(np.float64).sqrt()
    lengths = np.sqrt(counts.sum(axis=1, dtype=np.float64))
    roots.data /= np.repeat(lengths, np.diff(roots.indptr))
    return roots


def fit_linear_path(
    features: sparse.csr_array,
    targets: Ints,
    n_classes: int,
    *,
    weights: Floats,
    sample_weight: Floats,
    copies: Ints,
    seed: int,
) -> LinearFit:
    """Fit one support vector machine for each class against the rest, with squared hinge loss.

    The intercepts have no penalty. Three-fold cross-validation chooses the strongest penalty whose error is
    within one standard error of the lowest.

    Parameters
    ----------
    features : csr_array of shape (n_rows, n_features)
        The features.
    targets : ndarray of shape (n_rows,), dtype int64
        The class of each row, from 0 on.
    n_classes : int
        The number of classes.
    weights : ndarray of shape (n_rows,)
        The weight of each row in the loss, positive: that of the row times that of its class.
    sample_weight : ndarray of shape (n_rows,)
        The weight of each row in the errors.
    copies : ndarray of shape (n_rows,), dtype int64
        The number of the sequence of each row, by first appearance. Copies share a fold.
    seed : int
        Seed of the folds.

    Returns
    -------
    fit : LinearFit
        The model of all rows, and the logits from cross-validation.
    """
    folds = _folds_of(targets, copies, seed)
    variance = _variance(features, sample_weight)
    solver = _ExactSolver if len(targets) <= _EXACT_ROWS else _GradientSolver
    with one_torch_thread():
        problem = solver(features, targets, n_classes, weights)
        logits = [np.zeros((len(targets), n_classes)) for _ in _STRENGTHS]
        for fold in range(_N_FOLDS):
            held_out = np.flatnonzero(folds == fold)
            if not held_out.size or held_out.size == len(targets):
                continue
            train = np.flatnonzero(folds != fold)
            for strength, out_of_fold in zip(_STRENGTHS, logits, strict=True):
                weight, bias = problem.solve(train, strength / variance)
                out_of_fold[held_out] = features[held_out] @ weight + bias
        chosen = _strongest_penalty([x.argmax(axis=1) != targets for x in logits], sample_weight)
        weight, bias = problem.solve(np.arange(len(targets)), _STRENGTHS[chosen] / variance)
    return LinearFit(np.ascontiguousarray(weight.T), bias, _STRENGTHS[chosen], logits[chosen])


def _folds_of(targets: Ints, copies: Ints, seed: int) -> Ints:
    """Return the fold of each row: classes are spread over the folds, and copies share one."""
    rng = np.random.default_rng(seed)
    _, first, inverse = np.unique(copies, return_index=True, return_inverse=True)
    folds = np.empty(len(first), dtype=np.int64)
    start = 0
    for target in np.unique(targets):
        members = rng.permutation(np.flatnonzero(targets[first] == target))
        folds[members] = (start + np.arange(len(members))) % _N_FOLDS
        start += len(members)
    return folds[inverse]


def _variance(features: sparse.csr_array, sample_weight: Floats) -> float:
    """Return the sum of the variances of the columns."""
    shares = sample_weight / sample_weight.sum()
    squares = shares @ np.asarray(features.multiply(features).sum(axis=1)).ravel()
    mean = features.T @ shares
    return max(float(squares - mean @ mean), _LEAST_VARIANCE)


def _strongest_penalty(errors: list[npt.NDArray[np.bool_]], sample_weight: Floats) -> int:
    """Return the index of the first errors whose mean is within one standard error of the lowest."""
    shares = sample_weight / sample_weight.sum()
    best = errors[int(np.argmin([shares @ wrong for wrong in errors]))]
    for index, wrong in enumerate(errors):
        excess = wrong.astype(np.float64) - best
        mean = shares @ excess
        if mean <= np.sqrt(shares @ (excess - mean) ** 2 / sample_weight.sum()):
            return index
    raise AssertionError("the best errors are among the errors")


class _ExactSolver:
    """Newton's method on the dot products of the rows, which ends at the exact minimum.

    It is the primal method of Chapelle (2007), doi:10.1162/neco.2007.19.5.1155, with an intercept.
    """

    def __init__(self, features: sparse.csr_array, targets: Ints, n_classes: int, weights: Floats) -> None:
        self.features = features
        self.signs = torch.full((len(targets), n_classes), -1.0, dtype=torch.float64)
        self.signs[torch.arange(len(targets)), torch.from_numpy(np.asarray(targets))] = 1.0
        self.weights = torch.from_numpy(weights)
        self.gram = _gram(features)

    def solve(self, rows: npt.NDArray[np.intp], strength: float) -> tuple[Floats, Floats]:
        """Return the weights, a column for each class, and the intercepts of a model of some rows."""
        chosen = torch.from_numpy(rows)
        gram = self.gram if len(rows) == len(self.gram) else self.gram[chosen][:, chosen]
        signs, pulls = self.signs[chosen], 2 * strength * self.weights[chosen]
        # at first every row is a support vector, so all classes share a matrix
        everything = torch.ones(len(rows), dtype=torch.bool)
        duals, biases = _least_squares(gram, signs, pulls, everything)
        for column in range(signs.shape[1]):
            duals[:, column], biases[column] = _newton(
                gram, signs[:, column], pulls, duals[:, column], biases[column]
            )
        return self.features[rows].T @ duals.numpy(), biases.numpy()


def _least_squares(
    gram: torch.Tensor, signs: torch.Tensor, pulls: torch.Tensor, support: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the dual variables and the intercepts for given support vectors, which fit `signs` best."""
    places = torch.nonzero(support)[:, 0]
    matrix = gram[places][:, places]
    matrix.diagonal().add_(1 / pulls[places])
    factor = torch.linalg.cholesky(matrix)
    ones = torch.ones((len(places), 1), dtype=torch.float64)
    solutions = torch.cholesky_solve(torch.cat([signs[places], ones], dim=1), factor)
    fitted, unit = solutions[:, :-1], solutions[:, -1:]
    biases = fitted.sum(dim=0) / unit.sum()
    duals = torch.zeros_like(signs)
    duals[places] = fitted - unit * biases
    return duals, biases


def _newton(
    gram: torch.Tensor, signs: torch.Tensor, pulls: torch.Tensor, dual: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the dual variables and the intercept of one class, from a start."""

    def objective(margins: torch.Tensor, smooth: torch.Tensor, dual: torch.Tensor) -> float:
        losses = pulls * torch.clamp(1 - margins, min=0) ** 2
        return float((dual @ smooth + losses.sum()) / 2)

    smooth = gram @ dual
    margins = signs * (smooth + bias)
    value = objective(margins, smooth, dual)
    for _ in range(_MAX_STEPS):
        support = margins < 1
        if not support.any():
            break
        goal, goal_bias = _least_squares(gram, signs[:, None], pulls, support)
        direction, shift = goal[:, 0] - dual, goal_bias[0] - bias
        change = gram @ direction
        step = 1.0
        while step > 1e-6:
            new_smooth = smooth + step * change
            new_margins = signs * (new_smooth + bias + step * shift)
            new_value = objective(new_margins, new_smooth, dual + step * direction)
            if new_value <= value:
                break
            step /= 2
        else:
            break
        improvement = value - new_value
        dual, bias = dual + step * direction, bias + step * shift
        smooth, margins, value = new_smooth, new_margins, new_value
        is_exact = step == 1.0 and bool(((margins < 1) == support).all())
        if is_exact or improvement <= 1e-12 * abs(value):
            break
    return dual, bias


def _gram(features: sparse.csr_array) -> torch.Tensor:
    """Return the dot products of all pairs of rows."""
    columns = features.astype(np.float32).tocsc()
    gram = torch.zeros((features.shape[0],) * 2, dtype=torch.float64)
    for start in range(0, features.shape[1], _GRAM_COLUMNS):
        block = torch.from_numpy(columns[:, start : start + _GRAM_COLUMNS].toarray())
        gram += (block @ block.T).double()
    return gram


class _GradientSolver:
    """L-BFGS on the weights, for many rows; it ends close to the minimum."""

    def __init__(self, features: sparse.csr_array, targets: Ints, n_classes: int, weights: Floats) -> None:
        self.features = features
        self.signs = np.where(np.arange(n_classes) == np.asarray(targets)[:, None], 1.0, -1.0)
        self.weights = weights[:, None]

    def solve(self, rows: npt.NDArray[np.intp], strength: float) -> tuple[Floats, Floats]:
        """Return the weights, a column for each class, and the intercepts of a model of some rows."""
        features, signs, weights = self.features[rows], self.signs[rows], self.weights[rows]
        transposed = features.T.tocsr()
        # a mean loss makes tolerances independent of the number of rows
        weights = weights / weights.sum()
        penalty = 1 / (strength * self.weights[rows].sum())
        solution = torch.zeros((features.shape[1] + 1, signs.shape[1]), dtype=torch.float64)
        solution.grad = torch.zeros_like(solution)
        optimizer = torch.optim.LBFGS(
            [solution], max_iter=_MAX_GRADIENT_STEPS, tolerance_change=1e-10, line_search_fn="strong_wolfe"
        )

        def closure() -> float:
            values = solution.numpy()
            margins = np.maximum(0, 1 - signs * (features @ values[:-1] + values[-1]))
            slopes = -2 * signs * weights * margins
            gradient = np.concatenate([penalty * values[:-1] + transposed @ slopes, slopes.sum(0)[None]])
            solution.grad = torch.from_numpy(gradient)
            return float((weights * margins**2).sum() + penalty / 2 * (values[:-1] ** 2).sum())

        with torch.no_grad():
            optimizer.step(closure)
        return solution[:-1].numpy(), solution[-1].numpy()
