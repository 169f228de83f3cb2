"""Which samples an epoch shows, and what agreement costs."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.toys import picture_row, row
from training.data.reasoning import is_clean
from training.see import learn_in_full, plcc_loss, weighted
from training.watch import with_quick_tower

BROKEN = row(1, defects=[{"name": "blur", "severity": "slight"}])


def test_only_a_clip_that_is_known_to_be_whole_is_clean():
    assert is_clean(row(0))
    assert not is_clean(BROKEN)
    assert not is_clean(picture_row(0))


def test_people_s_opinions_and_clean_clips_are_shown_more_often():
    rows = [row(0), BROKEN, picture_row(2)]
    shown = Counter(one["id"] for one in weighted(rows, human_copies=2, clean_copies=3))
    assert shown == {"clip0": 3, "clip1": 1, "picture2": 2}
    assert weighted(rows, 1) == rows


@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_a_prediction_on_a_rising_line_costs_nothing_and_on_a_falling_one_two(slope, offset):
    target = torch.tensor([1.0, 2.0, 4.0, 4.5])
    assert plcc_loss(slope * target + offset, target).item() == pytest.approx(0, abs=1e-4)
    assert plcc_loss(offset - slope * target, target).item() == pytest.approx(2, abs=1e-4)


@pytest.mark.parametrize("target", [[1.0, 2.0, 4.0, 4.5], [3.0, 3.0, 3.0, 3.0]])
def test_predictions_that_are_all_equal_send_no_gradient_that_is_no_number(target):
    predicted = torch.full((4,), 3.0, requires_grad=True)
    (plcc_loss(predicted, torch.tensor(target)) + 0 * predicted.sum()).backward()
    assert torch.isfinite(predicted.grad).all()


def test_a_convolution_leaves_autocast_only_to_learn():
    conv, x = torch.nn.Conv2d(4, 4, 3, groups=4), torch.rand(1, 4, 8, 8)
    learn_in_full(conv)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert conv(x).dtype == torch.float32
        with torch.no_grad():
            assert conv(x).dtype == torch.bfloat16


def test_a_folded_copy_of_a_tower_that_learned_sees_what_the_tower_sees(model):
    tower = model.model.vision_tower.eval()
    for module in tower.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
        elif isinstance(module, torch.nn.Conv2d) and module.groups > 1:
            learn_in_full(module)
    pixels = torch.rand(2, 3, tower.config.image_size, tower.config.image_size)
    with torch.inference_mode():
        seen = tower(pixels).last_hidden_state
        quick = with_quick_tower(model.model).vision_tower(pixels).last_hidden_state
    torch.testing.assert_close(quick, seen, atol=1e-3, rtol=1e-3)
