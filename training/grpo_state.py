"""What a GRPO run keeps: states to resume from, logs that fit them, the checkpoint at the end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator
from safetensors import SafetensorError

from vqathinker.errors import VQAThinkerError
from vqathinker.model.processing import VQAThinkerProcessor

from .checkpoint import put_in_place, staging, write_files
from .policy import Policy
from .state import append_jsonl, read_jsonl

LOG, PROBES, NOTE = "grpo_log.jsonl", "probes.jsonl", "step.json"


class SaveError(VQAThinkerError):
    """Something could not be written; what was written before is intact."""


def states(run: Path) -> list[Path]:
    """Complete states of a run, the oldest first."""
    return sorted(path for path in run.glob("state-*") if (path / NOTE).is_file())


def save_state(accelerator: Accelerator, run: Path, step: int, note: dict) -> None:
    """Weights, optimiser and random states after `step`, whole or not at all; then the older state is removed.

    Raises SaveError.
    """
    staged, target = run / ".state-partial", run / f"state-{step:06d}"
    if accelerator.is_main_process:
        shutil.rmtree(staged, ignore_errors=True)
    accelerator.wait_for_everyone()
    whole_or_nothing(
        lambda: accelerator.save_state(str(staged), safe_serialization=False), staged, f"the state of step {step}"
    )
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        whole_or_nothing(lambda: finish_state(staged, target, step, note), staged, f"the state of step {step}")
        for old in states(run)[:-1]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()


def finish_state(staged: Path, target: Path, step: int, note: dict) -> None:
    (staged / NOTE).write_text(json.dumps({"step": step, **note}))
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)


def whole_or_nothing(write: Callable[[], object], staged: Path, what: str) -> None:
    """Run `write`, which fills `staged`; when it fails, remove that folder and raise SaveError."""
    try:
        write()
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(staged, ignore_errors=True)
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise SaveError(f"{what} cannot be written to {staged.parent}: {reason}; what was saved before is kept") from (
            error
        )


def resume(accelerator: Accelerator, run: Path, note: dict) -> dict:
    """Load the last complete state; what was noted with it, {"step": 0} without one. Log rows of later steps go.

    `note` is what the run is made of; Raises VQAThinkerError where the state was made of something else.
    """
    found = states(run)
    kept = json.loads((found[-1] / NOTE).read_text()) if found else {"step": 0, **note}
    for name, value in note.items():
        if kept.get(name) != value:
            raise VQAThinkerError(
                f"{run} holds a run with other {name}; continue it with its own settings, or choose another folder"
            )
    if found:
        accelerator.load_state(str(found[-1]))
    if accelerator.is_main_process:
        for name in (LOG, PROBES):
            forget_after(run / name, kept["step"] if found else -1)
    accelerator.wait_for_everyone()
    return kept


def forget_after(path: Path, step: int) -> None:
    """Remove the rows of later steps, and a last line that a kill left half written."""
    if not path.exists():
        return
    text = path.read_text()
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text[: text.rfind("\n") + 1])
    rows = [row for row in read_jsonl(partial) if row["step"] <= step]
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows))
    os.replace(partial, path)


def log_row(run: Path, name: str, row: dict) -> None:
    """Append a row. Raises SaveError on a full disk."""
    try:
        append_jsonl(run / name, row)
    except OSError as error:
        raise SaveError(f"{run / name} cannot be written: {error.strerror}; what was saved before is kept") from error


def trimmed(value: torch.Tensor) -> torch.Tensor:
    """Without the padding that gathering an uneven tensor leaves behind it, which would be counted as weights."""
    return value if value.untyped_storage().nbytes() == value.nbytes else value.clone()


def save_checkpoint(
    accelerator: Accelerator, policy: Policy, adapters, processor: VQAThinkerProcessor, out: Path, card: str = ""
) -> None:
    """The model in the layout that the supervised start has, adapters merged; `out` is replaced as a whole.

    Raises SaveError.
    """
    if adapters is None:
        model = accelerator.unwrap_model(policy).model
        gathered = accelerator.get_state_dict(policy) or {}  # DeepSpeed gives it to the first process only
        weights = {key.removeprefix("model."): trimmed(value) for key, value in gathered.items()}
        for tied in model.all_tied_weights_keys:  # gathered once more, they would be stored twice
            weights.pop(tied, None)
    else:
        model = adapters.merge_and_unload()
        weights = None
    if accelerator.is_main_process:
        staged = staging(out)
        whole_or_nothing(
            lambda: write_files(model, processor, staged, weights, card), staged, f"the checkpoint {out.name}"
        )
        put_in_place(staged, out)
    accelerator.wait_for_everyone()
