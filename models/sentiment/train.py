"""Trains a reader: lessons to weights.

Needs the extra `train`.  Hugging Face's Trainer does the rounds: it goes on where it was stopped, takes all GPUs that are
there, shows its progress and writes TensorBoard logs.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer
from torch import nn
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments

from models.compress import SMALLEST
from models.rounding import round_products, round_table, settle
from models.sentiment.batches import Lesson, Lessons, logits, stack
from models.sentiment.data import Part
from models.sentiment.measures import scores

Precision = Literal["float32", "bf16", "fp16"]

_LORA = ("query", "key", "value", "mix", "up", "down")
_LORA_SCALE = 2
_HEADS = ("text", "word")


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that a run depends on beside data and code."""

    encoder: str
    """Whose weights it starts from: a name of `models.published`."""
    seed: int = 1
    epochs: float = 3.0
    batch: int = 32
    rate: float = 5e-5
    """Peak learning rate of the encoder; it rises over the first tenth of the steps and falls to nothing."""
    head_rate: float = 5e-4
    """The same of the heads."""
    decay: float = 0.01
    """Of weights, not of biases and norms."""
    dropout: float = 0.1
    smoothing: float = 0.0
    """Share of each label that is spread over all."""
    longest: int = 128
    """Tokens that training sees of a text."""
    vocabulary: int = 0
    """Tokens that are kept; 0: all."""
    bits: int = 4
    """Of the weights that will ship, which training rounds to; 0: none are rounded."""
    block: int = 64
    """Weights to a scale."""
    prior: float = 1.0
    """Labels are taken to be as frequent as in validation (1), all alike (0), or between: what is trained for one shop knows its
    shop, what is trained for all had better not."""
    lora: int = 0
    """Rank of the matrices that are trained in the place of the encoder's weights; 0: the weights themselves are."""
    patience: int = 2
    """Epochs without progress on validation after which it ends."""
    precision: Precision = "bf16"
    threads: int = 0
    """Of the CPU; 0: torch's own choice."""


class Trained(NamedTuple):
    """A model at its best epoch."""

    model: Any
    history: list[dict[str, float]]
    """What was logged: step, epoch, loss, validation."""
    minutes: float


class _Teacher(Trainer):  # type: ignore[misc]  # transformers is not installed where types are checked
    def __init__(self, smoothing: float, **given: Any) -> None:
        super().__init__(**given)
        self._smoothing = smoothing
        self.model_accepts_loss_kwargs = False

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: FBT001, FBT002  Trainer's signature
        num_items_in_batch: Any = None,  # noqa: ARG002  Trainer's signature
    ) -> Any:
        found = logits(model, inputs)
        loss = nn.functional.cross_entropy(
            found, inputs["labels"], label_smoothing=self._smoothing if model.training else 0
        )
        return (loss, {"logits": found}) if return_outputs else loss


def fit(
    config: Config,
    model: Any,
    tokenizer: Tokenizer,
    lessons: Mapping[Part, Sequence[Lesson]],
    folder: Path,
    *,
    resume: bool = False,
) -> Trained:
    """Train *model*; keep the epoch with the best macro F1 on the lessons of validation.

    *folder* gets checkpoints and TensorBoard logs; *resume* goes on from the last checkpoint there.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.bits and not config.lora:
        round_products(model.encoder, block=config.block, bits=config.bits, smallest=SMALLEST)
    if config.bits == 4:  # noqa: PLR2004  tables in 8 bits are near enough without
        round_table(model.encoder.words, block=config.block)
    model.encoder.words.weight.requires_grad_(requires_grad=False)
    if config.lora:
        targets = rf"encoder\.layers\.\d+\.(?:{'|'.join(_LORA)})"
        lora = LoraConfig(
            r=config.lora, lora_alpha=_LORA_SCALE * config.lora, target_modules=targets, modules_to_save=list(_HEADS)
        )
        model = get_peft_model(model, lora)
    rows, held_out = (Lessons(lessons[part], tokenizer, config.longest) for part in ("train", "validation"))
    started = time.monotonic()
    teacher = _Teacher(
        config.smoothing,
        model=model,
        args=_arguments(config, folder, len(rows)),
        train_dataset=rows,
        eval_dataset=held_out,
        data_collator=stack,
        compute_metrics=_measured,
        callbacks=[EarlyStoppingCallback(config.patience)],
        optimizers=(_optimizer(config, model), None),
    )
    teacher.train(resume_from_checkpoint=resume)
    best = teacher.accelerator.unwrap_model(teacher.model, keep_fp32_wrapper=False)
    if config.lora:
        best = best.merge_and_unload()
    settle(best)
    return Trained(best.eval().cpu(), teacher.state.log_history, (time.monotonic() - started) / 60)


def _arguments(config: Config, folder: Path, rows: int) -> Any:
    return TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        per_device_train_batch_size=config.batch,
        per_device_eval_batch_size=4 * config.batch,
        num_train_epochs=config.epochs,
        learning_rate=config.rate,
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        max_grad_norm=1.0,
        bf16=config.precision == "bf16",
        fp16=config.precision == "fp16",
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,
        label_names=["labels"],
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        logging_steps=max(1, min(50, rows // config.batch // 4)),
        report_to=["tensorboard"],
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _optimizer(config: Config, model: Any) -> Any:
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            head = any(f"{part}." in name for part in _HEADS) and "encoder" not in name
            groups.setdefault((head, weight.dim() > 1), []).append(weight)
    return torch.optim.AdamW(
        [
            {
                "params": weights,
                "lr": config.head_rate if head else config.rate,
                "weight_decay": config.decay if matrix else 0.0,
            }
            for (head, matrix), weights in groups.items()
        ]
    )


def _measured(predicted: Any) -> dict[str, float]:
    result = scores(predicted.label_ids.astype(np.int64), predicted.predictions.argmax(1).astype(np.int64))
    return {"accuracy": result.accuracy, "macro_f1": result.macro_f1}


def predicted(
    model: Any, tokenizer: Tokenizer, lessons: Sequence[Lesson], longest: int, batch: int = 64
) -> tuple[Any, Any]:
    """Return logits (n, 3) and labels (n,) of *lessons*, in their order."""
    rows = Lessons(lessons, tokenizer, longest).rows
    order = sorted(range(len(rows)), key=lambda n: len(rows[n]["input_ids"]))
    found = torch.zeros(len(rows), 3)
    forward: Callable[[Any], Any] = model.eval()
    with torch.no_grad():
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            found[chosen] = logits(forward, stack([rows[n] for n in chosen]))
    return found, torch.tensor([row["labels"] for row in rows])
