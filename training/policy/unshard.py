"""Divided weights put together while answers are written.

Answers are written token by token through parts of the model, a different number of times on every process. An engine
that gathers a layer whenever it runs would wait for processes that have stopped already. So all weights are gathered
once before, stay while the answers are written, and are divided again afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.distributed.fsdp import FSDPModule, FullyShardedDataParallel


@contextmanager
def full_parameters(policy: nn.Module) -> Iterator[None]:
    """Every weight of a prepared policy in one piece on every process, whatever divides them: FSDP1, FSDP2, ZeRO-3.

    All processes must enter and leave together; in between, any of them may run any part of the model as often as it
    likes, without gradients. A policy whose weights are not divided is left alone.
    """
    if isinstance(policy, FSDPModule):
        with _whole_fsdp2(policy):
            yield
    elif any(isinstance(module, FullyShardedDataParallel) for module in policy.modules()):
        with FullyShardedDataParallel.summon_full_params(policy, writeback=False):
            yield
    elif any(hasattr(parameter, "ds_id") for parameter in policy.parameters()):
        with _whole_zero3(policy):
            yield
    else:
        yield


@contextmanager
def _whole_fsdp2(policy: FSDPModule) -> Iterator[None]:
    """The root is set up first: an inner layer that runs before it would take itself for the root."""
    policy._get_fsdp_state()._lazy_init()
    divided = [module for module in policy.modules() if isinstance(module, FSDPModule)]
    again = {module: _reshards(module) for module in divided}
    try:
        for module in divided:
            module.set_reshard_after_forward(False, recurse=False)
            module.unshard()
        yield
    finally:
        for module in divided:
            module.reshard()
            module.set_reshard_after_forward(again[module], recurse=False)


def _reshards(module: FSDPModule) -> bool:
    groups = module._get_fsdp_state()._fsdp_param_groups
    return any(group.post_forward_mesh_info is not None for group in groups)


@contextmanager
def _whole_zero3(engine: nn.Module) -> Iterator[None]:
    """ZeRO-3's hooks divide a layer again as soon as it has run, so they are taken off for the while."""
    from deepspeed.runtime.zero import GatheredParameters

    offload, parameters = engine.optimizer.parameter_offload, list(engine.parameters())
    with GatheredParameters(parameters):
        for parameter in parameters:
            parameter.ds_active_sub_modules.clear()
        offload._remove_module_hooks()
        offload.forward_hooks.clear()
        offload.backward_hooks.clear()
        try:
            yield
        finally:
            offload.setup_zero_stage3_hooks()
