"""Can a model tell where in the picture a fault sits? Not a test: it prints, it never fails.

    python -m tests.benchmarks.fault_regions CLIP… [--cases 40] [--model tiny] [--out JSON]
    python -m tests.benchmarks.fault_regions --judge JSON

CLIP: clean clips that the model has not seen. In each case four of the nine cells of the model's grid, two by two, are
degraded as in the training data (level 3) in all sampled frames. Then each cell is scored by three ways, with how
probable it is that the model names the fault (`vqathinker.rating.naming`), about the text that it wrote of the whole:

    occlusion   the log-odds that are lost when the cell's tokens become the mean of the other cells' tokens
    alone       the log-odds when the tokens of this cell stand in the places of all cells
    crop        the log-odds when the cell, enlarged, is the whole picture

Printed for all cases, and for those in which the model names the fault: the area under the ROC curve of the cells, and
how often the cell with the highest score is a degraded one (by chance: 0.5 and 0.44).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.timeline_places import FPS, HEIGHT, WIDTH, read_frames
from training.data import ffmpeg
from training.data.build.degrade import Op, step_for
from training.data.build.families import strength_at
from vqathinker import load_rater
from vqathinker.model.generation import prefill, write
from vqathinker.model.loading import LoadedModel
from vqathinker.model.processing import normalise
from vqathinker.rating.naming import Namer
from vqathinker.video import load_clip
from vqathinker.video.still import squash

KINDS = (
    ("blur", "gaussian"), ("noise", "gaussian"), ("compression", "x264"), ("underexposure", "stops"),
    ("overexposure", "stops"), ("low_contrast", "flat"), ("color", "cast"),
)  # fmt: skip
GRID, LEVEL, LIMIT = 3, 3.0, 160
WAYS = ("occlusion", "alone", "crop")


class Asked:
    """How probable it is that the model names a fault, for features of a video that were changed."""

    def __init__(self, loaded: LoadedModel):
        self.loaded, self.namer = loaded, Namer(loaded)
        self.ids = torch.tensor([loaded.processor.prompt_ids()])

    def prompt(self, features: torch.Tensor):
        return prefill(self.loaded.model, {"input_ids": self.ids, "video_features": features[None]})

    def text(self, features: torch.Tensor) -> list[int]:
        limits = {"max_new_tokens": LIMIT, "eos_token_id": self.loaded.eos_token_id}
        return write(self.loaded.model, self.prompt(features), **limits)[0]

    def probability(self, features: torch.Tensor, text: list[int], name: str) -> float:
        return self.namer(self.prompt(features), text, [1.0] * len(text)).get(name, 0.0)


def worsen(frames: np.ndarray, op: Op, cells: np.ndarray, rng: np.random.Generator, folder: Path) -> np.ndarray:
    """Frames (F, H, W, 3) with an op in the cells (3, 3) bool."""
    facts = ffmpeg.Facts(WIDTH, HEIGHT, FPS, len(frames), len(frames) / FPS)
    source, target, step = folder / "clean.mp4", folder / "worse.mp4", step_for(op, facts, rng)
    ffmpeg.encode_frames(frames, FPS, source)
    ffmpeg.encode_file(source, target, step.filters, step.codec)
    mask = np.kron(cells, np.ones((HEIGHT // GRID, 1), bool)).repeat(-(-WIDTH // GRID), axis=1)[:, :WIDTH]
    return np.where(mask[None, ..., None], read_frames.__wrapped__(target)[: len(frames)], frames)


@torch.inference_mode()
def score_cells(asked: Asked, clip, frames: np.ndarray, name: str) -> dict:
    """Of each way its nine scores, and the probability for the whole."""
    loaded, model = asked.loaded, asked.loaded.model.model
    side = loaded.processor.image_size
    clip = replace(clip, frames=np.stack([squash(frame, side) for frame in frames]))
    inputs = loaded.processor.video_inputs([clip])
    motion = model.motion_encoder(inputs)
    whole = model.project(model.vision_tokens(inputs["pixel_values"]), motion)[0]
    text, count = asked.text(whole), 1 + GRID * GRID
    tokens, rest = whole[: len(frames) * count].unflatten(0, (-1, count)), whole[len(frames) * count :]
    base = asked.probability(whole, text, name)
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for cell in range(1, count):
        others = [k for k in range(1, count) if k != cell]
        hidden, alone = tokens.clone(), tokens[:, cell : cell + 1].expand_as(tokens)
        hidden[:, cell] = tokens[:, others].mean(1)
        hidden[:, 0] = hidden[:, 1:].mean(1)
        crop = model.project(_crop_tokens(loaded, frames[len(frames) // 2], cell - 1, len(frames)), motion)[0]
        found["occlusion"].append(_odds(base) - _odds(asked.probability(_joined(hidden, rest), text, name)))
        found["alone"].append(_odds(asked.probability(_joined(alone, rest), text, name)))
        found["crop"].append(_odds(asked.probability(crop, text, name)))
    return found | {"whole": base}


def _crop_tokens(loaded: LoadedModel, frame: np.ndarray, cell: int, frames: int) -> torch.Tensor:
    """(1, frames, tokens, D) of a cell as a picture of its own."""
    height, width = HEIGHT // GRID, WIDTH // GRID
    row, column = divmod(cell, GRID)
    part = frame[row * height : (row + 1) * height, column * width : (column + 1) * width]
    picture = squash(np.ascontiguousarray(part), loaded.processor.image_size)[None]
    pixels = normalise(picture, loaded.processor.image_mean, loaded.processor.image_std)
    return loaded.model.model.vision_tokens(pixels[None]).expand(-1, frames, -1, -1)


def _joined(tokens: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
    return torch.cat([tokens.flatten(0, 1), rest])


def _odds(probability: float) -> float:
    held = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(held / (1 - held)))


def area(scores: Sequence[float], worse: Sequence[bool]) -> float:
    """Under the ROC curve: how often a degraded cell has a higher score than a clean one."""
    pairs = [(a > b) + 0.5 * (a == b) for a, x in zip(scores, worse, strict=True) if x
             for b, y in zip(scores, worse, strict=True) if not y]  # fmt: skip
    return float(np.mean(pairs))


def show(cases: Sequence[dict]) -> None:
    for title, some in (("all", cases), ("named", [case for case in cases if case["whole"] >= 0.5])):
        for way in WAYS if some else ():
            areas = [area(case[way], case["worse"]) for case in some]
            hits = [case["worse"][int(np.argmax(case[way]))] for case in some]
            print(f"{title:6} ({len(some)}) {way:10} area {np.mean(areas):.2f}   highest cell {np.mean(hits):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure whether a model tells where in the picture a fault sits.")
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--out", type=Path, help="keep what was found, case after case")
    parser.add_argument("--judge", type=Path, help="only print the figures of what was kept before")
    args = parser.parse_args()
    if args.judge:
        return show(json.loads(args.judge.read_text(encoding="utf-8")))
    asked, rng, cases = Asked(load_rater(args.model).loaded), np.random.default_rng(0), []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.cases):
            path, (family, variant) = args.clips[number % len(args.clips)], KINDS[number % len(KINDS)]
            clip = load_clip(path, asked.loaded.video_spec)
            cells, (row, column) = np.zeros((GRID, GRID), bool), rng.integers(GRID - 1, size=2)
            cells[row : row + 2, column : column + 2] = True
            op = Op(family, variant, strength_at(family, variant, LEVEL), "")
            frames = worsen(read_frames(path)[list(clip.indices)], op, cells, rng, Path(folder))
            case = {"clip": path.stem, "fault": family, "worse": cells.ravel().tolist()}
            cases.append(case | score_cells(asked, clip, frames, family))
            if args.out:
                args.out.write_text(json.dumps(cases, indent=1) + "\n", encoding="utf-8")
            print(f"{number + 1}: {path.stem}, {family}, named with {cases[-1]['whole']:.2f}", flush=True)
    show(cases)


if __name__ == "__main__":
    main()
