"""Pictures that several views share are looked at once, and every place gets the picture that the view shows there."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.conftest import texture
from training.data.appearance import appearance
from training.sft.augment import PixelChange
from training.sft.cache import Sample, Still
from training.sft.config import ModelSettings, SftSettings
from training.sft.features import Seen, gathered, packed_views, unpacked, with_appearance
from training.sft.views import CLIP, SampleView, plain_view, random_view
from vqathinker.video.perturb import BLACK

FRAMES = 3
SETTINGS = SftSettings(model=ModelSettings(image_size=16, frames=FRAMES, burst_length=4, burst_size=8))
DARK = PixelChange(np.zeros(256, np.uint8), np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
ROW = {"id": "a", "mos": 3.0}
PICTURE = ROW | {"group": "clive", "kind": "human", "defects": [], "ladder": None}
FACTS = {"width": 96, "height": 64, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}


def sample(count: int) -> Sample:
    frames = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    return Sample(frames, np.zeros((6, 8, 8), np.uint8), np.zeros(4, np.float32))


def view(clip: Sample, places, tone=None, flipped=False) -> SampleView:
    shown = clip.frames.__getitem__ if tone is None else lambda number: tone(clip.frames[number])
    key = CLIP if tone is None else None
    return SampleView(ROW, flipped, shown, places, clip.film, clip.facts, len(clip.frames), key)


@pytest.fixture(scope="module")
def still() -> Still:
    return Still(texture(np.random.default_rng(0), 96, 64))


def stands_at(shown, index: int) -> torch.Tensor:
    """What the tower is given for each place of a view, black where it shows black."""
    pictures = torch.cat([shown.pictures, torch.zeros_like(shown.pictures[:1])])
    return pictures[shown.places[index]]


@pytest.mark.parametrize("tone", [None, DARK])
@pytest.mark.parametrize("places", [(0, 1, 2), (0, 0, 2), (BLACK, 1, 2)])
def test_a_clip_keeps_its_pictures_unless_its_pixels_change(places, tone):
    clip = sample(FRAMES)
    shown = gathered([view(clip, (0, 1, 2)), other := view(clip, places, tone)], SETTINGS)
    wanted = np.stack([other.frame(place) for place in range(FRAMES)])
    assert torch.equal(stands_at(shown, 1), torch.from_numpy(wanted))
    assert len(shown.pictures) == FRAMES * (1 if tone is None else 2)
    assert shown.bursts.shape == (2, FRAMES, 4, 8, 8) and shown.bursts.dtype == torch.uint8


def test_a_mirrored_clip_is_looked_at_once_and_a_mirrored_tone_as_it_is_shown():
    clip = sample(FRAMES)
    shown = gathered([view(clip, (0, 1, 2)), view(clip, (2, 1, 0), flipped=True)], SETTINGS)
    assert len(shown.pictures) == FRAMES and shown.places.tolist() == [[0, 1, 2], [2, 1, 0]]
    toned = view(clip, (0, 1, 2), lambda picture: picture // 2, flipped=True)
    wanted = np.stack([toned.frame(place) for place in range(FRAMES)])
    assert torch.equal(stands_at(gathered([toned], SETTINGS), 0), torch.from_numpy(wanted))


def test_views_of_a_picture_share_what_they_show_alike(still):
    row, chosen = PICTURE | {"facts": FACTS}, SETTINGS
    views = [plain_view(row, still, chosen)]
    views += [random_view(row, still, chosen, np.random.default_rng(seed)) for seed in range(30)]
    shown = gathered(views, chosen)
    keys = {one.key for one in views if one.key}
    filmed = [one for one in views if one.key is None]
    assert keys == {"still False", "still True"} and filmed
    assert len(shown.pictures) == len(keys) + sum(one.pictures for one in filmed)
    for index, one in enumerate(views):
        wanted = np.stack([one.frame(place) for place in range(FRAMES)])
        assert torch.equal(stands_at(shown, index), torch.from_numpy(wanted))
        assert len(set(shown.places[index].tolist())) == one.pictures


def test_a_view_is_told_with_what_its_picture_looks_like(still):
    seen = with_appearance(plain_view(PICTURE | {"facts": FACTS}, still, SETTINGS))
    told = appearance(seen.frame(1)).to_dict()
    assert seen.row == PICTURE | {"facts": FACTS, "appearance": told} and "appearance" not in PICTURE


def test_packed_views_come_back():
    seen = [[Seen(torch.tensor([k, 1]), torch.rand(3), torch.rand(4), {"k": k})] * (k + 1) for k in range(3)]
    back = unpacked(packed_views(seen))
    assert [len(views) for views in back] == [1, 2, 3]
    assert torch.equal(back[2][1].moments, seen[2][1].moments) and back[2][0].row == {"k": 2}


def test_left_and_right_are_those_of_what_the_tower_is_shown():
    picture = np.full((64, 96, 3), 120, np.uint8)
    picture[20:43, :32] = 255
    row, places = PICTURE | {"facts": FACTS}, set()
    for seed in range(12):
        one = random_view(row, Still(picture), replace(SETTINGS, pan_share=0.0), np.random.default_rng(seed))
        told = with_appearance(one).row["appearance"]["bright"]
        assert told == ("on the right" if one.flipped else "on the left")
        places.add(told)
    assert len(places) == 2
    clip = sample(FRAMES)
    clip.frames[:, :, :2], clip.frames[:, :, 2:] = 255, 100
    shown = [
        with_appearance(view(clip, (0, 1, 2), flipped=flipped)).row["appearance"]["bright"] for flipped in (False, True)
    ]
    assert shown[0] == shown[1]  # a mirrored clip is looked at once, as it is
