"""How a cached sample is shown to the model in one step: flips, cameras over pictures, stated sizes, new defects.

Rated pictures were all rated at some 500 pixels and never moved. Left like that, the model would read their size and
stillness as a name of the data set; so a share of them moves (training/data/camera.py), and a share is shown with the
size of a common video, neither of which their raters could have seen or minded. Degraded clips, and pictures that
people liked, are made worse in new ways (training/sft/augment.py, training/sft/photo_defects.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from vqathinker.model.processing import clip_facts, squash
from vqathinker.video import VideoInfo
from vqathinker.video.perturb import BLACK

from ..data.build.families import eligible
from ..data.camera import FPS, NUM_FRAMES, Camera, cut_camera, film, moving_camera
from ..data.reasoning import is_liked
from .augment import PAPER, TIMES, reference_of, relabelled, timed, tone_for, worsen
from .cache import Sample, Still, bursts_of
from .config import SftSettings
from .photo_defects import spoil

COMMON_SIZES = ((854, 480), (960, 540), (1280, 720), (1920, 1080), (480, 854), (720, 1280))
RATES = (24.0, 25.0, 30.0, 30.0)
FREE_SIZE = ("clive", "biq2021")
"""Sets whose pictures may be shown with another size than theirs: AVT's raters judged the size, too."""
CLIP = "clip"
"""Key of the views that show the pictures of a clip as they are."""
CAMERA_LOOKS = 1
"""Different pictures that the tower sees of a moving camera, which the sampled frames share: its film moves, and a
second picture of so slow a camera would cost as much as another sample."""


@dataclass(frozen=True)
class SampleView:
    """One showing of a sample: the manifest row with labels and facts that follow it, whether it is mirrored, its
    pictures (S, S, 3) uint8 by number, not mirrored, the number of the one at each sampled place (-1: black), its film
    (N, s, s), facts (4,), how many pictures it has. Views of a sample with the same `key` show the same pictures; None:
    pictures of its own."""

    row: dict
    flipped: bool
    picture: Callable[[int], np.ndarray]
    places: tuple[int, ...]
    film: np.ndarray
    facts: np.ndarray
    pictures: int
    key: str | None = None

    def frame(self, place: int) -> np.ndarray:
        """The frame (S, S, 3) uint8 at a sampled place."""
        if self.places[place] == BLACK:
            return np.zeros_like(self.picture(0))
        frame = self.picture(self.places[place])
        return frame[:, ::-1] if self.flipped else frame


def random_view(row: dict, sample: Sample | Still, settings: SftSettings, rng: np.random.Generator) -> SampleView:
    """A training view; the row's labels and facts follow what is shown, so that the words do too."""
    if isinstance(sample, Still):
        return random_picture_view(row, sample, settings, rng)
    flipped = bool(rng.random() < 0.5)
    worse = worsen(row, sample, settings.tone_share, settings.time_share, rng)
    shown = worse.film[..., ::-1] if flipped else worse.film
    frames, tone = sample.frames, worse.tone
    count = len(frames)
    if tone is None:
        return SampleView(worse.row, flipped, frames.__getitem__, worse.picks, shown, sample.facts, count, CLIP)
    return SampleView(worse.row, flipped, lambda index: tone(frames[index]), worse.picks, shown, sample.facts, count)


def plain_view(row: dict, sample: Sample | Still, settings: SftSettings) -> SampleView:
    """The sample as it is, for validation."""
    if isinstance(sample, Still):
        return _still(row, sample.picture, row["facts"], False, settings, "still False")
    frames, count = sample.frames, len(sample.frames)
    return SampleView(row, False, frames.__getitem__, tuple(range(count)), sample.film, sample.facts, count, CLIP)


def _facts(stated: dict, still: bool) -> np.ndarray:
    return clip_facts(VideoInfo(**stated, is_still=still)).numpy()


def _still(
    row: dict,
    picture: np.ndarray,
    stated: dict,
    flipped: bool,
    settings: SftSettings,
    key: str | None,
    box: tuple[float, ...] | None = None,
) -> SampleView:
    """A picture, or the part of it in `box` (left, top, right, lower edge in pixels), that does not move."""
    image, side = Image.fromarray(picture), settings.model.image_size
    small = (settings.model.burst_size, settings.model.burst_size)
    luma = np.asarray(image.convert("L").resize(small, Image.Resampling.BILINEAR, box=box))
    luma = luma[:, ::-1] if flipped else luma
    row, places = row | {"facts": stated}, (0,) * settings.model.frames

    def shown(_: int) -> np.ndarray:
        return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=box))

    return SampleView(row, flipped, shown, places, luma[None], _facts(stated, True), 1, key)


def random_box(size: tuple[int, int], least: float, rng: np.random.Generator) -> tuple[float, ...] | None:
    """A random box in a picture of this width and height, each side at least that share of it; None for all of it."""
    if least >= 1:
        return None
    width, height = rng.uniform(least, 1, 2) * size
    left, top = rng.uniform(0, size[0] - width), rng.uniform(0, size[1] - height)
    return (left, top, left + width, top + height)


def random_picture_view(row: dict, still: Still, settings: SftSettings, rng: np.random.Generator) -> SampleView:
    """A rated picture, still or filmed, as it is or, where people liked it, with a new defect of pixels or of time."""
    flipped, moves = bool(rng.random() < 0.5), bool(rng.random() < settings.pan_share)
    stated, picture = dict(row["facts"]), still.picture
    if row["group"] in FREE_SIZE and rng.random() < settings.resize_share:
        width, height = COMMON_SIZES[rng.integers(len(COMMON_SIZES))]
        stated |= {"width": width, "height": height}
    if moves:
        stated |= filmed_facts(float(RATES[rng.integers(len(RATES))]))
    row = row | {"facts": stated}
    spoils = is_liked(row) and rng.random() < settings.retouch_share
    if spoils and rng.random() < 0.6:
        spoiled = spoil(picture, rng)
        picture, row = spoiled.picture, relabelled(row, [(spoiled.family, spoiled.keep)])
    elif spoils:
        picture, row = _toned(row, picture, rng)
    if not moves:
        box = random_box(picture.shape[1::-1], settings.crop, rng)
        return _still(row, picture, stated, flipped, settings, None if spoils or box else f"still {flipped}", box)
    return _filmed(row, picture, draw_camera(settings, rng), flipped, settings, rng)


def draw_camera(settings: SftSettings, rng: np.random.Generator) -> Camera:
    return cut_camera(rng) if rng.random() < settings.cut_share else moving_camera(rng)


def filmed_facts(rate: float) -> dict:
    """What a clip of a camera over a picture states, beside its size."""
    return {"fps": rate, "num_frames": NUM_FRAMES, "duration_s": NUM_FRAMES / rate}


def filmed_row(row: dict) -> dict:
    """The row of a rated picture that is filmed."""
    return row | {"facts": row["facts"] | filmed_facts(FPS)}


def filmed(row: dict, still: Still, settings: SftSettings, rng: np.random.Generator) -> Sample:
    """A clip of a camera over a picture; its frames do not move, only its film does."""
    shown = film(still.picture, draw_camera(settings, rng), settings.model.burst_size)
    frames = np.repeat(squash(still.picture, settings.model.image_size)[None], settings.model.frames, axis=0)
    return Sample(frames, shown, _facts(row["facts"], False))


def _toned(row: dict, picture: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, dict]:
    """A picture with a change of exposure, contrast or color that would be seen on it, and its row."""
    luma = np.asarray(Image.fromarray(picture).convert("L"))
    tone, added = tone_for(reference_of(row, Sample(picture[None], luma[None], np.zeros(4))), rng)
    return (tone(picture), relabelled(row, added)) if tone else (picture, row)


def _filmed(
    row: dict, picture: np.ndarray, camera: Camera, flipped: bool, settings: SftSettings, rng: np.random.Generator
) -> SampleView:
    """A camera over a picture; where nothing bad is known of it, perhaps with a defect of time."""
    size, count = settings.model.image_size, settings.model.frames
    shown = film(picture, camera, settings.model.burst_size)
    looks = [round((look + 0.5) * NUM_FRAMES / CAMERA_LOOKS) for look in range(CAMERA_LOOKS)]
    picks = tuple(range(count))
    facts = _facts(row["facts"], False)
    free = is_liked(row) or row["kind"] == "pseudo"
    if free and rng.random() < settings.time_share:
        sample = Sample(squash(picture, 64)[None], shown, facts)
        reference = reference_of(row, sample)
        names = [name for name in (*TIMES, *PAPER) if eligible("disorder" if name in PAPER else name, reference)]
        if names:
            shown, picks, name, keep = timed(sample, row, names[int(rng.integers(len(names)))], rng, count)
            row = relabelled(row, [(name, keep)])
    places = tuple(BLACK if pick == BLACK else pick * CAMERA_LOOKS // count for pick in picks)
    image = Image.fromarray(picture)

    def look(number: int) -> np.ndarray:
        return camera.shot(image, looks[number], size, Image.Resampling.BICUBIC)

    return SampleView(row, flipped, look, places, shown[..., ::-1] if flipped else shown, facts, CAMERA_LOOKS)


def motion_tensors(views: list[SampleView], settings: SftSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Views -> bursts (B, F, T, s, s) uint8, of which `motion_values` makes what the model takes, and facts (B, 4)."""
    frames, length = settings.model.frames, settings.model.burst_length
    bursts = np.stack([bursts_of(view.film, frames, length) for view in views])
    return torch.from_numpy(bursts), torch.from_numpy(np.stack([view.facts for view in views]))
