"""Pictures that several views share are looked at once, and every place gets the picture that the view shows there."""

import numpy as np
import pytest
import torch

from training.cache import Sample
from training.config import ModelSettings, SftSettings
from training.vary import Tone
from training.views import View
from training.watch import Seen, gathered, packed, unpacked
from vqathinker.video.perturb import BLACK

FRAMES = 3
SETTINGS = SftSettings(model=ModelSettings(frames=FRAMES, burst_length=4, burst_size=8))
DARK = Tone(np.zeros(256, np.uint8), np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
ROW = {"id": "a", "mos": 3.0}


def sample(count: int) -> Sample:
    frames = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    return Sample(frames, np.zeros((6, 8, 8), np.uint8), np.zeros(4, np.float32))


def view(picks, tone=None, flipped=False) -> View:
    return View(ROW, flipped, picks, tone, np.zeros((6, 8, 8), np.uint8), np.zeros(4, np.float32))


@pytest.mark.parametrize("tone", [None, DARK])
@pytest.mark.parametrize("picks", [(0, 1, 2), (0, 0, 2), (BLACK, 1, 2)])
def test_a_clip_keeps_its_pictures_unless_its_pixels_change(picks, tone):
    shown = gathered(clip := sample(FRAMES), [view((0, 1, 2)), view(picks, tone)], SETTINGS)
    pictures = torch.cat([shown.pictures, torch.zeros(1, 8, 8, 3, dtype=torch.uint8)])
    wanted = np.stack([view(picks, tone).frame(clip, place) for place in range(FRAMES)])
    assert torch.equal(pictures[shown.places[1]], torch.from_numpy(wanted))
    assert len(shown.pictures) == FRAMES * (1 if tone is None else 2)
    assert shown.bursts.shape == (2, FRAMES, 4, 8, 8) and shown.bursts.dtype == torch.uint8


@pytest.mark.parametrize("tone", [None, DARK])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_still_picture_stands_at_every_place(flipped, tone):
    still = sample(1)
    shown = gathered(still, [view((0,), tone, flipped)], SETTINGS)
    wanted = torch.from_numpy(view((0,), tone, flipped).frame(still, 0).copy())
    assert all(torch.equal(shown.pictures[place], wanted) for place in shown.places[0])


def test_packed_views_come_back():
    seen = [[Seen(torch.tensor([k, 1]), torch.rand(3), torch.rand(4), {"k": k})] * (k + 1) for k in range(3)]
    back = unpacked(packed(seen))
    assert [len(views) for views in back] == [1, 2, 3]
    assert torch.equal(back[2][1].moments, seen[2][1].moments) and back[2][0].row == {"k": 2}
