"""Several processes that share the files of one run: those that `accelerate launch` starts, one for each GPU."""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

ItemT = TypeVar("ItemT")
TEAM_TIMEOUT = timedelta(days=7)
"""How long the first process to be done waits for the last one."""


@dataclass(frozen=True)
class Team:
    """This process among `size` of them; `device` is the one that it should use, None where it may choose."""

    rank: int = 0
    size: int = 1
    device: str | None = None

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def share(self, items: Sequence[ItemT]) -> list[ItemT]:
        """Every `size`-th item, so that long and short ones are spread evenly."""
        return list(items[self.rank :: self.size])

    def gather(self, items: Sequence[ItemT]) -> list[ItemT]:
        """What all processes have of their shares, in the order before `share`."""
        if self.size == 1:
            return list(items)
        import torch.distributed

        shares: list = [None] * self.size
        torch.distributed.all_gather_object(shares, list(items))
        longest = max(map(len, shares))
        return [share[place] for place in range(longest) for share in shares if place < len(share)]

    def follow(self, value: ItemT | None = None) -> ItemT | None:
        """What the first process passes, in every process."""
        if self.size == 1:
            return value
        import torch.distributed

        box = [value]
        torch.distributed.broadcast_object_list(box, src=0)
        return box[0]

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            import torch.distributed

            torch.distributed.barrier()


ALONE = Team()


def join_team() -> Team:
    """The team that this process was launched in, or ALONE."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return ALONE
    import torch
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available(), timeout=TEAM_TIMEOUT)
    atexit.register(state.destroy_process_group)  # its threads may abort an interpreter that shuts down around them
    return Team(state.process_index, state.num_processes, str(state.device))
