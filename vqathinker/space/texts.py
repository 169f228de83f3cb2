"""Every longer sentence on the page."""

from __future__ import annotations

import json
from pathlib import Path

from ..video import Limits

TITLE = "VQAThinker: video quality, explained"
SUBTITLE = "Watches a video, says what it sees, and gives it a score from 1 (bad) to 5 (excellent)."
MODEL_BADGE = "the model behind this page"
UPLOAD = "Drop a video or a still image"
EXAMPLES = "Or try one of these"
FILM = "What the model saw"
REASONING = "Reasoning"
NO_SCORE = "No score yet"
SCORE_COMES = "Score and word, from 1 (bad) to 5 (excellent), and the defects that the model names."
NO_REASONING = "The model's reasoning appears here while it is being written."
NO_DEFECTS = "No defect named."
EXPECTED = "expected {:.2f}"
NOT_PLAYABLE = "Your browser cannot play this format. The model may still be able to read it."
READY = "Choose a video, and the rating starts."
LOADING = "The model is being loaded; this takes a few seconds after a start."
WAITING = "Waiting for the model."
WEBCAM = "Record with the webcam"
FROM_WEBCAM = "From the webcam"
ROLLOUTS = "Sampled answers"
ROLLOUTS_INFO = "Besides its own answer, to see how sure it is. They do not move the score."

SURE = "How sure is it?"
SPREAD = "{} sampled answers: mean {:.2f}, spread {:.2f} (standard deviation)."
NO_SPREAD = "Fewer than two sampled answers can be read: there is no spread to tell."
UNREADABLE = "{} of {} could not be read."
AGREE, WAVER, DISAGREE = (
    "They nearly agree.",
    "They differ a little, as people would.",
    "They disagree: take the score as a rough one.",
)
AGREE_BELOW, WAVER_BELOW = 0.15, 0.4
LEGEND = (
    '<p class="vq-legend"><i class="dot"></i> a sampled answer <i class="mean"></i> their mean '
    '<i class="band"></i> mean ± spread <i class="own"></i> its own answer</p>'
)
SAMPLED = "Read the sampled answers"

SAVE = "Take it along:"
SAVE_PAGE = "as a page"
SAVE_JSON = "as JSON"
JSON = "Report (JSON)"
MADE_BY = "Rated by the {} model ({}) in {:.1f} s, {:.1f} s of them for decoding."

CHECK = "Does the order of the frames matter to it?"
CHECK_INFO = (
    "The same video is shown again with its timeline disordered, bursts included. A model that watches motion should "
    "like it less; the temporal reward of the training pays for that."
)
PERTURBATIONS = {
    "shuffle": "shuffle: all frames in a random order",
    "local_shuffle": "local shuffle: a random order within short windows",
    "reverse": "reverse: the last frame first",
    "jitter": "jitter: each frame a little too early or too late",
    "duplicate": "duplicate: one frame is held, others are lost",
    "drop": "drop: some frames turn black",
}
DISORDER = "Kind of disorder"
CHECK_BUTTON = "Show it disordered"
CHECK_STILL = "A still image has no order of frames. Choose a video for this."
CHECK_FILM = "What it saw this time"
IN_ORDER, DISORDERED = "in order", "disordered"
CHECK_TOLD = "In order {:.2f}, disordered {:.2f}: {}."
CHECK_PROBABILITY = (
    "By the sampled answers the ordered video is the better one with a probability of {}, "
    "by the formula of the ranking reward."
)
CHECK_NAMED = "This time it names: {}."
RECORDED = "Recorded with this model on {}."
STOPPED = "Stopped. Choose another video, or rate this one again."
BAD_FILE = "This file cannot be rated"
MODEL_PROBLEM = "The model is not available"
NOTHING_CHOSEN = "Choose a video first."
BUG = "Something went wrong on our side. The next request works again."

ABOUT = """
## What it is

An independent implementation of **VQAThinker** (Cao et al., [arXiv 2508.06051](https://arxiv.org/abs/2508.06051)):
a vision-language model that reasons about the quality of a video in plain words before it writes a score. This page
runs the *{model}* model.

- **The score** is the model's own answer, on the scale of human mean opinion scores: 1 bad, 5 excellent. The same
  file gets the same score every time. The words: bad below 1.8, poor below 2.6, fair below 3.4, good below 4.2,
  excellent above.
- **Expected** is the average over the digits that the model could have written, weighted by their probability.
- **Defects** are read from what the model wrote, never from the pixels: if the words are wrong, so is the list.
- **The frames** are the ones that the model looked at, with their times; around each of them it also sees a short
  burst of consecutive frames at low resolution, for freezes, judder and shake.

## Limits
{bundled}
- It hears nothing: sound plays no part.
- It looks at a few evenly spaced frames of a video, however long that is. What happens between them goes unseen.
- It judges technical quality, not whether a video is beautiful, true or worth watching.
- Scores of one model can be compared with each other; small differences (0.1 or 0.2) mean little.
- It has not been tested for decisions about people or money, and should not make any.
- Files of up to {megabytes} MB and {side} pixels a side: MP4, MOV, WebM, MKV, AVI, MPEG-TS, GIF, JPEG, PNG, WebP, BMP.

Uploads stay on the machine that runs this page and are deleted after an hour.

## Use it from a program

```python
from gradio_client import Client, handle_file

Client("{address}").predict(handle_file("clip.mp4"), api_name="/rate")
```

`/compare` rates two videos and tells the probability that the first is better; `/rewards` turns answers and human
scores into the rewards of the lab. "Use via API" below describes all three.
{numbers}"""
BUNDLED = """
- The bundled *tiny* model has a few million parameters and was trained on two CPU cores, with still pictures rated by
  people and with clips that were degraded on purpose. It is made to show the whole method on any machine; the
  published 8B model is far better.
"""
MEASURED_ON = "Measured on contents that it was not trained on; 95% intervals in brackets."
MEASURED = {
    "rank correlation with people, phone pictures (LIVE-Challenge)": "sets.clive.score.srcc",
    "rank correlation with people, compressed pictures (AVT UHD)": "sets.avt.score.srcc",
    "rank correlation with computed scores, degraded clips": "sets.pseudo.score.srcc",
    "pairs in which the stronger defect has the lower score": "order.all",
    "pairs in which it has the lower expected": "order_expected.all",
    "defects named (macro-F1)": "defects.macro_f1",
    "clean clips in which it names a defect all the same": "defects.false_alarms",
    "the clip in order is preferred to one in disorder, by expected": "preference.expected.all",
    "well-formed answers": "well_formed",
}

COMPARE_READY = "Choose two videos, or one of the pairs below."
COMPARE_CHOSEN = "Both are there: compare them."
COMPARE_MISSING = "Choose two videos first: {} is missing."
COMPARE_RATING = "Rating {}: {}."
COMPARE_RECORDED = "Both were recorded with this model. Compare rates them now."
COMPARE_DONE = "Both rated in {:.1f} s."
COMPARE_STOPPED = "Stopped. Compare starts again."
COMPARE_BUTTON = "Compare"
PAIRS = "Or look at one of these pairs"
BETTER = "A is the better one with a probability of {}."
NEITHER = "The model cannot tell them apart: A is the better one with a probability of {}."
FORMULA = (
    "P = Φ((mean<sub>A</sub> − mean<sub>B</sub>) ∕ √(variance<sub>A</sub> + variance<sub>B</sub> + 10<sup>−6</sup>) "
    "= Φ(({:.2f} − {:.2f}) ∕ √({:.4f} + {:.4f} + 10<sup>−6</sup>)) = {:.3f}"
)
FORMULA_SAYS = (
    "The sampled answers about each video are taken as a bell; the filled part of the bell of their difference is the "
    "probability. The ranking reward of the training uses this formula for every pair of videos."
)
UNDECIDED = (0.4, 0.6)


def how_sure(spread: float) -> str:
    return AGREE if spread < AGREE_BELOW else WAVER if spread < WAVER_BELOW else DISAGREE


def about(model: str, address: str, checkpoint: Path | None) -> str:
    """The About page as Markdown; measured numbers are added where the checkpoint brings an evaluation.json."""
    limits = Limits()
    return ABOUT.format(
        model=model,
        address=address,
        bundled=BUNDLED.rstrip() if model == "tiny" else "",
        megabytes=limits.max_bytes // 2**20,
        side=limits.max_side,
        numbers=numbers(checkpoint / "evaluation.json") if checkpoint else "",
    )


def numbers(path: Path) -> str:
    """A short Markdown table from a checkpoint's evaluation.json, of what is in it; empty when there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    found = [(title, measured(content, keys)) for title, keys in MEASURED.items()]
    rows = [f"| {title} | {value} |" for title, value in found if value]
    if not rows:
        return ""
    return "\n".join(["", "## How well it does", "", MEASURED_ON, "", "| | |", "|---|---|", *rows, ""])


def measured(content: object, keys: str) -> str:
    """ "0.81 [0.76, 0.85]" or "0.99" from nested objects, empty where there is no such number."""
    for key in keys.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    if isinstance(content, dict) and content.get("value") is not None:
        return "{value:.2f} [{low:.2f}, {high:.2f}]".format(**content)
    return f"{content:.2f}" if isinstance(content, float) else ""
