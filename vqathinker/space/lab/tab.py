"""The tab of the reward lab. Torch is imported when the lab is first asked for something, not before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import gradio as gr

from ..settings import Settings
from .clips import Example, load_recorded
from .experiment.link import from_link, to_link
from .experiment.state import DEFAULT_STATE, MAX_ANSWERS, LabError, LabState
from .tour import tour_data

MOST_ACTIONS, WIDEST_PAGE = 64, 100_000
HERE = Path(__file__).parent
SLIDE_COUNT = 8
SCRIPT_CONSTANTS = (
    f"const MOST = {MAX_ANSWERS}, MOST_ACTIONS = {MOST_ACTIONS}, SLIDES = {SLIDE_COUNT}, "
    f"TOUR = {json.dumps(tour_data())};\n"
)
SCRIPT = SCRIPT_CONSTANTS + "".join((HERE / name).read_text(encoding="utf-8") for name in ("lab.js", "guide.js"))
LAB_TAB_ID = "lab"
OPEN_SHARED = (
    "() => /^#(lab|lecture)=/.test(location.hash) ? {__type__: 'update', selected: '"
    + LAB_TAB_ID
    + "'} : {__type__: 'update'}"
)
FRAME = """<div class="lab">
<div class="lab-top"><div class="lab-intro"><h3>Reward lab</h3>
<p>GRPO never shows the model a right answer. It lets the model answer several times, rewards each answer, and makes
the better ones more likely. Move the points and see what is rewarded.</p>
<p class="lab-legend"><b class="repaired">Repaired</b> is what the paper means.
<b class="released">As released</b> is its authors’ code to the letter, accidents included.</p></div>
<div class="lab-tools"><label class="lab-switch"><input type="checkbox" id="lab-predict"> Predict first</label>
<button type="button" class="lab-form" id="lab-share">Copy link</button>
<button type="button" class="lab-form" id="lab-lecture">Lecture</button></div></div>
<div class="lab-invite" hidden><span>New here? A tour of eight stops takes two minutes.</span>
<button type="button" class="lab-form" data-tour="start">Show me around</button>
<button type="button" class="lab-form" data-tour="skip">Not now</button></div>
<form class="lab-mine" id="lab-mine" hidden><span></span><label>People would say
<input type="number" min="1" max="5" step="0.01" value="3.00" required></label>
<button type="submit" class="lab-form">Use my video</button></form>
<p class="lab-said" role="status" aria-live="polite"></p>
<div class="lab-body" aria-busy="true"><p class="lab-wait">Loading the reward functions …</p></div>
<div class="lab-calc" role="status" aria-live="polite">Point at a number, or tap it, to see how it comes about.</div>
<div class="lab-tour" role="dialog" aria-label="Tour of the lab" hidden><b></b><p role="status"></p><div>
<button type="button" class="lab-form" data-tour="skip">Skip</button>
<button type="button" class="lab-form" data-tour="back">‹ Back</button>
<button type="button" class="lab-form next" data-tour="next">Next ›</button></div></div>
<div class="lab-deck" role="group" aria-label="Slides" hidden><button type="button" class="lab-form" data-turn="-1"
aria-label="Slide before">‹</button><span></span><button type="button" class="lab-form" data-turn="1"
aria-label="Next slide">›</button><button type="button" class="lab-form" data-turn="close">Leave the lecture</button>
</div>
</div>"""


def build_lab_tab(rollouts: gr.State | None = None, settings: Settings | None = None) -> gr.Tab:
    """Put the tab into the Blocks that are being built. With `settings` the clips of the page's examples are there.

    rollouts: a State that holds the raw answers of a visitor's last rollouts (a list of texts, or a dict with the keys
    texts and, where there are any, shuffled), None before there are some; with it the lab offers "Use my video".
    """

    def turn(request: dict) -> dict:
        return lab_answer(request, load_recorded(settings) if settings else {})

    turn.__name__ = lab_answer.__name__  # what the page calls it by

    with gr.Tab("Reward lab", id=LAB_TAB_ID) as tab:
        lab = gr.HTML(
            None,
            html_template=FRAME,
            js_on_load=SCRIPT,
            server_functions=[turn],
            apply_default_css=False,
            elem_id="lab",
        )
    if rollouts is not None:
        quietly = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        tab.select(offer, rollouts, lab, **quietly)
        rollouts.change(offer, rollouts, lab, **quietly)  # does not follow events that bypass the queue
    return tab


def open_shared(page: gr.Blocks, tab: gr.Tab) -> None:
    """Show the lab first to who comes with the link of a lab state."""
    page.load(None, None, tab.parent, js=OPEN_SHARED, api_visibility="private")


def offer(rollouts: Sequence[str] | dict | None) -> str | None:
    """What the page is told of the rollouts that could be used, as JSON."""
    content = rollouts if isinstance(rollouts, dict) else {"texts": list(rollouts or ())}
    if not content.get("texts"):
        return None
    return json.dumps({"texts": list(content["texts"]), "shuffled": list(content.get("shuffled") or [])})


def lab_answer(request: dict, examples: Mapping[str, Example] | None = None) -> dict:
    """One turn of the lab: {state | link, lesson, actions, width} -> {html, state, lesson, link, problem}.

    examples: the clips whose recorded answers the action "example" brings in. state is the JSON of the state before,
    None at the start; actions are applied one after the other, and one that cannot be applied leaves the state as it
    was and is told in `problem`. lesson: what a visitor has guessed so far (`Lesson.to_json`), None without one.
    """
    from . import lecture
    from .experiment.actions import act
    from .experiment.lesson import Lesson, act_on_lesson, lesson_after
    from .page import render

    request = request if isinstance(request, dict) else {}
    state, problem = start(request)
    slide = slide_of(request)
    if slide is not None and request.get("opening"):
        state = lecture.at(slide, examples or {})
    lesson = Lesson.from_json(request.get("lesson"))
    try:
        for action in actions_of(request):
            try:
                if studied := act_on_lesson(lesson, state, action):
                    lesson, state = studied
                else:
                    state = act(state, with_answers(action, examples or {}))
                    lesson = lesson_after(lesson, action)
            except LabError as error:
                problem = str(error)
    except LabError as error:
        problem = str(error)
    return {
        "html": render(state, width_of(request), examples, lesson)
        if slide is None
        else lecture.render_slide(state, slide, width_of(request), examples or {}),
        "lesson": lesson.to_json(),
        "state": state.to_json(),
        "link": to_link(state),
        "problem": problem,
    }


def with_answers(action: dict, examples: Mapping[str, Example]) -> dict:
    """The action itself, and in the place of one that names an example one that holds its answers."""
    if isinstance(action, dict) and action.get("kind") == "example":
        found = examples.get(str(action.get("name")))
        if found is None:
            raise LabError("There are no recorded answers to this example.")
        return found.action()
    return action


def actions_of(request: dict) -> list:
    """The actions of a turn. Raises LabError when they are no list, or more than hands can make in a turn."""
    actions = request.get("actions") or []
    if not isinstance(actions, list) or len(actions) > MOST_ACTIONS:
        raise LabError(f"The lab takes a list of at most {MOST_ACTIONS} actions at a time; none was carried out.")
    return actions


def slide_of(request: dict) -> int | None:
    """Which slide of the lecture is shown, counted from 0; None outside of it."""
    slide = request.get("slide")
    return slide if type(slide) is int and 0 <= slide < SLIDE_COUNT else None


def width_of(request: dict) -> float:
    """The CSS pixels that the page leaves to the lab; 0 where it does not say, or says what no page has."""
    width = request.get("width")
    known = isinstance(width, int | float) and not isinstance(width, bool) and 0 <= width <= WIDEST_PAGE
    return float(width) if known else 0.0


def start(request: dict) -> tuple[LabState, str]:
    """The state that a turn begins with, and what was wrong with the one that was asked for."""
    try:
        if request.get("link"):
            return from_link(str(request["link"])), ""
        return (LabState.from_json(request["state"]) if request.get("state") else DEFAULT_STATE), ""
    except LabError as error:
        return DEFAULT_STATE, str(error)
