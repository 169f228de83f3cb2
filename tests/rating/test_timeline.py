"""A whole timeline of real files, with a model of two blocks."""

from __future__ import annotations

import csv
import io
import json
import threading

import numpy as np
import pytest
import torch

from tests import clips
from tests.model.tiny_models import SIDE, make_model, make_processor
from tests.video import kinds
from vqathinker import VideoError
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import Defect, Opened, Rater, Timeline, TimelineMade, TimelineWindow, WindowRated
from vqathinker.rating.timeline import pooled
from vqathinker.rating.window_source import WindowSource
from vqathinker.video.reel import open_reel
from vqathinker.video.windows import WindowSpec


@pytest.fixture(scope="module")
def rater():
    processor = make_processor()
    return Rater(LoadedModel(make_model(processor, seed=1), processor, "two-blocks", "fp32"), max_new_tokens=12)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two scenes of three and two seconds."""
    frames = np.concatenate([kinds.scene(75, seed=1), kinds.scene(50, seed=2) // 3])
    return clips.encode(tmp_path_factory.mktemp("film") / "film.mp4", frames, "-crf", "18")


@pytest.fixture(scope="module")
def events(rater, film):
    return list(rater.timeline_events(film))


def test_events_come_in_order_and_end_with_the_timeline(events):
    opened, *rated, made = events
    assert opened == Opened(5.0, 2.0, 1.0, 5)
    assert all(isinstance(event, WindowRated) for event in rated) and isinstance(made, TimelineMade)
    assert [event.number for event in rated] == [0, 1, 2]
    assert tuple(event.window for event in rated) == made.timeline.windows
    assert [(w.start_s, w.end_s) for w in made.timeline.windows] == [(0, 2), (1, 3), (3, 5)]
    assert made.timeline.cuts == (3.0,) and made.timeline.notes == ()


def test_json_has_the_keys_of_the_contract_and_csv_a_row_a_window(events):
    timeline = events[-1].timeline
    report = json.loads(json.dumps(timeline.to_dict()))
    keys = "file duration_s window_s score interval cuts windows faults notes".split()
    assert set(keys) <= set(report) and report["file"] == "film.mp4"
    assert list(report["windows"][0]) == ["start_s", "end_s", "score", "interval", "text", "defects"]
    rows = list(csv.DictReader(io.StringIO(timeline.to_csv())))
    assert [float(row["start_s"]) for row in rows] == [0, 1, 3]
    assert [float(row["score"]) for row in rows] == [window["score"] for window in report["windows"]]


@pytest.mark.parametrize("batch", [1, 2])
def test_windows_beside_one_another_get_the_ratings_that_each_gets_alone(rater, film, events, batch):
    other = list(rater.timeline_events(film, batch=batch))[-1].timeline
    for one, alone in zip(other.windows, events[-1].timeline.windows, strict=True):
        assert (one.text, one.score, one.defects) == (alone.text, alone.score, alone.defects)
        assert one.naming == pytest.approx(alone.naming, abs=1e-4)


def test_what_the_model_sees_of_a_window_is_what_it_sees_of_a_clip_and_shared_pictures_are_looked_at_once(rater, film):
    loaded, looked = rater.loaded, []
    tower = loaded.model.model.vision_tower
    hook = tower.register_forward_pre_hook(lambda _, a, k: looked.append(len(k["pixel_values"])), with_kwargs=True)
    reel = open_reel(film, loaded.video_spec, WindowSpec(), SIDE)
    with WindowSource(loaded, reel, 12, 8, threading.Lock(), threading.Event()) as source:
        requests = []
        while source.open:
            requests += source.take(8, wait=True)
    hook.remove()
    distinct = {i for request in requests for i in request.key.shown.clip.indices}
    assert sum(looked) == len(distinct) < sum(len(request.key.shown.clip.indices) for request in requests)
    for request in requests:
        with torch.inference_mode():
            alone = loaded.model.model.encode_video(**loaded.processor.video_inputs([request.key.shown.clip]))
        assert torch.allclose(request.video["video_features"], alone, atol=1e-4)


def test_a_stop_leaves_what_was_rated(rater, tmp_path):
    path = clips.encode(tmp_path / "long.mp4", kinds.scene(250))
    cancel, seen = threading.Event(), []
    for event in rater.timeline_events(path, cancel=cancel, batch=1):
        seen.append(event)
        if isinstance(event, WindowRated):
            cancel.set()
    timeline = seen[-1].timeline
    assert timeline.windows == tuple(event.window for event in seen if isinstance(event, WindowRated))
    assert 1 <= len(timeline.windows) < 9
    assert timeline.notes[-1].startswith("stopped at ") and timeline.notes[-1].endswith(" of 10.0 s")
    assert not [thread for thread in threading.enumerate() if thread.name == "reel" and thread.is_alive()]


def test_one_that_is_stopped_before_anything_was_rated_ends_without_a_word(rater, film):
    cancel = threading.Event()
    cancel.set()
    assert [event for event in rater.timeline_events(film, cancel=cancel) if not isinstance(event, Opened)] == []


def test_who_leaves_early_leaves_nothing_behind(rater, film):
    events = rater.timeline_events(film)
    next(events), next(events)
    events.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "reel" and thread.is_alive()]
    assert rater.rate(film).score


def test_black_and_titles_are_passed_over_and_told(rater, tmp_path):
    black = np.zeros((50, 240, 320, 3), np.uint8)
    path = clips.encode(tmp_path / "a.mp4", np.concatenate([black, kinds.scene(50), black]))
    timeline = rater.timeline(path)
    assert [(w.start_s, w.end_s) for w in timeline.windows] == [(2, 4)]
    assert timeline.notes == ("black frames, titles or credits passed over",)
    with pytest.raises(VideoError, match="shows nothing but black frames, titles or credits: it has no timeline"):
        rater.timeline(clips.encode(tmp_path / "b.mp4", black))


def test_long_films_are_spread_and_pictures_refused(rater, film, tmp_path):
    picture = tmp_path / "a.png"
    kinds.Image.fromarray(kinds.scene(1)[0]).save(picture)
    with pytest.raises(VideoError, match="a.png is a picture, or shows only one: it has no timeline"):
        rater.timeline(picture)
    with pytest.raises(VideoError, match="does not exist"):
        rater.timeline(tmp_path / "nothing.mp4")
    with pytest.raises(ValueError, match="0.5 to 60 seconds"):
        rater.timeline(film, window_s=0)


def window(start: float, end: float, score: float, *defects: Defect, deviation: float | None = 0.3) -> TimelineWindow:
    return TimelineWindow(start, end, score, "", "", defects, {defect.name: 0.9 for defect in defects}, deviation)


def timeline(*windows: TimelineWindow) -> Timeline:
    return Timeline("a.mp4", windows[-1].end_s, 2.0, 1.0, (), windows, "tiny", "fp32")


def test_the_score_leans_to_the_worst_quarter_and_lies_within_the_windows():
    assert pooled([3.0], [2.0]) == 3.0
    assert pooled([4, 4, 4, 2], [1] * 4) == 2.75
    assert pooled([4, 2], [9, 1]) == pytest.approx((3.8 + (2 * 1 + 4 * 1.5) / 2.5) / 2)
    assert timeline(window(0, 2, 4), window(1, 3, 2), window(2, 4, 4)).score == pytest.approx((3.5 + 2) / 2)


def test_the_interval_is_as_wide_as_that_of_a_window():
    low, high = timeline(window(0, 2, 3), window(1, 3, 3)).interval
    assert (low, high) == pytest.approx((3 - 1.645 * 0.3, 3 + 1.645 * 0.3))
    assert timeline(window(0, 2, 3, deviation=None)).interval is None


def test_the_worst_moments_do_not_overlap():
    line = timeline(*(window(k, k + 2, score) for k, score in enumerate([4, 3, 2, 1, 2, 3, 1.5])))
    assert line.worst() == [3, 6, 1] and line.worst(1) == [3]


def test_faults_of_a_timeline_are_in_its_json():
    blur = Defect("blur", "severe")
    [fault] = timeline(window(0, 2, 3), window(1, 3, 2, blur), window(2, 4, 2, blur)).to_dict()["faults"]
    wanted = {"name": "blur", "severity": "severe", "start_s": 2, "end_s": 4, "window": 2}
    assert fault | wanted == fault and 0 < fault["confidence"] < 1
