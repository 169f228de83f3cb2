"""What a newcomer meets: the wheel alone, in clean environments outside the checkout, by several Pythons; and a Space.

    python -m tests.environments python3.11 python3.12 python3.13 --space python3.12
    python -m tests.environments python3.12 python3.13 --light    # without PyTorch: minutes, and some megabytes
    python -m tests.environments python3.12 --newest              # the newest versions that the package allows

Takes the network, some gigabytes for PyTorch where its build for CPUs is not to be had, and half an hour. Prints a
table; exit code 1 where a step failed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from .home import NEWEST, TESTED, Failed, Home
from .newcomer import LIGHT, STEPS, Step, build_wheel
from .space import installed, lay_out, runs


def version_of(interpreter: str) -> str:
    code = "import platform; print(platform.python_version())"
    return subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def seen(name: str, do: Callable[[], str]) -> str:
    """What a step saw, with its seconds, or why it failed; told at once on stderr."""
    start = time.perf_counter()
    try:
        told = f"{do()} ({time.perf_counter() - start:.0f} s)"
    except (Failed, subprocess.TimeoutExpired) as error:
        told = f"**failed**: {' '.join(str(error).split())}"
    print(f"{name}: {told}", file=sys.stderr, flush=True)
    return told


def newcomer(interpreter: str, folder: Path, *, steps: Sequence[Step], pins: tuple[str, ...]) -> dict[str, str]:
    """Step by step; what comes after a failed installation is not tried."""
    told = {}
    wheel = build_wheel(interpreter, folder)
    home = Home.made_by(interpreter, folder, pins)
    for step in steps:
        told[step.name] = seen(step.name, lambda step=step: step.do(home, wheel))
        if step is steps[0] and "**failed**" in told[step.name]:
            break
    return told


def space(interpreter: str, folder: Path) -> dict[str, str]:
    app = folder / "app"
    lay_out(app)
    home = Home.made_by(interpreter, folder)
    return {
        "requirements of a Space": seen("requirements of a Space", lambda: installed(home, app)),
        "app.py, read-only": seen("app.py, read-only", lambda: runs(home, app)),
    }


def away(look: Callable[[Path], dict[str, str]], place: Path | None) -> dict[str, str]:
    """What is seen in a folder of its own, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vqathinker-", dir=place))
    print(f"\nin {folder}", file=sys.stderr, flush=True)
    try:
        return look(folder)
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def table(columns: dict[str, dict[str, str]]) -> str:
    """Markdown: a row a step, a column an interpreter."""
    names = list(dict.fromkeys(name for told in columns.values() for name in told))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += ["| " + " | ".join([name, *(told.get(name, "") for told in columns.values())]) + " |" for name in names]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m tests.environments", description=__doc__.split("\n\n")[0])
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help="interpreters, each with venv and pip")
    parser.add_argument("--space", metavar="PYTHON", help="the interpreter of a Space, to run the published files with")
    parser.add_argument("--light", action="store_true", help="only what needs no PyTorch")
    parser.add_argument("--newest", action="store_true", help="not the tested versions but the newest that are allowed")
    parser.add_argument(
        "--folder", type=Path, help="where the environments are made (default: the system's for a while)"
    )
    args = parser.parse_args(argv)
    steps, columns = LIGHT if args.light else STEPS, {}
    pins, which = (NEWEST, ", newest versions") if args.newest else (TESTED, "")
    for interpreter in args.pythons:
        look = partial(newcomer, interpreter, steps=steps, pins=pins)
        columns[version_of(interpreter) + which] = away(look, args.folder)
    if args.space:
        columns[f"{version_of(args.space)}, a Space"] = away(partial(space, args.space), args.folder)
    print(table(columns))
    return int(any("**failed**" in one for told in columns.values() for one in told.values()))


if __name__ == "__main__":
    sys.exit(main())
