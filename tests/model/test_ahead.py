"""Videos encoded in a thread: the answers are the same, and what goes wrong there is known where it is served."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.model.test_serving import CUDA_SAYS, VIDEOS, Trickle, without_end, written
from vqathinker.model.ahead import Ahead
from vqathinker.model.serving import Refused, serve


def serve_ahead(model, processor, source, batch: int = 3) -> dict:
    with Ahead(source, model) as ahead:
        return dict(serve(model, ahead, written, batch=batch, eos_token_id=processor.tokenizer.eos_token_id))


@pytest.mark.parametrize(("batch", "at_once"), [(1, 1), (3, 2), (16, 100)])
def test_answers_are_those_of_videos_that_are_encoded_when_their_turn_comes(
    model, processor, requests, alone, batch, at_once
):
    served = serve_ahead(model, processor, Trickle(requests, at_once), batch)
    assert [without_end(served[key], processor) for key in range(VIDEOS)] == alone


def test_it_is_done_in_another_thread_and_only_a_few_are(model, processor, requests):
    seen, hook = [], None
    hook = model.model.vision_tower.register_forward_pre_hook(lambda *_: seen.append(threading.current_thread().name))
    source = Trickle(requests)
    try:
        with Ahead(source, model, most=2) as ahead:
            first = ahead.take(1, wait=True)
            assert len(first) == 1 and "video_features" in first[0].video and len(source.left) >= VIDEOS - 4
        assert ahead.open and seen and all(name.startswith("encode") for name in seen)
    finally:
        hook.remove()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("encode")]


def test_what_is_refused_or_has_positions_of_its_own_passes(model, requests):
    refused = Refused("bad", ValueError("no"))
    placed = replace(requests[0], video={"position_ids": None})
    encoded = replace(requests[1], video={"video_features": model.model.encode_video(**requests[1].video)})
    with Ahead(Trickle([refused, placed, encoded]), model, most=3) as ahead:
        taken = []
        while ahead.open:
            taken += ahead.take(3, wait=True)
    assert taken[0] is refused and taken[1] is placed
    assert taken[2].video["video_features"] is encoded.video["video_features"]


def test_a_video_for_which_memory_ran_out_is_left_to_who_serves_it(model, processor, requests, alone, monkeypatch):
    whole, times = model.model.encode, []

    def scarce(**video):
        if threading.current_thread().name.startswith("encode"):
            times.append(1)
            raise CUDA_SAYS
        return whole(**video)

    monkeypatch.setattr(model.model, "encode", scarce)
    served = serve_ahead(model, processor, Trickle(requests))
    assert len(times) == VIDEOS
    assert [without_end(served[key], processor) for key in range(VIDEOS)] == alone


def test_another_failure_is_told(model, processor, requests, monkeypatch):
    def broken(**video):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(model.model, "encode", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        serve_ahead(model, processor, Trickle(requests))
