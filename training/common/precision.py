"""The arithmetic of the supervised start and of stored features: bfloat16 where the processor computes in it."""

from __future__ import annotations

from collections.abc import Mapping

import torch

NATIVE = ("avx512_bf16", "amx_bf16", "bf16")
"""Names under which torch.cpu.get_capabilities() says that a CPU, x86 or ARM, multiplies bfloat16 by itself."""


def multiplies_bfloat16(capabilities: Mapping[str, object]) -> bool:
    """Whether a CPU of these capabilities has instructions for it; others imitate it, twenty times slower."""
    return any(capabilities.get(name, False) for name in NATIVE)


def quick_autocast(device: torch.device) -> torch.autocast:
    """Autocast to bfloat16 where that is quicker than float32, a context that changes nothing elsewhere."""
    if device.type == "cpu":
        native = multiplies_bfloat16(torch.cpu.get_capabilities())
    else:
        native = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast(device.type, torch.bfloat16, enabled=native)
