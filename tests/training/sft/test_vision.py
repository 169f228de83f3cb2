"""Which samples an epoch shows, and what agreement costs."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.toys import picture_row, row
from training.data.reasoning import GOOD_MOS, is_clean
from training.sft.config import SftSettings, VisionSettings
from training.sft.features import with_quick_tower
from training.sft.vision import SEVERITY_TARGETS, Seer, learn_in_full, plcc_loss, seeing_loss, weighted
from vqathinker.rating.defects import DEFECTS

BROKEN = row(1, defects=[{"name": "blur", "severity": "slight"}])


def test_only_what_is_known_to_be_whole_is_clean():
    assert is_clean(row(0))
    assert not is_clean(BROKEN)
    assert not is_clean(picture_row(0, mos=GOOD_MOS - 0.1))
    assert is_clean(picture_row(0, mos=GOOD_MOS))
    assert not is_clean(picture_row(0, mos=GOOD_MOS, defects=BROKEN["defects"]))


def test_people_s_opinions_and_clean_clips_are_shown_more_often():
    rows = [row(0), BROKEN, picture_row(2)]
    shown = Counter(one["id"] for one in weighted(rows, {"clive": 2}, clean_copies=3))
    assert shown == {"clip0": 3, "clip1": 1, "picture2": 2}
    assert weighted(rows, {}) == rows


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


def test_defects_are_learned_only_where_all_of_them_are_known():
    liked, disliked = picture_row(0, mos=4.5), picture_row(1, mos=2.0)
    mos, logits = torch.tensor([4.5, 2.0, 3.0]), torch.zeros(3, len(DEFECTS), requires_grad=True)
    loss, parts = seeing_loss(mos, logits, [liked, disliked, row(2, mos=3.0, defects=BROKEN["defects"])], SftSettings())
    loss.backward()
    assert parts["l1"] == 0 and (logits.grad[1] == 0).all() and (logits.grad[0] > 0).all()
    blur = DEFECTS.index("blur")
    assert (logits.grad[2] < 0).nonzero().flatten().tolist() == [blur] and SEVERITY_TARGETS["slight"] > 0.5
    nothing, parts = seeing_loss(mos[1:2], logits[1:2], [disliked], SftSettings())
    assert parts["defects"] == 0 and torch.isfinite(nothing)


@pytest.fixture
def seer(model, processor, tmp_path):
    return Seer(model, processor, tmp_path, SftSettings(vision=VisionSettings(frozen_stages=1, layer_decay=0.5)))


def test_later_stages_of_the_tower_move_faster_and_every_trained_weight_once(seer):
    tower, groups = seer.model.vision_tower, seer.groups()
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert len(rates) == sum(len(group["params"]) for group in groups)
    of_stage = [{rates.get(id(p)) for p in stage.parameters()} for stage in tower.stages]
    see = seer.settings.vision
    last = len(tower.stages) - 1
    assert of_stage == [{None}] + [{see.tower_lr * 0.5 ** (last - k)} for k in range(1, last + 1)]
    assert all(not p.requires_grad for p in tower.stem.parameters())
    assert all(rates[id(p)] == see.new_lr for p in seer.head.parameters())
    trained = {id(p) for module in seer.modules().values() for p in module.parameters() if p.requires_grad}
    assert trained == rates.keys()


def test_the_average_follows_the_weights_and_can_be_taken_and_given_back(seer):
    weight = seer.head.layers[0].weight
    before = weight.detach().clone()
    average = seer.averaged(0.9)
    for _ in range(2):
        with torch.no_grad():
            weight.add_(1.0)
        average.update_parameters(torch.nn.ModuleDict(seer.modules()))
    tuned = seer.take(average.module.state_dict())
    torch.testing.assert_close(weight.detach(), before + 1.1)  # the first update is a copy, the second goes a tenth
    seer.take(tuned)
    torch.testing.assert_close(weight.detach(), before + 2.0)
