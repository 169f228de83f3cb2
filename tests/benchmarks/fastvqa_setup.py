"""Sets up FAST-VQA, the peer that `rate_speed --peer FOLDER` times. Not a test.

    python -m tests.benchmarks.fastvqa_setup FOLDER [--source URL_OR_FOLDER]

Clones its repository at the commit that the README's figures are of, and makes an environment beside it that shares
this one's torch and decord. Nothing of it becomes part of this project; it keeps its own licence.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

SOURCE = "https://github.com/VQAssessment/FAST-VQA-and-FasterVQA"
COMMIT = "9f264e436a97b23f5efb477b048bfbff83565032"
PACKAGES = (
    "einops==0.8.2",
    "ftfy==6.3.1",
    "openai-clip==1.0.1",
    "opencv-python-headless==5.0.0.93",
    "scikit-video==1.1.11",
    "timm==0.9.16",
    "torchvision==0.28.0",
    "wcwidth==0.2.14",
)
"""What its code imports and this project does not; torchvision is the one that goes with torch 2.13."""


def python_of(folder: Path) -> Path:
    """The interpreter of a folder that was set up."""
    return folder / "env" / "bin" / "python"


def checkout_of(folder: Path) -> Path:
    """FAST-VQA's code in a folder that was set up."""
    return folder / "code"


def set_up(folder: Path, source: str) -> None:
    code, environment = checkout_of(folder), folder / "env"
    subprocess.run(["git", "clone", "-q", "--no-checkout", source, code], check=True)
    subprocess.run(["git", "-C", code, "checkout", "-q", COMMIT], check=True)
    venv.create(environment, with_pip=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})
    (Path(packages) / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run([python_of(folder), "-m", "pip", "install", "-q", "--no-deps", *PACKAGES], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Set FAST-VQA up as a peer to be timed.")
    parser.add_argument("folder", type=Path, help="a new folder for its code and its environment")
    parser.add_argument("--source", default=SOURCE, help="where its repository is cloned from")
    args = parser.parse_args()
    if args.folder.exists():
        sys.exit(f"{args.folder} exists already")
    set_up(args.folder, args.source)


if __name__ == "__main__":
    main()
