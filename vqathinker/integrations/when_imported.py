"""Something to be done as soon as somebody imports a module, however long that takes, and not before."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every command line begins here
    from collections.abc import Callable, Mapping
    from importlib.machinery import ModuleSpec


class WhenImported:
    """A finder of modules for `sys.meta_path` that finds none by itself, and runs an action once after the import of
    each module that it was told of. Those that were imported before are answered at once."""

    def __init__(self, actions: Mapping[str, Callable[[], None]]) -> None:
        self.actions = dict(actions)

    def watch(self) -> None:
        for name in [name for name in self.actions if name in sys.modules]:
            self.actions.pop(name)()
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        action = self.actions.pop(name, None)  # before the search, which comes by here again
        if action is None:
            return None
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            run_after(spec.loader, action)
        return spec


def run_after(loader, action: Callable[[], None]) -> None:
    """The loader of one module, with an action after its first load."""
    load = loader.exec_module

    def load_and_act(module) -> None:
        del loader.exec_module
        load(module)
        action()

    loader.exec_module = load_and_act
