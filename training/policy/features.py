"""What the frozen parts of the model see of a clip and of its twins: kept on disk, or looked at anew at every step.

Vision tower and motion encoder do not change in a run that trains the projectors and the language model only, so what
they make of a clip is computed once and stored, in half precision, one file a clip. A later run with the same tower,
and with the same twins, can share the folder; a folder of another tower is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from vqathinker.errors import VideoError, VQAThinkerError
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor, normalise
from vqathinker.video import Crew

from ..common.atomic import atomic_write
from ..common.precision import quick_autocast
from ..data.datasets import Item
from .clips import Twin, Variants, read_variants, sample_key, twins_of
from .policy import Inputs, see

READ_AHEAD = 4


def stacked(samples: Sequence[Inputs], device: torch.device | str = "cpu") -> Inputs:
    """Inputs of single videos -> inputs of a batch, (B, …); those with a prompt of their own length stay in lists."""
    if "input_ids" in samples[0]:
        return {name: [sample[name].to(device) for sample in samples] for name in samples[0]}
    return {name: torch.stack([sample[name] for sample in samples]).to(device) for name in samples[0]}


def joined(first: Inputs, second: Inputs) -> Inputs:
    """Two batches as one."""
    if "input_ids" in first:
        return {name: [*first[name], *second[name]] for name in first}
    return {name: torch.cat([first[name], second[name]]) for name in first}


def part(batch: Inputs, start: int, stop: int) -> Inputs:
    """Videos start … stop - 1 of a batch."""
    return {name: tensor[start:stop] for name, tensor in batch.items()}


def features_hash(
    model: VQAThinkerForConditionalGeneration, processor: VQAThinkerProcessor, twins: int, seed: int
) -> dict:
    """What stored features depend on: the weights that made them, the sizes of a clip, the twins."""
    digest = hashlib.sha256()
    parts = {"tower": model.model.vision_tower.state_dict(), "motion": model.model.motion_encoder.frozen_state()}
    for name, state in parts.items():
        for key, tensor in sorted(state.items()):
            digest.update(f"{name}.{key}".encode() + tensor.float().cpu().numpy().tobytes())
    spec = processor.video_spec
    sizes = [spec.frames, spec.burst_length, spec.burst_size, processor.image_size, int(model.config.color)]
    return {"weights": digest.hexdigest(), "sizes": sizes, "twins": twins, "twin_seed": seed}


class DecodedClips:
    """Clips that are decoded whenever they are asked for. `variants` answers with the clip and one of its twins.

    A sample that cannot be read is remembered in `bad`, by `sample_key`, with the reason.
    """

    def __init__(self, processor: VQAThinkerProcessor, twins: int, seed: int):
        self.processor, self.twins, self.seed = processor, twins, seed
        self.bad: dict[str, str] = {}

    def variants(self, item: Item, twin: int | None) -> tuple[Inputs, Inputs | None] | None:
        """(the clip, its twin or None where it has none), as tensors without a batch dimension; None when it is bad."""
        if sample_key(item) in self.bad:
            return None
        chosen = [] if twin is None else [twins_of(item.id, self.twins, self.seed)[twin]]
        try:
            inputs = self._read(item.path, chosen)
        except VideoError as error:
            self.bad[sample_key(item)] = str(error)
            return None
        return inputs[0], inputs[1] if len(inputs) > 1 else None

    def apart(self) -> DecodedClips:
        """The same clips, with a list of bad samples of its own."""
        return type(self)(self.processor, self.twins, self.seed)

    def _read(self, path: Path, twins: list[Twin]) -> list[Inputs]:
        """A clip, and its twins where it moves."""
        read = read_variants(path, self.processor, twins)
        inputs = self.processor.video_inputs([read.clip(variant) for variant in range(len(read.modes))])
        return [{name: both[k] for name, both in inputs.items()} for k in range(len(read.modes))]


class StoredClips:
    """Clips whose features were computed before; the same questions as `DecodedClips`.

    `folder` holds features.json, the fingerprint, and one .npz a sample: `NAME_k` for variant k, 0 being the clip in
    order, of `vision_tokens` (F, or 1 for a still, tokens, D) in half precision and of what the motion encoder keeps;
    `NAME` alone where it is that of the clip. Raises VQAThinkerError when the folder was made with other weights, sizes
    or twins.
    """

    def __init__(self, folder: Path, mark: dict, frames: int):
        self.folder, self.frames = folder, frames
        self.bad: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)
        written = folder / "features.json"
        if not written.exists():
            with atomic_write(written) as partial:
                partial.write_text(json.dumps(mark))
        kept = json.loads(written.read_text())
        if kept != mark:
            other = ", ".join(name for name in mark if kept.get(name) != mark[name])
            raise VQAThinkerError(f"the features in {folder} were made with other {other}; choose another folder")

    def apart(self) -> StoredClips:
        """Itself: its bad samples are known before the run."""
        return self

    def path(self, item: Item) -> Path:
        return self.folder / f"{hashlib.sha1(sample_key(item).encode()).hexdigest()[:20]}.npz"

    def variants(self, item: Item, twin: int | None) -> tuple[Inputs, Inputs | None] | None:
        if sample_key(item) in self.bad:
            return None
        with np.load(self.path(item)) as arrays:
            ordered = self._inputs(arrays, 0)
            has_twin = twin is not None and f"vision_tokens_{twin + 1}" in arrays
            return ordered, self._inputs(arrays, twin + 1) if has_twin else None

    def _inputs(self, arrays, variant: int) -> Inputs:
        parts = {key: key.rpartition("_") for key in arrays.files}
        names = {key: name if number.isdigit() else key for key, (name, _, number) in parts.items()}
        own = [key for key, name in names.items() if key in (name, f"{name}_{variant}")]
        inputs = {names[key]: torch.from_numpy(arrays[key]).float() for key in own}
        return inputs | {"vision_tokens": inputs["vision_tokens"].expand(self.frames, -1, -1)}


def fill(
    store: StoredClips,
    items: Sequence[Item],
    model: VQAThinkerForConditionalGeneration,
    processor: VQAThinkerProcessor,
    twins: int,
    seed: int,
    jobs: int = 2,
) -> None:
    """Compute what is not stored yet; samples that cannot be read go to `store.bad`. `model` is only looked through."""
    missing = [item for item in items if not store.path(item).exists()]
    with ThreadPoolExecutor(jobs) as pool, Crew(threads=1) as crew, torch.inference_mode():
        ahead = _ahead(pool, crew, missing, processor, twins, seed)
        for item, read in tqdm(ahead, total=len(missing), desc="features", mininterval=10):
            if isinstance(read, str):
                store.bad[sample_key(item)] = read
            else:
                arrays = features_of(model, processor, read)
                with atomic_write(store.path(item)) as partial:
                    np.savez(partial, **arrays)


def _ahead(
    pool: ThreadPoolExecutor, crew: Crew, items: Sequence[Item], processor, twins: int, seed: int
) -> Iterator[tuple[Item, Variants | str]]:
    """Decode a few clips ahead of the one that is looked at; a text is the reason why there is none."""

    def read(item: Item) -> Variants | str:
        try:
            return read_variants(item.path, processor, twins_of(item.id, twins, seed), crew)
        except VideoError as error:
            return str(error)

    waiting = [(item, pool.submit(read, item)) for item in items[:READ_AHEAD]]
    for item in items[READ_AHEAD:]:
        first, future = waiting.pop(0)
        result = future.result()
        waiting.append((item, pool.submit(read, item)))
        yield first, result
    yield from ((item, future.result()) for item, future in waiting)


def features_of(
    model: VQAThinkerForConditionalGeneration, processor: VQAThinkerProcessor, read: Variants
) -> dict[str, np.ndarray]:
    """Arrays of `StoredClips` for one clip: the tower sees every frame once, as in the supervised start."""
    device, encoder = model.device, model.model.motion_encoder
    pixels = normalise(read.frames, processor.image_mean, processor.image_std).to(device)
    with quick_autocast(device):
        tokens = see(model, {"pixel_values": pixels[None]}, motion=False)["vision_tokens"][0].half()
    arrays = {}
    for variant, picks in enumerate(read.picks):
        chosen = picks[:1] if (picks == picks[0]).all() and len(read.picks) == 1 else picks
        arrays[f"vision_tokens_{variant}"] = tokens[chosen].cpu().numpy()
        taken = processor.video_inputs([read.clip(variant)], encoder.takes)
        kept = encoder.frozen({name: tensor.to(device) for name, tensor in taken.items()})
        of_clip = {name: name if name in encoder.takes else f"{name}_{variant}" for name in kept}
        arrays |= {of_clip[name]: tensor[0].float().cpu().numpy() for name, tensor in kept.items()}
    return arrays
