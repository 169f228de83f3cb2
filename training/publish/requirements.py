"""What a Space installs: the tested versions, and on request PyTorch's build without CUDA."""

from __future__ import annotations

import re
from pathlib import Path

from .checks import PublishError

TORCH = re.compile(r"^torch(?![\w-]).*$", re.MULTILINE)


def pinned(constraints: Path, name: str) -> str:
    """The tested version of a package, "2.13.0". Raises PublishError."""
    found = re.search(rf"^{re.escape(name)}==(\S+)$", constraints.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise PublishError(f"{constraints} does not pin {name}")
    return found[1]


def space_requirements(root: Path, torch_index: str | None) -> bytes:
    """requirements.txt as the Space gets it: that of the repository, or, with the address of an index of PyTorch's
    builds for one kind of hardware, with the tested torch from there. Raises PublishError."""
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    if torch_index is None:
        return text.encode()
    if not re.fullmatch(r"https://[^\s'\"]+", torch_index):
        raise PublishError(f"{torch_index!r} is no https address of a package index")
    version = pinned(root / "constraints.txt", "torch")
    return TORCH.sub(f"--extra-index-url {torch_index}\ntorch=={version}", text, count=1).encode()
