"""What fits where: bytes counted against real tensors, and the precision that `auto` takes."""

from __future__ import annotations

import pytest
import torch

from tests.model.released_size import config_8b
from vqathinker import ModelError
from vqathinker.model import memory
from vqathinker.model.convert import expected_shapes
from vqathinker.model.memory import (
    NF4_BYTES,
    check_precision,
    choose_precision,
    clear_memory_error,
    container_bytes,
    free_bytes,
    videos_that_fit,
    weight_bytes,
)

CPU, GPU = torch.device("cpu"), torch.device("cuda")
GB = 10**9


@pytest.fixture(scope="module")
def config():
    config = config_8b()
    config.frames, config.image_seq_length = 12, 400
    return config


@pytest.fixture(scope="module")
def shapes(config):
    return expected_shapes(config)


@pytest.fixture
def with_free(monkeypatch):
    def set_free(gigabytes: float) -> None:
        monkeypatch.setattr(memory, "free_bytes", lambda device: int(gigabytes * GB))

    return set_free


def test_weights_of_8b_take_what_they_should(shapes):
    sizes = {name: weight_bytes(shapes, name, GPU) / GB for name in memory.PRECISIONS}
    count = sum(torch.Size(shape).numel() for shape in shapes.values())
    assert sizes["fp32"] == pytest.approx(4 * count / GB) and sizes["bf16"] == pytest.approx(2 * count / GB)
    assert sizes["bf16"] == pytest.approx(16.0, abs=0.1)
    assert 8 < sizes["int8"] < 10
    assert sizes["nf4"] < 8


def test_bytes_of_a_quantised_matrix_are_those_of_bitsandbytes():
    import bitsandbytes as bnb

    matrix = torch.randn(1024, 2048)
    stored = bnb.nn.Params4bit(matrix, requires_grad=False, quant_type="nf4", compress_statistics=True).to("cpu")
    state = stored.quant_state
    assert state.nested
    nbytes = stored.data.nbytes + state.absmax.nbytes + state.state2.absmax.nbytes
    assert nbytes == pytest.approx(matrix.numel() * NF4_BYTES, rel=0.001)
    key = "model.language_model.layers.0.mlp.up_proj.weight"
    assert weight_bytes({key: (1024, 2048)}, "nf4", CPU) == int(matrix.numel() * NF4_BYTES)
    assert weight_bytes({key: (1024, 2048), "lm_head.weight": (5, 2)}, "int8", CPU) == 1024 * 2048 + 4 * 1024 + 40


@pytest.mark.parametrize(
    ("device", "free", "chosen"),
    [(GPU, 80, "bf16"), (GPU, 16, "int8"), (GPU, 10, "nf4"), (CPU, 64, "fp32"), (CPU, 24, "bf16"), (CPU, 14, "nf4")],
)
def test_auto_takes_the_best_that_fits_and_says_so(shapes, config, with_free, device, free, chosen):
    with_free(free)
    precision, note = choose_precision("auto", shapes, config, device)
    assert precision == chosen
    assert note.startswith(f"precision {chosen} was chosen: it takes ")
    assert f"of the {free:.1f} GB that are free on {'the GPU (cuda)' if device is GPU else 'this machine'}" in note


def test_too_little_memory_names_what_would_fit(shapes, config, with_free):
    with_free(12)
    with pytest.raises(ModelError, match="not enough memory for bf16: .* take 16.0 GB .* choose int8 or nf4$"):
        choose_precision("bf16", shapes, config, GPU)
    with_free(4)
    with pytest.raises(ModelError, match="for nf4: .* 4.0 GB are free on the GPU .*; free some memory, take a larger"):
        choose_precision("auto", shapes, config, GPU)
    with_free(17)
    assert choose_precision("bf16", shapes, config, GPU) == ("bf16", "")


def test_without_bitsandbytes_the_rest_is_offered(shapes, config, with_free, monkeypatch):
    monkeypatch.setattr(memory, "has_bitsandbytes", lambda: False)
    with pytest.raises(ModelError, match="nf4 needs the package bitsandbytes .*; choose bf16 or fp32 without it"):
        check_precision("nf4")
    with_free(10)
    with pytest.raises(ModelError, match="pip install bitsandbytes for int8 and nf4, free some memory"):
        choose_precision("auto", shapes, config, GPU)
    with_free(80)
    assert choose_precision("auto", shapes, config, GPU)[0] == "bf16"


def test_as_many_videos_as_fit(shapes, config, with_free):
    with_free(60)
    assert videos_that_fit(config, "bf16", GPU, 32) == 32
    with_free(5)
    some = videos_that_fit(config, "bf16", GPU, 32)
    assert 1 < some < 10
    with_free(0)
    assert videos_that_fit(config, "bf16", GPU, 32) == 1


def test_a_container_leaves_less_than_its_machine(tmp_path, monkeypatch):
    assert container_bytes(tmp_path) is None
    for name, content in {
        "memory.max": "1000000\n",
        "memory.current": "700000\n",
        "memory.stat": "anon 5\ninactive_file 200000\n",
    }.items():
        (tmp_path / name).write_text(content)
    assert container_bytes(tmp_path) == 500_000
    (tmp_path / "memory.max").write_text("max\n")
    assert container_bytes(tmp_path) is None
    monkeypatch.setattr(memory, "container_bytes", lambda: 500_000)
    assert free_bytes(CPU) == 500_000


def test_memory_that_runs_out_becomes_one_sentence():
    with pytest.raises(ModelError, match="not enough memory for even one video"), clear_memory_error():
        torch.empty(10**15)
    with pytest.raises(RuntimeError, match="something else"), clear_memory_error():
        raise RuntimeError("something else")
