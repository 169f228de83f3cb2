"""Which validation videos are looked at again and again."""

from pathlib import Path

import pytest

from training.data.datasets import Item
from training.grpo.validate import evenly, in_turn


def items(**sizes: int) -> list[Item]:
    return [
        Item(f"{group}{k}", Path(f"{k}.mp4"), 3.0, group, "val") for group, size in sizes.items() for k in range(size)
    ]


@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_probes_come_from_every_set_in_turn(count):
    chosen = in_turn(items(clive=9, avt_uhd=5, clips=30, photos=30), count)
    assert len(chosen) == len({item.id for item in chosen}) == count
    if count >= 3:
        assert {item.group for item in chosen} >= {"clive", "avt_uhd"}
        assert any(item.group in ("clips", "photos") for item in chosen)


def test_a_small_set_leaves_its_place_to_the_others():
    chosen = in_turn(items(clive=1, avt_uhd=5), 4)
    assert [item.group for item in chosen] == ["avt_uhd", "clive", "avt_uhd"]
    assert in_turn([], 4) == []


def test_each_set_gives_its_first_and_its_last():
    assert [item.id for item in evenly(items(clive=9, avt_uhd=5), 2)] == ["avt_uhd0", "avt_uhd4", "clive0", "clive8"]
