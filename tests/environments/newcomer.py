"""What a newcomer does with the wheel, one step after the other; each returns what was seen."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.documents.commands import ROOT

from .home import CONSTRAINTS, TESTED, Failed, Home
from .serving import asked_page, served


@dataclass(frozen=True)
class Step:
    name: str
    do: Callable[[Home, Path], str]


def torch_requirement() -> str:
    return next(line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("torch=="))


def resolves(home: Home, wheel: Path) -> str:
    """The package with all extras, as wheels alone; nothing is installed."""
    words = ("install", "--dry-run", "--only-binary", ":all:", *home.pins, f"{wheel}[{','.join(EXTRAS)}]")
    told = home.run(home.place("python"), "-m", "pip", *words)
    [found] = [line.split()[2:] for line in told.splitlines() if line.startswith("Would install")]
    return f"{len(found)} packages, all as wheels"


def install_alone(home: Home, wheel: Path) -> str:
    """The wheel and what completes a command line."""
    home.install("--no-deps", str(wheel))
    home.install("shtab")
    return f"{home.megabytes} MB"


def install(home: Home, wheel: Path) -> str:
    """The tested PyTorch first and alone, as ./task does it: whatever comes later keeps that build."""
    if home.pins == TESTED:
        home.install(torch_requirement())
    home.install(str(wheel))
    return f"{home.versions('torch', 'transformers', 'numpy')}, {home.megabytes} MB"


def from_git(home: Home, wheel: Path) -> str:
    """The wheel of what is committed, from a git address, as `pip install "vqathinker @ git+ADDRESS"` takes it.

    The name is left out: pip 23, which comes with Python 3.12, refuses it before an address without a host.
    """
    folder = home.work / "from_git"
    words = ("wheel", "--quiet", "--no-deps", "-w", str(folder), f"git+file://{ROOT}")
    home.run(home.place("python"), "-m", "pip", *words)
    [built] = folder.glob("*.whl")
    names = [sorted(zipfile.ZipFile(one).namelist()) for one in (built, wheel)]
    if names[0] != names[1]:
        raise Failed(f"{built.name} holds other files than the checkout: {set(names[0]) ^ set(names[1])}")
    return f"{built.name}, {built.stat().st_size // 10**6} MB, the files of the checkout"


def version(home: Home, wheel: Path) -> str:
    told = home.product("--version").strip()
    if home.python("import sys, vqathinker; print('torch' in sys.modules)") != "False":
        raise Failed("the import alone loads torch")
    return told


def completion(home: Home, wheel: Path) -> str:
    script = (
        'eval "$(vqathinker completion bash)"; COMP_WORDS=(vqathinker rate --prec); COMP_CWORD=2;'
        '_shtab_vqathinker vqathinker "${COMP_WORDS[@]}"; printf "%s" "${COMPREPLY[*]}"'
    )
    told = home.run("bash", "-c", f'PATH="{home.folder}/bin:$PATH"; {script}')
    if told != "--precision":
        raise Failed(f"`vqathinker rate --prec` completes to {told!r}")
    return "--prec becomes --precision"


def example(home: Home) -> str:
    return home.python("from vqathinker.bundled import examples_folder; print(examples_folder() / 'squirrel.mp4')")


def rate(home: Home, wheel: Path) -> str:
    told = json.loads(home.product("rate", example(home), "--json"))
    recorded = json.loads((ROOT / "examples" / "records" / "squirrel.json").read_text(encoding="utf-8"))["report"]
    if told["score"] != recorded["score"]:
        raise Failed(f"the score of squirrel.mp4 is {told['score']}, recorded was {recorded['score']}")
    return f"squirrel.mp4: {told['score']:.2f}, as recorded"


def extra(name: str, check: Callable[[Home], str]) -> Step:
    def do(home: Home, wheel: Path) -> str:
        home.install(f"{wheel}[{name}]")
        return check(home)

    return Step(f"extra `{name}`", do)


def page(home: Home) -> str:
    with served(home, home.place("vqathinker"), "serve") as address:
        rated = asked_page(address, Path(example(home)))
    return f"{home.versions('gradio')}: serves, ready, rates {rated}"


def tools(home: Home) -> str:
    code = (
        "import asyncio, sys\nfrom mcp import ClientSession\n"
        "from mcp.client.streamable_http import streamablehttp_client as client\n"
        "async def names():\n  async with client(sys.argv[1] + '/gradio_api/mcp/') as (r, w, _):\n"
        "    async with ClientSession(r, w) as s:\n      await s.initialize()\n"
        "      print(*sorted(t.name for t in (await s.list_tools()).tools))\nasyncio.run(names())\n"
    )
    with served(home, home.place("vqathinker"), "serve") as address:
        return home.run(home.place("python"), "-c", code, address).strip()


def labels(home: Home) -> str:
    folder = str(Path(example(home)).parent)
    home.python(
        "import pandas; pandas.DataFrame({'file': ['squirrel.mp4', 'plaza.mp4', 'willow-dark.mp4'], 'mos': [3, 4, 2]})"
        ".to_excel('labels.xlsx', index=False)"
    )
    told = home.product("evaluate", "labels.xlsx", "--videos", folder)
    home.product("batch", f"{folder}/squirrel.mp4", "--out", "ratings.parquet")
    rows = home.python("import pyarrow.parquet as p; print(p.read_table('ratings.parquet').num_rows)")
    metric = home.python(
        "import torch, vqathinker; from vqathinker.integrations.torchmetrics import VideoQualityScore as Score\n"
        "score = Score(vqathinker.create_metric('vqathinker-tiny')); score.update(torch.rand(1, 3, 64, 64))\n"
        "print(float(score.compute()))"
    )
    if not (told.startswith("3 rated") and rows == "1" and 1 <= float(metric) <= 5):
        raise Failed(f"{told!r}, {rows} rows, {metric}")
    return ".xlsx in, .parquet out, torchmetrics"


def rewards(home: Home) -> str:
    """One step of TRL's trainer, with a text model of a few random weights."""
    told = home.run(home.place("python"), str(ROOT / "tests" / "environments" / "trl_step.py"))
    return f"{home.versions('trl')}: {told.strip().splitlines()[-1]}"


def cluster(home: Home) -> str:
    clip = example(home)
    home.product("batch", clip, "--out", "ray.csv", "--ray", "local", "--workers", "1")
    lines = (home.work / "ray.csv").read_text().splitlines()
    if len(lines) != 2:
        raise Failed(f"{len(lines)} lines")
    return "batch --ray local"


EXTRAS: dict[str, Callable[[Home], str]] = {
    "space": page,
    "mcp": tools,
    "eval": labels,
    "train": rewards,
    "ray": cluster,
}
STEPS = [
    Step("wheel and what it needs", install),
    Step("wheel from git", from_git),
    Step("`vqathinker --version`", version),
    Step("completion", completion),
    Step("`vqathinker rate`", rate),
    *(extra(name, check) for name, check in EXTRAS.items()),
]
LIGHT = [
    Step("wheel alone", install_alone),
    Step("the package with all extras", resolves),
    *(step for step in STEPS if step.do in (from_git, version, completion)),
]
"""What needs no PyTorch, of which some interpreters get CUDA's build of several gigabytes."""


def build_wheel(interpreter: str, folder: Path) -> Path:
    """As `pip wheel . --no-deps` does it. Raises Failed."""
    words = [interpreter, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise Failed(done.stderr[-400:])
    [wheel] = folder.glob("*.whl")
    return wheel
