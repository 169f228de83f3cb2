"""What a command says when it is asked for help, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


def ask_for_help(module: str, words: Sequence[str], heavy: Sequence[str]) -> tuple[str, str]:
    """(what `python -m MODULE WORD… --help` prints, those of the `heavy` libraries that it has loaded, as a list)."""
    code = f"import runpy, sys\nsys.argv = ['x', *{list(words)!r}, '--help']\n"
    code += f"try:\n    runpy.run_module({module!r}, run_name='__main__')\n"
    code += f"except SystemExit as end:\n    assert not end.code\n    print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told, _, loaded = done.stdout.strip().rpartition("\n")
    return told, loaded
