"""The supervised start of the tiny model: from a built data set to a checkpoint that sees, reasons and scores.

    python -m training.data.build DATA_DIR BUILT_DIR
    python -m training.sft DATA_DIR BUILT_DIR RUN_DIR --out vqathinker/checkpoints/tiny

Three stages, each logged to RUN_DIR/log.jsonl and resumed when the command is run again:
1. vision (training/sft/vision.py): vision tower, motion encoder and projectors learn quality with a throw-away reading
   head;
2. motion (training/sft/motion.py): the motion encoder learns motion on bursts alone;
3. language (training/sft/language.py): projectors and language model learn to write the reasoning and the score.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from vqathinker.renamed import OLD_STAGES

from ..common.atomic import atomic_write
from ..common.checkpoint import put_in_place, staging, write_files
from ..common.io import keep_rows, present_row, previous, read_jsonl, read_manifest, require_data
from ..data.reasoning import write_reasoning
from .cache import fill_cache, sample_path
from .config import SftSettings
from .init import make_tiny
from .language import train_to_speak
from .motion import train_to_move
from .vision import train_to_see

START_SPLITS = ("train", "val")


def corpus(rows: list[dict], seed: int) -> list[str]:
    """Answers that train the tokenizer: three wordings for every training row."""
    rng = np.random.default_rng([seed, 3])
    return [write_reasoning(row, row["mos"], rng) for row in rows for _ in range(3)]


def split(rows: list[dict], cache: Path) -> dict[str, list[dict]]:
    """Rows that could be decoded, by their split."""
    usable = [row for row in rows if sample_path(cache, row).exists()]
    return {name: [row for row in usable if row["split"] == name] for name in START_SPLITS}


def run_sft(data: Path, built: Path, run: Path, out: Path, settings: SftSettings, jobs: int) -> None:
    """The whole command of the module docstring. Raises ValueError or FloatingPointError."""
    require_data(data)
    adopt(run)
    rows = [row for row in read_manifest(built) if row["split"] in START_SPLITS]
    cache = run / "cache"
    failed = fill_cache(rows, data, built, cache, settings.model, jobs)
    print(*failed, f"{len(failed)} of {len(rows)} samples left out", sep="\n")
    parts = split(rows, cache)
    if empty := [name for name, members in parts.items() if not members]:
        raise ValueError(f"no sample of {' and '.join(empty)} could be read")
    model, processor = make_tiny(settings.model, corpus(parts["train"], settings.seed), settings.seed)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    head = train_to_see(model, processor, parts, cache, run, settings, jobs=jobs)
    train_to_move(model, parts, cache, run, settings, jobs=jobs)
    train_to_speak(model, processor, head, parts, cache, run, settings, jobs=jobs)
    write_files(model.cpu(), processor, staging(out))
    put_in_place(staging(out), out)


def adopt(run: Path) -> None:
    """Resume states and log that the release before left in a run, under the present names of the stages."""
    for old, name in OLD_STAGES.items():
        for path in (run / f"{old}.pt", previous(run / f"{old}.pt")):
            if path.exists() and not (new := path.with_name(path.name.replace(old, name, 1))).exists():
                path.rename(new)
    log = run / "log.jsonl"
    if log.exists() and any(f'"stage": "{old}"' in log.read_text() for old in OLD_STAGES):
        keep_rows(log, lambda row: True)  # without a last line that a kill left half written
        rows = [json.dumps(present_row(row)) for row in read_jsonl(log)]
        with atomic_write(log) as partial:
            partial.write_text("".join(f"{row}\n" for row in rows))
