"""Could a checkpoint tell what is unlike all that it learned from? Nothing of it is shown yet; this measures it.

    python -m training.evaluate.novelty DATA_DIR BUILT_DIR LEARNED_DIR HELD_OUT_DIR CHECKPOINT

What the vision tower says of whole pictures (its global token, the mean over frames) lies near a plane of DIMENSIONS
for training samples, whose features lie in LEARNED_DIR, which is that of training.grpo. The distance from that plane
(the residual of a principal component analysis) is a measure of novelty. The limit is the lowest that no more than
QUIET of any set of one half of the validation contents exceeds: rated pictures, filmed ones, degraded clips; their
features are in HELD_OUT_DIR, such as that of training.evaluate.interval, where missing ones are computed.

Printed of the other half: the share of each set that would be called unlike, by mistake; and of files that are indeed
unlike (training/evaluate/odd.py, made anew, and this repository's own plots and screenshots), the share that would be.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..common.cli import add_data, add_jobs, ends_in_a_sentence
from ..common.io import read_manifest, require_data
from ..common.metrics import set_of
from ..common.spread import spread

QUIET = 0.03
DIMENSIONS = 128
MOST_LEARNED, MOST_CLIPS, FEWEST = 2000, 300, 30
"""Training samples and validation clips that are looked at, at most; sets with fewer samples set no limit."""
LEARNED = ("train", "grpo")
"""Splits that a training learns from."""
ROOT = Path(__file__).parents[2]
OWN = ("examples/screenshot*.jpg", "training/runs/*/plots/*.png")


@dataclass(frozen=True)
class Plane:
    """mean and deviation (D,) of features; components (K, D), orthonormal, of features standardised with both."""

    mean: np.ndarray
    deviation: np.ndarray
    components: np.ndarray

    def distances(self, vectors: np.ndarray) -> np.ndarray:
        """(N, D) -> (N,), in standard deviations."""
        standard = (vectors - self.mean) / self.deviation
        along = standard @ self.components.T
        return np.sqrt(np.maximum((standard**2).sum(1) - (along**2).sum(1), 0.0))


def fit(vectors: np.ndarray, dimensions: int = DIMENSIONS) -> Plane:
    """The plane near which vectors (N, D) lie."""
    mean, deviation = vectors.mean(0), vectors.std(0) + 1e-3
    _, _, axes = np.linalg.svd((vectors - mean) / deviation, full_matrices=False)
    return Plane(mean, deviation, axes[:dimensions])


def limit_of(distances: dict[str, np.ndarray]) -> float:
    """The lowest limit that at most QUIET of every set exceeds, of those that are large enough to tell."""
    enough = [values for values in distances.values() if len(values) >= FEWEST] or list(distances.values())
    return float(max(np.quantile(values, 1 - QUIET) for values in enough))


def shares(distances: dict[str, np.ndarray], limit: float) -> dict[str, dict[str, float]]:
    """For each set the share above the limit, and samples."""
    return {
        name: {"unlike": float(np.mean(values > limit)), "samples": len(values)}
        for name, values in sorted(distances.items())
    }


def held_out_rows(manifest: Sequence[dict]) -> list[dict]:
    """Validation rows, with at most MOST_CLIPS of the clips whose scores were computed, evenly thinned."""
    held = [row for row in manifest if row["split"] == "val"]
    degraded = spread([row for row in held if row["kind"] == "pseudo"], MOST_CLIPS)
    return [row for row in held if row["kind"] != "pseudo"] + degraded


def judged(learned: np.ndarray, rows: Sequence[dict], seen: np.ndarray, odd: dict[str, np.ndarray]) -> dict:
    """The report, from vectors of training samples (N, D), of validation rows (M, D), and of odd files by their kind:
    alarms of the half that did not make the limit, and hits."""
    from .interval import halves

    plane = fit(learned)
    distances = dict(zip([row["id"] for row in rows], plane.distances(seen), strict=True))
    tuned, checked = (by_set(part, np.array([distances[row["id"]] for row in part])) for part in halves(rows, 0))
    limit = limit_of(tuned or checked)
    far = {name: plane.distances(vectors) for name, vectors in odd.items()}
    hits = shares(far, limit) | shares({"all": np.concatenate(list(far.values()))}, limit)
    return {"learned": len(learned), "limit": limit, "alarms": shares(checked or tuned, limit), "hits": hits}


def by_set(rows: Sequence[dict], distances: np.ndarray) -> dict[str, np.ndarray]:
    """The distances of the rows of each set."""
    found = defaultdict(list)
    for row, distance in zip(rows, distances, strict=True):
        found[set_of(row)].append(distance)
    return {name: np.array(values) for name, values in found.items()}


class Looker:
    """What the tower of a checkpoint says of whole files."""

    def __init__(self, checkpoint: Path, data: Path, built: Path, jobs: int):
        from ..common.start import load_looker, load_start

        self.loaded, self.eyes = load_start(str(checkpoint)), load_looker(str(checkpoint))
        self.data, self.built, self.jobs = data, built, jobs

    def learned(self, rows: Sequence[dict], folder: Path) -> np.ndarray:
        """Vectors (N, D) of the rows whose features a training has kept in a folder, evenly thinned to MOST_LEARNED.
        Raises ValueError where there are none."""
        store = self.store(folder)
        kept = spread([item for item in map(self.item, rows) if store.path(item).exists()], MOST_LEARNED)
        if not kept:
            raise ValueError(f"{folder} holds no features of training samples: training.grpo keeps them")
        return np.stack([self.vector(store, item) for item in kept])

    def held_out(self, rows: Sequence[dict], folder: Path) -> tuple[list[dict], np.ndarray]:
        """The rows that can be read, and their vectors (N, D); missing features are computed."""
        from ..policy.clips import sample_key

        items = list(map(self.item, rows))
        store = self.filled(items, folder)
        kept = [k for k, item in enumerate(items) if sample_key(item) not in store.bad]
        return [rows[k] for k in kept], np.stack([self.vector(store, items[k]) for k in kept])

    def files(self, paths: Sequence[Path]) -> np.ndarray:
        """Vectors (N, D) of files that all can be read."""
        from ..data.datasets import Item

        items = [Item(path.name, path, 3.0, "odd") for path in paths]
        with tempfile.TemporaryDirectory() as folder:
            store = self.filled(items, Path(folder))
            return np.stack([self.vector(store, item) for item in items])

    def item(self, row: dict):
        from ..data.datasets import Item
        from ..sft.cache import source_path

        return Item(row["id"], source_path(row, self.data, self.built), row["mos"], row["group"])

    def filled(self, items: Sequence, folder: Path):
        from ..policy.features import fill

        store = self.store(folder)
        fill(store, items, self.eyes.model, self.eyes.processor, 0, 0, self.jobs)
        return store

    def vector(self, store, item) -> np.ndarray:
        """(D,) of a stored sample."""
        ordered, _ = store.variants(item, None)
        return ordered["vision_tokens"][:, 0].mean(0).numpy()

    def store(self, folder: Path):
        """The features in a folder, whatever twins they were made with: only clips in order are looked at. Raises
        VQAThinkerError for those of another tower."""
        from ..policy.features import Stored, features_hash

        mark = features_hash(self.loaded.model, self.loaded.processor, 0, 0)
        kept = folder / "features.json"
        if kept.exists():
            made = json.loads(kept.read_text(encoding="utf-8"))
            mark |= {name: made.get(name) for name in ("twins", "twin_seed")}
        return Stored(folder, mark, self.loaded.processor.frames)


def odd_sets(looker: Looker) -> dict[str, np.ndarray]:
    """Vectors of files that are unlike, by their kind."""
    from .odd import make_odd

    with tempfile.TemporaryDirectory() as folder:
        made = make_odd(Path(folder))
        found = defaultdict(list)
        for path, vector in zip(made, looker.files(made), strict=True):
            found[path.stem.split("-")[0]].append(vector)
    own = sorted(path for pattern in OWN for path in ROOT.glob(pattern))
    if own:
        found["own plots and screenshots"] = list(looker.files(own))
    return {name: np.stack(vectors) for name, vectors in found.items()}


def measure(data: Path, built: Path, learned: Path, held_out: Path, checkpoint: Path, jobs: int = 2) -> dict:
    """The command of the module docstring; what it prints."""
    require_data(data)
    looker, manifest = Looker(checkpoint, data, built, jobs), read_manifest(built)
    vectors = looker.learned([row for row in manifest if row["split"] in LEARNED], learned)
    rows, seen = looker.held_out(held_out_rows(manifest), held_out)
    return judged(vectors, rows, seen, odd_sets(looker))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate.novelty", description="Measure what tells files unlike all that was learned."
    )
    add_data(parser)
    parser.add_argument("learned", type=Path, help="folder for what the tower sees of training samples")
    parser.add_argument("held_out", type=Path, help="the same of validation samples")
    parser.add_argument("checkpoint", type=Path, help="the checkpoint whose tower looks")
    add_jobs(parser)
    args = parser.parse_args(argv)
    with ends_in_a_sentence("evaluate.novelty"):
        report = measure(args.data, args.built, args.learned, args.held_out, args.checkpoint, args.jobs)
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
