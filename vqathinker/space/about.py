"""The About page as Markdown: what runs here, how well it does, where it fails, how to host another model, credits.

What is measured comes from the files of the checkpoint, never from here: numbers from its evaluation.json, failures
and training data from its model card.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..bundled import EVALUATION_FILE
from ..errors import ModelError
from ..files import FORMATS
from ..scorers import which
from ..video import Limits
from .settings import Settings

WHAT = """
## What it is

An independent implementation of **VQAThinker** (Cao et al., [arXiv 2508.06051](https://arxiv.org/abs/2508.06051)):
a vision-language model that reasons about the quality of a video in plain words before it writes a score. This page
runs the *{model}* model.{bundled}

- **The score** is the model's own answer, on the scale of human mean opinion scores: 1 bad, 5 excellent. The same
  file gets the same score every time. The words: bad below 1.8, poor below 2.6, fair below 3.4, good below 4.2,
  excellent above.
- **Expected** is the average over the digits that the model could have written, weighted by their probability.
- **Defects** are read from what the model wrote, never from the pixels: if the words are wrong, so is the list.
- **The frames** are the ones that the model looked at, with their times{motion}.
"""
BURSTS = """; around each of them it also sees a short
  burst of consecutive frames at low resolution, for freezes, judder and shake"""
STILLS_ONLY = "; it sees them as pictures, no motion"
ABOUT_BUNDLED = """ It is bundled with the page: a few million parameters, trained on two CPU cores with the
recipe of this repository, to show the whole method on any machine. The published 8B model is far better."""
ABOUT_LIMITS = """
## Limits

- It hears nothing: sound plays no part.
- It looks at a few evenly spaced frames of a video, however long that is. What happens between them goes unseen.
- It judges technical quality, not whether a video is beautiful, true or worth watching.
- Scores of one model can be compared with each other; small differences (0.1 or 0.2) mean little.
- It has not been tested for decisions about people or money, and should not make any.
- Files of up to {megabytes} MB and {side} pixels a side: {formats}.

Uploads stay on the machine that runs this page and are deleted after {kept}.
"""
PROGRAM = """
## Use it from a program

```python
from gradio_client import Client, handle_file

Client("{address}").predict(handle_file("clip.mp4"), api_name="/rate")
```

`/timeline` tells how good a video is from moment to moment; `/compare` rates two videos and tells the probability that
the first is better; `/rewards` turns answers and human scores into the rewards of the lab.{beside} "Use via API" below
describes them all.
"""
PROGRAM_BESIDE = " `/compare_models` rates one video with both models."
HOST = """
## Host it yourself, small or large

Duplicate the Space, set two variables, choose the hardware:

- **this small model**: `VQATHINKER_MODEL=tiny`, CPU basic;
- **the authors' 8B model**: `VQATHINKER_MODEL=8b`, `VQATHINKER_PRECISION` one of `auto`, `bf16`, `int8`, `nf4`, a GPU
  or ZeroGPU;
- **another scorer**: `VQATHINKER_MODEL=visualquality-r1` or `q-insight`, a GPU;
- **your own**: `VQATHINKER_MODEL` a hub id or a folder.

`auto` takes the highest precision that the free memory holds. The 8B weights are
[kkkkkklinhan/InternVL3-VQAThinker-8B](https://huggingface.co/kkkkkklinhan/InternVL3-VQAThinker-8B); they are loaded
from the hub as they are.
"""
CREDITS = """
## Credits and licences

The code is under Apache-2.0. The example clips keep the licences that their captions name, and the weights of every
model keep theirs. This project is not affiliated with the authors of the paper. If you build on the method, cite them:

```
@article{cao2025vqathinker,
  title   = {VQAThinker: Exploring Generalizable and Explainable Video
             Quality Assessment via Reinforcement Learning},
  author  = {Cao, Linhan and Sun, Wei and Zhang, Weixia and Zhu, Xiangyang
             and Jia, Jun and Zhang, Kaiwei and Zhu, Dandan and Zhai, Guangtao
             and Min, Xiongkuo},
  journal = {arXiv preprint arXiv:2508.06051},
  year    = {2025}
}
```
"""
MEASURED_ON = "Measured on contents that it was not trained on; 95% intervals in brackets."
MEASURED = {
    "rank correlation with people, phone pictures (LIVE-Challenge)": "sets.clive.score.srcc",
    "rank correlation with people, photographs (BIQ2021)": "sets.biq.score.srcc",
    "mean error there, on the scale from 1 to 5": "sets.biq.score.mae",
    "rank correlation with people, compressed pictures (AVT UHD)": "sets.avt.score.srcc",
    "rank correlation with computed scores, degraded clips": "sets.pseudo.score.srcc",
    "pairs in which the stronger defect has the lower score": "order.all",
    "defects named (macro-F1)": "defects.macro_f1",
    "moving clips without a defect in which it names one": "defects.false_alarms",
    "the clip in order is preferred to one in disorder, by expected": "preference.expected.all",
    "well-formed answers": "well_formed",
}
MEASURED_CAVEAT = (
    "A small demonstration model, taught by people's scores of pictures. On {samples} pictures that it never saw it is "
    "off by {mae:.2f} on average; in {alarms:.0%} of moving clips without a defect it names one."
)
CARD_SECTIONS = ("Where it fails", "Training data")


def about_page(settings: Settings, checkpoint: Path | None) -> str:
    """The whole page. Measured numbers, failures and training data are there where the checkpoint folder has them."""
    model, beside = settings.model, PROGRAM_BESIDE if settings.beside_model else ""
    megabytes, kept = settings.max_bytes // 2**20, duration(settings.keep_s)
    return "".join(
        [
            WHAT.format(model=model, bundled=ABOUT_BUNDLED if model == "tiny" else "", motion=motion(model)),
            numbers(checkpoint / EVALUATION_FILE) if checkpoint else "",
            from_card(checkpoint / "README.md") if checkpoint else "",
            ABOUT_LIMITS.format(formats=FORMATS, megabytes=megabytes, side=Limits().max_side, kept=kept),
            PROGRAM.format(address=settings.address, beside=beside),
            HOST,
            CREDITS,
        ]
    )


def duration(seconds: float) -> str:
    """ "an hour", "2 hours", "5 minutes": how long uploads are kept, in words."""
    minutes = round(seconds / 60)
    if minutes % 60:
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return "an hour" if minutes == 60 else f"{minutes // 60} hours"


def motion(model: str) -> str:
    """What a model sees between the frames, where that is known by its name."""
    try:
        scorer, _ = which(model)
    except ModelError:
        scorer = None
    if scorer is None or scorer.abilities.temporal:
        return BURSTS if scorer and scorer.name == "tiny" else ""
    return STILLS_ONLY


def numbers(path: Path) -> str:
    """A short Markdown table from a checkpoint's evaluation.json, of what is in it; empty when there is none."""
    content = read_evaluation(path)
    found = [(title, measured_value(content, keys)) for title, keys in MEASURED.items()]
    rows = [f"| {title} | {value} |" for title, value in found if value]
    if not rows:
        return ""
    return "\n".join(["", "## How well it does", "", MEASURED_ON, "", "| | |", "|---|---|", *rows, ""])


def measured_caveat(checkpoint: Path) -> str:
    """What to expect of a bundled model, in a sentence with its measured error and false alarms; empty without them."""
    content = read_evaluation(checkpoint / EVALUATION_FILE)
    found = {
        "samples": entry(content, "sets.biq.samples"),
        "mae": entry(content, "sets.biq.score.mae.value"),
        "alarms": entry(content, "defects.false_alarms.value"),
    }
    return MEASURED_CAVEAT.format(**found) if all(isinstance(value, int | float) for value in found.values()) else ""


def read_evaluation(path: Path) -> object:
    """What an evaluation.json holds, None where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def entry(content: object, keys: str) -> object:
    """What stands at "outer.inner" in nested objects, None where nothing does."""
    for key in keys.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    return content


def measured_value(content: object, keys: str) -> str:
    """ "0.81 [0.76, 0.85]" or "0.99" from nested objects, empty where there is no such number."""
    content = entry(content, keys)
    if isinstance(content, dict) and content.get("value") is not None:
        return "{value:.2f} [{low:.2f}, {high:.2f}]".format(**content)
    return f"{content:.2f}" if isinstance(content, float) else ""


def from_card(path: Path) -> str:
    """The sections of a model card that say where the model fails and what it learned from; empty without a card."""
    try:
        card = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    sections = [section.strip().partition("\n") for section in card.split("\n## ")[1:]]
    return "".join(f"\n## {title}\n\n{text.strip()}\n" for title, _, text in sections if title in CARD_SECTIONS)
