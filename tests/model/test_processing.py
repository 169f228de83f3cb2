"""Pictures against the official preprocessing, facts, and the tensors of a batch."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.noise import noise
from vqathinker.model.processing import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    VQAThinkerProcessor,
    clip_facts,
    fragments,
    normalise,
    squash,
)

from .tiny_models import BURST, BURST_SIDE, FRAMES, PART_SIDE, SIDE, make_clip, make_processor

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "preprocess.json").read_text())


def golden_input(width: int, height: int) -> np.ndarray:
    waves = 127.5 + 127.5 * np.sin(np.arange(width) / 17)[None, :] * np.cos(np.arange(height) / 11)[:, None]
    grain = (noise(width * height * 3, width) * 0.5 + 0.5) * 255
    return (0.3 * grain.reshape(height, width, 3) + 0.7 * waves[..., None]).astype(np.uint8)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['width']}x{case['height']}")
def test_pictures_equal_the_official_ones(case):
    size = case["size"]
    picture = squash(golden_input(case["width"], case["height"]), size)
    # Pillow 12 and 13 round a few pixels in a million differently; another filter is off by 1e-4 and more
    assert int(picture.astype(np.int64).sum()) == pytest.approx(case["uint8_sum"], rel=1e-5)
    assert np.abs(picture[0, :6].astype(int) - case["uint8_row0"]).max() <= 1
    assert np.abs(picture[size // 2, size // 2].astype(int) - case["uint8_center"]).max() <= 1
    tensor = normalise(picture, IMAGENET_MEAN, IMAGENET_STD)
    assert torch.allclose(tensor.mean((1, 2)), torch.tensor(case["mean"]), atol=1e-4)
    assert torch.allclose(tensor.std((1, 2)), torch.tensor(case["std"]), atol=1e-4)


def test_a_batch_has_the_documented_shapes():
    batch = make_processor()([make_clip(0), make_clip(1)])
    assert batch["pixel_values"].shape == (2, FRAMES, 3, SIDE, SIDE)
    assert batch["fragment_values"].shape == (2, FRAMES, 3, PART_SIDE, PART_SIDE)
    assert batch["motion_values"].shape == (2, FRAMES, BURST, BURST_SIDE, BURST_SIDE)
    assert 0 <= float(batch["motion_values"].min()) and float(batch["motion_values"].max()) <= 1
    assert batch["clip_facts"].shape == (2, 4)
    assert batch["input_ids"].shape == batch["attention_mask"].shape


def test_the_wrong_number_of_frames_is_refused():
    clip = make_clip()
    with pytest.raises(ValueError, match="takes 3 frames, the clip has 2"):
        make_processor()(replace(clip, frames=clip.frames[:2]))


def test_facts_tell_sizes_and_stills_apart_and_ignore_rotation():
    info = make_clip(width=640, height=360).info
    assert torch.equal(clip_facts(info), clip_facts(replace(info, width=360, height=640)))
    assert clip_facts(replace(info, height=480))[0] > clip_facts(info)[0]
    still = clip_facts(replace(info, is_still=True, fps=0.0, duration_s=0.0, num_frames=1))
    assert still[2:].tolist() == [-2.0, -2.0]
    beyond, limit = replace(info, width=3840, height=2160), replace(info, width=1920, height=1080)
    assert torch.equal(clip_facts(beyond), clip_facts(limit))


def test_the_processor_survives_a_round_trip(tmp_path):
    processor = make_processor()
    processor.save_pretrained(tmp_path)
    loaded = VQAThinkerProcessor.from_pretrained(tmp_path)
    assert loaded.video_spec == processor.video_spec
    one, two = processor(make_clip()), loaded(make_clip())
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_fragments_are_the_middles_of_sixteen_regions_pixel_for_pixel():
    frame = np.random.default_rng(0).integers(0, 256, (160, 240, 3), np.uint8)
    parts = fragments(frame, 32)
    for row in range(4):
        for column in range(4):
            top, left = 40 * row + 16, 60 * column + 26
            part = parts[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            assert np.array_equal(part, frame[top : top + 8, left : left + 8])


@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from((8, 32, 64)))
def test_fragments_of_a_frame_of_any_size_have_their_own_size(width, height, size):
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    assert fragments(frame, size).shape == (size, size, 3)
    if min(width, height) < size:
        assert not np.shares_memory(fragments(frame, size), frame)


def test_fragments_see_a_fine_pattern_that_squashing_hides():
    stripes = np.zeros((256, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    assert fragments(stripes, 64).std() > 100 > 20 > squash(stripes, 64).std()


def test_fragments_of_a_size_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ValueError, match="multiple of 4, got 30"):
        VQAThinkerProcessor(make_processor().tokenizer, fragment_size=30)


def test_an_unknown_prompt_style_is_refused():
    with pytest.raises(ValueError, match="unknown prompt style 'loud'"):
        VQAThinkerProcessor(make_processor().tokenizer, prompt="loud")
