"""Where in the picture a fault sits."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import raters
from tests.model.tiny_models import make_model, make_processor
from vqathinker.model.generation import prefill, write
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import Defect, Timeline, TimelineWindow
from vqathinker.rating.naming import Namer
from vqathinker.rating.whereabouts import MOST_MAPPED, Whereabouts, cells_alone
from vqathinker.video import load_clip

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_each_cell_stands_alone_in_the_places_of_all():
    """Two frames of a pyramid of 1 and 2 x 2 regions, then one token of motion."""
    features = torch.arange(11.0)[:, None]
    alone = cells_alone(features, (1, 2))
    assert alone.shape == (4, 11, 1)
    assert alone[2, :, 0].tolist() == [3] * 5 + [8] * 5 + [10]


@pytest.fixture(scope="module")
def loaded():
    processor = make_processor()
    return LoadedModel(make_model(processor, seed=1), processor, "two-blocks", "fp32")


def film(windows: int, *defects: Defect) -> Timeline:
    made = [
        TimelineWindow(2.0 * k, 2.0 * k + 2, 3.0, "", "", defects, {one.name: 0.9 for one in defects})
        for k in range(windows)
    ]
    # one fault a window: between two of them is a gap
    apart = [replace(one, start_s=3 * one.start_s, end_s=3 * one.start_s + 2) for one in made]
    return Timeline("a.mp4", 6.0 * windows, 2.0, 6.0, (), tuple(apart), "tiny", "fp32")


def test_only_faults_that_can_be_in_a_part_are_mapped_and_no_more_than_many(loaded, monkeypatch):
    whereabouts, turn = Whereabouts(loaded, Namer(loaded)), threading.Lock()
    asked: list[tuple[str, bool]] = []

    def map_of(features, tokens, name):
        asked.append((name, turn.locked()))
        return (0.5, 0.0), (0.0, 0.0)

    monkeypatch.setattr(whereabouts, "map_of", map_of)
    timeline = film(MOST_MAPPED + 3, Defect("freeze", "severe"), Defect("blur", "slight"))
    for number, window in enumerate(timeline.windows):
        whereabouts.keep(number, torch.zeros(16, 64), [1], [defect.name for defect in window.defects])
    made = whereabouts.add_to(timeline, turn, threading.Event())
    assert asked == [("blur", True)] * MOST_MAPPED and not turn.locked()
    mapped = [fault for fault in made.faults if fault.where]
    assert len(mapped) == MOST_MAPPED and {fault.name for fault in mapped} == {"blur"}
    assert made.to_dict()["faults"][0]["where"] == [[0.5, 0.0], [0.0, 0.0]]
    stopped = threading.Event()
    stopped.set()
    assert whereabouts.add_to(timeline, turn, stopped).faults == timeline.faults


def test_of_a_model_with_other_sentences_nothing_is_known(loaded):
    whereabouts = Whereabouts(loaded, Namer(loaded))
    tokens = loaded.processor.tokenizer("<think>It is blurred.</think>", add_special_tokens=False)["input_ids"]
    whereabouts.keep(0, torch.zeros(loaded.processor.frames * 5 + 1, 64), tokens, ["blur"])
    [fault] = whereabouts.add_to(film(1, Defect("blur", "severe")), threading.Lock(), threading.Event()).faults
    assert fault.where is None


def test_the_bundled_model_knows_in_which_part_the_noise_is():
    """Noise in the left third of an example: its cells have the highest values."""
    loaded, rng = raters.tiny().loaded, np.random.default_rng(0)
    clip = load_clip(EXAMPLES / "plaza.mp4", loaded.video_spec)
    frames, third = clip.frames.copy(), clip.frames.shape[2] // 3
    noisy = frames[:, :, :third] + rng.normal(0, 40, frames[:, :, :third].shape)
    frames[:, :, :third] = np.clip(noisy, 0, 255).astype(np.uint8)
    video = loaded.processor.video_inputs([replace(clip, frames=frames)])
    with torch.inference_mode():
        features = loaded.model.model.encode_video(**video)
    ids = torch.tensor([loaded.processor.prompt_ids()])
    prompt = prefill(loaded.model, {"input_ids": ids, "video_features": features})
    [tokens] = write(loaded.model, prompt, max_new_tokens=160, eos_token_id=loaded.eos_token_id)
    columns = np.array(Whereabouts(loaded, Namer(loaded)).map_of(features[0], tokens, "noise")).mean(0)
    assert columns.argmax() == 0 and columns[0] > 2 * columns[2]
