"""What a GRPO run keeps: states to resume from, logs that fit them, the checkpoint at the end."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError

from vqathinker.errors import VQAThinkerError
from vqathinker.model.processing import VQAThinkerProcessor

from ..common.checkpoint import put_in_place, staging, write_files
from ..common.io import append_jsonl, keep_rows
from ..policy.lora import learned_by, write_adapters
from ..policy.policy import Policy
from .config import present_settings

LOG, PROBES, STEP_FILE, KEPT = "grpo_log.jsonl", "probes.jsonl", "step.json", 2
ADAPTER = "adapter"


class SaveError(VQAThinkerError):
    """Something could not be written; what was written before is intact."""


def states(run: Path) -> list[Path]:
    """Complete states of a run, the oldest first."""
    return sorted(path for path in run.glob("state-*") if (path / STEP_FILE).is_file())


def sums(state: Path) -> dict[str, str]:
    """SHA-256 of every file of a state but its note, by its path."""
    found = {}
    for path in sorted(path for path in state.rglob("*") if path.is_file() and path.name != STEP_FILE):
        with open(path, "rb") as file:
            found[str(path.relative_to(state))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def read_note(state: Path) -> dict:
    """What was noted with a state. Raises ValueError for a state that is damaged."""
    try:
        note = json.loads((state / STEP_FILE).read_text())
        step = note["step"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{state / STEP_FILE} is cut off or overwritten") from None
    if not isinstance(step, int):
        raise ValueError(f"{state / STEP_FILE} is cut off or overwritten")
    if isinstance(note.get("settings"), dict):
        note["settings"] = present_settings(note["settings"])
    kept = note.pop("sums", None)  # states of earlier versions have none
    if kept is not None and (other := kept.items() ^ sums(state).items()):
        raise ValueError(f"{state / min(other)[0]} is missing or overwritten")
    return note


def newest(run: Path, report: Callable[[str], object]) -> tuple[Path | None, dict | None]:
    """The last state of a run that is intact, and its note; damaged ones are moved aside, and `report` is told.

    Raises VQAThinkerError where there are states and all of them are damaged.
    """
    found = states(run)
    for state in reversed(found):
        try:
            return state, read_note(state)
        except ValueError as error:
            aside = state.with_name(f"damaged-{state.name}")
            shutil.rmtree(aside, ignore_errors=True)
            state.rename(aside)
            report(f"{error}: this state is left out, and now called {aside.name}")
    if found:
        raise VQAThinkerError(f"all states in {run} are damaged; choose another folder to begin again")
    return None, None


def save_state(accelerator: Accelerator, run: Path, step: int, note: dict) -> None:
    """Weights, optimiser and random states after `step`, whole or not at all; the last two states are kept.

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
        for old in states(run)[:-KEPT]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()


def finish_state(staged: Path, target: Path, step: int, note: dict) -> None:
    (staged / STEP_FILE).write_text(json.dumps({"step": step, **note, "sums": sums(staged)}))
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


def replace_checkpoint(out: Path, write: Callable[[Path], object]) -> None:
    """`out` becomes the folder that `write` fills; the old one is lost neither by a failure nor by a kill.

    Raises SaveError.
    """
    staged = staging(out)
    whole_or_nothing(lambda: write(staged), staged, f"the checkpoint {out.name}")
    put_in_place(staged, out)


def resume(accelerator: Accelerator, run: Path, note: dict) -> dict:
    """Load the last intact state; what was noted with it, {"step": 0} without one. Log rows of later steps go.

    `note` is what the run is made of. Raises VQAThinkerError where the state was made of something else, or where all
    are damaged.
    """
    found, kept = agreed(lambda: newest(run, lambda text: print(text, file=sys.stderr)))
    kept = kept or {"step": 0, **note}
    for name, value in note.items():
        if kept.get(name) != value:
            raise VQAThinkerError(
                f"{run} holds a run with other {name}; continue it with its own settings, or choose another folder"
            )
    if found:
        try:
            accelerator.load_state(str(found))
        except (RuntimeError, ValueError, KeyError, EOFError, OSError, pickle.UnpicklingError) as error:
            raise VQAThinkerError(f"the state {found} cannot be read: {str(error).splitlines()[0]}") from None
    if accelerator.is_main_process:
        for name in (LOG, PROBES):
            forget_after(run / name, kept["step"] if found else -1)
    accelerator.wait_for_everyone()
    return kept


def agreed(find: Callable[[], tuple[Path | None, dict | None]]) -> tuple[Path | None, dict | None]:
    """What the first process finds, in all of them; what it raises, too."""
    found: list = [None]
    if PartialState().is_main_process:
        try:
            found = [find()]
        except VQAThinkerError as error:
            found = [error]
    [result] = broadcast_object_list(found)
    if isinstance(result, VQAThinkerError):
        raise result
    return result


def forget_after(path: Path, step: int) -> None:
    """Remove the rows of later steps, and a last line that a kill left half written."""
    keep_rows(path, lambda row: row["step"] <= step)


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
    accelerator: Accelerator,
    policy: Policy,
    adapters,
    processor: VQAThinkerProcessor,
    out: Path,
    card: str = "",
    base: str = "",
) -> None:
    """The model in the layout that the supervised start has, adapters merged; `out` is replaced as a whole. In its
    folder "adapter" stand the adapters as peft reads them, for the start, which is called `base`.

    Raises SaveError.
    """
    learned = None
    if adapters is None:
        model = accelerator.unwrap_model(policy).model
        gathered = accelerator.get_state_dict(policy) or {}  # DeepSpeed gives it to the first process only
        weights = {key.removeprefix("model."): trimmed(value) for key, value in gathered.items()}
        for tied in model.all_tied_weights_keys:  # gathered once more, they would be stored twice
            weights.pop(tied, None)
    else:
        learned = learned_by(adapters, base)
        model = adapters.merge_and_unload()
        weights = None

    def write(staged: Path) -> None:
        write_files(model, processor, staged, weights, card)
        if learned:
            write_adapters(*learned, staged / ADAPTER)

    if accelerator.is_main_process:
        replace_checkpoint(out, write)
    accelerator.wait_for_everyone()
