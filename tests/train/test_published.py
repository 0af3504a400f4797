"""Encoders that others trained say in torch what they say where they were published."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession

from models.card import ModelError
from models.published import JARS, WEIGHTS, load
from models.vocabulary import prune, shorten

TEXTS = ("this dress is lovely", "质量很好 iphone")


@pytest.mark.parametrize("name", JARS)
def test_the_states_are_those_of_the_published_graph(name: str) -> None:
    with zipfile.ZipFile(WEIGHTS / JARS[name].file) as archive:
        session = InferenceSession(archive.read(JARS[name].model))
    encoder, tokenizer, _ = load(name)

    for text in TEXTS:
        ids = np.array([tokenizer.encode(text).ids])
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        with torch.no_grad():
            found = encoder.eval()(torch.from_numpy(ids))
        assert found.numpy() == pytest.approx(session.run(None, given)[0], abs=1e-4)


def test_a_smaller_vocabulary_gives_the_same_states_and_knows_every_word_by_its_letters() -> None:
    encoder, tokenizer, _ = load("minilm")

    smaller, words = prune(shorten(encoder, 64), tokenizer, ["zzyzx kettle"] * 3, 2_000)

    assert words.get_vocab_size() == 2_000
    assert words.token_to_id("[PAD]") == 0
    assert words.encode("kettle").tokens == ["[CLS]", "kettle", "[SEP]"]
    assert "[UNK]" not in words.encode("antidisestablishmentarianism, isn't it? 3.14").tokens
    with torch.no_grad():
        whole, part = (
            model.eval()(torch.tensor([reads.encode("the kettle").ids]))
            for model, reads in ((encoder, tokenizer), (smaller, words))
        )
    assert torch.allclose(whole, part, atol=1e-5)


def test_weights_that_are_not_here_or_were_changed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.published.WEIGHTS", tmp_path)
    with pytest.raises(ModelError, match="make setup-weights"):
        load("e5-small")
    (tmp_path / JARS["e5-small"].file).write_bytes(b"changed")
    with pytest.raises(ModelError, match="SHA-256"):
        load("e5-small")
    with pytest.raises(ModelError, match="no encoder 'bert'; there are minilm, e5-small, bge-small-zh"):
        load("bert")
