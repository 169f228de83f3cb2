"""Settings files: YAML in, checked dataclasses out, and a sentence for an unknown key or a value that does not fit."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class YamlLoader(yaml.SafeLoader):
    """Reads 1e-5 as a number, as YAML 1.2 has it; PyYAML takes it for a text."""


YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def build_settings(cls: type, values: object, where: str):
    """A settings dataclass from a mapping. Raises ValueError that names `where` it stands, and an unknown key or what
    is wrong with a value."""
    known = {item.name for item in fields(cls)}
    if not isinstance(values, dict):
        raise ValueError(f"{where}: expected keys and values, got {values!r}")
    for key in values:
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}; known keys: {', '.join(sorted(known))}")
    try:
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from error


def read_yaml(path: str | Path) -> dict:
    """Keys and values of a YAML file. Raises ValueError that names it."""
    try:
        values = yaml.load(Path(path).read_text(), YamlLoader) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected keys and values, got a {type(values).__name__}")
    return values
