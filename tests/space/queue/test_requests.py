"""Who asked for what: a visitor's new wish, or Stop, ends the one before, and nobody else's."""

from __future__ import annotations

from vqathinker.space.queue.requests import Job, Wishes


def paths(wishes: Wishes, visitor: str) -> list[str]:
    return [job.path for job in wishes.open(visitor).jobs]


def test_a_new_wish_ends_the_one_before_and_nobody_elses():
    wishes = Wishes()
    wishes.say("anna", [Job("a.mp4")], {})
    first = wishes.open("anna")
    wishes.say("ben", [Job("b.mp4")], {})
    wishes.say("anna", [Job("c.mp4"), Job("d.mp4")], {})
    assert first.cancel.is_set()
    assert (paths(wishes, "anna"), paths(wishes, "ben")) == (["c.mp4", "d.mp4"], ["b.mp4"])


def test_a_click_that_was_overtaken_on_its_way_is_not_taken():
    wishes = Wishes()
    assert wishes.say("anna", [Job("first.mp4")], {}, 1)
    assert wishes.say("anna", [Job("third.mp4")], {}, 3)
    assert not wishes.say("anna", [Job("second.mp4")], {}, 2)
    assert paths(wishes, "anna") == ["third.mp4"]
    assert wishes.say("anna", [Job("upload.mp4")], {})
    assert not wishes.say("anna", [Job("second.mp4")], {}, 2)
    assert wishes.say("anna", [Job("fourth.mp4")], {}, 4)


def test_stop_ends_what_runs_and_what_waits_and_it_can_be_repeated_otherwise():
    wishes = Wishes()
    wishes.stop("anna")
    wishes.repeat("anna")
    assert wishes.open("anna") is None
    wishes.say("anna", [Job("a.mp4", rollouts=8)], {"caption": "A"})
    running = wishes.open("anna")
    wishes.stop("anna")
    assert running.cancel.is_set() and wishes.open("anna") is None
    wishes.repeat("anna", perturbation="reverse")
    again = wishes.open("anna")
    assert again.jobs == (Job("a.mp4", rollouts=8, perturbation="reverse"),) and not again.cancel.is_set()
    assert again.shown == {"caption": "A"}


def test_who_has_left_leaves_nothing_running_and_nothing_behind():
    wishes = Wishes()
    wishes.say("anna", [Job("a.mp4")], {})
    running = wishes.open("anna")
    wishes.forget("anna")
    wishes.repeat("anna")
    assert running.cancel.is_set() and wishes.open("anna") is None


def test_before_the_first_wish_everybody_has_that_of_the_page_and_it_is_done():
    wishes = Wishes()
    wishes.begin_with(Job("example.mp4"), {"caption": "an example"})
    assert wishes.last_path("anna") == "example.mp4" and wishes.open("anna") is None
    wishes.repeat("anna", rollouts=4)
    again = wishes.open("anna")
    assert again.jobs == (Job("example.mp4", rollouts=4),) and not again.cancel.is_set()
    assert wishes.open("ben") is None and wishes.last_path("ben") == "example.mp4"
    wishes.say("anna", [Job("a.mp4")], {})
    assert again.cancel.is_set() and wishes.last_path("anna") == "a.mp4"
