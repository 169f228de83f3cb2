"""The Rater on real clips with a model of two blocks: same file, same score; streamed, cancelled, side by side."""

import json
import math
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from tests.model.tiny_models import make_model, make_processor
from tests.video import kinds
from tests.video.decoders import decoders
from vqathinker import ModelError, VideoError
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import Rated, Rater, Watched, Wrote, first_better
from vqathinker.rating.rater import KEEP_S
from vqathinker.rewards import group_moments, preference_matrix

KEYS = [
    "file",
    "score",
    "expected",
    "greedy",
    "interval",
    "reasoning",
    "text",
    "defects",
    "frames",
    "rollouts",
    "spread",
    "model",
    "precision",
    "timings",
    "notes",
    "novelty",
]

PEAKS = """
import resource, sys
from vqathinker import load_rater

rater = load_rater("tiny")
for count in (16, 16, 128):
    rater.rate(sys.argv[1], rollouts=count)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.fixture(scope="module")
def rater():
    processor = make_processor()
    return Rater(LoadedModel(make_model(processor, seed=2), processor, "two-blocks", "fp32"), max_new_tokens=40)


@pytest.fixture(scope="module")
def rating(rater, clip):
    return rater.rate(clip("plain.mp4"), rollouts=4, seed=1)


def test_the_same_file_gets_the_same_rating_every_time(rater, rating, clip):
    again = rater.rate(clip("plain.mp4"), rollouts=4, seed=1)
    assert (again.score, again.expected, again.text) == (rating.score, rating.expected, rating.text)
    assert again.rollouts == rating.rollouts


def test_scores_stay_on_the_scale_even_when_the_text_holds_no_answer(rating):
    assert "<answer>" not in rating.text
    assert 1 <= rating.score <= 5
    assert 1 <= rating.expected <= 5
    assert rating.score == round(rating.expected, 2) and rating.greedy == 3.0


def test_a_rating_becomes_json_with_the_documented_keys(rating):
    report = json.loads(json.dumps(rating.to_dict()))
    assert list(report) == KEYS
    assert [frame["index"] for frame in report["frames"]] == [frame.index for frame in rating.frames]
    assert set(report["timings"]) == {"decode_s", "encode_s", "first_token_s", "total_s"}
    assert len(report["rollouts"]) == 4


def test_rollouts_do_not_move_the_score_and_follow_the_seed(rater, rating, clip):
    plain = rater.rate(clip("plain.mp4"))
    assert (plain.score, plain.text, plain.rollouts, plain.spread) == (rating.score, rating.text, (), None)
    assert rater.rate(clip("plain.mp4"), rollouts=2, seed=1).rollouts == rating.rollouts[:2]
    assert rater.rate(clip("plain.mp4"), rollouts=4, seed=2).rollouts != rating.rollouts


def test_the_stream_grows_to_the_text_of_the_rating(rater, rating, clip):
    texts = list(rater.stream(clip("plain.mp4")))
    assert len(texts) > 1
    assert texts[-1] == rating.text
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))


def test_events_come_in_order(rater, clip):
    events = list(rater.watch(clip("plain.mp4")))
    assert isinstance(events[0], Watched) and isinstance(events[-1], Rated)
    assert all(isinstance(event, Wrote) for event in events[1:-1])
    assert events[-1].rating.frames[0].index == events[0].clip.indices[0]


def test_cancelling_ends_without_a_rating_and_frees_the_model(rater, rating, clip):
    cancel = threading.Event()
    events = []
    for event in rater.watch(clip("plain.mp4"), cancel=cancel):
        events.append(event)
        if isinstance(event, Wrote):
            cancel.set()
    assert not any(isinstance(event, Rated) for event in events)
    assert rater.rate(clip("plain.mp4")).score == rating.score


def test_a_closed_stream_leaves_no_thread_and_frees_the_model(rater, rating, clip):
    before = threading.active_count()
    stream = rater.stream(clip("plain.mp4"))
    next(stream)
    stream.close()
    ends = time.monotonic() + 2 * KEEP_S  # a decoding process waits for the next file, with a thread that ends it
    while threading.active_count() > before and time.monotonic() < ends:
        time.sleep(0.05)
    assert threading.active_count() <= before
    assert rater.rate(clip("plain.mp4")).score == rating.score


def test_other_calls_inside_a_stream_are_answered_and_disturb_nothing(rater, rating, clip):
    own, done = Rater(rater.loaded, rater.max_new_tokens), []

    def nested() -> None:
        stream, beside = own.stream(clip("plain.mp4")), own.stream(clip("portrait.mp4"))
        texts = [next(stream), next(beside)]
        done.append(own.rate(clip("portrait.mp4")).text)
        done.extend(one.text for one in own.rate_many([clip("plain.mp4")], batch=1, jobs=1))
        done.extend([*texts, *stream][-1:] + [*texts, *beside][-1:])

    thread = threading.Thread(target=nested, daemon=True)  # so that waiting for each other would be a failure, no hang
    thread.start()
    thread.join(60)
    portrait = rater.rate(clip("portrait.mp4")).text
    assert done == [portrait, rating.text, rating.text, portrait]


def test_ratings_side_by_side_equal_ratings_one_by_one(rater, clip):
    paths = [clip("plain.mp4"), clip("portrait.mp4")] * 2
    alone = [rater.rate(path).text for path in paths]
    with ThreadPoolExecutor(4) as pool:
        assert [rating.text for rating in pool.map(rater.rate, paths)] == alone


def test_a_bad_file_raises_one_sentence_and_does_not_disturb_the_next(rater, rating, tmp_path, clip):
    bad = tmp_path / "words.mp4"
    bad.write_text("no video")
    with pytest.raises(VideoError, match="words.mp4"):
        rater.rate(bad)
    assert rater.rate(clip("plain.mp4")).score == rating.score


def test_negative_rollouts_are_refused(rater, clip):
    with pytest.raises(ValueError, match="must not be negative"):
        rater.rate(clip("plain.mp4"), rollouts=-1)


def test_a_comparison_needs_two_rollouts(rater, clip):
    with pytest.raises(ValueError, match="at least 2 rollouts"):
        rater.compare(clip("plain.mp4"), clip("plain.mp4"), rollouts=1)


def test_infinite_or_missing_numbers_never_reach_the_report(rating):
    numbers = [rating.score, rating.expected, *vars(rating.timings).values()]
    assert all(math.isfinite(number) for number in numbers)


def test_a_disordered_clip_is_another_video_and_the_same_every_time(rater, rating, clip):
    first, again = (rater.rate(clip("plain.mp4"), perturbation="shuffle", seed=3) for _ in range(2))
    assert (first.expected, first.text) == (again.expected, again.text)
    assert first.expected != rating.expected
    assert first.frames == rating.frames
    with pytest.raises(ValueError, match="no perturbation 'blink'"):
        rater.rate(clip("plain.mp4"), perturbation="blink")


def test_the_probability_is_that_of_the_ranking_reward(rater, clip):
    comparison = rater.compare(clip("plain.mp4"), clip("portrait.mp4"), rollouts=4)
    scores = comparison.first.rollout_scores, comparison.second.rollout_scores
    if min(map(len, scores)) < 2:
        with pytest.raises(ModelError, match="fewer than two readable answers"):
            _ = comparison.probability_first_better
    else:
        assert comparison.probability_first_better == first_better(*scores)
    mean, variance = group_moments(torch.tensor([[3.0, 4.0, 3.5], [2.0, 3.5, 3.0]]))
    expected = preference_matrix(mean, variance)[0, 1]
    assert first_better([3.0, 4.0, 3.5], [2.0, 3.5, 3.0]) == pytest.approx(float(expected), abs=1e-6)


def test_cancelling_ends_sampling_within_a_token(rater, clip):
    """So many answers take minutes; nothing is told while they are written."""
    cancel, seen, cancelled = threading.Event(), [], []

    def stop() -> None:
        cancelled.append(time.perf_counter())
        cancel.set()

    for event in rater.watch(clip("plain.mp4"), rollouts=5000, cancel=cancel):
        if isinstance(event, Wrote) and Wrote not in seen:
            threading.Timer(2.0, stop).start()
        seen.append(type(event))
    assert Rated not in seen and time.perf_counter() - cancelled[0] < 15


def test_cancelling_ends_a_decoder_that_hangs(rater, clip):
    cancel = threading.Event()

    def stop_decoder_then_cancel() -> None:
        while not (found := decoders()):
            time.sleep(0.005)
        for process in found:
            process.suspend()
        cancel.set()

    threading.Thread(target=stop_decoder_then_cancel, daemon=True).start()
    assert list(rater.watch(clip("plain.mp4"), cancel=cancel)) == []
    end = time.monotonic() + 4 * KEEP_S  # one that an earlier test left may wait for another file
    while decoders():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_memory_does_not_grow_with_the_number_of_answers(clip):
    """Side by side, 128 answers would take some 175 MB more than 16."""
    command = [sys.executable, "-c", PEAKS, str(clip("plain.mp4"))]
    _, before, after = map(int, subprocess.run(command, capture_output=True, check=True, timeout=1800).stdout.split())
    assert after - before < 60


def test_the_time_a_viewer_takes_after_the_frames_is_no_part_of_the_timings(rater, clip):
    events = rater.watch(clip("plain.mp4"))
    next(events)
    time.sleep(3)
    timings = list(events)[-1].rating.timings
    assert timings.total_s == pytest.approx(timings.decode_s + timings.encode_s, abs=2.5)


def test_the_protocol_reaches_the_pixels_and_notes_the_rating(rater, tmp_path):
    """Bars are cropped, and that is said; under the released protocol neither."""
    path = kinds.barred(tmp_path / "a.mp4", kinds.scene(12), 0, 60, 320, 360)
    assert rater.rate(path).notes == ("bars cropped",) == next(rater.rate_many([path], jobs=1)).notes
    released = Rater(replace(rater.loaded, protocol="released"), rater.max_new_tokens)
    assert released.rate(path).notes == () == next(released.rate_many([path], jobs=1)).notes
