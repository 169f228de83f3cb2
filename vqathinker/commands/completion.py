"""`completion SHELL`: what a shell needs to complete our command line."""

from __future__ import annotations

import argparse

from .common import DONE, USAGE, complain


def run_completion(parser: argparse.ArgumentParser, shell: str) -> int:
    from ..completion import completion_script

    try:
        print(completion_script(parser, shell))
    except ModuleNotFoundError as error:
        return complain(f"{error.name} is not installed: pip install {error.name}", USAGE)
    return DONE
