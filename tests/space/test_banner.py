"""The badges: which models are behind the page, before and after they are there."""

from __future__ import annotations

import doctest
from types import SimpleNamespace

from tests import raters
from vqathinker.space import banner
from vqathinker.space.banner import badge, badge_of, header_of
from vqathinker.space.settings import Settings
from vqathinker.space.widgets import texts

COMING = SimpleNamespace(ready=False, problem="")
THERE = SimpleNamespace(ready=True, problem="", rater=raters.tiny)


def page_of(loader: SimpleNamespace, beside: SimpleNamespace | None = None) -> SimpleNamespace:
    settings = Settings(model="tiny", beside_model="q-insight" if beside else "")
    return SimpleNamespace(settings=settings, loader=loader, beside=beside, problem=loader.problem)


def test_the_badge_tells_family_and_size_at_once_and_the_precision_when_it_is_loaded():
    size = f"{raters.tiny().parameters / 1e6:.1f} M"
    assert badge_of(COMING, "tiny") == f"tiny · VQAThinker · {size}"  # no other size than when it is loaded
    assert badge_of(COMING, "visualquality-r1") == "visualquality-r1 · Qwen2.5-VL · 8.3 B"
    assert badge_of(COMING, "/models/mine") == "mine" and badge_of(COMING, "unknown@/models/mine") == "mine"
    rater = raters.tiny()
    assert badge_of(THERE, "tiny") == f"tiny · VQAThinker · {size} · {rater.precision}"
    assert badge(rater.scorer, "visualquality-r1@/models/mine").startswith("mine · ")


def test_a_second_model_has_a_badge_of_its_own_and_one_alone_has_one():
    assert header_of(page_of(THERE), "").count("vq-badge") == 1
    both = header_of(page_of(THERE, COMING), "")
    assert both.count("vq-badge") == 2 and "beside it: q-insight · Qwen2.5-VL · 8.3 B" in both


def test_the_line_tells_why_a_model_is_missing_and_that_of_the_first_before_that_of_the_second():
    assert banner.banner("") == ""
    assert texts.BESIDE_FAILED.format("no network") in banner.banner("", "no network.")
    assert texts.MODEL_FAILED.format("no network") in banner.banner("no network", "no network")


def test_its_examples_hold():
    found = doctest.testmod(banner)
    assert found.attempted and not found.failed
