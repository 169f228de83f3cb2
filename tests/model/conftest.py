"""Official folders of a small model, written once a session and never changed; requests to serve, and their answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vqathinker.cli import main
from vqathinker.model.generation import prefill, write
from vqathinker.model.serving import Request

from .official_folders import speaking_config, speaking_weights, write_folder
from .tiny_models import make_clip

LENGTHS = [12, 3, 20, 1, 9, 16, 6]
QUESTIONS = [None, "Is it sharp?", "How much does the camera shake, and is it dark?", None, "Noise?", None, "Why?"]


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without shards."""
    return write_folder(tmp_path_factory.mktemp("single"), speaking_weights(), speaking_config())


@pytest.fixture(scope="session")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("sharded"), speaking_weights(), speaking_config(), shards=4)


@pytest.fixture(scope="session")
def converted(sharded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The native layout that the command line makes of `sharded`."""
    target = tmp_path_factory.mktemp("converted") / "ours"
    assert main(["convert", str(sharded), str(target)]) == 0
    return target


@pytest.fixture(scope="module")
def requests(processor):
    made = []
    for key, (length, question) in enumerate(zip(LENGTHS, QUESTIONS, strict=True)):
        batch = processor(make_clip(key), question=question)
        video = {name: tensor for name, tensor in batch.items() if name not in ("input_ids", "attention_mask")}
        made.append(Request(key, tuple(batch["input_ids"][0].tolist()), video, length))
    return made


@pytest.fixture(scope="module")
def alone(model, processor, requests):
    """What each is answered on its own, by the path of a single rating."""
    answers = []
    for request in requests:
        prompt = prefill(model, {"input_ids": torch.tensor([request.input_ids]), **request.video})
        end = processor.tokenizer.eos_token_id
        answers.append(write(model, prompt, max_new_tokens=request.max_new_tokens, eos_token_id=end)[0])
    return answers
