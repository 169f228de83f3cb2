"""Positions of a prompt with pictures in it, in three dimensions (Qwen2-VL, arXiv 2409.12191, section 2.1).

A word has the same position in all three. The patches of a picture share their first, and count rows and columns in the
second and third from there; what follows goes on behind the largest. So every position after a prompt is one number
again, only not the number of tokens before it: `Prompt.shift` holds the difference, and everything that continues a
prompt (samples, slots, score trees) is as for other models.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


def positions(input_ids: Sequence[int], image_token_id: int, grids: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Token ids (L,), and rows and columns of tokens of each picture in them -> positions (3, L).

    Raises ValueError when the ids do not hold the placeholders of these pictures.
    """
    made, place, start = [], 0, 0
    for rows, columns in grids:
        before = place
        while place < len(input_ids) and input_ids[place] != image_token_id:
            place += 1
        made.append(_words(start, place - before))
        start, count = start + place - before, rows * columns
        if any(token != image_token_id for token in input_ids[place : place + count]) or place + count > len(input_ids):
            raise ValueError(f"the prompt does not hold the {count} placeholders of a picture where it begins")
        row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        made.append(start + torch.stack([torch.zeros(count, dtype=torch.long), row.flatten(), column.flatten()]))
        place, start = place + count, start + max(rows, columns)
    if image_token_id in input_ids[place:]:
        raise ValueError("the prompt holds more placeholders than there are pictures for")
    return torch.cat([*made, _words(start, len(input_ids) - place)], dim=1)


def _words(start: int, count: int) -> torch.Tensor:
    return torch.arange(start, start + count).expand(3, -1)
