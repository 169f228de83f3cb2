"""Where in the picture a fault sits."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from tests import clips, raters
from tests.model.tiny_models import make_model, make_processor
from tests.video import kinds
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import Defect, Timeline, TimelineWindow
from vqathinker.rating.naming import Namer
from vqathinker.rating.whereabouts import MOST, Whereabouts, cells_alone


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
    timeline = film(MOST + 3, Defect("freeze", "severe"), Defect("blur", "slight"))
    for number, window in enumerate(timeline.windows):
        whereabouts.keep(number, torch.zeros(16, 64), [1], [defect.name for defect in window.defects])
    made = whereabouts.add_to(timeline, turn, threading.Event())
    assert asked == [("blur", True)] * MOST and not turn.locked()
    mapped = [fault for fault in made.faults if fault.where]
    assert len(mapped) == MOST and {fault.name for fault in mapped} == {"blur"}
    assert made.to_dict()["faults"][1]["where"] == [[0.5, 0.0], [0.0, 0.0]]
    stopped = threading.Event()
    stopped.set()
    assert whereabouts.add_to(timeline, turn, stopped).faults == timeline.faults


def test_of_a_model_with_other_sentences_nothing_is_known(loaded):
    whereabouts = Whereabouts(loaded, Namer(loaded))
    tokens = loaded.processor.tokenizer("<think>It is blurred.</think>", add_special_tokens=False)["input_ids"]
    whereabouts.keep(0, torch.zeros(loaded.processor.frames * 5 + 1, 64), tokens, ["blur"])
    [fault] = whereabouts.add_to(film(1, Defect("blur", "severe")), threading.Lock(), threading.Event()).faults
    assert fault.where is None


def test_the_bundled_model_knows_in_which_half_the_noise_is(tmp_path):
    """Noise in the left part of a film: its cells have the highest values."""
    rng, frames = np.random.default_rng(0), kinds.scene(50)
    soft = np.stack([np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(1))) for one in frames])
    left = soft.copy()
    third = left.shape[2] // 3
    left[:, :, :third] = np.clip(left[:, :, :third] + rng.normal(0, 40, left[:, :, :third].shape), 0, 255)
    timeline = raters.tiny().timeline(clips.encode(tmp_path / "left.mp4", left, "-crf", "10"))
    [noise] = [fault for fault in timeline.faults if fault.name == "noise"]
    columns = np.array(noise.where).mean(0)
    assert columns.argmax() == 0 and columns[0] > 2 * columns[2]
