"""Faults that are too short for a window, of real films, with the bundled model."""

from __future__ import annotations

import threading

import av
import numpy as np
import pytest
import torch

from tests import clips
from tests.browser.app import REPOSITORY
from vqathinker import load_rater
from vqathinker.rating.window_source import WindowSource
from vqathinker.video.reel import open_reel
from vqathinker.video.windows import WindowSpec

FPS, WIDTH, HEIGHT = 24, 640, 360


@pytest.fixture(scope="module")
def rater():
    return load_rater("tiny")


def scene(seconds: float) -> np.ndarray:
    """(N, 360, 640, 3): a real clip, there and back again."""
    with av.open(str(REPOSITORY / "examples" / "squirrel.mp4")) as container:
        frames = [f.to_ndarray(width=WIDTH, height=HEIGHT, format="rgb24") for f in container.decode(video=0)]
    there = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    return np.stack([frames[there[k % len(there)]] for k in range(round(seconds * FPS))])


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Eight seconds, from 4.0 to 4.5 s of which are noisy."""
    frames, rng = scene(8.0), np.random.default_rng(0)
    part = frames[4 * FPS : 4 * FPS + FPS // 2]
    part[:] = np.clip(part + rng.normal(0, 40, part.shape), 0, 255)
    return clips.encode(tmp_path_factory.mktemp("film") / "film.mp4", frames, "-crf", "18", fps=FPS)


def test_noise_of_half_a_second_is_found_where_it_is(rater, film):
    found = [fault for fault in rater.timeline(film).faults if fault.name == "noise"]
    assert [(fault.start_s < 4.5, fault.end_s > 4.0) for fault in found] == [(True, True)]
    assert found[0].end_s - found[0].start_s <= 1.0


def test_a_moment_is_a_window_that_shows_its_picture_and_motion_all_the_time(rater, film):
    loaded = rater.loaded
    reel = open_reel(film, loaded.video_spec, WindowSpec(), loaded.processor.image_size)
    with WindowSource(loaded, reel, 12, 8, threading.Lock(), threading.Event()) as source:
        [first] = source.take(8, wait=True)
        source.first_done = True
        [second] = source.take(1, wait=True)
    clip, moments = first.key.shown.clip, first.key.moments
    assert len(moments) == len(clip.indices)
    assert moments[0].start_s == 0 and moments[-1].end_s == pytest.approx(2.0)
    assert [m.start_s for m in moments[1:]] == pytest.approx([m.end_s for m in moments[:-1]])
    inputs = loaded.processor.video_inputs([clip])
    with torch.inference_mode():
        alone = loaded.model.model.encode_video(
            inputs["pixel_values"][:, 2:3].expand(-1, len(clip.indices), -1, -1, -1),
            inputs["motion_values"][:, 2:3],
            inputs["clip_facts"],
        )
    assert torch.allclose(moments[2].features, alone[0], atol=1e-4)
    # what the first window has shown is not shown again
    assert second.key.moments[0].start_s == pytest.approx(moments[-1].end_s)
