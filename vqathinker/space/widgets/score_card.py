"""A rating on the page: pure functions from its JSON (`Rating.to_dict`, live or recorded) to HTML."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from ...rating.defects import SEVERITIES
from ...rating.words import score_word
from . import texts
from .charts import AxisRow, axis, gauge

WINDOW_S = 2.0
"""Seconds of a window of the page's timelines; frames that are further apart have windows between them."""


def is_long(report: dict) -> bool:
    """Whether more than a window of a timeline lies between two sampled frames."""
    times = [frame["time_s"] for frame in report["frames"]]
    return max((after - before for before, after in pairwise(times)), default=0.0) > WINDOW_S


def verdict(report: dict | None = None, whole: dict | None = None) -> str:
    """Score and word on the gauge, how far the score may be off (where that is not known, the expected score), the
    defects; or the empty gauge.

    Of a long film the score of its timeline (`whole`, the JSON of one) agrees better with what is wrong with it, by
    tests/benchmarks/timeline_places.py: once there is one, it is shown, and that of the sampled frames beside it.
    """
    if report is None:
        empty = f'<div class="vq-dial">{gauge(None)}<div class="vq-score">{texts.NO_SCORE}</div></div>'
        empty += f'<p class="vq-said vq-quiet">{texts.SCORE_COMES}</p>'
        return f'<section class="vq-verdict empty" aria-label="Score">{empty}</section>'
    if is_long(report) and whole is not None:
        return _whole_film(report, whole)
    word, interval = score_word(report["score"]), report.get("interval")
    beside = texts.INTERVAL.format(*interval) if interval else texts.EXPECTED.format(report["expected"])
    if is_long(report):
        beside += f" {texts.LONG.format(len(report['frames']))}"
    return (
        f'<section class="vq-verdict {word}" aria-label="Score">'
        f'<div class="vq-dial">{gauge(report["score"], report["expected"], interval)}'
        f'<div class="vq-score"><b>{report["score"]:.2f}</b><span class="vq-word">{word}</span></div></div>'
        f'<div class="vq-said"><p class="vq-expected"><i></i>{beside}</p>{unlike(report)}'
        f"{chips(report['defects'])}{notes(report.get('notes', []))}</div></section>"
    )


def _whole_film(report: dict, whole: dict) -> str:
    """The verdict of a timeline: its score, each of its faults once with its worst severity."""
    word, interval = score_word(whole["score"]), whole["interval"]
    worst: dict[str, str] = {}
    for fault in sorted(whole["faults"], key=lambda fault: SEVERITIES.index(fault["severity"])):
        worst[fault["name"]] = fault["severity"]
    named = [{"name": name, "severity": severity} for name, severity in reversed(worst.items())]
    told = texts.WHOLE.format(len(whole["windows"]), len(report["frames"]), report["score"])
    return (
        f'<section class="vq-verdict {word}" aria-label="Score">'
        f'<div class="vq-dial">{gauge(whole["score"], whole["score"], interval)}'
        f'<div class="vq-score"><b>{whole["score"]:.2f}</b><span class="vq-word">{word}</span></div></div>'
        f'<div class="vq-said"><p class="vq-expected"><i></i>{told}</p>{unlike(report)}'
        f"{chips(named)}{notes(whole['notes'])}</div></section>"
    )


def is_unlike(report: dict) -> bool:
    """Whether the video is known to be unlike what the model learned from; records of earlier versions know nothing."""
    return bool((report.get("novelty") or {}).get("unlike"))


def unlike(report: dict) -> str:
    """What is said of such a video, and how often that is right and wrong; empty for others."""
    if not is_unlike(report):
        return ""
    rates = (report["novelty"][name] for name in ("false_alarm_rate", "detection_rate"))
    told = f'<b>{texts.UNLIKE}</b> <span class="vq-quiet">{texts.UNLIKE_RATES.format(*rates)}</span>'
    return f'<p class="vq-unlike">{told}</p>'


def notes(told: list[str]) -> str:
    """What was done to the file before it was looked at, or what is unusual about it."""
    return f'<p class="vq-notes vq-quiet">{escape(texts.NOTES.format("; ".join(told)))}</p>' if told else ""


def chips(defects: list[dict]) -> str:
    """The defects that the text names, each with its severity in words and by colour."""
    if not defects:
        return f'<p class="vq-chips vq-quiet">{texts.NO_DEFECTS}</p>'
    items = "".join(
        f'<li class="{escape(d["severity"])}"><b>{escape(d["name"].replace("_", " "))}</b> {escape(d["severity"])}</li>'
        for d in defects
    )
    return f'<ul class="vq-chips" aria-label="Defects">{items}</ul>'


def reasoning_box(thought: str, writing: bool = False) -> str:
    """What the model has written so far."""
    text = escape(thought) if thought else f'<span class="vq-quiet">{texts.NO_REASONING}</span>'
    return f'<div class="vq-reasoning"><p>{text}{"<i class=vq-caret></i>" if writing else ""}</p></div>'


def axis_row(report: dict, name: str = "", kind: str = "first") -> AxisRow:
    """A rating as a row of an axis; unreadable sampled answers are left out."""
    scores = [rollout["score"] for rollout in report["rollouts"] if rollout["score"] is not None]
    return AxisRow(scores, report["score"], name, kind)


def sure(report: dict | None = None) -> str:
    """The sampled answers as dots with mean and spread, in words, and one by one; empty where none were asked for."""
    if not report or not report["rollouts"]:
        return ""
    row, asked = axis_row(report), len(report["rollouts"])
    unreadable = asked - len(row.scores)
    lost = texts.UNREADABLE.format(unreadable, asked) if unreadable else ""
    told = texts.NO_SPREAD if row.spread is None else texts.SPREAD.format(asked, row.mean, row.spread)
    steady = "" if row.spread is None else f"{texts.how_sure(row.spread)} {texts.STEADY}"
    return (
        f'<section class="vq-card vq-sure" aria-label="{texts.SURE}"><h2>{texts.SURE}</h2>{axis([row])}'
        f"<p>{told} {steady} {lost}</p>{texts.LEGEND}{sampled_list(report)}</section>"
    )


def sampled_texts(report: dict) -> list[str]:
    """The sampled answers of a rating, as they were written."""
    return [rollout["text"] for rollout in report["rollouts"]]


def sampled_list(report: dict) -> str:
    """The texts of the sampled answers, folded away."""
    items = "".join(f"<li>{escape(text)}</li>" for text in sampled_texts(report))
    return f"<details><summary>{texts.SAMPLED}</summary><ol>{items}</ol></details>"
