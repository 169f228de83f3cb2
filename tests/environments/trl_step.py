"""A step of TRL's trainer with our rewards and a text model of a few random weights. Knows no other file of the
repository: it runs where the wheel alone is installed."""

from __future__ import annotations

import tempfile

import torch
from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

from vqathinker.rewards.trl import bell_reward, format_reward, ranking_reward, temporal_reward

REWARDS = [format_reward, bell_reward, ranking_reward, temporal_reward]


def main() -> None:
    torch.manual_seed(0)
    letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=letters | {"<end>": 256}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(False), decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<end>", eos_token="<end>")
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = Qwen2ForCausalLM(Qwen2Config(**sizes, num_key_value_heads=2, vocab_size=257, eos_token_id=256))
    rows = [
        {"prompt": "How good?", "mos": mos, "video": f"{mos}.mp4", "perturbed": twin}
        for mos in (2.0, 4.0)
        for twin in (False, True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        args = GRPOConfig(
            output_dir=folder, max_steps=1, num_generations=2, per_device_train_batch_size=8, max_completion_length=8,
            shuffle_dataset=False, logging_steps=1, save_strategy="no", report_to="none", bf16=False,
        )  # fmt: skip
        data = Dataset.from_list(rows)
        trainer = GRPOTrainer(model, reward_funcs=REWARDS, args=args, train_dataset=data, processing_class=wrapped)
        trainer.train()
    [log] = [line for line in trainer.state.log_history if "rewards/format_reward/mean" in line]
    print(f"a step of TRL with {sum(name.endswith('_reward/mean') for name in log)} rewards")


if __name__ == "__main__":
    main()
