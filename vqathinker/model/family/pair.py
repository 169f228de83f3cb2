"""Two models that are to stay in one memory: in which precisions they fit beside one another."""

from __future__ import annotations

from itertools import product

import torch

from ...environment import on_zero_gpu
from ...errors import ModelError
from .. import memory
from ..loading import find_device
from ..memory import MARGIN, Measured, check_precision, gigabytes, usable
from .load import measured_model


def precisions_of_pair(
    first: str, second: str, precision: str = "auto", loaded: str = "", device: str | None = None
) -> tuple[str, str]:
    """The precision of each of two models on one device, of which only the small files are looked at.

    `auto` keeps the first as precise as it can be beside the second, which takes the best that is left. At a time one
    of them works, so room for a video is needed once. `loaded`: the precision in which the first is there already.
    Raises ModelError with both sizes and the limit where they do not fit, and what loading either would raise.
    """
    check_precision(precision)
    place = find_device(device)
    both, names = (measured_model(first, device), measured_model(second, device)), (first, second)
    return fitting(names, both, precision, loaded, place, free_for_both(both[0], loaded, place))


def free_for_both(first: Measured, loaded: str, device: torch.device) -> int:
    """Free memory as it is without the first model. The device of ZeroGPU is lent later: all of it counts as free."""
    resident = first.need(loaded, device).weights if loaded and not (on_zero_gpu() and device.type == "cuda") else 0
    return memory.free_bytes(device) + resident


def fitting(
    names: tuple[str, str],
    both: tuple[Measured, Measured],
    precision: str,
    loaded: str,
    device: torch.device,
    free: int,
) -> tuple[str, str]:
    """See `precisions_of_pair`; `free`: bytes that both may take."""
    asked = usable(device) if precision == "auto" else [precision]
    choices = list(product([loaded] if loaded else asked, asked))
    for chosen in choices:
        if together(both, chosen, device) <= free:
            return chosen
    sizes = [one.need(kind, device).weights for one, kind in zip(both, choices[-1], strict=True)]
    told = " and ".join(
        f"{name} takes {gigabytes(size)} in {kind}" for name, size, kind in zip(names, sizes, choices[-1], strict=True)
    )
    where = "this machine" if device.type == "cpu" else f"the GPU ({device})"
    whole = together(both, choices[-1], device)
    raise ModelError(
        f"not enough memory for both models: {told}, together with room for a video {gigabytes(whole)}, and "
        f"{gigabytes(free)} are free for both on {where}"
    )


def together(both: tuple[Measured, Measured], precisions: tuple[str, str], device: torch.device) -> int:
    """Bytes of the weights of both, and of one video in the one that needs more for it."""
    needs = [one.need(kind, device) for one, kind in zip(both, precisions, strict=True)]
    return sum(need.weights for need in needs) + int(MARGIN * max(need.video for need in needs))
