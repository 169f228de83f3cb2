"""Two processes with divided weights write answers of different lengths, and train on afterwards."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from training.policy.unshard import full_parameters


class Talker(nn.Module):
    """Two layers and a head; `say` runs the parts on their own, as writing answers does."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(nn.Linear(6, 6) for _ in range(2))
        self.head = nn.Linear(6, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.tanh(self.layers[1](torch.tanh(self.layers[0](x)))))

    @torch.no_grad()
    def say(self, x: torch.Tensor, steps: int) -> torch.Tensor:
        for _ in range(steps):
            for layer in self.layers:
                x = torch.tanh(layer(x))
        return self.head(x)


def two_processes(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(f"{folder}/store", 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2, timeout=datetime.timedelta(seconds=60))
    plain, policy, mesh = Talker(), Talker(), init_device_mesh("cpu", (2,))
    for layer in policy.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(policy, mesh=mesh)
    x = torch.linspace(-1, 1, 12).view(2, 6)
    steps = 5 if rank == 0 else 2
    optimizer = torch.optim.SGD(policy.parameters(), 0.1)
    for _ in range(2):
        with full_parameters(policy):
            written = policy.say(x, steps)
        torch.testing.assert_close(written, plain.say(x, steps))
        assert all(isinstance(parameter, DTensor) for parameter in policy.parameters())
        policy(x).pow(2).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        plain(x).pow(2).sum().backward()
        with torch.no_grad():
            for parameter in plain.parameters():
                parameter -= 0.1 * parameter.grad
                parameter.grad = None
    dist.barrier()
    dist.destroy_process_group()
    Path(folder, f"done-{rank}").touch()
    os._exit(0)  # gloo's threads now and then outlive the group, and abort an interpreter that shuts down around them


def test_answers_of_different_lengths_and_training_after_them(tmp_path):
    torch.multiprocessing.spawn(two_processes, (str(tmp_path),), nprocs=2)
    assert (tmp_path / "done-0").exists() and (tmp_path / "done-1").exists()


def test_without_the_context_divided_weights_cannot_write(tmp_path):
    """What the context is for: a part of the model that runs on its own meets weights in pieces."""
    dist.init_process_group("gloo", store=dist.FileStore(str(tmp_path / "store"), 1), rank=0, world_size=1)
    try:
        policy = fully_shard(Talker(), mesh=init_device_mesh("cpu", (1,)))
        with pytest.raises(RuntimeError, match="DTensor"):
            policy.say(torch.ones(1, 6), 1)
        with full_parameters(policy):
            assert policy.say(torch.ones(1, 6), 1).shape == (1, 4)
    finally:
        dist.destroy_process_group()


def test_undivided_weights_are_left_alone():
    model = Talker()
    before = [parameter.data_ptr() for parameter in model.parameters()]
    with full_parameters(model):
        assert [parameter.data_ptr() for parameter in model.parameters()] == before
