"""The filmstrip: small pictures of the very frames that were sampled, with times or numbers."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
from PIL import Image

from vqathinker.space.widgets.thumbnails import THUMBNAIL_WIDTH, Film
from vqathinker.video import VideoSpec, disorder, load_clip


def picture(address: str) -> Image.Image:
    kind, data = address.split(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_sampled_frames_are_shown_small_and_with_their_times(clip):
    watched = load_clip(clip("portrait.mp4"))
    film = Film.of(watched)
    assert [label for _, label in film.cells] == [f"{time:.2f} s" for time in watched.times]
    assert film.facts == "120 × 160, 25 frames a second, 0.8 s"
    for (address, _), frame in zip(film.cells, watched.frames, strict=True):
        thumbnail = picture(address)
        assert max(thumbnail.size) <= THUMBNAIL_WIDTH and thumbnail.size == (120, 160)
        assert np.abs(np.asarray(thumbnail, float) - frame).mean() < 8


def test_squashed_frames_are_shown_in_the_shape_of_their_film(clip):
    film = Film.of(load_clip(clip("portrait.mp4"), VideoSpec(side=96)))
    assert {picture(address).size for address, _ in film.cells} == {(120, 160)}


def test_a_still_image_is_shown_once(tmp_path):
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "still.png")
    film = Film.of(load_clip(tmp_path / "still.png"))
    assert film.is_still and film.facts == "640 × 480"


def test_disordered_frames_carry_the_numbers_of_the_frames_they_are(clip):
    watched = load_clip(clip("plain.mp4"), timeline=disorder("reverse"))
    film = Film.disordered(watched, "reverse")
    count = watched.info.num_frames
    assert [label for _, label in film.cells] == [f"frame {count - index}" for index in watched.indices]
    assert f"of {count} frames are not where they were" in film.facts
    dropped = load_clip(clip("plain.mp4"), timeline=np.full(count, -1))
    assert dropped.frames.max() == 0


def test_a_film_survives_json(clip):
    film = Film.of(load_clip(clip("plain.mp4")))
    assert Film.from_dict(json.loads(json.dumps(film.to_dict()))) == film
