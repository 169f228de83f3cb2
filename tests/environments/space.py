"""A Space, as near as one machine comes to it: its own Python with what its requirements name, the published files in a
folder that cannot be written, port 7860."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from tests.documents.commands import ROOT
from training.publish.run import space_files

from .home import Failed, Home
from .serving import asked_page, served

PORT = 7860
READ_ONLY = (
    "unshare", "--mount", "sh", "-c",
    'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"',
)  # fmt: skip
"""Before a folder and a command: the command sees the folder read-only, even as root, who may write anything else."""


def lay_out(folder: Path) -> None:
    """The files that `training.publish --space` sends, read-only."""
    for file in space_files(ROOT / "vqathinker" / "checkpoints" / "tiny"):
        place = folder / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.source if isinstance(file.source, bytes) else file.source.read_bytes())
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)


def stamps(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


def installed(home: Home, app: Path) -> str:
    """As a Space does it: its requirements, and Gradio in the version of its card. No constraints."""
    card = yaml.safe_load((app / "README.md").read_text(encoding="utf-8").split("---")[1])
    words = ("-r", str(app / "requirements.txt"), f"gradio[oauth,mcp]=={card['sdk_version']}")
    home.run(home.place("python"), "-m", "pip", "install", "--quiet", *words)
    code = "import gradio, torch, transformers; print(torch.__version__, transformers.__version__, gradio.__version__)"
    return f"torch, transformers, gradio: {home.python(code)}; {home.megabytes} MB"


def mounted(app: Path) -> list[str]:
    """What comes before a command so that it cannot write into the folder."""
    before = [*READ_ONLY, str(app)]
    tried = subprocess.run([*before, "touch", "x"], capture_output=True, text=True)
    if "Read-only" in tried.stderr:
        return before
    if os.geteuid():
        return []  # the modes of the files are enough
    raise Failed(f"the folder cannot be made read-only: {tried.stderr.strip()}")


def runs(home: Home, app: Path) -> str:
    before = stamps(app)
    told = {"SYSTEM": "spaces", "GRADIO_TEMP_DIR": str(home.work / "uploads")}
    with served(home, *mounted(app), home.place("python"), "app.py", cwd=app, port=PORT, **told) as address:
        seen = asked_page(address, ROOT / "examples" / "squirrel.mp4")
    if stamps(app) != before:
        raise Failed("the app has written into its folder")
    return f"port {PORT}, {seen}, nothing written"
