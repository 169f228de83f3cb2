"""Two models in one memory, by their configurations at the released sizes alone: nothing of their weights is there."""

from __future__ import annotations

import pytest
import torch

from tests.model.released_size import config_8b
from vqathinker import ModelError, precisions_of_both
from vqathinker.model import memory
from vqathinker.model.family.load import measured_model
from vqathinker.model.family.pair import fitting, free_for_both, together
from vqathinker.model.memory import MARGIN

from . import qwen_folders

CPU, GPU, GB = torch.device("cpu"), torch.device("cuda", 0), 10**9
ROPE = {"mrope_section": [16, 24, 24], "rope_type": "default", "type": "default"}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Folders with the small files of the 8b model and of VisualQuality-R1."""
    ours = tmp_path_factory.mktemp("ours")
    config_8b().save_pretrained(ours)
    released = qwen_folders.released_sizes() | {"rope_scaling": ROPE}
    other = qwen_folders.write_small_files(tmp_path_factory.mktemp("other") / "q", **released)
    return str(ours), f"visualquality-r1@{other}"


@pytest.fixture(scope="module")
def both(names):
    return tuple(measured_model(name) for name in names)


def test_sizes_are_those_of_the_released_models(both):
    sizes = [one.need("bf16", GPU).weights / GB for one in both]
    assert sizes == [pytest.approx(16.0, abs=0.1), pytest.approx(16.6, abs=0.1)]
    pair = together(both, ("bf16", "bf16"), GPU)
    videos = [one.need("bf16", GPU).video for one in both]
    assert pair == sum(one.need("bf16", GPU).weights for one in both) + int(MARGIN * max(videos))


def test_the_first_stays_as_precise_as_it_can_beside_the_second(names, both):
    chosen = [fitting(names, both, "auto", "", GPU, int(free * GB)) for free in (80, 32, 29, 19)]
    assert chosen == [("bf16", "bf16"), ("bf16", "int8"), ("bf16", "nf4"), ("nf4", "nf4")]
    assert fitting(names, both, "auto", "", CPU, 80 * GB) == ("fp32", "fp32")
    assert fitting(names, both, "auto", "nf4", GPU, 80 * GB) == ("nf4", "bf16")
    assert fitting(names, both, "int8", "", GPU, 40 * GB) == ("int8", "int8")


@pytest.mark.parametrize(("precision", "free", "kind"), [("auto", 18, "nf4"), ("bf16", 37, "bf16")])
def test_what_does_not_fit_is_told_with_both_sizes_and_the_limit(names, both, precision, free, kind):
    with pytest.raises(ModelError) as caught:
        fitting(names, both, precision, "", GPU, free * GB)
    told = str(caught.value)
    for name, one in zip(names, both, strict=True):
        assert f"{name} takes {one.need(kind, GPU).weights / GB:.1f} GB in {kind}" in told
    assert f"and {free}.0 GB are free for both on the GPU (cuda:0)" in told and "\n" not in told


def test_what_the_first_holds_already_counts_as_room_for_both_but_not_where_a_gpu_is_lent_later(both, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 20 * GB)
    held = both[0].need("bf16", GPU).weights
    assert free_for_both(both[0], "", GPU) == 20 * GB
    assert free_for_both(both[0], "bf16", GPU) == 20 * GB + held
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert free_for_both(both[0], "bf16", GPU) == 20 * GB
    assert free_for_both(both[0], "bf16", CPU) > 20 * GB


def test_on_a_cpu_the_memory_of_the_machine_is_shared_out_before_anything_is_read(names, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 21 * GB)
    with pytest.raises(ModelError, match="both models: .* are free for both on this machine"):
        precisions_of_both(*names, "fp32")
    assert precisions_of_both("tiny", names[1], loaded="fp32") == ("fp32", "nf4")
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        precisions_of_both("tiny", "nowhere")
