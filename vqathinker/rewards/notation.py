"""How numbers are written where a reward is explained.

An explanation is lines of plain text. A line with "=" is arithmetic: what stands left of the last "=" evaluates, within
rounding, to what stands right of it; Φ is the normal distribution function.
"""

from __future__ import annotations

import math

import torch


def num(value: float | torch.Tensor, digits: int = 3) -> str:
    """A number with so many decimals and a real minus sign.

    >>> num(-0.0001), num(-1.5, 2)
    ('0.000', '−1.50')
    """
    text = f"{float(value):.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def chance(probability: float | torch.Tensor) -> str:
    """A probability, with more digits near its ends, where the square roots of the ranking reward are steep.

    >>> chance(0.5), chance(0.9999)
    ('0.5000', '0.999900')
    """
    return num(probability, 4 if 0.01 < float(probability) < 0.99 else 6)


def digits_for(value: float | torch.Tensor) -> int:
    """How many decimals show five digits of a positive number: 4 to 8.

    >>> digits_for(2.5), digits_for(0.00025), digits_for(0)
    (4, 8, 4)
    """
    return 4 if not float(value) > 0 else min(max(4, 4 - math.floor(math.log10(float(value)))), 8)


def plain(value: float | torch.Tensor) -> str:
    """As few digits as a constant needs.

    >>> plain(0.3), plain(torch.tensor(0.8)), plain(1.0)
    ('0.3', '0.8', '1')
    """
    return f"{float(value):g}"
