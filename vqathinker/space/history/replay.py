"""What the model said about the probe videos at a step of its training, as HTML."""

from __future__ import annotations

from difflib import SequenceMatcher
from html import escape

from ...answer import reasoning
from ..widgets.charts import AxisRow, axis
from .log import Probe, Save, Story
from .words import change_since_start

SAMPLED_ENDS = "Lowest and highest sample"
AT_START, AFTER = "At the start", "After step {}"
MOS_SOURCE = {True: "People gave it", False: "By rules it has"}
NOT_SHOWN = "{}: people rated it {:.1f}. Its licence keeps it from being shown."
NOT_SHOWN_RULES = "{}: rules gave it {:.1f}. Its licence keeps it from being shown."
NOT_KEPT = "Nothing was kept at this step."
AXIS_MARKS = {
    "own": "its own answer",
    "before": "its answer at the start",
    "dot": "a sampled answer",
    "mean": "their mean",
    "people": "MOS",
}
MARKS_LEGEND = "".join(f'<span><i class="{css}"></i>{told}</span>' for css, told in AXIS_MARKS.items())
MARKS_LEGEND += "<span><mark>words</mark>not said at the start</span>"


def words(text: str) -> str:
    """The reasoning of an answer; all of it where it has no such part."""
    return reasoning(text) or text.strip()


def marked_changes(now: str, then: str) -> str:
    """The words of `now` as HTML, with those that `then` does not have in their place marked."""
    new, old = now.split(), then.split()
    parts = []
    for kind, _, _, low, high in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        told = escape(" ".join(new[low:high]))
        if told:
            parts.append(told if kind == "equal" else f"<mark>{told}</mark>")
    return " ".join(parts)


def probe_card(k: int, probe: Probe, first: int) -> str:
    """The frame of a probe video: what it is, its first answer, and slots that are filled for every step."""
    then = probe.saves.get(first)
    start = answer_html(then, None) if then else NOT_KEPT
    credit = f"<small>{escape(probe.credit or probe.what)}</small>"
    return (
        f'<article class="vq-card learned-card" aria-label="{escape(probe.title or probe.what, quote=True)}">'
        f"{shown(probe)}<header><h5>{escape(probe.title or probe.what)}</h5>"
        f"<p>{escape(MOS_SOURCE[probe.human])} <b>{probe.mos:.2f}</b>{credit}</p></header>"
        f'<div class="learned-axis" data-slot="axis-{k}"></div>'
        f'<div class="learned-both"><div><h6>{AT_START if first == 0 else AFTER.format(first)}</h6>'
        f'<p class="learned-then">{start}</p></div><div><h6 data-slot="at-{k}"></h6>'
        f'<p class="learned-said" data-slot="said-{k}"></p></div></div>'
        f'<p class="learned-changed" data-slot="changed-{k}"></p>'
        f'<details><summary>{SAMPLED_ENDS}</summary><ol data-slot="sampled-{k}"></ol></details>'
        "</article>"
    )


def shown(probe: Probe) -> str:
    """The picture, or a tile that says what would be there."""
    if probe.picture:
        return f'<img src="{probe.picture}" alt="{escape(probe.title or probe.what, quote=True)}">'
    told = (NOT_SHOWN if probe.human else NOT_SHOWN_RULES).format(probe.title or probe.what, probe.mos)
    return f'<div class="learned-tile"><p>{escape(told)}</p></div>'


def card_slots(story: Story, step: int) -> dict[str, str]:
    """What every card holds at a step."""
    filled = {}
    for k, probe in enumerate(story.probes):
        save = probe.saves.get(step)
        first = probe.saves.get(story.saves[0])
        filled[f"axis-{k}"] = axis([row_of(probe, save, first)]) if save else ""
        filled[f"at-{k}"] = AFTER.format(step) if step else AT_START
        filled[f"said-{k}"] = answer_html(save, first) if save else NOT_KEPT
        filled[f"changed-{k}"] = escape(change_since_start(probe, story.saves[0], step)) if save else ""
        filled[f"sampled-{k}"] = "".join(map(sampled_item, save.sampled)) if save else ""
    return filled


def row_of(probe: Probe, save: Save, first: Save | None) -> AxisRow:
    before = first.score if first and first.step != save.step else None
    return AxisRow(save.readable, save.score, before=before, people=probe.mos)


def answer_html(save: Save, first: Save | None) -> str:
    """The own answer: its score and its words, what differs from the start marked."""
    now = words(save.text)
    told = escape(now) if first is None or first.step == save.step else marked_changes(now, words(first.text))
    score = "unreadable" if save.score is None else f"{save.score:.2f}"
    return f"<b>{score}</b> {told}"


def sampled_item(one: tuple[float, str]) -> str:
    return f"<li><b>{one[0]:.2f}</b> {escape(words(one[1]))}</li>"
