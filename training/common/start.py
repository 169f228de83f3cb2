"""The checkpoint that a run starts from, or that is measured as it is stored: checked as the package checks its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers.integrations import deepspeed
from transformers.utils.logging import disable_progress_bar

from vqathinker.errors import ModelError
from vqathinker.model.family.load import family_in, load_model
from vqathinker.model.family.vqathinker import loading as ours
from vqathinker.model.folders import find_folder, read_settings
from vqathinker.model.loading import (
    LOADING_ERRORS,
    LoadedModel,
    collected_log,
    explain,
    open_checkpoint,
    refuse_misfits,
)
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.scorers import which


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


def load_start(name: str, any_family: bool = False) -> LoadedModel:
    """A bundled checkpoint, a folder in either layout, a hub id, or, with `any_family`, a scorer of another family, in
    float32. Ours have the batch norm that `load_model` folds, and not the device map that ZeRO-3 refuses.

    Raises ModelError with one sentence.
    """
    scorer, place = which(name)
    folder = find_folder(place, family_in, inside=scorer.inside if scorer and place == scorer.hub else "")
    if family_in(folder) is not ours:
        if not any_family:
            raise ModelError(f"{name} is no VQAThinker checkpoint: what it sees is not stored; measure it by its files")
        with undivided():
            return load_model(name, "fp32", "cpu")
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
        return load_model(name, "fp32", device, start_mode(find_folder(which(name)[1])))
