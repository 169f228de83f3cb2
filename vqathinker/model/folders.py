"""From the name of a model to its folder: bundled, on disk, or fetched from the hub."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from ..bundled import bundled, checkpoint_folder
from ..errors import ModelError
from ..scorers import SCORERS
from .configuration import VQAThinkerConfig
from .official import OFFICIAL_TYPE

HUB = {one.name: one.hub for one in SCORERS.values() if one.hub}
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")
"""OWNER/NAME, and after an @ a branch, tag or commit of it."""
SMALL_FILES, WEIGHT_FILES = ["*.json", "merges.txt", "*.jinja"], ["*.safetensors"]


def find_folder(
    name: str, check: Callable[[Path], object] | None = None, inside: str = "", weights: bool = True
) -> Path:
    """The folder of a bundled model ("tiny"), of one on disk, of "8b" or of a hub id (fetched, its weights only where
    they are wanted), or `inside` the latter.

    `check` is called with the folder of one that is fetched when all but its weights is there; without it, only the
    kind of model is looked at. Raises ModelError, and what `check` raises.
    """
    folder = checkpoint_folder(name)
    if os.path.isfile(folder / "config.json"):
        return folder
    if not os.path.exists(folder) and (name in HUB or HUB_ID.fullmatch(name)):
        return fetch_repository(HUB.get(name, name), check or read_settings, inside, weights)
    known = ", ".join([*bundled(), *HUB])
    raise ModelError(f"no model {name!r}: neither bundled ({known}) nor a folder with a config.json nor a hub id")


def fetch_repository(repository: str, check: Callable[[Path], object], inside: str, weights: bool) -> Path:
    """Download a model repository, or a folder `inside` it, or find it in the cache, without code in it: the weights
    last, and only where `check` has nothing against what came before them. Raises ModelError."""
    folder = download(repository, SMALL_FILES, inside)
    if not (folder / "config.json").is_file():
        raise ModelError(f"the hub's {'/'.join([repository, inside]).rstrip('/')} is no model: it has no config.json")
    check(folder)
    return download(repository, WEIGHT_FILES, inside) if weights else folder


def download(repository: str, patterns: list[str], inside: str = "") -> Path:
    """The folder of a repository, or `inside` it, with its files that fit the patterns. Raises ModelError."""
    from huggingface_hub import snapshot_download

    try:
        wanted = [f"{inside}/{pattern}" if inside else pattern for pattern in patterns]
        name, _, revision = repository.partition("@")
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=wanted)) / inside
    except Exception as error:  # of which library its HTTP errors are changes from version to version
        told = f"there is no folder {repository}, and it cannot be fetched from the hub: {hub_reason(error)}"
        raise ModelError(told) from None


def hub_reason(error: Exception) -> str:
    """Why nothing came from the hub, in people's words where they are known."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "its owner gives it to those who ask on its page, and are logged in, only"
    if isinstance(error, errors.RevisionNotFoundError):
        return "there is no such branch, tag or commit of it there"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "there is no such model there, or it is private"
    offline = (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, ConnectionError)
    if isinstance(error, offline) or "TransportError" in {kind.__name__ for kind in type(error).__mro__}:
        return "no network, the hub cannot be reached"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


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
