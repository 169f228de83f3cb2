"""Where the process runs, in the words of the library `spaces`."""

from __future__ import annotations

import pytest

from vqathinker.environment import on_zero_gpu


@pytest.mark.parametrize("value", ["true", "True", "1", "t", "false", "False", "0", "", "no", "yes"])
def test_what_spaces_takes_for_a_yes_is_one_and_all_else_is_none(monkeypatch: pytest.MonkeyPatch, value: str):
    config = pytest.importorskip("spaces.config")
    monkeypatch.setenv("SPACES_ZERO_GPU", value)
    assert on_zero_gpu() == config.boolean(value) == (value.lower() in ("true", "1", "t"))


def test_without_a_word_there_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert not on_zero_gpu()
