"""What programs and language models are told about the endpoints: a JSON schema for each value, docstrings as a whole.

Gradio says of a JSON box that its type is empty, which is no schema and which strict clients refuse, and takes of a
docstring the first line of each argument only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

import gradio as gr

from ...video.windows import LONGEST_S, SHORTEST_S
from ..queue.requests import MOST_ROLLOUTS
from .calls import LEAST

Function = TypeVar("Function", bound=Callable)
ComponentT = TypeVar("ComponentT", bound=gr.components.Component)
GROUPS = {"type": "array", "items": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}}}
"""Answers about each video: completions, or numbers that stand for such."""
GROUPS_OR_NONE = {"anyOf": [GROUPS, {"type": "null"}]}
MOS_SCHEMA = {"type": "array", "items": {"type": "number", "minimum": 1, "maximum": 5}}
WINDOW = {"type": "number", "minimum": SHORTEST_S, "maximum": LONGEST_S, "default": 2.0}
OBJECT = {"type": "object", "additionalProperties": True}


def described(box: ComponentT, schema: dict) -> ComponentT:
    """The box, with this schema in the place of Gradio's."""
    box.api_info = lambda: schema
    return box


def rollouts_schema(endpoint: str, usual: int) -> dict:
    """Of a number of sampled answers."""
    return {"type": "integer", "minimum": LEAST[endpoint], "maximum": MOST_ROLLOUTS, "default": usual}


def whole_docstring(function: Function) -> Function:
    """The function, with each argument of its docstring on one line, and what it returns on another.

    >>> def rate(video, rollouts=0):
    ...     '''Rate it.
    ...
    ...     Args:
    ...         video: the file,
    ...             uploaded here
    ...         rollouts: how many
    ...     '''
    >>> print(whole_docstring(rate).__doc__)
    Rate it.
    <BLANKLINE>
    Args:
        video: the file, uploaded here
        rollouts: how many
    """
    names, lines = inspect.signature(function).parameters, []
    for line in inspect.cleandoc(function.__doc__ or "").splitlines():
        before = lines[-1].strip() if lines else ""
        begins = not line.startswith(" ") or before.endswith(":") or line.strip().partition(":")[0] in names
        if begins or not before:
            lines.append(line)
        else:
            lines[-1] += f" {line.strip()}"
    function.__doc__ = "\n".join(lines)
    return function
