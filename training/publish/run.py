"""Put a trained checkpoint, or the Space that shows it, on the hub: checked first, sent in one commit.

    python -m training.publish CHECKPOINT_DIR OWNER/NAME --dry-run                        # what would be sent, offline
    python -m training.publish CHECKPOINT_DIR OWNER/NAME --run training/runs/tiny    # model, card, log of the run
    python -m training.publish CHECKPOINT_DIR OWNER/NAME --space                          # app, package, examples

A model repository gets the files of the checkpoint, whose README.md is the model card (training.grpo writes a plain
one, training.report.card one with measurements), and what --run names under training/, but no states and no stored
features. A Space gets app.py, README.md, what it and others install from (requirements.txt, constraints.txt,
pyproject.toml, task), the package with the checkpoint inside it, the examples, and training/. On hardware without a
GPU, --torch-index with the address of PyTorch's CPU builds saves it some gigabytes of CUDA. Large files go to the hub's
storage for them (Xet) by themselves. Nothing is sent unless every check of training/publish/checks.py passes.
The token comes from the environment (HF_TOKEN) or from `hf auth login`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError

from vqathinker.bundled import EVALUATION_FILE, HELD_OUT_FILE, INTERVAL_FILE, LOG_FILE, NOVELTY_FILE

from ..common.io import LOCK, REPOSITORY
from .checks import PublishError, check_model, check_repo_id, check_space_card
from .requirements import space_requirements

MODEL_FILES = (
    "README.md",
    "LICENSE",
    "*.safetensors",
    "model.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "processor_config.json",
    "tokenizer*.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    EVALUATION_FILE,
    INTERVAL_FILE,
    NOVELTY_FILE,
    LOG_FILE,
    HELD_OUT_FILE,
    "pictures.txt",
)
RUN_FILES = ("*.md", "*.json", "*.jsonl", "*.yaml", "*.sha256", "*.png", "*.svg")
REQUIREMENTS = "requirements.txt"
SPACE_FILES = ("app.py", "README.md", "LICENSE", "constraints.txt", "pyproject.toml", "task")
PACKAGE_FILES = ("*.py", "*.css", "*.js", "*.json", "*.md")
EXAMPLE_FILES = ("*.mp4", "*.jpg", "*.png", "*.svg", "*.json", "*.py", "*.ipynb", "*.yaml", "LICENSE.txt")
TRAINING_FILES = ("*.py", "*.yaml", "*.csv", "*.txt", *RUN_FILES)
LARGE = 10 * 1000 * 1000
"""From this size on, a file is stored outside git (Xet) by the hub."""


@dataclass(frozen=True)
class Sent:
    """One file: where it lies, or what is in it, and its place in the repository."""

    source: Path | bytes
    name: str

    @property
    def size(self) -> int:
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size


def files_under(folder: Path, patterns: tuple[str, ...], prefix: str = "", skip: Sequence[Path] = ()) -> list[Sent]:
    """All files of a folder and its folders, but those in `skip`. Raises PublishError for a link, for one that no
    pattern names, and for none. What Python, the system and the lock of a run leave behind is passed over.
    """
    if not folder.is_dir():
        raise PublishError(f"there is no folder {folder}")
    found = sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    found = [path for path in found if "__pycache__" not in path.parts and path.name not in (".DS_Store", LOCK)]
    found = [path for path in found if not set(skip) & set(path.parents)]
    stray = [path for path in found if path.is_symlink() or not any(fnmatch(path.name, p) for p in patterns)]
    if stray:
        named = ", ".join(str(path.relative_to(folder)) for path in stray[:4])
        raise PublishError(f"{folder} holds {len(stray)} files that do not belong there: {named}")
    if not found:
        raise PublishError(f"{folder} is empty")
    return [Sent(path, prefix + path.relative_to(folder).as_posix()) for path in found]


def model_files(checkpoint: Path, run: Path | None) -> list[Sent]:
    """Files of a model repository, after all its checks."""
    check_model(checkpoint)
    sent = files_under(checkpoint, MODEL_FILES)
    if run is None:
        return sent
    return sent + files_under(run, RUN_FILES, f"training/{run.name}/", skip=[*run.glob("*state-*"), run / "features"])


def space_files(checkpoint: Path, root: Path = REPOSITORY, torch_index: str | None = None) -> list[Sent]:
    """Files of a Space, after all its checks: the checkpoint must be one of those inside the package."""
    check_space_card(root)
    package = root / "vqathinker"
    shipped = package / "checkpoints"
    if checkpoint.resolve().parent != shipped.resolve():
        raise PublishError(f"{checkpoint} is not in {shipped}: a Space carries its checkpoint in the package")
    check_model(checkpoint)
    if missing := [name for name in (*SPACE_FILES, REQUIREMENTS) if not (root / name).is_file()]:
        raise PublishError(f"the Space lacks {', '.join(missing)}")
    sent = [Sent(root / name, name) for name in SPACE_FILES]
    sent.append(Sent(space_requirements(root, torch_index), REQUIREMENTS))
    sent += files_under(root / "training", TRAINING_FILES, "training/")
    sent += files_under(package, PACKAGE_FILES, "vqathinker/", skip=[shipped])
    sent += files_under(checkpoint, MODEL_FILES, f"vqathinker/checkpoints/{checkpoint.name}/")
    return sent + files_under(root / "examples", EXAMPLE_FILES, "examples/")


def listing(sent: list[Sent]) -> str:
    """One line a file, with its size, and the sum."""
    lines = [f"{file.size:>12,}  {file.name}{'  (Xet)' if file.size >= LARGE else ''}" for file in sent]
    return "\n".join([*lines, f"{sum(file.size for file in sent):>12,}  bytes in {len(sent)} files"])


def find_token() -> str:
    token = get_token()
    if not token:
        raise PublishError("no token for the hub: set HF_TOKEN, or run `hf auth login` (a token that may write)")
    return token


def upload(api: HfApi, name: str, kind: str, sent: list[Sent], message: str, private: bool) -> str:
    """Create the repository if it is not there, then send everything in one commit; its address.

    Shards that an earlier checkpoint left there, and that this one does not have, are deleted in the same commit.
    """
    try:
        sdk = "gradio" if kind == "space" else None
        api.create_repo(name, repo_type=kind, private=private or None, exist_ok=True, space_sdk=sdk)
        names = {file.name for file in sent}
        there = api.list_repo_files(name, repo_type=kind)
        old = [path for path in there if path.endswith(".safetensors") and path not in names]
        operations = [CommitOperationAdd(file.name, file.source) for file in sent]
        operations += [CommitOperationDelete(path) for path in old]
        commit = api.create_commit(name, operations, commit_message=message, repo_type=kind)
    except (HfHubHTTPError, OSError) as error:
        raise PublishError(f"the hub did not take {name}: {str(error).strip().splitlines()[0]}") from error
    return commit.commit_url


def publish(args: argparse.Namespace) -> None:
    """Check everything, list it, and send it unless it is a dry run. Raises PublishError and OSError."""
    check_repo_id(args.repository)
    token = None if args.dry_run else find_token()
    if args.kind == "space":
        sent = space_files(args.checkpoint, torch_index=args.torch_index)
    else:
        sent = model_files(args.checkpoint, args.run)
    print(f"{args.kind} {args.repository}:\n{listing(sent)}")
    if args.dry_run:
        print("checked; nothing was sent")
    else:
        print(upload(HfApi(token=token), args.repository, args.kind, sent, args.message, args.private))
