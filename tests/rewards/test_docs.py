"""Every example in the docstrings runs, and no public function goes without one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

from vqathinker import rewards

MODULES = [f"{rewards.__name__}.{module.name}" for module in pkgutil.iter_modules(rewards.__path__)]
FUNCTIONS = [name for name in rewards.__all__ if inspect.isfunction(getattr(rewards, name))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_shows_an_example_and_its_source(name):
    text = inspect.getdoc(getattr(rewards, name))
    assert doctest.DocTestParser().get_examples(text)
    assert "Source:" in text
