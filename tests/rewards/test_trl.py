"""The functions for TRL: the numbers of our own trainer, whatever the processes, and a real run of TRL's trainer."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

import vqathinker
from tests.rewards.goldens import written
from vqathinker.rewards import RewardSpec, score_with_twins
from vqathinker.rewards.trl import bell_reward, format_reward, ranking_reward, reward_functions, temporal_reward

ROOT = Path(vqathinker.__file__).parent.parent
TEXTS = [
    [written(4.1), written(3.9), written("4"), "no answer"],
    [written(2.2), written(2.6), written(1.9), written(2.0)],
    [written(3.3), "?", written(3.0), written("9.00")],
]
TWINS = [
    [written(3.0), written(2.9), "?", written(3.1)],
    None,
    [written(3.2), written(3.3), written(3.4), written(3.5)],
]
MOS = [4.0, 2.0, 3.2]
PARTS = {"format_reward": "format", "bell_reward": "regression", "ranking_reward": "ranking"}


def rows() -> tuple[list[str], dict]:
    """What TRL passes for these groups: each clip, then its twin where it has one."""
    flat = [
        (text, mos, f"{place}.mp4", perturbed)
        for place, (own, twin, mos) in enumerate(zip(TEXTS, TWINS, MOS, strict=True))
        for perturbed, group in ((False, own), (True, twin or []))
        for text in group
    ]
    completions, mos, video, perturbed = (list(column) for column in zip(*flat, strict=True))
    return completions, {"mos": mos, "video": video, "perturbed": perturbed}


def of_trainer(spec: RewardSpec) -> dict[str, list[float | None]]:
    """The rewards of the same rows by our trainer; None in the rows of twins."""
    scored = score_with_twins(TEXTS, TWINS, MOS, spec)
    tables = {name: getattr(scored.plain, part) for name, part in PARTS.items()}
    tables["temporal_reward"] = scored.table.total - scored.plain.total
    blank = [None] * len(TEXTS[0])
    return {
        name: [x for values, twin in zip(table.tolist(), TWINS, strict=True) for x in values + (blank if twin else [])]
        for name, table in tables.items()
    }


@pytest.mark.parametrize("spec", [RewardSpec(), RewardSpec(sigma=0.8, bonus=0.2, count_written_decimals=False)])
def test_the_numbers_are_those_of_our_trainer(spec: RewardSpec):
    completions, columns = rows()
    wanted, functions = of_trainer(spec), reward_functions(spec)
    assert [function.__name__ for function in functions] == list(wanted)
    for function in functions:
        found = function(completions=completions, prompts=["q"] * len(completions), **columns)
        exact = function.__name__ != "temporal_reward"  # a difference of sums, rounded in another order
        assert found == (wanted[function.__name__] if exact else pytest.approx(wanted[function.__name__], abs=1e-6))
    assert sum(x for x in wanted["temporal_reward"] if x) > 0


def test_without_a_spec_they_are_those_of_the_paper():
    completions, columns = rows()
    plain_functions = (format_reward, bell_reward, ranking_reward, temporal_reward)
    for plain, chosen in zip(plain_functions, reward_functions(), strict=True):
        assert plain(completions, **columns) == chosen(completions, **columns)


def test_conversations_are_read_like_texts():
    completions, columns = rows()
    messages = [[{"role": "assistant", "content": text}] for text in completions]
    parts = [[{"role": "assistant", "content": [{"type": "text", "text": text}]}] for text in completions]
    for function in reward_functions():
        assert function(messages, **columns) == function(parts, **columns) == function(completions, **columns)


def test_the_order_of_the_rows_does_not_matter_and_two_videos_with_one_mos_stay_two():
    texts = [written(4.0), written(3.0), written(3.8), written(3.1)]
    columns = {"mos": [3.5] * 4, "video": ["a", "b", "a", "b"]}
    shuffled = ranking_reward(texts, **columns)
    sorted_ = ranking_reward([texts[i] for i in (0, 2, 1, 3)], mos=[3.5] * 4, video=["a", "a", "b", "b"])
    assert shuffled == [sorted_[i] for i in (0, 2, 1, 3)] and min(shuffled) > 0


@pytest.mark.parametrize(
    ("function", "columns", "sentence"),
    [
        (bell_reward, {}, "bell_reward needs the column 'mos'"),
        (ranking_reward, {"mos": [3.0, 3.0]}, "ranking_reward needs the column 'video'"),
        (ranking_reward, {"mos": [3.0], "video": ["a", "a"]}, "2 completions, but 1 of 'mos'"),
        (ranking_reward, {"mos": [3.0, 2.0], "video": ["a", "a"]}, "'a' has more than one mos"),
        (temporal_reward, {"mos": [3.0, 2.0], "video": "ab", "perturbed": [True, True]}, "Every row of the batch"),
        (ranking_reward, {"mos": [3.0, math.nan], "video": "ab"}, "not a finite number"),
    ],
)
def test_a_data_set_that_lacks_something_is_told(function, columns, sentence):
    with pytest.raises(ValueError, match=sentence):
        function(["x", "y"], **columns)


RANK = """
import json, sys
import torch.distributed as dist
from tests.rewards.test_trl import rows
from vqathinker.rewards.trl import reward_functions
rank, store, cut = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
completions, columns = rows()
part = slice(0, cut) if rank == 0 else slice(cut, None)
share = {name: values[part] for name, values in columns.items()}
print(json.dumps({f.__name__: f(completions[part], **share) for f in reward_functions()}))
dist.destroy_process_group()
"""


def test_two_processes_see_the_batch_of_both(tmp_path: Path):
    """Cut in the middle of a group, as TRL does."""
    command = [sys.executable, "-c", RANK]
    started = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store"), "9"], cwd=ROOT, stdout=subprocess.PIPE)
        for rank in range(2)
    ]
    try:
        shares = [json.loads(process.communicate(timeout=300)[0]) for process in started]
    finally:
        for process in started:
            process.kill()
    completions, columns = rows()
    for function in reward_functions():
        name = function.__name__
        assert shares[0][name] + shares[1][name] == function(completions, **columns)


def test_trl_trains_a_small_vision_language_model_with_them():
    """All cells of the notebook, which goes the way of examples/trl_grpo.py."""
    notebook = json.loads((ROOT / "examples" / "grpo_on_your_vlm.ipynb").read_text(encoding="utf-8"))
    names: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    log = names["trainer"].state.log_history
    steps = [line for line in log if "rewards/bell_reward/mean" in line]
    assert [line["step"] for line in steps] == [1, 2, 3]
    for line in steps:  # of what was imitated, 97 of 100 answers have the form; of 16 answers a step never so few
        assert line["rewards/format_reward/mean"] > 0.75 and 0 < line["rewards/bell_reward/mean"] <= 1
        assert line["rewards/ranking_reward/mean"] > 0.2 and math.isfinite(line["loss"]) and line["grad_norm"] > 0
        assert line["reward"] == pytest.approx(sum(line[f"rewards/{name}/mean"] for name in of_trainer(RewardSpec())))
    assert all(value.isfinite().all() for value in names["model"].parameters())
