"""From a name to a model of whichever family it is."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

from transformers.utils.logging import disable_progress_bar

from ...errors import ModelError
from ...protocols import DEFAULT
from ...scorers import SCORERS, which
from ..folders import find_folder
from ..loading import LoadedModel, check_protocol, find_device, loaded_quietly
from ..memory import check_precision
from .qwen2_5_vl import loading as qwen2_5_vl
from .vqathinker import loading as vqathinker

FAMILIES = (vqathinker, qwen2_5_vl)
OWN_CODE = " and would run code of its own, which is never run here"


def load_any(
    name: str = "tiny",
    precision: str = "auto",
    device: str | None = None,
    mode: str | None = None,
    protocol: str = DEFAULT,
) -> LoadedModel:
    """Load a model for inference: a known one, a hub id, a folder, or SCORER@FOLDER; see `load_model` for the rest.

    Of one on the hub the small files are fetched first, and its weights only where they will fit. Raises ModelError
    with one sentence.
    """
    check_precision(precision)
    check_protocol(protocol)
    (scorer, place), target = which(name), find_device(device)

    def check(found: Path) -> None:
        family_in(found).check(found, scorer, precision, target, mode)

    folder = find_folder(place, check, inside=scorer.inside if scorer and place == scorer.hub else "")
    disable_progress_bar()
    family = family_in(folder)
    asked = (folder, name, scorer, precision, target, mode, protocol)
    return loaded_quietly(folder, precision, lambda tell: family.load(*asked, tell))


def family_in(folder: Path) -> ModuleType:
    """The family of the model in a folder. Raises ModelError for one that is of none, with those that are known."""
    path = folder / "config.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    kind = settings.get("model_type") if isinstance(settings, dict) else None
    for family in FAMILIES:
        if kind in family.KINDS:
            return family
    own = OWN_CODE if isinstance(settings, dict) and "auto_map" in settings else ""
    scorers = ", ".join(SCORERS)
    raise ModelError(
        f"{folder} holds a {kind!r} model{own}, not a VQAThinker checkpoint nor a Qwen2.5-VL scorer; "
        f"known are {scorers}"
    )
