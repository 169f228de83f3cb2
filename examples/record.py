"""Rate the examples and write examples/records/, which the page shows until it rates them live:

    python -m examples.record [--model tiny] [--precision fp32]

To be run again whenever the checkpoint or a clip has changed; until then the page does not show their records.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from vqathinker.space.settings import Settings
from vqathinker.space.widgets.records import make_records


def main() -> None:
    parser = argparse.ArgumentParser(description="Rate the examples and record the answers for the page.")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--examples", type=Path, default=Settings().examples, help="folder with manifest.json")
    args = parser.parse_args()
    make_records(Settings(model=args.model, precision=args.precision, examples=args.examples))


if __name__ == "__main__":
    main()
