"""The reader of sequences: what it sees, and what it learns by."""

import numpy as np
import pytest
import torch
from torch import nn

from models.sequence.network import PADDING, Reader, Shape, filter_back
from models.sequence.softmax import ROWS, loss

SHAPE = Shape(items=30, width=16, inner=32, window=12)


def test_a_place_knows_nothing_of_later_ones_nor_of_padding() -> None:
    torch.manual_seed(1)
    reader = Reader(SHAPE).eval()
    for layer in reader.layers:
        nn.init.normal_(layer.distance)
        nn.init.normal_(layer.high)
    tokens = torch.tensor([[3, 7, 7, 1, 9, 4]])
    changed = torch.tensor([[3, 7, 7, 1, 2, 30, PADDING, PADDING]])

    before, after = reader(tokens), reader(changed)

    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-5)
    assert not torch.allclose(before[:, 4], after[:, 4], atol=1e-2)


def test_the_last_place_is_filtered_as_the_fourier_transform_of_the_window() -> None:
    x = np.random.default_rng(2).normal(size=(12, 3))
    spectrum = np.fft.rfft(x, axis=0)
    spectrum[5:] = 0
    exact = np.fft.irfft(spectrum, 12, axis=0)

    matrix = filter_back(12, 5).numpy()

    assert (matrix @ x)[-1] == pytest.approx(exact[-1], abs=1e-6)
    assert (np.triu(matrix, 1) == 0).all()


@pytest.mark.parametrize("half", [False, True])
def test_loss_and_gradients_are_those_of_the_whole_table(*, half: bool) -> None:
    torch.manual_seed(3)
    n = 2 * ROWS + 5
    states, vectors = torch.randn(n, 8, requires_grad=True), torch.randn(40, 8, requires_grad=True)
    targets = torch.randint(40, (n,))
    exact = nn.functional.cross_entropy(states @ vectors.T, targets)
    wanted = torch.autograd.grad(exact, (states, vectors))

    found = loss(states, vectors, targets, half=half)
    gradients = torch.autograd.grad(2 * found, (states, vectors))

    assert found.item() == pytest.approx(exact.item(), rel=0.02 if half else 1e-5)
    for ours, theirs in zip(gradients, wanted, strict=True):
        assert torch.allclose(ours, 2 * theirs, atol=2e-3 if half else 1e-6)
