"""Nothing unfit leaves the machine: each check on a broken checkpoint, what a dry run lists, one commit at the end."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from unittest.mock import create_autospec

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError

from tests.model.tiny_models import make_model, make_processor
from tests.upload_hub import COMMIT, taking_uploads
from training.common.io import REPOSITORY
from training.publish import run as publish
from training.publish.__main__ import main
from training.publish.checks import INDEX, PublishError, check_repo_id, check_shards, read_card
from training.publish.run import Sent, files_under, model_files, space_files, upload

CARD = (
    "---\nlicense: apache-2.0\nlibrary_name: transformers\npipeline_tag: video-text-to-text\ntags: [vqa]\n---\n# Tiny\n"
)
SPACE_CARD = """---
title: VQAThinker
emoji: X
colorFrom: gray
colorTo: green
sdk: gradio
sdk_version: 6.31.0
python_version: "3.12"
app_file: app.py
license: apache-2.0
---
# A Space
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "tiny"
    processor = make_processor()
    make_model(processor).save_pretrained(folder, max_shard_size="150KB")
    processor.save_pretrained(folder)
    (folder / "README.md").write_text(CARD)
    (folder / "training.json").write_text("{}")
    return folder


@pytest.fixture
def checkpoint(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "tiny"))


@pytest.fixture
def space(saved: Path, tmp_path: Path) -> Path:
    """A repository in small with the checkpoint in its package."""
    root = tmp_path / "repository"
    shutil.copytree(saved, root / "vqathinker" / "checkpoints" / "tiny")
    for name, text in {
        "app.py": "",
        "requirements.txt": "# hardware: torch\ntorch>=2\ntorchless==1\n",
        "constraints.txt": "torch==2.13.0\ntorchless==1\n",
        "pyproject.toml": "",
        "task": "",
        "LICENSE": "Apache",
        "README.md": SPACE_CARD,
        "vqathinker/__init__.py": "",
        "vqathinker/space/widgets/style.css": "",
        "vqathinker/space/__pycache__/x.pyc": "",
        "examples/manifest.json": "[]",
        "tests/test_x.py": "",
        "training/sft/train.py": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def refusal(*arguments: object) -> str:
    """The one line that the command ends with."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    told = ended.value.code
    assert isinstance(told, str) and told.startswith("training.publish: ") and "\n" not in told
    return told


def test_a_dry_run_lists_every_file_with_its_size_and_needs_no_token(checkpoint, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(publish, "find_token", lambda: pytest.fail("a dry run asked for a token"))
    monkeypatch.setattr(publish, "HfApi", lambda **_: pytest.fail("a dry run went to the hub"))
    run = tmp_path / "tiny_grpo"
    run.mkdir()
    (run / "grpo_log.jsonl").write_text("{}\n")
    (run / "config.yaml").write_text("seed: 0\n")
    main([str(checkpoint), "someone/tiny", "--dry-run", "--run", str(run)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "model someone/tiny:" and lines[-1] == "checked; nothing was sent"
    listed = {line.split()[1]: int(line.split()[0].replace(",", "")) for line in lines[1:-2]}
    expected = {path.name: path.stat().st_size for path in checkpoint.iterdir()}
    assert sum(name.endswith(".safetensors") for name in expected) > 1
    assert listed == expected | {"training/tiny_grpo/grpo_log.jsonl": 3, "training/tiny_grpo/config.yaml": 8}
    assert lines[-2].split() == [f"{sum(listed.values()):,}", "bytes", "in", str(len(listed)), "files"]


def test_a_space_is_the_app_the_package_the_examples_and_the_training(space):
    names = [file.name for file in space_files(space / "vqathinker/checkpoints/tiny", space)]
    installed = {"requirements.txt", "constraints.txt", "pyproject.toml", "task"}
    assert {"app.py", "README.md", "LICENSE"} | installed < set(names)
    assert "training/sft/train.py" in names
    assert {"vqathinker/__init__.py", "vqathinker/space/widgets/style.css", "examples/manifest.json"} < set(names)
    assert {f"vqathinker/checkpoints/tiny/{name}.json" for name in ("config", "training")} < set(names)
    assert len(names) == len(set(names))
    assert not any("tests" in name or "__pycache__" in name for name in names)


def test_torch_comes_from_another_index_where_one_is_named(space):
    def requirements(index: str | None) -> str:
        sent = {file.name: file for file in space_files(space / "vqathinker/checkpoints/tiny", space, index)}
        assert sent["requirements.txt"].size == len(sent["requirements.txt"].source)
        return sent["requirements.txt"].source.decode()

    assert requirements(None) == (space / "requirements.txt").read_text()
    address = "https://index.example/cpu"
    assert requirements(address) == f"# hardware: torch\n--extra-index-url {address}\ntorch==2.13.0\ntorchless==1\n"
    for wrong in ("http://index.example/cpu", "https://a b", "cpu"):
        with pytest.raises(PublishError, match="is no https address"):
            requirements(wrong)
    (space / "constraints.txt").write_text("numpy==2\n")
    with pytest.raises(PublishError, match="does not pin torch"):
        requirements(address)


def test_the_index_and_the_run_belong_to_one_kind_each(checkpoint, capsys):
    for wrong in (["--torch-index", "https://a.b/c"], ["--space", "--run", "runs"]):
        with pytest.raises(SystemExit):
            main([str(checkpoint), "a/b", *wrong])
        assert "belongs to a" in capsys.readouterr().err


def test_what_is_in_this_repository_can_be_published():
    checkpoint = REPOSITORY / "vqathinker" / "checkpoints" / "tiny"
    space = {file.name for file in space_files(checkpoint)}
    told = ["git", "ls-files", "vqathinker", "training", "constraints.txt", "requirements.txt", "pyproject.toml"]
    tracked = subprocess.run(told, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split()
    assert len(tracked) > 200 and set(tracked) <= space
    example = ["git", "ls-files", "examples/*.mp4", "examples/*.json", "examples/*.py"]
    shown = subprocess.run(example, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split()
    assert shown and set(shown) <= space
    run = {file.name for file in model_files(checkpoint, REPOSITORY / "training" / "runs" / "tiny")}
    assert {"README.md", "training/tiny/README.md", "training/tiny/grpo_log.jsonl"} < run


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sdk: gradio", "sdk: docker", "sdk is 'docker'"),
        ("app_file: app.py", "app_file: main.py", "there is no app_file main.py"),
        ("colorTo: green", "colorTo: teal", "colorTo is 'teal'"),
        ('python_version: "3.12"', "python_version: 3.10", "python_version must be in quotes"),
        ("emoji: X\n", "", "lacks emoji"),
        ("license:", f"short_description: {'long ' * 20}\nlicense:", "short_description is longer than 60"),
    ],
)
def test_a_space_card_with_a_fault_is_refused(space, old, new, message):
    card = space / "README.md"
    card.write_text(SPACE_CARD.replace(old, new))
    with pytest.raises(PublishError, match=message):
        space_files(space / "vqathinker/checkpoints/tiny", space)


def test_a_space_without_a_file_or_with_a_checkpoint_from_elsewhere_is_refused(space, checkpoint):
    with pytest.raises(PublishError, match="a Space carries its checkpoint in the package"):
        space_files(checkpoint, space)
    (space / "requirements.txt").unlink()
    with pytest.raises(PublishError, match="the Space lacks requirements.txt"):
        space_files(space / "vqathinker/checkpoints/tiny", space)


def test_stray_files_in_the_package_are_named(space):
    (space / "vqathinker" / "space" / "secret.env").write_text("TOKEN=1")
    with pytest.raises(PublishError, match="1 files that do not belong there: space/secret.env"):
        space_files(space / "vqathinker/checkpoints/tiny", space)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (None, "README.md is missing"),
        ("# No front matter\n", "does not start with front matter"),
        ("---\nlicense: [\n---\n# x\n", "is not YAML"),
        ("---\n- a\n---\n# x\n", "holds no keys"),
        (CARD.replace("license: apache-2.0\n", ""), "lacks license"),
        (CARD.replace("pipeline_tag: video-text-to-text", "pipeline_tag:"), "lacks pipeline_tag"),
        (CARD.replace("[vqa]", "vqa"), "are no list of words"),
        (CARD.replace("# Tiny\n", ""), "says nothing below"),
    ],
)
def test_a_model_card_with_a_fault_is_refused(checkpoint, card, message):
    (checkpoint / "README.md").unlink()
    if card is not None:
        (checkpoint / "README.md").write_text(card)
    assert message in refusal(checkpoint, "someone/tiny", "--dry-run")


def test_a_card_with_windows_line_ends_is_read(tmp_path):
    (tmp_path / "README.md").write_bytes(CARD.replace("\n", "\r\n").encode())
    assert read_card(tmp_path / "README.md", ("license",))["license"] == "apache-2.0"


def test_a_truncated_shard_is_named(checkpoint):
    shard = sorted(checkpoint.glob("*.safetensors"))[1]
    shard.write_bytes(shard.read_bytes()[:-7])
    error = refusal(checkpoint, "someone/tiny", "--dry-run")
    assert f"{shard} is truncated: {shard.stat().st_size} bytes" in error


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0[]"])
def test_a_file_that_is_no_shard_is_named(checkpoint, content):
    shard = sorted(checkpoint.glob("*.safetensors"))[0]
    shard.write_bytes(content)
    with pytest.raises(PublishError, match=f"{shard.name} is no whole safetensors file"):
        check_shards(checkpoint)


def test_a_longer_shard_is_named(checkpoint):
    shard = sorted(checkpoint.glob("*.safetensors"))[0]
    shard.write_bytes(shard.read_bytes() + b"tail")
    with pytest.raises(PublishError, match="is too long"):
        check_shards(checkpoint)


def test_a_lost_shard_and_a_wrong_index_are_named(checkpoint):
    index = json.loads((checkpoint / INDEX).read_text())
    wrong = {"metadata": {"total_size": index["metadata"]["total_size"] + 4}, "weight_map": index["weight_map"]}
    (checkpoint / INDEX).write_text(json.dumps(wrong))
    with pytest.raises(PublishError, match=r"says \d+ bytes of weights, the shards hold"):
        check_shards(checkpoint)
    moved = dict(index["weight_map"]) | {"model.extra.weight": sorted(checkpoint.glob("*.safetensors"))[0].name}
    (checkpoint / INDEX).write_text(json.dumps(index | {"weight_map": moved}))
    with pytest.raises(PublishError, match=r"disagree about model\.extra\.weight \(1 in all\)"):
        check_shards(checkpoint)
    (checkpoint / INDEX).write_text(json.dumps(index))
    lost = sorted(checkpoint.glob("*.safetensors"))[-1]
    lost.unlink()
    with pytest.raises(PublishError, match=f"names {lost.name}, which is not there"):
        check_shards(checkpoint)
    (checkpoint / INDEX).unlink()
    with pytest.raises(PublishError, match="but no model.safetensors.index.json"):
        check_shards(checkpoint)
    for shard in checkpoint.glob("*.safetensors"):
        shard.unlink()
    with pytest.raises(PublishError, match="holds no weights"):
        check_shards(checkpoint)


def test_weights_that_do_not_fit_the_configuration_are_refused(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] = 3
    config["text_config"].pop("layer_types", None)
    (checkpoint / "config.json").write_text(json.dumps(config))
    error = refusal(checkpoint, "someone/tiny", "--dry-run")
    assert "does not fit: missing keys" in error


def test_stray_files_and_links_are_refused(checkpoint, tmp_path):
    (checkpoint / "optimizer.pt").write_bytes(b"x")
    assert "1 files that do not belong there: optimizer.pt" in refusal(checkpoint, "a/b", "--dry-run")
    (checkpoint / "optimizer.pt").unlink()
    (checkpoint / "LICENSE").symlink_to(tmp_path / "elsewhere")
    assert "do not belong there: LICENSE" in refusal(checkpoint, "a/b", "--dry-run")


def test_a_missing_folder_and_an_empty_one_are_refused(tmp_path):
    assert "there is no checkpoint folder" in refusal(tmp_path / "none", "a/b", "--dry-run")
    with pytest.raises(PublishError, match="is empty"):
        files_under(tmp_path, ("*",))


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "some one/tiny", "someone/", "-a/b", "a/" + "x" * 120])
def test_a_bad_repository_name_is_refused_before_anything_else(name, tmp_path):
    error = refusal("--", tmp_path / "none", name)
    assert name in error and "checkpoint" not in error


def test_a_good_repository_name_passes():
    assert check_repo_id("someone/vqathinker-tiny_1.0") is None


def test_without_a_token_nothing_is_sent(checkpoint, monkeypatch):
    monkeypatch.setattr(publish, "get_token", lambda: None)
    assert "no token for the hub: set HF_TOKEN" in refusal(checkpoint, "someone/tiny")


def pretended_hub(there: list[str]):
    """The real client's methods, with their signatures checked, and no network."""
    hub = create_autospec(HfApi, instance=True)
    hub.list_repo_files.return_value = there
    hub.create_commit.return_value.commit_url = "https://hub/commit/1"
    return hub


def test_everything_goes_in_one_commit_and_old_shards_leave(checkpoint):
    hub = pretended_hub(["README.md", "model-00009-of-00009.safetensors", ".gitattributes"])
    sent = model_files(checkpoint, None)
    assert upload(hub, "someone/tiny", "model", sent, "First", private=True) == "https://hub/commit/1"
    hub.create_repo.assert_called_once_with(
        "someone/tiny", repo_type="model", private=True, exist_ok=True, space_sdk=None
    )
    [call] = hub.create_commit.call_args_list
    operations = call.args[1]
    added = [op.path_in_repo for op in operations if isinstance(op, CommitOperationAdd)]
    deleted = [op.path_in_repo for op in operations if isinstance(op, CommitOperationDelete)]
    assert added == [file.name for file in sent] and deleted == ["model-00009-of-00009.safetensors"]
    assert call.kwargs == {"commit_message": "First", "repo_type": "model"}


def test_the_real_client_sends_a_space_as_it_was_listed(space):
    old = {"vqathinker/checkpoints/tiny/model-00009-of-00009.safetensors": b"old", ".gitattributes": b""}
    sent = space_files(space / "vqathinker/checkpoints/tiny", space, "https://index.example/cpu")
    with taking_uploads(old) as (address, repository):
        told = upload(HfApi(address, token="hf_x"), "a/b", "space", sent, "First", private=False)
    assert told.endswith(f"/a/b/commit/{COMMIT}") and len(repository.commits) == 1
    assert repository.kind["type"] == "space" and repository.kind["sdk"] == "gradio"
    assert set(repository.files) == {file.name for file in sent} | {".gitattributes"}
    assert b"--extra-index-url https://index.example/cpu" in repository.files["requirements.txt"]
    assert repository.files["README.md"].decode() == SPACE_CARD == repository.cards[0]


def test_large_files_go_through_the_storage_for_them(checkpoint, monkeypatch):
    """By the real client. Xet, which takes its place where the hub offers it, speaks to servers of its own."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    sent = model_files(checkpoint, None)
    large = {file.name: file.source.read_bytes() for file in sent if file.size >= 100_000}
    with taking_uploads(large=100_000) as (address, repository):
        upload(HfApi(address, token="hf_x"), "a/b", "model", sent, "First", private=False)
    assert 1 < len(large) < len(sent) and sorted(repository.stored.values()) == sorted(large.values())
    [changes] = repository.commits
    assert {name for kind, name in changes if kind == "lfsFile"} == set(large)
    assert repository.files == {file.name: file.source.read_bytes() for file in sent}


def test_a_space_is_created_as_a_gradio_space(tmp_path):
    (tmp_path / "app.py").touch()
    hub = pretended_hub([])
    upload(hub, "a/b", "space", [Sent(tmp_path / "app.py", "app.py")], "x", private=False)
    assert hub.create_repo.call_args.kwargs["space_sdk"] == "gradio"


@pytest.mark.parametrize(
    "trouble",
    [
        HfHubHTTPError(
            "403 Forbidden: read-only token\nrequest id 7",
            response=httpx2.Response(403, request=httpx2.Request("POST", "https://hub")),
        ),
        ConnectionError("no route"),
    ],
)
def test_a_refusal_of_the_hub_becomes_one_line(tmp_path, trouble):
    hub = pretended_hub([])
    hub.create_repo.side_effect = trouble
    with pytest.raises(PublishError, match="the hub did not take a/b: ") as caught:
        upload(hub, "a/b", "model", [], "x", private=False)
    assert "\n" not in str(caught.value)
