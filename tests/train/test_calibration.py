"""From logits to probabilities."""

import numpy as np
import pytest
import torch

from models.sentiment.calibration import Calibration, calibrate, lift
from models.sentiment.measures import scores

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
SHARES = np.array([0.1, 0.1, 0.8])


def texts(shares: np.ndarray, n: int = 6_000, seed: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits of a model that was trained on as many of each label, and labels of which there are *shares*."""
    lot = np.random.default_rng(seed)
    labels = lot.choice(3, size=n, p=shares)
    seen = np.eye(3)[labels] + lot.normal(scale=0.7, size=(n, 3))
    # The exact log-odds of Gaussians of equal variance.
    return torch.from_numpy(seen / 0.7**2).float(), torch.from_numpy(labels)


def test_biases_give_back_how_frequent_labels_are() -> None:
    logits, labels = texts(SHARES)
    found = calibrate(3 * logits, labels)

    shares = torch.softmax(found.apply(3 * logits), 1).mean(0).numpy()

    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.negative == pytest.approx(np.log(SHARES[NEGATIVE] / SHARES[POSITIVE]), abs=0.15)
    assert shares[NEGATIVE] == pytest.approx(SHARES[NEGATIVE], abs=0.02)
    assert shares[NEUTRAL] == pytest.approx(SHARES[NEUTRAL], abs=0.02)


def test_labels_can_be_taken_to_be_as_frequent_as_each_other() -> None:
    logits, labels = texts(SHARES)

    even, half = calibrate(logits, labels, prior=0), calibrate(logits, labels, prior=0.5)

    assert even.negative == pytest.approx(0, abs=0.15)
    assert half.negative == pytest.approx(np.log(SHARES[NEGATIVE] / SHARES[POSITIVE]) / 2, abs=0.15)


def test_neutral_is_lifted_where_macro_f1_gains() -> None:
    logits, labels = texts(SHARES)
    other_logits, other_labels = texts(SHARES, seed=6)
    plain = calibrate(logits, labels)
    lifted = lift(plain, logits, labels)

    def quality(calibration: Calibration) -> float:
        return scores(other_labels.numpy(), calibration.apply(other_logits).argmax(1).numpy()).macro_f1

    assert lifted.neutral > plain.neutral
    assert quality(lifted) > quality(plain)
    even = texts(np.full(3, 1 / 3))
    assert lift(calibrate(*even), *even).neutral < calibrate(*even).neutral + 0.3


def test_labels_that_never_occur_are_not_biased_away_without_end() -> None:
    logits, labels = texts(np.array([0.5, 0.0, 0.5]))
    masked = logits.clone()
    masked[:, NEUTRAL] = -1e4

    assert calibrate(masked, labels).neutral == 0
    assert -20 < calibrate(logits, labels).neutral < -1
    assert calibrate(logits[:0], labels[:0]) == lift(Calibration(), logits[:0], labels[:0]) == Calibration()
