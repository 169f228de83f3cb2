"""What tells a checkpoint that a video is unlike all that it learned from: fitted, measured, put beside its weights.

    python -m training.evaluate.novelty DATA_DIR BUILT_DIR LEARNED_DIR HELD_OUT_DIR CHECKPOINT [--each 120] [--seed 0]

What the vision tower says of whole pictures (its global token, the mean over frames) lies near a plane of DIMENSIONS
for training samples. The distance from that plane (the residual of a principal component analysis) is a measure of
novelty. LEARNED_DIR keeps what the tower sees of training samples, such as that of training.grpo; where it has less
than --each of a group of them, others, drawn with --seed, are looked at. The limit is the lowest that no more than
QUIET of any set of validation samples exceeds: rated pictures, filmed ones, degraded clips; their features are in
HELD_OUT_DIR, such as that of training.evaluate.interval, where missing ones are computed.

How good it is is measured with limits that one half of the contents sets, a random one, SPLITS times. Printed of the
other half: the share of each set that is called unlike, by mistake; and of files that are indeed unlike
(training/evaluate/odd.py, made anew, and this repository's own plots and screenshots), the share that is. Plane, limit
and both rates are written to CHECKPOINT/novelty.json, which vqathinker/model/novelty.py reads; where there are more
alarms than MOST_ALARMS, or fewer hits than FEWEST_HITS, there is none.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vqathinker.bundled import NOVELTY_FILE
from vqathinker.model.novelty import (
    NoveltyDetector,
    Plane,
    detector_to_json,
    plane_from_json,
    plane_to_json,
    tower_mark,
)

from ..common.cli import add_data, add_jobs, ends_in_a_sentence
from ..common.io import REPOSITORY, read_manifest, require_data
from ..common.metrics import set_of
from ..common.spread import spread
from .lines import write_json

QUIET = 0.03
DIMENSIONS = 128
MOST_LEARNED, MOST_CLIPS, FEWEST_SAMPLES = 2000, 300, 30
"""Training samples of a group and validation clips that are looked at, at most; smaller sets set no limit."""
LEAST_OF_GROUP, SPLITS = 120, 5
MOST_ALARMS, FEWEST_HITS = 0.05, 0.5
"""Of held-out samples together, and of odd files together: who is wrong more often had better say nothing."""
LEARNED = ("train", "grpo")
"""Splits that a training learns from."""
OWN_PICTURES = ("examples/screenshot*.jpg", "training/runs/*/plots/*.png")


def fit_plane(vectors: np.ndarray, dimensions: int = DIMENSIONS) -> Plane:
    """The plane near which vectors (N, D) lie, in the precision in which it is kept."""
    mean, deviation = vectors.mean(0), vectors.std(0) + 1e-3
    _, _, axes = np.linalg.svd((vectors - mean) / deviation, full_matrices=False)
    return plane_from_json(plane_to_json(Plane(mean, deviation, axes[:dimensions])))


def limit_of(distances: dict[str, np.ndarray]) -> float:
    """The lowest limit that at most QUIET of every set exceeds, of those that are large enough to tell."""
    enough = [values for values in distances.values() if len(values) >= FEWEST_SAMPLES] or list(distances.values())
    return float(max(np.quantile(values, 1 - QUIET) for values in enough))


def unlike_shares(distances: dict[str, np.ndarray], limit: float) -> dict[str, float]:
    """The share above the limit of each set, and of all together."""
    everything = {"all": np.concatenate(list(distances.values()))}
    return {name: float(np.mean(values > limit)) for name, values in (distances | everything).items()}


def held_out_rows(manifest: Sequence[dict]) -> list[dict]:
    """Validation rows, with at most MOST_CLIPS of the clips whose scores were computed, evenly thinned."""
    held = [row for row in manifest if row["split"] == "val"]
    degraded = spread([row for row in held if row["kind"] == "pseudo"], MOST_CLIPS)
    return [row for row in held if row["kind"] != "pseudo"] + degraded


def judged(
    learned: np.ndarray, rows: Sequence[dict], seen: np.ndarray, odd: dict[str, np.ndarray], tower: str = ""
) -> tuple[NoveltyDetector, dict]:
    """The detector and the report, from vectors of training samples (N, D), of validation rows (M, D), and of odd files
    by their kind: of each set, and of all, samples and the share that is called unlike."""
    plane = fit_plane(learned)
    held = dict(zip([row["id"] for row in rows], plane.distances(seen), strict=True))
    far = {kind: plane.distances(vectors) for kind, vectors in sorted(odd.items())}
    rounds = [found_and_false(rows, held, far, seed) for seed in range(SPLITS)]
    sets = distances_by_set(rows, held)
    alarms, hits = (told([part[k] for part in rounds], sizes) for k, sizes in enumerate((sets, far)))
    rates = (found["all"]["unlike"] for found in (alarms, hits))
    report = {"learned": len(learned), "alarms": alarms, "hits": hits}
    return NoveltyDetector(plane, limit_of(sets), *rates, tower), report


def found_and_false(
    rows: Sequence[dict], held: dict[str, float], far: dict[str, np.ndarray], seed: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Alarms and hits by the limit of one half of the contents: of the other half, and of odd files."""
    from .interval import halves

    tuned, others = halves(rows, seed)
    limit = limit_of(distances_by_set(tuned or others, held))
    return unlike_shares(distances_by_set(others or tuned, held), limit), unlike_shares(far, limit)


def told(parts: Sequence[dict[str, float]], sets: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Of each set and of all the mean share, over the parts that have it, and how many samples there are."""
    sizes = {name: len(values) for name, values in sets.items()}
    sizes["all"] = sum(sizes.values())
    found = {name: [part[name] for part in parts if name in part] for name in sizes}
    return {name: {"unlike": float(np.mean(found[name])), "samples": sizes[name]} for name in sizes if found[name]}


def distances_by_set(rows: Sequence[dict], held: dict[str, float]) -> dict[str, np.ndarray]:
    """The distances of the rows of each set, by the id of a row."""
    found = defaultdict(list)
    for row in rows:
        found[set_of(row)].append(held[row["id"]])
    return {name: np.array(found[name]) for name in sorted(found)}


class Looker:
    """What the tower of a checkpoint says of whole files."""

    def __init__(self, checkpoint: Path, data: Path, built: Path, jobs: int):
        from vqathinker.model.loading import open_checkpoint

        from ..common.start import load_looker, load_start

        self.loaded, self.eyes = load_start(str(checkpoint)), load_looker(str(checkpoint))
        self.tower = tower_mark(open_checkpoint(checkpoint).weights)
        self.data, self.built, self.jobs = data, built, jobs

    def learned(self, rows: Sequence[dict], folder: Path, each: int, seed: int) -> np.ndarray:
        """Vectors (N, D) of rows of which a training has kept features in the folder, and, where these are fewer than
        `each` of a group, of others of that group, drawn with `seed`. Raises ValueError where none can be read."""
        store, chosen = self.store(folder, twins=0), []
        order = np.random.default_rng(seed).permutation(len(rows))
        for group in sorted({row["group"] for row in rows}):
            items = [self.item(rows[k]) for k in order if rows[k]["group"] == group]
            kept = {item.id: store.path(item).exists() for item in items}
            items.sort(key=lambda item: not kept[item.id])
            chosen += items[: max(each, min(sum(kept.values()), MOST_LEARNED))]
        vectors = self.vectors(self.filled(store, chosen), chosen)
        if not vectors:
            raise ValueError(f"of {len(rows)} training samples none can be read")
        return np.stack(list(vectors.values()))

    def held_out(self, rows: Sequence[dict], folder: Path) -> tuple[list[dict], np.ndarray]:
        """The rows that can be read, and their vectors (N, D); missing features are computed."""
        from .stored import TWINS_OF_CLIP

        items = [self.item(row) for row in rows]
        vectors = self.vectors(self.filled(self.store(folder, TWINS_OF_CLIP), items), items)
        return [row for row in rows if row["id"] in vectors], np.stack(list(vectors.values()))

    def files(self, paths: Sequence[Path]) -> np.ndarray:
        """Vectors (N, D) of files that all can be read."""
        from ..data.datasets import Item

        items = [Item(str(path), path, 3.0, "odd") for path in paths]
        with tempfile.TemporaryDirectory() as folder:
            vectors = self.vectors(self.filled(self.store(Path(folder), 0), items), items)
        return np.stack(list(vectors.values()))

    def item(self, row: dict):
        from ..data.datasets import Item
        from ..sft.cache import source_path

        return Item(row["id"], source_path(row, self.data, self.built), row["mos"], row["group"])

    def store(self, folder: Path, twins: int):
        """The features in a folder, whatever twins they were made with, as only clips in order are looked at; `twins`
        where it is new. Raises VQAThinkerError for those of another tower."""
        from ..policy.features import StoredClips, features_hash

        mark = features_hash(self.loaded.model, self.loaded.processor, twins, 0)
        kept = folder / "features.json"
        if kept.exists():
            made = json.loads(kept.read_text(encoding="utf-8"))
            mark |= {name: made.get(name) for name in ("twins", "twin_seed")}
        return StoredClips(folder, mark, self.loaded.processor.frames)

    def filled(self, store, items: Sequence):
        """The store with all items that can be read, each without twins where it is new."""
        from ..policy.features import fill

        fill(store, items, self.eyes.model, self.eyes.processor, 0, 0, self.jobs)
        return store

    def vectors(self, store, items: Sequence) -> dict[str, np.ndarray]:
        """By the id of the item, what the tower says of its pictures as a whole (D,); not of what cannot be read."""
        seen = {item.id: store.variants(item, None) for item in items}
        return {key: both[0]["vision_tokens"][:, 0].mean(0).numpy() for key, both in seen.items() if both}


def odd_sets(looker: Looker) -> dict[str, np.ndarray]:
    """Vectors of files that are unlike, by their kind."""
    from .odd import make_odd

    with tempfile.TemporaryDirectory() as folder:
        made = make_odd(Path(folder))
        found = defaultdict(list)
        for path, vector in zip(made, looker.files(made), strict=True):
            found[path.stem.split("-")[0]].append(vector)
    own = sorted(path for pattern in OWN_PICTURES for path in REPOSITORY.glob(pattern))
    if own:
        found["own plots and screenshots"] = list(looker.files(own))
    return {name: np.stack(vectors) for name, vectors in found.items()}


def measure_novelty(
    data: Path, built: Path, learned: Path, held_out: Path, checkpoint: Path, jobs: int = 2, each: int = LEAST_OF_GROUP,
    seed: int = 0,
) -> dict:  # fmt: skip
    """The command of the module docstring; what it prints. Raises ValueError for a tower without a global token."""
    require_data(data)
    manifest, looker = read_manifest(built), Looker(checkpoint, data, built, jobs)
    if list(getattr(looker.loaded.model.config.vision_config, "grids", ()))[:1] != [1]:
        raise ValueError(f"the tower of {checkpoint} has no token of the whole picture")
    vectors = looker.learned([row for row in manifest if row["split"] in LEARNED], learned, each, seed)
    seen = looker.held_out(held_out_rows(manifest), held_out)
    detector, report = judged(vectors, *seen, odd_sets(looker), looker.tower)
    worth = detector.false_alarm_rate <= MOST_ALARMS and detector.detection_rate >= FEWEST_HITS
    if worth:
        write_json(checkpoint / NOVELTY_FILE, detector_to_json(detector) | {"measured": report})
    else:
        (checkpoint / NOVELTY_FILE).unlink(missing_ok=True)
    return report | {"written": worth}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate.novelty",
        description="Fit and measure what tells a checkpoint that a video is unlike all that it learned from.",
    )
    add_data(parser)
    parser.add_argument("learned", type=Path, help="folder for what the tower sees of training samples")
    parser.add_argument("held_out", type=Path, help="the same of validation samples")
    parser.add_argument("checkpoint", type=Path, help="the checkpoint, which gets novelty.json")
    parser.add_argument("--each", type=int, default=LEAST_OF_GROUP, help="training samples of each group, at least")
    parser.add_argument("--seed", type=int, default=0, help="which of them, where fewer are kept")
    add_jobs(parser)
    args = parser.parse_args(argv)
    with ends_in_a_sentence("evaluate.novelty"):
        folders = (args.data, args.built, args.learned, args.held_out, args.checkpoint)
        print(json.dumps(measure_novelty(*folders, args.jobs, args.each, args.seed), indent=1))


if __name__ == "__main__":
    main()
