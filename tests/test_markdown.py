"""Tables in Markdown."""

import doctest

from vqathinker import markdown


def test_the_example_is_right():
    assert doctest.testmod(markdown) == (0, 1)


def test_a_table_without_rows_is_its_header():
    assert markdown.markdown_table(["a", "b"], []) == "| a | b |\n| --- | --- |"
