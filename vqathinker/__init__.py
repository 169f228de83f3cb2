"""VQAThinker: video quality, judged in words and on a scale from 1 to 5."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads slow a small model down up to 4x

from .errors import ModelError, VideoError, VQAThinkerError  # noqa: E402
from .integrations.auto import register_when_imported  # noqa: E402
from .lean import lean_imports  # noqa: E402

if TYPE_CHECKING:
    from .integrations.metric import QualityMetric
    from .rating import Rater

__version__ = "0.1.0"
__all__ = ["ModelError", "VQAThinkerError", "VideoError", "create_metric", "load_rater", "precisions_of_both"]
register_when_imported()


def load_rater(
    model: str = "tiny", precision: str = "auto", device: str | None = None, protocol: str = "default"
) -> Rater:
    """A Rater for "tiny" (bundled), a known model such as "8b" or "visualquality-r1" or a hub id (downloaded once), or
    a folder: of a VQAThinker, or of another scorer as "visualquality-r1@FOLDER" (vqathinker/scorers).

    `precision` is fp32, bf16, int8, nf4 or auto. `protocol` "released" shows files in the official pixels, scores by
    the greedy number, as the published evaluation does, and leaves the text as it was written. Raises ModelError. The
    heavy imports happen here, so that `import vqathinker` stays fast.
    """
    with lean_imports():
        from .model.family.load import load_model
        from .rating import Rater

        loaded = load_model(model, precision, device, protocol=protocol)
        return Rater(loaded, loaded.processor.max_new_tokens)


def precisions_of_both(first: str, second: str, precision: str = "auto", loaded: str = "") -> tuple[str, str]:
    """The precisions in which two models fit into the memory of one device, by their small files alone; `loaded`: that
    of the first where it is loaded already. Raises ModelError, with both sizes and the limit where they do not fit."""
    with lean_imports():
        from .model.family import pair

    return pair.precisions_of_pair(first, second, precision, loaded)


def create_metric(
    name: str = "vqathinker-tiny",
    precision: str = "auto",
    device: str | None = None,
    protocol: str = "default",
) -> QualityMetric:
    """A metric as pyiqa makes them: `create_metric("vqathinker-tiny")("clip.mp4")` is a tensor with a score.

    The name is that of a model of `load_rater`, with or without "vqathinker-" before it; so are the options. Raises
    ModelError.
    """
    with lean_imports():
        from .integrations.metric import QualityMetric

    load = partial(load_rater, name.removeprefix("vqathinker-"), precision, device, protocol)
    return QualityMetric(name, load)
