"""From the name of a model to its folder: bundled, on disk, or fetched from the hub."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from ..bundled import bundled, checkpoint_folder
from ..errors import ModelError
from .configuration import VQAThinkerConfig
from .official import OFFICIAL_TYPE

HUB = {"8b": "kkkkkklinhan/InternVL3-VQAThinker-8B"}
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
FETCHED = ["*.json", "*.safetensors", "merges.txt", "*.jinja"]


def find_folder(name: str) -> Path:
    """The folder of a bundled model ("tiny"), of one on disk, of "8b" or of a hub id (fetched). Raises ModelError."""
    folder = checkpoint_folder(name)
    if os.path.isfile(folder / "config.json"):
        return folder
    if not os.path.exists(folder) and (name in HUB or HUB_ID.fullmatch(name)):
        return fetch(HUB.get(name, name))
    known = ", ".join([*bundled(), *HUB])
    raise ModelError(f"no model {name!r}: neither bundled ({known}) nor a folder with a config.json nor a hub id")


def fetch(repository: str) -> Path:
    """Download a model repository, or find it in the cache, without code in it. Raises ModelError."""
    from httpx import HTTPError
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(repository, allow_patterns=FETCHED))
    except (OSError, ValueError, HTTPError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"there is no folder {repository}, and it cannot be fetched from the hub: {reason}") from None
    if not (folder / "config.json").is_file():
        raise ModelError(f"the hub's {repository} is no model: it has no config.json")
    return folder


def read_settings(folder: Path) -> tuple[dict, bool]:
    """The `config.json` of a folder, and whether it is in the official layout (True) or in ours.

    Raises ModelError for any other kind of model.
    """
    path = folder / "config.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from None
    kind = settings.get("model_type") if isinstance(settings, dict) else None
    if kind not in (OFFICIAL_TYPE, VQAThinkerConfig.model_type):
        raise ModelError(f"{folder} holds a {kind!r} model, not a VQAThinker checkpoint in the official layout or ours")
    return settings, kind == OFFICIAL_TYPE
