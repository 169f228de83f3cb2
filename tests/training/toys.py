"""A checkpoint of two blocks and a validation set of a few generated files, for tests of what measures checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests import clips
from tests.model.tiny_models import make_model, make_processor
from vqathinker.model.loading import LoadedModel


def make_loaded(seed: int = 0) -> LoadedModel:
    processor = make_processor()
    return LoadedModel(make_model(processor, seed), processor, "toy", "fp32")


def save_checkpoint(folder: Path, seed: int = 0, tower_seed: int = 0) -> Path:
    """A toy checkpoint on disk; `seed` is that of its words, `tower_seed` that of its sight."""
    loaded, other = make_loaded(tower_seed), make_loaded(seed)
    loaded.model.model.language_model = other.model.model.language_model
    loaded.model.tie_weights()
    loaded.model.save_pretrained(folder)
    loaded.processor.save_pretrained(folder)
    return folder


def row(index: int, **values) -> dict:
    """A row of a manifest: a moving clip with a made-up label."""
    base = {
        "id": f"clip{index}",
        "path": f"videos/clip{index}.mp4",
        "root": "out",
        "content": f"clips:{index}",
        "group": "clips",
        "split": "val",
        "kind": "pseudo",
        "mos": 1.5 + index % 7 / 2,
        "family": "clean",
        "variant": "clean",
        "strength": 0.0,
        "ladder": None,
        "defects": [],
        "facts": {"width": 160, "height": 120, "fps": 25.0, "num_frames": 20, "duration_s": 0.8},
    }
    return base | values


def picture_row(index: int, **values) -> dict:
    """A row of a rated picture."""
    still = {"id": f"picture{index}", "path": f"clive/{index}.png", "root": "data", "content": f"clive:{index}"}
    facts = {"width": 60, "height": 40, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}
    rated = {"group": "clive", "kind": "human", "family": "authentic", "variant": "clive", "facts": facts}
    return row(index, **still, **rated) | values


def write_built(data: Path, built: Path) -> list[dict]:
    """Files and manifest of three clips (two of one ladder), a broken one and three pictures."""
    blur = [{"name": "blur", "severity": "slight"}]
    ladder = {"ladder": "a", "family": "blur", "variant": "blur-soft", "defects": blur, "content": "clips:a"}
    rows = [
        row(0),
        row(1, **ladder, strength=1.0, mos=3.5),
        row(2, **ladder, strength=2.0, mos=2.0),
        row(3, content="clips:b"),
        *(picture_row(index) for index in range(3)),
        picture_row(9, split="train", mos=2.0),
    ]
    (built / "videos").mkdir(parents=True)
    (data / "clive").mkdir(parents=True)
    for index in range(3):
        clips.encode(built / f"videos/clip{index}.mp4", clips.numbered_frames(20, seed=index))
    (built / "videos/clip3.mp4").write_bytes(b"")
    for index in (0, 1, 2, 9):
        picture = np.random.default_rng(index).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(picture).save(data / f"clive/{index}.png")
    (built / "manifest.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return rows
