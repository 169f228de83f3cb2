"""What the command line leaves out of its libraries: parts that no rating reaches, and that take longer to import than
a short clip takes to be rated. Only for a process that is ours alone: elsewhere other code may need them.

transformers imports scipy for losses of object detectors, torch's tensors of many machines, and torch's compiler, for a
few decorators; and it reads the files of all its models twice, to know their names. Without all this the import takes
half as long, and a quarter of the memory is never used.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

COMPILER, MODELS_PACKAGE = "torch._dynamo", "transformers.models"
COMPILER_MARKS = ("allow_in_graph", "assume_constant_result", "disable", "mark_static_address")
"""What the compiler is asked to note of functions and tensors; nothing, where nothing is compiled."""
HIDDEN_PACKAGE = "scipy"
_ours = _lean = False


def own_process() -> None:
    """This process runs one command of ours, and nothing else."""
    global _ours
    _ours = True


def be_lean() -> None:
    """From now on `lean_imports` leaves out what the bundled model in float32 does without, in a process of our own."""
    global _lean
    _lean = _ours


@contextmanager
def lean_imports() -> Iterator[None]:
    """Imports inside search for no garbage: they make hundreds of thousands of objects, and all of them stay. After
    `be_lean` they leave out what a rating never reaches."""
    on = gc.isenabled()
    gc.disable()
    hides = _lean and HIDDEN_PACKAGE not in sys.modules
    try:
        if _lean:
            _leave_out()
        if hides:
            sys.modules[HIDDEN_PACKAGE] = None  # counts as not installed
        yield
    finally:
        if hides:
            del sys.modules[HIDDEN_PACKAGE]
        if on:
            gc.enable()


def _leave_out() -> None:
    for name, known in ((COMPILER, COMPILER_MARKS), (MODELS_PACKAGE, ())):
        if name not in sys.modules:
            sys.modules[name] = _LeftOut(name, known)
    import torch

    torch.distributed.is_available = lambda: False  # as in a torch that was built for one process


class _LeftOut(ModuleType):
    """A package whose submodules can be imported one by one. It becomes the real one when anything else is asked of it;
    until then the `marks` of the compiler change nothing."""

    def __init__(self, name: str, marks: Sequence[str]):
        super().__init__(name)
        self._real = False
        package, _, folder = name.partition(".")
        place = Path(importlib.util.find_spec(package).origin).parent / folder
        spec = importlib.util.spec_from_file_location(
            name, place / "__init__.py", submodule_search_locations=[str(place)]
        )
        self.__spec__, self.__loader__, self.__file__ = spec, spec.loader, spec.origin
        self.__path__, self.__package__ = spec.submodule_search_locations, name
        self.__dict__.update(dict.fromkeys(marks, _unchanged))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        real = sys.modules.get(self.__name__, self)
        if real is not self:  # one that puts another module in its own place
            return getattr(real, name)
        if self._real:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self._real = True
        self.__loader__.exec_module(self)
        return getattr(sys.modules[self.__name__], name)


def _unchanged(target: Any = None, *_, **__) -> Any | Callable[[Any], Any]:
    """A mark, with or without arguments in brackets."""
    return target if target is not None else lambda function: function
