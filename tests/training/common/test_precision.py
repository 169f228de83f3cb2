"""bfloat16 where the processor computes in it, float32 elsewhere."""

import pytest
import torch

from training.common.precision import multiplies_bfloat16, quick_autocast


@pytest.mark.parametrize(
    ("capabilities", "native"),
    [
        ({"architecture": "x86_64", "avx2": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"architecture": "x86_64", "avx512_f": True, "avx512_vnni": True, "avx512_bf16": False}, False),
        ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": True}, True),
        ({"architecture": "x86_64", "avx512_bf16": False, "amx_bf16": True}, True),
        ({"architecture": "aarch64", "neon": True, "bf16": True}, True),
        ({"architecture": "aarch64", "neon": True, "bf16": False}, False),
        ({}, False),
    ],
)
def test_a_processor_has_bfloat16_when_it_multiplies_it(capabilities, native):
    assert multiplies_bfloat16(capabilities) is native


def test_this_processor_computes_in_what_it_is_quick_in():
    native = multiplies_bfloat16(torch.cpu.get_capabilities())
    with quick_autocast(torch.device("cpu")):
        product = torch.ones(4, 4) @ torch.ones(4, 4)
    assert product.dtype == (torch.bfloat16 if native else torch.float32)
    assert (product == 4).all()


def test_autocast_around_it_is_left_where_it_is_slow():
    native = multiplies_bfloat16(torch.cpu.get_capabilities())
    with torch.autocast("cpu", torch.bfloat16), quick_autocast(torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == (torch.bfloat16 if native else torch.float32)
