"""From a name to a model of whichever family it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from transformers.utils.logging import disable_progress_bar

from ...errors import ModelError
from ...protocols import DEFAULT_PROTOCOL
from ...scorers import MARK, SCORERS, which
from ..before import read_object
from ..folders import find_folder
from ..loading import LoadedModel, Wanted, check_protocol, find_device, loaded_quietly
from ..memory import Measured, check_precision
from .qwen2_5_vl import loading as qwen2_5_vl
from .vqathinker import loading as vqathinker


class Family(Protocol):
    """What the module `loading` of a family has. KINDS: the `model_type`s of its config.json."""

    KINDS: tuple[str, ...]

    @staticmethod
    def check(folder: Path, wanted: Wanted) -> None:
        """Whether a checkpoint, of which only the small files need to be there, can be loaded on this machine.

        Raises ModelError: for a model that is no known scorer, a missing file, an index that does not fit, too little
        memory in the precision asked for or in all of them, or a disk that is too small.
        """

    @staticmethod
    def measure(folder: Path, wanted: Wanted) -> Measured:
        """How large the model is, by its small files. Raises ModelError as `check` does, not about memory or disk."""

    @staticmethod
    def load(folder: Path, wanted: Wanted, tell: Callable[[str], None]) -> LoadedModel:
        """The model in a folder; `tell` is told the precision before its weights are read. Raises ModelError, and what
        transformers raises."""


FAMILIES: tuple[Family, ...] = (vqathinker, qwen2_5_vl)
OWN_CODE = " and would run code of its own, which is never run here"


def load_model(
    name: str = "tiny",
    precision: str = "auto",
    device: str | None = None,
    mode: str | None = None,
    protocol: str = DEFAULT_PROTOCOL,
) -> LoadedModel:
    """Load a model for inference: a known one, a hub id, a folder in its authors' layout or ours, or SCORER@FOLDER.

    For `mode` see `Wanted`. `protocol` "released" reads the greedy number, as the paper does; "default" the answer of
    least risk. Of a model on the hub the small files are fetched first, and its weights only where they will fit.
    Raises ModelError with one sentence.
    """
    check_precision(precision)
    check_protocol(protocol)
    wanted = Wanted(name, precision, find_device(device), mode, protocol, which(name)[0])
    folder = folder_of(wanted, lambda found: family_in(found).check(found, wanted))
    disable_progress_bar()
    family = family_in(folder)
    return loaded_quietly(folder, precision, lambda tell: family.load(folder, wanted, tell))


def folder_of(wanted: Wanted, check: Callable[[Path], object], weights: bool = True) -> Path:
    """The folder of a model; of one on the hub only the small files where no `weights` are wanted. Raises ModelError,
    and what `check` raises."""
    scorer, place = which(wanted.name)
    inside = scorer.inside if scorer and place.partition(MARK)[0] == scorer.hub else ""
    return find_folder(place, check, inside, weights)


def measured_model(name: str, device: str | None = None) -> Measured:
    """How large a model is, by its small files. Raises ModelError."""
    wanted = Wanted(name, "auto", find_device(device), None, DEFAULT_PROTOCOL, which(name)[0])
    disable_progress_bar()
    folder = folder_of(wanted, family_in, weights=False)
    return family_in(folder).measure(folder, wanted)


def family_in(folder: Path) -> Family:
    """The family of the model in a folder. Raises ModelError for one that is of none, with those that are known."""
    settings = read_object(folder / "config.json")
    kind = settings.get("model_type")
    for family in FAMILIES:
        if kind in family.KINDS:
            return family
    own = OWN_CODE if "auto_map" in settings else ""
    scorers = ", ".join(SCORERS)
    raise ModelError(
        f"{folder} holds a {kind!r} model{own}, not a VQAThinker checkpoint nor a Qwen2.5-VL scorer; "
        f"known are {scorers}"
    )
