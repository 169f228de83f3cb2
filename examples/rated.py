"""Copy the rated pictures of examples/rated/ again, which visitors of the page score themselves first:

    python -m examples.rated DATA_DIR

DATA_DIR is that of training.data.fetch. They come from LIVE In the Wild, whose notice (examples/rated/LICENSE.txt)
allows it; all are held out from training. They were chosen by people's score, from low to high, among those that show
no people. `python -m examples.record` rates them.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from pathlib import Path

OUT = Path(__file__).parent / "rated"
RATINGS = 175
"""Of a picture, on average."""
CREDIT = "LIVE In the Wild Image Quality Challenge Database, (c) 2015 The University of Texas at Austin"
CHOSEN = {
    "1010": "A cat on a rug",
    "774": "Roses",
    "309": "A lupine",
    "1059": "A statue's head",
    "35": "A foggy city",
    "124": "A pavilion",
    "819": "A cat on a blanket",
    "1015": "A sunset",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Copy the rated pictures that visitors score first.")
    parser.add_argument("data", type=Path, help="folder with clive/labels.csv and its pictures")
    folder = parser.parse_args().data / "clive"
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        labels = {row["file"]: row for row in csv.DictReader(file)}
    entries = []
    for number, title in CHOSEN.items():
        name = f"{number}.jpg"
        shutil.copyfile(folder / name, OUT / name)
        (OUT / name).chmod(0o644)
        rated = {"mos": round(float(labels[name]["mos"]), 2), "deviation": round(float(labels[name]["std"]), 2)}
        entries.append({"file": f"rated/{name}", "title": title, **rated, "ratings": RATINGS, "attribution": CREDIT})
    told = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    (OUT / "manifest.json").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
