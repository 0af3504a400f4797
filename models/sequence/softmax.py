"""Cross-entropy over a whole catalogue, with its gradients made at once, a few rows at a time.

Needs the extra `train`.  Logits of all rows would be gigabytes; those of `ROWS` stay in a processor's cache, and those of
`MANY_ROWS` keep a GPU busy.
"""

from typing import Any

import torch

ROWS, MANY_ROWS = 64, 2_048


class _Loss(torch.autograd.Function):  # type: ignore[misc]  # torch is not installed where types are checked
    @staticmethod
    def forward(ctx: Any, states: Any, vectors: Any, targets: Any, half: bool) -> Any:  # noqa: FBT001  torch's signature
        kind = torch.bfloat16 if half else torch.float32
        table = vectors.detach().to(kind)
        to_states, to_vectors = torch.empty_like(states), torch.zeros_like(vectors)
        total = 0.0
        step = MANY_ROWS if states.is_cuda else ROWS
        for first in range(0, len(states), step):
            rows = slice(first, first + step)
            own, wanted = states[rows].detach().to(kind), targets[rows, None]
            shares = (own @ table.T).float().log_softmax(1)
            total -= shares.gather(1, wanted).sum().item()
            shares.exp_()
            shares.scatter_add_(1, wanted, torch.full_like(wanted, -1.0, dtype=shares.dtype))
            pull = shares.to(kind)
            to_states[rows] = (pull @ table).float()
            to_vectors += (pull.T @ own).float()
        ctx.save_for_backward(to_states / len(states), to_vectors / len(states))
        return states.new_tensor(total / len(states))

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        to_states, to_vectors = ctx.saved_tensors
        return given * to_states, given * to_vectors, None, None


def loss(states: Any, vectors: Any, targets: Any, *, half: bool = False) -> Any:
    """Return the mean of -log softmax(*states* (n, width) @ *vectors*.T (width, items)) at *targets* (n,).

    *half*: products in bfloat16, which processors with AVX512-BF16 or AMX do in about half the time.
    """
    return _Loss.apply(states, vectors, targets, half)
