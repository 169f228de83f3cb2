"""VQAThinker: video quality, judged in words and on a scale from 1 to 5."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads slow a small model down up to 4x

from .errors import ModelError, VideoError, VQAThinkerError  # noqa: E402
from .lean import lean_imports  # noqa: E402

if TYPE_CHECKING:
    from .rating import Rater

__version__ = "0.1.0"
__all__ = ["ModelError", "VQAThinkerError", "VideoError", "load_rater"]


def load_rater(
    model: str = "tiny", precision: str = "auto", device: str | None = None, protocol: str = "default"
) -> Rater:
    """A Rater for "tiny" (bundled), "8b" or a hub id (downloaded once), or a folder in the official layout or ours.

    `precision` is fp32, bf16, int8, nf4 or auto. `protocol` "released" shows files in the official pixels, scores by
    the greedy number, as the published evaluation does, and leaves the text as it was written. Raises ModelError. The
    heavy imports happen here, so that `import vqathinker` stays fast.
    """
    with lean_imports():
        from .model.loading import load_model
        from .rating import Rater

        loaded = load_model(model, precision, device, protocol=protocol)
        return Rater(loaded, loaded.processor.max_new_tokens)
