"""A new defect is three files: its words, its row in the table of degradations, its filter. Everything else finds it.

The three are changed in a copy of the sources, and a process there makes a clip with the defect, labels it, words it,
reads the words, teaches, measures and shows it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import vqathinker
from tests import clips

ROOT = Path(vqathinker.__file__).parent.parent
CHANGES = {
    "vqathinker/rating/defect_patterns.py": [
        ('("stream", "damaged"))),\n', '    "flicker": Phrases(("flicker",), (("light", "flickering"),)),\n'),
        ("_PATTERNS = {\n", '    "flicker": r"flicker\\w*",\n'),
    ],
    "training/data/build/families.py": [
        (
            "VARIANTS = {\n",
            '    ("flicker", "mains"): Variant((8, 16, 28, 44), (8, 16, 28, 44), (0.8, 0.6, 0.4, 0.2)),\n',
        ),
        ("ORDER = (\n", '    "flicker",\n'),
    ],
    "training/data/build/degrade.py": [
        (
            "_FILTERS = {\n",
            '    "flicker": lambda op, *_: f"eq=brightness={op.strength / 255}*mod(n\\\\,2):eval=frame",\n',
        ),
    ],
}
"""File -> lines that are put behind others. The words come last, so that those learned before keep their numbers."""
PROGRAM = """
import json, sys
from pathlib import Path

import numpy as np

from training.data import ffmpeg
from training.data.build.degrade import Op
from training.data.build.labels import combine, defect_list, keep_from_strength, severity_from_keep
from training.data.build.plan import plan
from training.data.build.references import Reference
from training.data.build.run import apply
from training.data.build.sources import Content
from training.data.reasoning import write_reasoning
from training.evaluate.measures import defect_report
from training.sft.vision import severity_targets
from vqathinker.rating.defects import DEFECTS, parse_defects
from vqathinker.space.widgets.score_card import chips

clip, out = Path(sys.argv[1]), Path(sys.argv[2])
contents = [Content(f"clips/{k}.mp4", "clips", f"c{k}", "train", 640, 480, 25.0) for k in range(12)]
reference = Reference("", ffmpeg.facts(clip), 0.5, 0.5, 0.5, 9.0)
planned = plan(contents, {one.path: reference for one in contents}, 0)
op = next(op for sample in planned for op in sample.ops if op.family == "flicker")
apply(Op(op.family, op.variant, 44.0, op.seed_key), clip, out, out.parent, 0)
light = ffmpeg.grey_frames(out).mean(axis=(1, 2))
keep = keep_from_strength("flicker", "mains", 44.0)
row = {"id": "a", "kind": "pseudo", "content": "c", "mos": combine(4.4, [keep]), "facts": {"num_frames": 20, "fps": 25}}
row["defects"] = defect_list([("flicker", severity_from_keep(keep))])
text = write_reasoning(row, row["mos"], np.random.default_rng(0))
found = [{"name": defect.name, "severity": defect.severity} for defect in parse_defects(text)]
print(json.dumps({
    "families": len({op.family for sample in planned for op in sample.ops}),
    "swing": float(np.abs(np.diff(light)).mean()),
    "keep": keep,
    "found": found,
    "target": severity_targets([row])[0].tolist(),
    "last": DEFECTS[-1],
    "measured": defect_report([row], [{"defects": found}])["each"],
    "shown": chips(found),
}))
"""


def test_a_defect_in_three_files_is_found_everywhere(tmp_path: Path):
    for package in ("vqathinker", "training"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("checkpoints", "runs", "__pycache__")
        )
    assert len(CHANGES) == 3
    for name, lines in CHANGES.items():
        text = (tmp_path / name).read_text(encoding="utf-8")
        for place, line in lines:
            assert text.count(place) == 1
            text = text.replace(place, place + line)
        (tmp_path / name).write_text(text, encoding="utf-8")
    clip = clips.encode(tmp_path / "clip.mp4", clips.numbered_frames(20))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(clip), str(tmp_path / "made.mp4")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["families"] > 8 and told["swing"] > 20
    assert told["keep"] == 0.2 and told["last"] == "flicker"
    assert told["found"] == [{"name": "flicker", "severity": "severe"}]
    assert told["target"] == [0.0] * (len(told["target"]) - 1) + [1.0]
    assert told["measured"]["flicker"]["f1"] == 1.0
    assert "flicker" in told["shown"]
