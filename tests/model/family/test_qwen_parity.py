"""Scorers on Qwen2.5-VL against the code of their authors: same prompt, pixels, positions, logits, tokens and numbers
(golden/qwen2_5_vl_tiny.json, made by golden/record_qwen2_5_vl.py)."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BatchFeature

from vqathinker import load_rater
from vqathinker.model.family.qwen2_5_vl.positions import positions
from vqathinker.model.generation import prefill, write
from vqathinker.rating.answers import greedy_score
from vqathinker.scorers import SCORERS
from vqathinker.video import Clip, VideoInfo, load_clip

from . import qwen_folders

GOLDEN = qwen_folders.golden()
NAMES = ["visualquality-r1", "q-insight"]


@pytest.fixture(scope="module", params=NAMES)
def loaded(request, qwen):
    return load_rater(f"{request.param}@{qwen}", "fp32").loaded


def as_clip(*names: str) -> Clip:
    """Pictures of noise as the frames of a video."""
    frames = [qwen_folders.picture(name) for name in names]
    info = VideoInfo(frames[0].shape[1], frames[0].shape[0], 25.0, 50, 2.0, is_still=False)
    return Clip(frames, tuple(range(len(frames))), (0.0,) * len(frames), None, info)


@torch.inference_mode()
def logits_of(loaded, inputs: BatchFeature) -> torch.Tensor:
    tensors = {name: inputs[name] for name in ("input_ids", "position_ids", "pixel_values", "image_grid_thw")}
    return loaded.model(**tensors).logits[0]


def check(loaded, inputs: BatchFeature, golden: dict) -> None:
    assert inputs["input_ids"][0].tolist() == golden["input_ids"]
    assert inputs["image_grid_thw"].tolist() == golden["image_grid_thw"]
    assert inputs["position_ids"][:, 0].tolist() == golden["positions"]
    pixels = inputs["pixel_values"]
    assert list(pixels.shape) == golden["pixels"]["shape"]
    assert float(pixels.norm()) == pytest.approx(golden["pixels"]["l2"], rel=1e-6)
    for row, name in ((0, "first"), (-1, "last")):
        assert torch.allclose(pixels[row], torch.tensor(golden["pixels"][name]), atol=1e-6)
    logits = logits_of(loaded, inputs)
    assert torch.allclose(logits[-1], torch.tensor(golden["logits_last"]), atol=1e-4)
    assert float(logits.norm()) == pytest.approx(golden["logits_l2"], rel=1e-5)
    end, most = loaded.eos_token_id, len(golden["greedy"])
    written = write(loaded.model, prefill(loaded.model, inputs), max_new_tokens=most, eos_token_id=end)[0]
    assert written == golden["greedy"][: len(written)] and written + [end] * (len(written) < most) == golden["greedy"]


def test_a_picture_is_seen_and_asked_about_as_by_the_authors(loaded, photo):
    clip = load_clip(photo, loaded.video_spec)
    check(loaded, loaded.processor(clip), GOLDEN[loaded.scorer.name])


def test_several_pictures_are_what_the_released_processor_makes_of_them(loaded):
    if loaded.scorer.name != "visualquality-r1":
        pytest.skip("its pictures stand behind the text")
    golden, processor = GOLDEN["frames"], copy.copy(loaded.processor)
    processor.style = replace(processor.style, instruction="")
    check(loaded, processor(as_clip("frame", "photo", "frame"), question=golden["question"]), golden)


def test_the_number_in_an_answer_is_the_one_that_the_authors_read():
    form = SCORERS["visualquality-r1"].form
    answers = GOLDEN["visualquality-r1"]["answers"]
    assert len(answers) > 4
    for text, number in answers:
        assert form.published(text) == number
        assert greedy_score(text, form) == np.clip(number, 1, 5)
    assert form.published("nothing") is None and greedy_score("nothing", form) == 3.0


def test_positions_that_do_not_fit_the_pictures_are_refused():
    with pytest.raises(ValueError, match="4 placeholders"):
        positions([1, 9, 9, 9, 2], 9, [(2, 2)])
    with pytest.raises(ValueError, match="more placeholders"):
        positions([1, 9, 9, 9, 2], 9, [(1, 2)])
    assert positions([1, 2], 9, []).tolist() == [[0, 1]] * 3
