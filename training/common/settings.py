"""Settings files: YAML in, dataclasses out, and a sentence for a key that nobody knows."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import yaml


def build(cls: type, values: dict, where: str):
    """A settings dataclass from a mapping. Raises ValueError that names an unknown key and its place."""
    known = {item.name for item in fields(cls)}
    for key in values:
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}; known keys: {', '.join(sorted(known))}")
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def read_yaml(path: str | Path) -> dict:
    """Keys and values of a YAML file. Raises ValueError that names it."""
    try:
        values = yaml.safe_load(Path(path).read_text()) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected keys and values, got a {type(values).__name__}")
    return values
