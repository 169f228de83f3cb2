"""Does the model prefer a clip in order to the same clip in disorder?

Every chosen clip is rated as it is and under each of the six temporal perturbations of its timeline; the share of pairs
in which the ordered clip gets the higher answer is counted, for each perturbation and over all. A tie is wrong.

Rule: moving validation clips whose own order is intact. Families freeze, disorder, low_frame_rate and corruption are
left out, alone or in a mixture, because their own frames are missing, repeated or displaced; shake moves the camera and
leaves the order as it was, so it stays. The perturbation of a clip follows from (seed, id, mode) alone. The file is
decoded once for all seven orders.
"""

from __future__ import annotations

import threading
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from vqathinker import VideoError
from vqathinker.model.generation import prefill
from vqathinker.model.loading import LoadedModel
from vqathinker.video import PERTURBATIONS

from ..policy.answers import greedy_answers
from ..policy.clips import Twin, Variants, read_variants
from ..sft.cache import source_path
from .lines import measure_all
from .measures import clustered_share

MOTION_FAULTS = frozenset({"freeze", "disorder", "low_frame_rate", "corruption"})
RULE = "moving validation clips whose own order is intact: no freeze, disorder, low_frame_rate or corruption"
ANSWERS = ("score", "expected")
CLIPS = 110


def order_is_intact(row: dict) -> bool:
    """Whether a row is of a moving clip to which nothing was done that touches the order of its frames."""
    applied = {part.split("-")[0] for part in row["variant"].split("+")} | {row["family"]}
    named = {defect["name"] for defect in row["defects"]}
    return row["kind"] == "pseudo" and row["facts"]["num_frames"] > 1 and not (applied | named) & MOTION_FAULTS


def choose_clips(rows: list[dict], count: int | None = CLIPS) -> list[dict]:
    """Up to `count` clips that the rule allows (None: all), spread evenly over contents and what was done to them."""
    allowed = sorted((row for row in rows if order_is_intact(row)), key=lambda row: (row["content"], row["id"]))
    if count is None or count >= len(allowed):
        return allowed
    return [allowed[i] for i in np.linspace(0, len(allowed) - 1, count).round().astype(int)]


def disorders(row_id: str, seed: int) -> list[Twin]:
    """One perturbation of each mode for a clip; the same at every call."""
    crc = zlib.crc32(row_id.encode())
    return [Twin(mode, (seed, crc, number)) for number, mode in enumerate(PERTURBATIONS)]


def rate_orders(loaded: LoadedModel, row: dict, path: Path, seed: int, turn: threading.Lock) -> dict:
    """One line: answers about the clip in order and under each perturbation; `error` where it cannot be decoded."""
    try:
        clip = read_variants(path, loaded.processor, disorders(row["id"], seed))
    except VideoError as error:
        return {"id": row["id"], "error": str(error)}
    with turn:
        answers = greedy_answers(loaded, prefill(loaded.model, inputs_of(clip, loaded)))
    numbers = [{"score": one.score, "expected": one.expected} for one in answers]
    return {"id": row["id"], "ordered": numbers[0], "modes": dict(zip(clip.modes[1:], numbers[1:], strict=True))}


def inputs_of(clip: Variants, loaded: LoadedModel) -> dict[str, torch.Tensor]:
    """The model's inputs for the clip and its twins, as one batch; what the processor makes of `load_clip` for each."""
    processor, clips = loaded.processor, [clip.clip(place) for place in range(len(clip.modes))]
    inputs = {"input_ids": torch.tensor(processor.prompt_ids()).repeat(len(clips), 1), **processor.video_inputs(clips)}
    return {name: tensor.to(loaded.model.device) for name, tensor in inputs.items()}


def rate_all_orders(
    loaded: LoadedModel, rows: list[dict], data: Path, built: Path, out: Path, seed: int = 0, jobs: int = 2
) -> list[dict]:
    """Lines of all rows, stored in OUT/preference.jsonl as they come."""
    turn = threading.Lock()

    def measure(part: list[dict]) -> list[dict]:
        return [rate_orders(loaded, row, source_path(row, data, built), seed, turn) for row in part]

    return measure_all(out / "preference.jsonl", rows, measure, settings={"seed": seed}, jobs=jobs, title="order")


def preference_report(rows: list[dict], lines: list[dict], seed: int = 0) -> dict:
    """Shares of pairs in which the ordered clip wins, by each kind of answer, with intervals over contents; `gain` is
    the mean of ordered minus perturbed."""
    rated = [(row, line) for row, line in zip(rows, lines, strict=True) if "error" not in line]
    groups = {
        name: [pair for pair in rated if pair[0]["group"] == name] for name in sorted({r["group"] for r, _ in rated})
    }
    report = {
        "rule": RULE,
        "seed": seed,
        "clips": len(rated),
        "contents": len({row["content"] for row, _ in rated}),
        "contents_of": {name: len({row["content"] for row, _ in pairs}) for name, pairs in groups.items()},
        "not_rated": len(lines) - len(rated),
    }
    for kind in ANSWERS:
        report[kind] = preference_shares(rated, kind) | {
            "groups": {name: preference_shares(pairs, kind) for name, pairs in groups.items()}
        }
    return report


def preference_shares(rated: list[tuple[dict, dict]], kind: str) -> dict:
    """Over all perturbations and for each."""
    modes = {mode: share(rated, kind, [mode]) for mode in PERTURBATIONS}
    return {"all": share(rated, kind, list(PERTURBATIONS)), "modes": modes}


def share(rated: list[tuple[dict, dict]], kind: str, modes: list[str]) -> dict:
    """Share of wins of the ordered clips over `modes`, its interval over contents, the mean gain and its ties."""
    won: dict[str, list[bool]] = defaultdict(list)
    gains = []
    for row, line in rated:
        differences = [line["ordered"][kind] - line["modes"][mode][kind] for mode in modes]
        won[row["content"]] += [difference > 0 for difference in differences]
        gains += differences
    gain = {"gain": float(np.mean(gains)), "ties": sum(value == 0 for value in gains)} if gains else {}
    return clustered_share(list(won.values())) | gain
