"""What must be right before files go to the hub: each check raises PublishError with one sentence."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import yaml
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from vqathinker.errors import ModelError, VQAThinkerError
from vqathinker.model.family.load import load_model
from vqathinker.model.weights import INDEX

MODEL_KEYS = ("license", "library_name", "pipeline_tag", "tags")
SPACE_KEYS = ("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "app_file", "license")
HUB_COLOURS = set("red yellow green blue indigo purple pink gray".split())
SHORT_DESCRIPTION = 60
"""Longest short_description that a Space card may have."""
CARD_START = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)


class PublishError(VQAThinkerError):
    """The files are not fit to be published, or the hub refused them."""


def check_repo_id(name: str) -> None:
    """OWNER/NAME, in the letters that the hub allows."""
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise PublishError(f"{name!r} is no repository name for the hub: {error}") from error
    if name.count("/") != 1:
        raise PublishError(f"{name!r} needs an owner: OWNER/NAME")


def read_card(path: Path, needed: tuple[str, ...]) -> dict:
    """The front matter of a README.md, which must have these keys with something in them, and a text below."""
    if not path.is_file():
        raise PublishError(
            f"{path} is missing: the hub shows it as the card (training.grpo and training.report.card write it)"
        )
    found = CARD_START.match(path.read_text(encoding="utf-8").replace("\r\n", "\n"))
    if not found:
        raise PublishError(f"{path} does not start with front matter between two lines of ---")
    try:
        data = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise PublishError(f"the front matter of {path} is not YAML: {error}".replace("\n", " ")) from error
    if not isinstance(data, dict):
        raise PublishError(f"the front matter of {path} holds no keys")
    missing = [key for key in needed if not data.get(key)]
    if missing:
        raise PublishError(f"the front matter of {path} lacks {', '.join(missing)}")
    if not found[2].strip():
        raise PublishError(f"{path} says nothing below its front matter")
    return data


def check_model_card(folder: Path) -> None:
    data = read_card(folder / "README.md", MODEL_KEYS)
    if not isinstance(data["tags"], list) or not all(isinstance(tag, str) for tag in data["tags"]):
        raise PublishError(f"the tags of {folder / 'README.md'} are no list of words")


def check_space_card(folder: Path) -> None:
    """The keys that a Space needs, with values that it can use."""
    path = folder / "README.md"
    data = read_card(path, SPACE_KEYS)
    if data["sdk"] != "gradio":
        raise PublishError(f"{path}: sdk is {data['sdk']!r}, this is a gradio Space")
    if not (folder / str(data["app_file"])).is_file():
        raise PublishError(f"{path}: there is no app_file {data['app_file']}")
    for key in ("colorFrom", "colorTo"):
        if data[key] not in HUB_COLOURS:
            raise PublishError(f"{path}: {key} is {data[key]!r}, the hub knows {', '.join(sorted(HUB_COLOURS))}")
    for key in ("sdk_version", "python_version"):
        if not isinstance(data.get(key, ""), str):
            raise PublishError(f'{path}: {key} must be in quotes, YAML reads {data[key]!r} as a number: "3.10"')
    if len(str(data.get("short_description", ""))) > SHORT_DESCRIPTION:
        raise PublishError(f"{path}: short_description is longer than {SHORT_DESCRIPTION} letters")


def shard_tensors(path: Path) -> dict[str, int]:
    """Bytes of each tensor in a safetensors file, which must be exactly as long as its header says."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            if length > size:
                raise ValueError("its header is longer than the file")
            header = json.loads(file.read(length))
        spans = {name: entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"}
        wanted = 8 + length + max((end for _, end in spans.values()), default=0)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"{path} is no whole safetensors file: {error}") from error
    if size != wanted:
        kind = "truncated" if size < wanted else "too long"
        raise PublishError(f"{path} is {kind}: {size} bytes, its header says {wanted}")
    return {name: end - start for name, (start, end) in spans.items()}


def check_shards(folder: Path) -> None:
    """Every shard is whole, and with several of them each is in the index, which tells the truth about all."""
    held = {path.name: shard_tensors(path) for path in sorted(folder.glob("*.safetensors"))}
    if not held:
        raise PublishError(f"{folder} holds no weights (*.safetensors)")
    if not (folder / INDEX).is_file():
        if set(held) != {"model.safetensors"}:
            raise PublishError(f"{folder} has weights in {', '.join(held)} but no {INDEX}")
        return
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        placed, total = index["weight_map"], index["metadata"]["total_size"]
    except (ValueError, KeyError, TypeError) as error:
        raise PublishError(f"{folder / INDEX} is no index of weights: {error}") from error
    if lost := sorted(set(placed.values()) - set(held)):
        raise PublishError(f"{folder / INDEX} names {', '.join(lost)}, which is not there")
    found = {name: shard for shard, tensors in held.items() for name in tensors}
    if found != placed:
        wrong = sorted(name for name in {**found, **placed} if found.get(name) != placed.get(name))
        raise PublishError(f"{folder / INDEX} and the shards disagree about {wrong[0]} ({len(wrong)} in all)")
    if total != (size := sum(sum(tensors.values()) for tensors in held.values())):
        raise PublishError(f"{folder / INDEX} says {total} bytes of weights, the shards hold {size}")


def check_model(folder: Path) -> None:
    """Card, shards, and a real load in which no key may be missing, unexpected or of another shape."""
    if not folder.is_dir():
        raise PublishError(f"there is no checkpoint folder {folder}")
    check_model_card(folder)
    check_shards(folder)
    try:
        load_model(str(folder), device="cpu")
    except ModelError as error:
        raise PublishError(f"{folder} is not fit to be published: {error}") from error
