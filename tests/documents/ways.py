"""How each command in a document is known to work: it runs here, or elsewhere in the tests, or by a script beside them.

    python -m tests.documents.ways    # every command with its way

A command of a new kind has none, and fails the tests until it gets one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .commands import Command, all_commands
from .smallest import SMALLEST

RUN, SERVED, RESOLVED, TESTED, SMALL, FOREIGN, NAMED = (
    "run", "served", "resolved", "tested", "small", "foreign", "named",
)  # fmt: skip
WAYS = {
    RUN: "runs here, on small files under the names in the command",
    SERVED: "starts here, on a free port, and is ended when it answers",
    RESOLVED: "pip finds that all is here",
    TESTED: "its own parser takes its arguments, and a test runs it, in small: TESTS says which",
    SMALL: "its own parser takes its arguments, and `python -m tests.documents.smallest` runs it, in small",
    FOREIGN: "its own parser takes its arguments; it needs weights, a cluster or a network that is not here",
    NAMED: "a mention: there is such a command, with such options",
}
PARSED = (RUN, SERVED, TESTED, SMALL, FOREIGN, NAMED)
TESTS = {
    "examples.record": "space/widgets/test_records.py",
    "examples.see_it_move": "examples/test_see_it_move.py",
    "tests.environments": "environments/test_table.py",
    "tests.structure": "test_rooms.py",
    "training.data.biq_facts": "training/data/fetch/test_biq.py",
    "training.data.build": "training/data/build/test_run.py",
    "training.data.fetch": "training/data/fetch/test_run.py",
    "training.evaluate": "training/evaluate/test_run.py",
    "training.evaluate.interval": "training/evaluate/test_interval.py",
    "training.evaluate.novelty": "training/evaluate/test_novelty.py",
    "training.evaluate.ridge": "training/evaluate/test_ridge.py",
    "training.grpo": "training/grpo/test_train.py",
    "training.imitation": "training/imitation/test_run.py",
    "training.publish": "training/publish/test_run.py",
    "training.report.card": "training/report/test_card.py",
    "training.report.held_out": "training/report/test_held_out.py",
    "training.report.plots": "training/report/test_plots.py",
    "training.report.training_log": "training/report/test_training_log.py",
    "training.sft": "training/sft/test_train.py",
    "training.study": "training/study/test_run.py",
    "training.study.launch": "training/study/test_launch.py",
    "training.study.mean": "training/study/test_mean.py",
    "training.tiny": "training/test_tiny.py",
}
"""A module that is a command, and the file in tests/ that runs it on small data."""
NOT_HERE = ("tests.benchmarks.fastvqa_setup",)
"""Commands that fetch what cannot be fetched here."""
ELSEWHERE = {
    "./task demo": "it is `serve` after `setup`; tests/test_readme.py looks that it is there",
    "./task test": "runs this test",
    "pip install .": "tests/test_package.py builds the wheel and installs it; tests/environments with what it needs",
    'pip install ".[space]"': "tests/environments, as each extra",
    'pip install "vqathinker @ git+ADDRESS"': "needs the address; tests/environments, with that of this checkout",
    'eval "$(vqathinker completion bash)"': "tests/test_package.py, with what a shell completes then",
    "source .venv/bin/activate": "the environment that `task` makes, in which CI runs this test",
    "VQATHINKER_MODEL=8b python app.py": "tests/browser/test_ask.py starts it so, with a model that is here",
    'pip install -c constraints.txt "ray[data]"': "tests/environments, as the extra ray",
    "python -m pytest tests/integrations/test_ray_data.py -n 0": "is a test",
    "python -m tests.benchmarks.ray_speed examples/squirrel.mp4": "tests/documents/smallest.py, where Ray is installed",
    "pip install trackio": "./task test installs it; tests/training/grpo/test_logs.py follows runs in it",
    "pip install deepspeed": "needs a registry and a compiler; the recipe says when",
    "export MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456": (
        "variables of the C library"
    ),
    "--enable-prompt-embeds": "an option of vLLM",
}
"""Commands that no rule fits, and what is known of them."""
OF_OTHERS = ("8b", "visualquality-r1", "q-insight")
"""Models that are not here."""


def way_of(command: Command) -> str:
    """One of WAYS, or the reason in ELSEWHERE. Raises LookupError for a command that is not known to work."""
    typed = command.text.partition(" #")[0].strip()
    if typed in ELSEWHERE:
        return ELSEWHERE[typed]
    words = command.words
    match words:
        case _ if command.mention:
            return NAMED
        case ["vqathinker", *rest] | ["python", "-m", "vqathinker", *rest]:
            return way_with_the_model(rest)
        case ["python", "-m", "training.publish", *rest] if "--dry-run" in rest and "OUT" not in rest:
            return RUN
        case ["accelerate", "launch", *rest] if "-m" in rest and "vqathinker" in rest:
            return way_with_the_model(rest[rest.index("vqathinker") + 1 :])
        case ["python", *rest] | ["accelerate", "launch", *rest] if way := way_of_module(rest):
            return way
        case ["pip" | ".venv/bin/pip", "install", "-r", *_]:
            return RESOLVED
    raise LookupError(f"{command.document}: nothing is known of `{command.text}`; run it in tests/documents")


def way_of_module(words: Sequence[str]) -> str:
    """Of the module after `-m`; "" for one of which nothing is known."""
    name = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    ways = {TESTED: TESTS, SMALL: SMALLEST, FOREIGN: NOT_HERE}
    return next((way for way, names in ways.items() if name in names), "")


def way_with_the_model(arguments: Sequence[str]) -> str:
    """Of the product's own command: it runs where the bundled model does it, on this machine alone."""
    foreign = any(word.partition("@")[0] in OF_OTHERS for word in arguments)
    if foreign or "--ray" in arguments or arguments[0] in ("convert", "ask"):
        return FOREIGN
    return SERVED if arguments[0] == "serve" else RUN


def main() -> None:
    commands = all_commands()
    ways = [way_of(command) for command in commands]
    for command, way in zip(commands, ways, strict=True):
        print(f"{command.document}: {command.text}\n    {WAYS.get(way, way)}")
    counted = Counter(way if way in WAYS else "elsewhere" for way in ways)
    print(f"\n{len(commands)} commands: {', '.join(f'{count} {way}' for way, count in counted.most_common())}")


if __name__ == "__main__":
    main()
