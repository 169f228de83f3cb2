"""GRPO with VQAThinker's rewards on a vision-language model of your own, by TRL's trainer:

    python -m examples.trl_grpo     # a tiny LLaVA with random weights, the example clips, three steps, on a CPU
    python -m examples.trl_grpo --model HuggingFaceTB/SmolVLM-256M-Instruct --labels labels.csv --videos videos/

A video is shown as a few frames. Beside each stands its twin, the same clip with its frames in disorder, for the
temporal reward. The random model cannot write yet; some steps of imitation teach it the form of an answer first, and
scores at random, so that the rewards have something to choose from. Human scores of the example clips do not exist: the
recorded ratings of the bundled model stand in for them.

Needs `pip install "vqathinker[train]"`.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
from trl import GRPOConfig, GRPOTrainer

from examples import tiny_vlm
from vqathinker.bundled import examples_folder
from vqathinker.rating.labels import read_labels
from vqathinker.rewards.trl import bell_reward, format_reward, ranking_reward, temporal_reward
from vqathinker.video import VideoSpec, disorder, load_clip

QUESTION = (
    "Rate the quality of this video from 1 (bad) to 5 (excellent), with two decimals. Think in <think> </think>, then "
    "write the number in <answer> </answer>."
)
REWARDS = [format_reward, bell_reward, ranking_reward, temporal_reward]
FRAMES = VideoSpec(frames=3, burst_length=0)


def example_labels() -> list[tuple[Path, float]]:
    """The example clips with their recorded ratings."""
    records = sorted((examples_folder() / "records").glob("*.json"))
    scores = [json.loads(record.read_text(encoding="utf-8"))["report"]["score"] for record in records]
    return [(examples_folder() / f"{record.stem}.mp4", score) for record, score in zip(records, scores, strict=True)]


def rows_of(labels: list[tuple[Path, float]], side: int = 448) -> list[dict]:
    """Two rows for each video: in order and, beside it, in disorder."""
    rows = []
    for path, mos in labels:
        for timeline in (None, disorder("shuffle")):
            frames = load_clip(path, FRAMES, timeline=timeline).frames
            images = [Image.fromarray(frame).resize((side, side)) for frame in frames]
            prompt = [{"role": "user", "content": QUESTION}]
            row = {"prompt": prompt, "images": images, "mos": mos, "video": path.name}
            rows.append(row | {"perturbed": timeline is not None})
    return rows


def teach_form(model, processor, rows: list[dict], steps: int = 80, seed: int = 0) -> None:
    """Imitation of well-formed answers with random scores, so that sampled ones can be told apart."""
    rng, optimizer = np.random.default_rng(seed), torch.optim.AdamW(model.parameters(), lr=1e-2)
    images = [{"type": "image"}] * FRAMES.frames
    chat = [{"role": "user", "content": [*images, {"type": "text", "text": QUESTION}]}]
    prompt = processor.apply_chat_template(chat, add_generation_prompt=True)
    length = processor(text=[prompt], images=[rows[0]["images"]], return_tensors="pt")["input_ids"].shape[1]
    for _ in range(steps):
        shown = [rows[place] for place in rng.integers(len(rows), size=8)]
        texts = [f"{prompt}{answer(score)}<eos>" for score in rng.uniform(1, 5, len(shown))]
        batch = processor(text=texts, images=[row["images"] for row in shown], padding=True, return_tensors="pt")
        labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
        labels[:, :length] = -100
        loss = model(**batch, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def answer(score: float) -> str:
    return f"<think>The frames look {'good' if score > 3 else 'poor'}.</think><answer>{score:.2f}</answer>"


def train(
    model, processor, rows: list[dict], out: Path, *, steps: int, length: int = 256, rate: float = 1e-6, rewards=REWARDS
) -> GRPOTrainer:
    """Some steps of TRL's GRPO: in each, four videos and their twins, and four answers about each."""
    generations = 4
    config = GRPOConfig(
        output_dir=str(out),
        max_steps=steps,
        num_generations=generations,
        per_device_train_batch_size=8 * generations,
        max_completion_length=length,
        shuffle_dataset=False,  # a clip and its twin stay in one batch
        learning_rate=rate,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=torch.cuda.is_available(),
        gradient_checkpointing=False,
        seed=0,
    )
    # TRL warns of every row without a reward; those of the twins have none on purpose.
    logging.getLogger("trl.trainer.grpo_trainer").setLevel(logging.ERROR)
    data = Dataset.from_list(rows)
    trainer = GRPOTrainer(model, reward_funcs=rewards, args=config, train_dataset=data, processing_class=processor)
    trainer.train()
    return trainer


def main(arguments: list[str] | None = None) -> GRPOTrainer:
    parser = argparse.ArgumentParser(prog="python -m examples.trl_grpo", description=__doc__.split(":\n")[0])
    parser.add_argument("--model", help="a vision-language model of the hub or a folder (default: a random tiny one)")
    parser.add_argument("--labels", help="human scores, as `vqathinker evaluate` reads them (default: the examples)")
    parser.add_argument("--videos", type=Path, default=Path(), help="the folder that the labelled files are in")
    parser.add_argument("--steps", type=int, default=3, help="steps of GRPO (default: 3)")
    parser.add_argument("--out", type=Path, default=Path("runs/trl"), help="where TRL writes (default: runs/trl)")
    args = parser.parse_args(arguments)
    labels = example_labels()
    if args.labels:
        labels = [(args.videos / file, mos) for file, mos in read_labels(args.labels).entries]
    if args.model:
        processor = AutoProcessor.from_pretrained(args.model)
        model = AutoModelForImageTextToText.from_pretrained(args.model, dtype="auto")
        return train(model, processor, rows_of(labels), args.out, steps=args.steps)
    rows = rows_of(labels, side=tiny_vlm.SIDE)
    processor = tiny_vlm.make_processor([QUESTION, answer(4), answer(2)])
    model = tiny_vlm.make_model(processor)
    teach_form(model, processor, rows)
    return train(model, processor, rows, args.out, steps=args.steps, length=32, rate=1e-3)


if __name__ == "__main__":
    main()
