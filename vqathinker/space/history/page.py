"""The tab "How it learned" as one piece of HTML: a frame with slots, and what fills them at every step that was kept.

The slider changes slots by itself (history.js): no number and no sentence is made on the page, and nothing is asked
of the server.
"""

from __future__ import annotations

import json
from html import escape

from . import curves, replay, words
from .figures import figures, scored_stages, swatch
from .log import Ablation, Change, Effect, Story, Study

WORDS_OF_SLIDER = 7
"""More saves than this have only the first, the middle and the last named below the slider."""
NOISE = (
    "Dots are single steps, each with other videos; the line is their running mean over {}. The total is the sum of "
    "those below it; the bonus goes only to moving clips."
)
ANECDOTE = "{} are an anecdote: they show how answers change, not how good they are."
CURVES_HINT = (
    "Point at a curve for its numbers, drag over it to zoom (a double click zooms out), click a name to hide or show "
    "it. The upright line is the slider's step."
)
NO_STUDY = "No study of start, seeds and removed rewards came with this run."
MOVED = "What moved beyond chance ({})"
UNMOVED = "What did not move measurably ({})"
KL_SAYS = "KL is how far the words have moved from those of the start; a group is the answers about one video."


def page(story: Story) -> str:
    """The whole tab; the slider stands at the last save."""
    steps = story.saves
    frame = "".join((top(story), bar(story), answers_section(story), figures_section(story), study_html(story.study)))
    for name, content in slots(story, steps[-1]).items():
        frame = frame.replace(f'data-slot="{name}">', f'data-slot="{name}">{content}')
    kept = "".join(template(story, step) for step in steps)
    return f'<div class="learned" data-figures="{escape(drawn(story), quote=True)}">{frame}{kept}</div>'


def slots(story: Story, step: int) -> dict[str, str]:
    """Name -> HTML of everything that follows the slider."""
    charts = [*curves.reward_titles(story), *curves.HEALTH_TITLES]
    return {
        "step": str(step),
        "notice": escape(words.step_notice(story, step)),
        **{key: escape(curves.step_figure(story, key, step)) for key in charts},
        **{f"srcc-{n}": escape(curves.checked_figure(story, f"{n}_greedy_srcc", step)) for n in curves.SET_TITLES},
        **{key: escape(curves.checked_figure(story, key.removeprefix("checked-"), step)) for key in curves.CHECKED},
        **replay.card_slots(story, step),
    }


def template(story: Story, step: int) -> str:
    """The slots of one step, not shown."""
    filled = "".join(f'<div data-slot="{name}">{content}</div>' for name, content in slots(story, step).items())
    told = f"step {step} of {story.last}"
    return f'<template data-step="{step}" data-told="{told}">{filled}</template>'


def top(story: Story) -> str:
    return f'<div class="learned-top"><h3>How it learned</h3><p>{escape(words.intro(story))}</p></div>'


def bar(story: Story) -> str:
    """The slider, and the sentence that follows it."""
    steps, most = story.saves, len(story.saves) - 1
    named = range(len(steps)) if len(steps) <= WORDS_OF_SLIDER else sorted({0, most // 2, most})
    marks = "".join(f'<span style="left:{k / most if most else 0:.2%}">{steps[k] or "start"}</span>' for k in named)
    return (
        '<div class="learned-bar"><div class="learned-drive">'
        '<button type="button" class="learned-play">Play</button>'
        '<div class="learned-slide"><label for="learned-step">After step <b data-slot="step"></b></label>'
        f'<input type="range" id="learned-step" min="0" max="{most}" step="1" value="{most}" autocomplete="off" '
        f'aria-valuetext="step {steps[-1]} of {story.last}">'
        f'<div class="learned-xs" aria-hidden="true">{marks}</div></div>'
        '</div><p class="learned-notice" role="status"><b>Notice</b> <span data-slot="notice"></span></p></div>'
    )


def answers_section(story: Story) -> str:
    """What it said about the probe videos, side by side with what it said at first."""
    cards = "".join(replay.probe_card(k, probe, story.saves[0]) for k, probe in enumerate(story.probes))
    count = len(story.probes)
    few = ANECDOTE.format(f"{words.number_word(count).capitalize()} video{'s' * (count != 1)}")
    inside = (
        f'<p class="vq-legend learned-legend">{replay.MARKS_LEGEND}</p>'
        f'<div class="learned-cards" tabindex="0" role="group" aria-label="Videos">{cards}</div>'
        f'<p class="vq-caption">{few}</p>'
        if cards
        else "<p>No probe video was kept.</p>"
    )
    return f'<section aria-label="What it said"><h4>What it said</h4>{inside}</section>'


def drawn(story: Story) -> str:
    return json.dumps(figures(story), separators=(",", ":"))


def figures_section(story: Story) -> str:
    """A place for each figure, with its numbers at the slider's step, notes, and its files."""
    notes = {
        "earned": NOISE.format(curves.smoothing_window(len(story.steps))),
        "checked": curves.agreement_note(story, scored_stages(story)),
        "kept": kept_note(story),
        "health": f"{KL_SAYS} {clipped_note(story)}".strip(),
    }
    charts = "".join(figure_frame(key, figure, notes[key], story) for key, figure in figures(story).items())
    return (
        f'<p class="vq-caption learned-hint">{CURVES_HINT}</p><div class="learned-charts">{charts}</div>'
        if charts
        else ""
    )


def figure_frame(key: str, figure: dict, note: str, story: Story) -> str:
    """One figure before plotly has drawn it. The names of its curves are buttons, with their numbers at the step."""
    tones = {row["legendgroup"]: (row["tone"], row["name"]) for row in figure["data"] if row.get("showlegend", True)}
    now = "".join(
        f'<li><button type="button" data-series="{group}" aria-pressed="true">{swatch(tone)}{escape(title)} '
        f'<span data-slot="{slot_of(key, group)}"></span></button></li>'
        for group, (tone, title) in tones.items()
    )
    files = "".join(f'<button type="button" data-save="{kind}">{kind.upper()}</button>' for kind in ("png", "csv"))
    title = escape(figure["title"])
    return (
        f'<figure class="vq-card learned-chart" data-figure="{key}"><figcaption><h4>{title}</h4>'
        f'<span class="learned-files" role="group" aria-label="Save this figure">{files}</span></figcaption>'
        f'<ul class="learned-numbers" aria-label="At the slider\'s step">{now}</ul>'
        f'<div class="learned-area" role="group" aria-label="{escape(figure["told"], quote=True)}"></div>'
        f'<details class="learned-note" open><summary>What is shown</summary><p class="vq-caption">{escape(note)}</p>'
        f"</details></figure>"
    )


def slot_of(key: str, group: str) -> str:
    """The slot with the number of a curve."""
    return {"checked": f"srcc-{group}", "kept": f"checked-{group}"}.get(key, group)


def kept_note(story: Story) -> str:
    twins = next((row["twins"] for row in story.validation if row.get("twins")), None)
    note = "Reward: of its sampled answers, without the bonus."
    if not twins:
        return note
    return f"{note} In order: the share of {twins:g} clips whose expected score is above that of their disordered twin."


def clipped_note(story: Story) -> str:
    """Whether answers were longer than they were allowed to be."""
    shares = [share for share in story.columns.get("completions/clipped_ratio", ()) if share is not None]
    if not shares:
        return ""
    limit = story.settings.get("max_completion_length")
    where = f" at the limit of {limit:g} tokens" if limit else " at the limit"
    return (
        f"In no step more than {max(shares):.0%} of the answers were cut{where}."
        if any(shares)
        else (f"No answer was cut{where}.")
    )


def study_html(found: Study | None) -> str:
    """What GRPO changed and what each reward buys, in words and figures."""
    if found is None:
        return f'<section class="learned-study"><p>{NO_STUDY}</p></section>'
    rose, fell, same = words.groups({key: effect.change for key, effect in found.recipe.items()})
    shown = "".join(effect_row(found.titles[key], key, found.recipe[key]) for key in (*rose, *fell))
    rest = "".join(effect_row(found.titles[key], key, found.recipe[key]) for key in same)
    moved, more = folded(MOVED.format(len(rose) + len(fell)), shown), folded(UNMOVED.format(len(same)), rest)
    removed = "".join(removal(found, reward, entry) for reward, entry in found.ablation.items())
    return (
        f'<div class="learned-study"><section aria-label="Did GRPO help?"><h4>Did GRPO help?</h4>'
        f"<p>{escape(words.against_start(found))}</p>{moved}{more}</section>"
        f'<section aria-label="What does each reward buy?"><h4>What does each reward buy?</h4><ul>{removed}</ul>'
        f'<p class="vq-caption">{escape(words.study_caveat(found))}</p></section></div>'
    )


def folded(title: str, rows: str) -> str:
    return f"<details><summary>{title}</summary><ul>{rows}</ul></details>" if rows else ""


def effect_row(title: str, key: str, effect: Effect) -> str:
    """One metric: from the start to the mean of the seeds, the change, and whether it is for the better."""
    change, where = effect.change, words.direction(key, effect.change)
    deviation = "" if effect.deviation is None else f" ± {effect.deviation:.3f}"
    return (
        f'<li class="{where.split()[0] if where else "same"}"><b>{escape(title)}</b> '
        f"<span>{figure_text(effect.start)} → {figure_text(effect.mean)}{deviation}</span>{whisker(change)}"
        f"<span>{words.interval(change)}{f', {where}' if where else ''}</span></li>"
    )


def figure_text(value: float | None) -> str:
    return "–" if value is None else f"{value:.{3 if abs(value) < 10 else 2}f}"


def removal(found: Study, reward: str, entry: Ablation | None) -> str:
    change = entry.metrics.get(words.paid_for(reward)) if entry else None
    drawn = whisker(change) if change else ""
    css = "learned-removed" if drawn else "learned-removed unknown"
    return f'<li class="{css}">{drawn}<p>{escape(words.bought(found, reward))}</p></li>'


def whisker(change: Change) -> str:
    """The interval around its value, against 0 in the middle, on a scale of its own."""
    if not change.known:
        return ""
    reach = max(abs(change.low), abs(change.high), abs(change.value)) or 1.0
    low, value, high = (50 + 46 * x / reach for x in (change.low, change.value, change.high))
    beyond = "beyond" if change.rose or change.fell else ""
    return (
        f'<i class="learned-whisker {beyond}" aria-hidden="true">'
        f'<i class="span" style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        f'<i class="value" style="left:{value:.1f}%"></i></i>'
    )
