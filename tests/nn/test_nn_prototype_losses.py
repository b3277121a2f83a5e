"""The losses over prototypes against plain references, and the gradients."""

import math

import pytest
import torch
from torch.nn.functional import normalize

from skseed.nn import HardestPrototypeTripletLoss, ScaledCosineLoss


def algorithm_1(
    embeddings: torch.Tensor, prototypes: torch.Tensor, target: torch.Tensor, margin: float
) -> torch.Tensor:
    """Return the paper's loss one row at a time: list the wrong labs, take the most similar one."""
    losses = []
    for anchor, label in zip(embeddings, target, strict=True):
        wrong = [index for index in range(len(prototypes)) if index != label]
        similarities = torch.stack([torch.cosine_similarity(anchor, prototypes[i], dim=0) for i in wrong])
        negative = prototypes[wrong[int(similarities.argmax())]]
        # torch's distances add 1e-6 to every difference
        to_positive = (anchor - prototypes[label] + 1e-6).norm()
        to_negative = (anchor - negative + 1e-6).norm()
        losses.append(torch.relu(to_positive - to_negative + margin))
    return torch.stack(losses).mean()


@pytest.mark.parametrize("margin", [0.1, 1.0])
@pytest.mark.parametrize("n_labs", [2, 17])
def test_triplet_equals_algorithm_1(margin: float, n_labs: int) -> None:
    generator = torch.Generator().manual_seed(n_labs)
    raw = torch.randn(40, 9, generator=generator, dtype=torch.float64, requires_grad=True)
    labs = torch.randn(n_labs, 9, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.randint(n_labs, (40,), generator=generator)
    fast = HardestPrototypeTripletLoss(margin)((normalize(raw), normalize(labs)), target)
    plain = algorithm_1(normalize(raw), normalize(labs), target, margin)
    torch.testing.assert_close(fast, plain)
    for one, other in zip(
        torch.autograd.grad(fast, (raw, labs)), torch.autograd.grad(plain, (raw, labs)), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_triplet_has_gradients_for_the_right_and_the_hardest_lab_only() -> None:
    labs = torch.eye(4, requires_grad=True)
    embedding = normalize(torch.tensor([[1.0, 0.5, 0.2, 0.1]]), dim=1)
    HardestPrototypeTripletLoss()((embedding, labs), torch.tensor([0])).backward()
    assert (labs.grad.abs().sum(dim=1) > 0).tolist() == [True, True, False, False]


def test_scaled_cosine_equals_its_formula() -> None:
    prototypes = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    embeddings = torch.tensor([[0.6, 0.8]])
    loss = ScaledCosineLoss(scale=10.0)((embeddings, prototypes), torch.tensor([0]))
    assert loss.item() == pytest.approx(math.log(math.exp(6) + math.exp(8) + math.exp(-6)) - 6, rel=1e-5)
