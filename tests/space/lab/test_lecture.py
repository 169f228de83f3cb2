"""The lecture from its first slide to its last, and the strip and the tour that lead through the lab."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.space.lab.test_page import read
from vqathinker.answer import compose
from vqathinker.space.lab import lecture, tab, tour
from vqathinker.space.lab.clips import SUPPOSED, Example
from vqathinker.space.lab.experiment.actions import WAY_PLACES, act
from vqathinker.space.lab.experiment.numbers import last_step
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, LabError, LabState
from vqathinker.space.lab.page import render
from vqathinker.space.lab.strip import WAY, here
from vqathinker.space.widgets.thumbnails import Film

FILM = Film("854 × 480", (("data:image/jpeg;base64,", "0.21 s"),) * 6)


def example(name: str, *numbers: str, twin: tuple[str, ...] = ()) -> Example:
    texts, shuffled = (tuple(compose("Sharp.", number) for number in group) for group in (numbers, twin))
    return Example(name, name, "us", "data:,", FILM, SUPPOSED[name], texts, shuffled, FILM if twin else None)


EXAMPLES = {
    "squirrel": example("squirrel", "3.10", "2.60", "2.93", "3.12", twin=("1.82", "1.95", "1.57", "2.11")),
    "plaza-compressed": example("plaza-compressed", "1.88", "1.96", "1.93", "1.91"),
}


@pytest.mark.parametrize("examples", [EXAMPLES, {}], ids=["clips", "none"])
@pytest.mark.parametrize("slide", range(len(lecture.SLIDES)))
def test_every_slide_has_one_idea_and_a_figure(slide: int, examples: dict):
    for width in (330, 1300):
        answer = tab.lab_answer({"slide": slide, "opening": True, "width": width}, examples)
        page = answer["html"]
        read(page)
        assert page.count("lab-idea") == 1 and f"{slide + 1} / {len(lecture.SLIDES)}" in page
        assert "<svg" in page or "<img" in page or "<table" in page
        assert LabState.from_json(answer["state"]) == lecture.at(slide, examples)


def test_the_lecture_is_about_a_real_clip_and_its_twin():
    state = lecture.opening(EXAMPLES)
    assert [video.clip for video in state.videos] == ["squirrel", "plaza-compressed"]
    assert state.videos[0].shuffled == EXAMPLES["squirrel"].shuffled
    assert state.videos[1].shuffled == state.videos[1].ordered  # no twin was recorded


def test_a_slide_can_be_played_with():
    first = tab.lab_answer({"slide": 6, "opening": True, "width": 1300}, EXAMPLES)
    more = tab.lab_answer(
        {"slide": 6, "state": first["state"], "width": 1300, "actions": [{"kind": "learn", "change": 5}]}, EXAMPLES
    )
    assert LabState.from_json(more["state"]).updates == 6 and "After step 6" in more["html"]


@pytest.mark.parametrize("slide", [-1, 8, 10**30, True, "1", None])
def test_what_is_no_slide_is_the_lab(slide):
    assert tab.lab_answer({"slide": slide, "width": 900})["html"].startswith("<nav")


def test_the_page_knows_how_many_slides_and_stops_there_are():
    assert tab.SLIDE_COUNT == len(lecture.SLIDES) == 8 and len(tour.TOUR_STOPS) <= 8
    assert f"SLIDES = {tab.SLIDE_COUNT}" in tab.SCRIPT and tour.TOUR_STOPS[-1].text in tab.SCRIPT


def test_every_stop_of_the_tour_points_at_something():
    for stop in tour.TOUR_STOPS:
        state = act(DEFAULT_STATE, {"kind": "go", "to": stop.place}) if stop.place else DEFAULT_STATE
        page = render(state, 1100, EXAMPLES)
        assert any(re.search(rf'class="[^"]*\b{name}\b', page) for name in re.findall(r"\.([\w-]+)", stop.target)), stop


@pytest.mark.parametrize("station", WAY, ids=lambda station: station.place)
def test_the_strip_shows_where_one_is_after_a_click(station):
    state = act(replace(DEFAULT_STATE, step=3), {"kind": "go", "to": station.place})
    assert here(state) == station.place
    marked = re.findall(r'aria-pressed="true" aria-label="(\w+)"', render(state, 900, EXAMPLES).split("</nav>")[0])
    assert marked == [station.name]


def test_the_strip_leads_to_every_place_and_the_walk_is_on_it():
    assert [station.place for station in WAY] == list(WAY_PLACES)
    walk = [here(replace(DEFAULT_STATE, view="step", step=step)) for step in range(last_step() + 1)]
    assert walk == ["answers", "scores", "bell", "bell", "ranking", "temporal", "total", "advantage"]


def test_the_first_steps_do_not_give_the_end_away():
    for step in range(last_step()):
        page = render(replace(DEFAULT_STATE, view="step", step=step), 1100)
        assert "pushed" not in page and "earns most" not in page
    assert "pushed up most" in render(replace(DEFAULT_STATE, view="step", step=last_step()), 1100)


def test_a_clip_takes_the_place_of_the_chosen_video():
    state = replace(DEFAULT_STATE, video=1)
    answer = tab.lab_answer(
        {"state": state.to_json(), "width": 900, "actions": [{"kind": "example", "name": "squirrel"}]}, EXAMPLES
    )
    after = LabState.from_json(answer["state"])
    assert after.videos[1].ordered == EXAMPLES["squirrel"].texts and after.videos[1].clip == "squirrel"
    assert after.videos[0] == DEFAULT_STATE.videos[0] and after.videos[1].title == "Video B, squirrel"
    missing = tab.lab_answer({"width": 900, "actions": [{"kind": "example", "name": "none"}]}, EXAMPLES)
    assert "no recorded answers" in missing["problem"]
    with pytest.raises(LabError):
        act(DEFAULT_STATE, EXAMPLES["squirrel"].action(7))


@pytest.mark.parametrize("view", ["bell", "ranking", "temporal", "step", "update"])
def test_every_symbol_of_a_formula_leads_to_a_control_that_is_there(view: str):
    page = render(replace(DEFAULT_STATE, view=view, step=last_step()), 1100)
    formula = page.split('class="lab-formula"')[1].split("</ul>")[0]
    assert formula.count("(") == formula.count(")")
    aims = set(re.findall(r'data-aim="([^"]*)"', formula))
    assert aims
    for aim in aims:
        for part in re.findall(r"\[data-constant=(\w+)\]", aim):
            assert f'data-constant="{part}"' in page
        for name in re.findall(r"(?<!not\()\.([\w-]+)", aim):
            assert re.search(rf'class="[^"]*\b{name}\b', page), aim
