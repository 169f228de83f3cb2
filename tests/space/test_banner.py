"""The badge: which model is behind the page, before and after it is there."""

from __future__ import annotations

import doctest
from types import SimpleNamespace

from tests import raters
from vqathinker.space import banner
from vqathinker.space.banner import badge, badge_of
from vqathinker.space.settings import Settings


def stand_in(model: str, ready: bool = False) -> SimpleNamespace:
    return SimpleNamespace(settings=Settings(model=model), ready=ready, rater=raters.tiny)


def test_the_badge_tells_family_and_size_at_once_and_the_precision_when_it_is_loaded():
    assert badge_of(stand_in("tiny")) == "tiny · VQAThinker · 7.0 M"
    assert badge_of(stand_in("visualquality-r1")) == "visualquality-r1 · Qwen2.5-VL · 8.3 B"
    assert badge_of(stand_in("/models/mine")) == "mine" and badge_of(stand_in("unknown@/models/mine")) == "mine"
    rater = raters.tiny()
    size = f"{rater.parameters / 1e6:.1f} M"
    assert badge_of(stand_in("tiny", ready=True)) == f"tiny · VQAThinker · {size} · {rater.precision}"
    assert badge(rater.scorer, "visualquality-r1@/models/mine").startswith("mine · ")


def test_its_examples_hold():
    found = doctest.testmod(banner)
    assert found.attempted and not found.failed
