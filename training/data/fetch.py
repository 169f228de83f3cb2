"""Get the data: every part of DATA_DIR, from public repositories, packages and, for one part, a download of yours.

    python -m training.data.fetch DATA_DIR                                all parts, from where they are public
    python -m training.data.fetch DATA_DIR --part biq2021 --from SOURCE   one part, from a git URL or a git folder

Resumable: a file that is there is not fetched again; a table appears when its files are there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from training.command import ends_in_a_sentence
from training.data import biq
from training.data.git_files import open_git

CACHE = ".sources"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path, help="where the parts go, each into a folder of its name")
    parser.add_argument("--part", choices=("biq2021",), help="this part only")
    parser.add_argument("--from", dest="source", default=biq.URL, help="git URL or folder")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("data.fetch"):
        print(biq.write_biq(open_git(args.source, args.data_dir / CACHE), args.data_dir / "biq2021"))


if __name__ == "__main__":
    main()
