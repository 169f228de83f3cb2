"""The checkpoint that a run starts from, or that is measured as it is stored: checked as the package checks its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers.integrations import deepspeed
from transformers.utils.logging import disable_progress_bar

from vqathinker.errors import ModelError
from vqathinker.model.folders import find_folder, read_settings
from vqathinker.model.loading import (
    LOADING_ERRORS,
    LoadedModel,
    collected_log,
    explain,
    load_model,
    open_checkpoint,
    refuse_misfits,
)
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration


def start_mode(folder: Path) -> str | None:
    """A folder in the official layout is shown videos as it was trained; one in ours as it says itself."""
    return "training" if read_settings(folder)[1] else None


@contextmanager
def undivided() -> Iterator[None]:
    """Weights are read whole, although transformers would divide them at once where ZeRO-3 is about to be used."""
    kept = deepspeed._hf_deepspeed_config_weak_ref
    deepspeed.unset_hf_deepspeed_config()
    try:
        yield
    finally:
        deepspeed._hf_deepspeed_config_weak_ref = kept


def load_start(name: str) -> LoadedModel:
    """A bundled checkpoint, a folder in either layout or a hub id, in float32, with the batch norm that `load_model`
    folds and without the device map that ZeRO-3 refuses. Raises ModelError with one sentence.
    """
    folder = find_folder(name)
    disable_progress_bar()
    with undivided(), collected_log() as log:
        try:
            checkpoint = open_checkpoint(folder, start_mode(folder))
            model, report = VQAThinkerForConditionalGeneration.from_pretrained(
                folder if checkpoint.native else None,
                config=checkpoint.config,
                state_dict=None if checkpoint.native else checkpoint.weights,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # they are refused below, by name
                output_loading_info=True,
                trust_remote_code=False,
            )
        except LOADING_ERRORS as error:
            raise ModelError(explain(error, "\n".join(log), folder, "float32")) from None
    refuse_misfits(report, folder)
    return LoadedModel(model.eval(), checkpoint.processor, name, "fp32")


def load_looker(name: str, device: str | None = None) -> LoadedModel:
    """The same checkpoint, only to look through its frozen parts: faster, with the batch norm folded."""
    with undivided():
        return load_model(name, "fp32", device, start_mode(find_folder(name)))
