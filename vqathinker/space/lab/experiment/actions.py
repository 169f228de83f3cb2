"""What a visitor can do in the lab: a state and an action give the next state."""

from __future__ import annotations

import math
from dataclasses import replace

from ....rewards.registry import removable
from .numbers import decimals_written, group, group_of, last_step, position, with_number
from .presets import PRESETS
from .state import (
    CONSTANTS,
    DEFAULT_STATE,
    HIGHEST,
    LOWEST,
    MAX_ANSWERS,
    MAX_TEXT,
    MAX_VIDEOS,
    MOST_UPDATES,
    SPARE_VIDEOS,
    LabError,
    LabState,
    use_clip,
    use_rollouts,
)

MOST_DECIMALS = 4


def act(state: LabState, action: dict) -> LabState:
    """The state after an action {"kind": …}. Raises LabError for what is no action."""
    try:
        return ACTIONS[action["kind"]](state, action)
    except (KeyError, TypeError, IndexError, ValueError, OverflowError, AttributeError) as error:
        raise LabError("The lab does not know this action.") from error


def _choose(state: LabState, action: dict) -> LabState:
    chosen = {name: action[name] for name in ("video", "answer", "in_order", "rival") if name in action}
    after = replace(state, **chosen)
    return after if "in_order" in chosen or "video" not in chosen else replace(after, in_order=True)


def _score(state: LabState, action: dict) -> LabState:
    """Move an answer: its number changes, with the decimals that it was written with."""
    state = _choose(state, action)
    text = group(state)[state.answer]
    value = min(max(_finite(action["value"]), LOWEST), HIGHEST)
    decimals = 2 if position(text) is None else min(decimals_written(text), MOST_DECIMALS)
    return _write(state, with_number(text, f"{value:.{decimals}f}"))


def _text(state: LabState, action: dict) -> LabState:
    state = _choose(state, action)
    return _write(state, str(action["text"])[:MAX_TEXT])


def _number(state: LabState, action: dict) -> LabState:
    """Another number, as written, in the place of the chosen one."""
    return _write(state, with_number(group(state)[state.answer], str(action["number"])[:MAX_TEXT]))


def _write(state: LabState, text: str) -> LabState:
    texts = list(group_of(state.chosen, state.in_order))
    texts[state.answer] = text
    changed = {"ordered" if state.in_order else "shuffled": tuple(texts)}
    return _with_video(state, **changed)


def _with_video(state: LabState, **changes) -> LabState:
    videos = list(state.videos)
    videos[state.video] = replace(state.chosen, **changes)
    return replace(state, videos=tuple(videos))


def _mos(state: LabState, action: dict) -> LabState:
    value = round(min(max(_finite(action["value"]), LOWEST), HIGHEST), 2)
    return _with_video(_choose(state, {**action, "in_order": state.in_order}), mos=value)


def _constant(state: LabState, action: dict) -> LabState:
    low, high = CONSTANTS[action["name"]]
    value = min(max(_finite(action["value"]), low), high)
    return replace(state, **{action["name"]: round(value) if isinstance(low, int) else value})


def _videos(state: LabState, action: dict) -> LabState:
    count = min(max(len(state.videos) + int(action["change"]), 1), MAX_VIDEOS)
    more = tuple(video.resized(state.answers) for video in SPARE_VIDEOS[len(state.videos) : count])
    return replace(state, videos=(state.videos + more)[:count], video=min(state.video, count - 1))


def _answers(state: LabState, action: dict) -> LabState:
    count = min(max(state.answers + int(action["change"]), 1), MAX_ANSWERS)
    videos = tuple(video.resized(count) for video in state.videos)
    return replace(state, videos=videos, answer=min(state.answer, count - 1))


def _step(state: LabState, action: dict) -> LabState:
    """To a step, or by so many of them: quick clicks on Next all count."""
    if "change" in action:
        return replace(state, step=min(max(min(state.step, last_step()) + int(action["change"]), 0), last_step()))
    return replace(state, step=action["step"])


def _learn(state: LabState, action: dict) -> LabState:
    """So many steps of GRPO further or back; far enough back is the start."""
    return replace(state, updates=min(max(state.updates + int(action["change"]), 0), MOST_UPDATES))


def _switch(state: LabState, action: dict) -> LabState:
    """A reward off, or on again."""
    off = {*state.off} ^ {action["name"]}
    return replace(state, off=tuple(name for name in removable() if name in off))


def _clip(state: LabState, action: dict) -> LabState:
    texts, shuffled = ([str(text) for text in action.get(name) or ()] for name in ("texts", "shuffled"))
    mos, place = round(_finite(action["mos"]), 2), action.get("place")
    return use_clip(state, str(action["name"]), texts, mos, shuffled=shuffled, place=place)


def _go(state: LabState, action: dict) -> LabState:
    """To a place on the way from a video to an update."""
    view, step = WAY_PLACES[action["to"]]
    if step is None:
        return replace(state, view=view)
    return replace(state, view=view, step=step if step >= 0 else last_step() + 1 + step)


def _preset(state: LabState, action: dict) -> LabState:
    return PRESETS[action["name"]].state


def _mine(state: LabState, action: dict) -> LabState:
    texts, shuffled = ([str(text) for text in action.get(name) or ()] for name in ("texts", "shuffled"))
    return use_rollouts(state, texts, round(_finite(action["mos"]), 2), shuffled=shuffled)


def _finite(value: object) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise LabError("A number is missing.")
    return number


WAY_PLACES = {
    "video": ("video", None),
    "frames": ("frames", None),
    "answers": ("step", 0),
    "scores": ("step", 1),
    "bell": ("bell", None),
    "ranking": ("ranking", None),
    "temporal": ("temporal", None),
    "total": ("step", -2),
    "advantage": ("step", -1),
    "update": ("update", None),
}
"""The way from a video to an update: a view, and a step of the walk, or one from its end, where the view is the whole
step."""
ACTIONS = {
    "none": lambda state, action: state,
    "view": lambda state, action: replace(state, view=action["view"]),
    "step": _step,
    "go": _go,
    "clip": _clip,
    "learn": _learn,
    "switch": _switch,
    "redraw": lambda state, action: replace(state, seed=(state.seed + 1) % 1000),
    "reset": lambda state, action: replace(DEFAULT_STATE, view=state.view),
    "choose": _choose,
    "score": _score,
    "text": _text,
    "number": _number,
    "mos": _mos,
    "constant": _constant,
    "videos": _videos,
    "answers": _answers,
    "preset": _preset,
    "mine": _mine,
}
