"""Every shipped `accelerate launch` file means what it says to the pinned accelerate: no key is unknown or ignored."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import torch
import yaml
from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import DeepSpeedPlugin, DistributedType, FullyShardedDataParallelPlugin
from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env
from transformers import InternVLVisionConfig, Qwen2Config
from transformers.models.internvl.modeling_internvl import InternVLVisionModel
from transformers.models.qwen2.modeling_qwen2 import Qwen2Model

FOLDER = Path(__file__).parents[3] / "training" / "configs" / "accelerate"
FILES = sorted(FOLDER.glob("*.yaml"))
NAMES = [path.stem for path in FILES]
KINDS = {
    "one_gpu": (DistributedType.NO, 1, 1),
    "ddp": (DistributedType.MULTI_GPU, 8, 1),
    "zero2": (DistributedType.DEEPSPEED, 8, 1),
    "zero3": (DistributedType.DEEPSPEED, 8, 1),
    "zero3_two_nodes": (DistributedType.DEEPSPEED, 16, 2),
    "fsdp": (DistributedType.FSDP, 8, 1),
}
DEEPSPEED = [name for name in KINDS if name.startswith("zero")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def launched(name: str):
    """The arguments that `accelerate launch --config_file NAME` ends up with, before it starts a process."""
    arguments = ["--config_file", str(FOLDER / f"{name}.yaml"), "--main_process_port", str(free_port())]
    if name.endswith("nodes"):
        arguments += ["--machine_rank", "0", "--main_process_ip", "127.0.0.1"]
    args, defaults, _ = _validate_launch_command(
        launch_command_parser().parse_args([*arguments, "-m", "training.grpo"])
    )
    args.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
    return args


@pytest.fixture
def environment(monkeypatch):
    """Set what a launched process would find in its environment."""

    def use(name: str) -> dict[str, str]:
        args = launched(name)
        found = prepare_deepspeed_cmd_env(args)[1] if args.use_deepspeed else prepare_multi_gpu_env(args)
        for key, value in found.items():
            if os.environ.get(key) != value:
                monkeypatch.setenv(key, value)
        return found

    return use


def test_the_files_are_those_that_the_documents_name():
    assert set(NAMES) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_accelerate_s_own_parser_takes_the_file(name: str):
    config = load_config_from_file(str(FOLDER / f"{name}.yaml"))
    assert isinstance(config, ClusterConfig)
    assert (config.distributed_type, config.num_processes, config.num_machines) == KINDS[name]
    assert config.mixed_precision == "bf16"


@pytest.mark.parametrize("name", KINDS)
def test_no_key_of_an_engine_is_unknown_to_the_launcher(name: str):
    """accelerate copies unknown keys of these sections without a word and nobody reads them."""
    known = {action.dest for action in launch_command_parser()._actions}
    config = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    for section in ("deepspeed_config", "fsdp_config"):
        assert set(config.get(section, {})) <= known


@pytest.mark.parametrize("name", KINDS)
def test_the_launcher_chooses_the_engine(name: str):
    args, kind = launched(name), KINDS[name][0]
    chosen = (args.use_deepspeed, args.use_fsdp, args.multi_gpu)
    assert chosen == tuple(
        kind is k for k in (DistributedType.DEEPSPEED, DistributedType.FSDP, DistributedType.MULTI_GPU)
    )
    assert (args.num_processes, args.mixed_precision) == (KINDS[name][1], "bf16")


@pytest.mark.parametrize("name", DEEPSPEED)
def test_deepspeed_gets_the_stage_and_leaves_the_rest_to_the_settings(name: str, environment):
    environment(name)
    plugin = DeepSpeedPlugin()
    config = plugin.deepspeed_config
    assert config["zero_optimization"]["stage"] == (2 if name == "zero2" else 3)
    assert config["gradient_accumulation_steps"] == config["gradient_clipping"] == "auto"
    assert config["zero_optimization"]["offload_optimizer"]["device"] == "none"
    assert plugin.zero3_save_16bit_model == (name != "zero2") and not plugin.zero3_init_flag


def test_two_nodes_start_eight_processes_each_without_ssh():
    args = launched("zero3_two_nodes")
    command, found = prepare_deepspeed_cmd_env(args)
    assert command is None
    assert (args.nproc_per_node, args.nnodes, args.node_rank) == ("8", "2", 0)
    assert (args.rdzv_backend, args.rdzv_endpoint) == ("static", f"127.0.0.1:{args.main_process_port}")
    assert found["ACCELERATE_MIXED_PRECISION"] == "bf16"


def test_fsdp_shards_every_block_of_the_8b_model(environment):
    environment("fsdp")
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2 and plugin.reshard_after_forward is True
    assert not plugin.cpu_ram_efficient_loading and not plugin.activation_checkpointing
    with torch.device("meta"):
        text = Qwen2Model(Qwen2Config(hidden_size=32, num_attention_heads=2, num_hidden_layers=2, vocab_size=8))
        tower = InternVLVisionModel(InternVLVisionConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2))
    for model, blocks in ((text, text.layers), (tower, tower.encoder.layer)):
        assert {type(block).__name__ for block in blocks} <= set(plugin.transformer_cls_names_to_wrap)
        assert len(blocks) == 2 and model is not None
