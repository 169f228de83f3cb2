"""The package as a user gets it: built as a wheel, installed outside the checkout, run by its console script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import vqathinker
from tests.test_readme import PINS, requirements

ROOT = Path(vqathinker.__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {name: [Requirement(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()}
NEEDED = [Requirement(line) for line in PROJECT["dependencies"]]
ALL = [one for one in NEEDED + sum(EXTRAS.values(), []) if one.name != PROJECT["name"]]


def run(*command: str | Path, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment that has the wheel, and beside it what is installed here."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    folder, place = home / "bin", home / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    pip = (sys.executable, "-m", "pip", "--python", folder / "python")
    done = run(*pip, "install", "--no-deps", "--no-index", "--disable-pip-version-check", wheel)
    assert done.returncode == 0, done.stderr
    (place / "tested.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder far from the checkout, which nothing leads back to."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_wheel_holds_the_checkpoint_the_page_and_its_examples_and_nothing_of_the_checkout(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = run("git", "ls-files", "vqathinker", cwd=ROOT).stdout.split()
    assert tracked and set(tracked) <= names
    manifest = json.loads((ROOT / "examples" / "manifest.json").read_text(encoding="utf-8"))
    for example in manifest:
        stem = Path(example["file"]).stem
        for name in (example["file"], example["poster"], f"records/{stem}.json"):
            assert f"vqathinker/examples/{name}" in names
    assert {name.split("/")[0] for name in names} == {"vqathinker", f"vqathinker-{vqathinker.__version__}.dist-info"}
    assert not [name for name in names if "screenshot" in name or name.endswith(".pyc")]


def test_the_console_script_says_its_version_without_loading_torch(scripts: Path, outside: Path):
    done = run(scripts / "vqathinker", "--version")
    assert (done.returncode, done.stdout) == (0, f"vqathinker {vqathinker.__version__}\n"), done.stderr
    asked = "import vqathinker, sys; print(vqathinker.__file__, 'torch' in sys.modules)"
    found, loaded = run(scripts / "python", "-c", asked).stdout.split()
    assert Path(found).is_relative_to(scripts.parent) and loaded == "False"


def test_the_installed_command_rates_with_the_bundled_model(scripts: Path, outside: Path, clip):
    done = run(scripts / "vqathinker", "rate", clip("plain.mp4"), "--json", env=os.environ | {"HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0, done.stderr
    assert 1 <= json.loads(done.stdout)["score"] <= 5


def test_the_installed_page_finds_its_examples(scripts: Path, outside: Path):
    asked = (
        "from vqathinker.space import Settings; from vqathinker.space.widgets.records import load_examples\n"
        "s = Settings(); print(s.examples, len(load_examples(s.examples)))"
    )
    folder, count = run(scripts / "python", "-c", asked).stdout.split()
    assert Path(folder).is_relative_to(scripts.parent) and int(count) == 8


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["ba"], ["batch"]),
        (["rate", "--prec"], ["--precision"]),
        (["rate", "--precision", "b"], ["bf16"]),
        (["rate", "cli"], ["clip.mp4"]),
    ],
)
def test_bash_completes_commands_options_choices_and_files(scripts: Path, outside: Path, words, wanted):
    (outside / "clip.mp4").touch()
    line = " ".join(f"'{word}'" for word in ["vqathinker", *words])
    script = (
        f'eval "$({scripts}/vqathinker completion bash)"; COMP_WORDS=({line}); COMP_CWORD={len(words)};'
        '_shtab_vqathinker vqathinker "${COMP_WORDS[COMP_CWORD]}"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = run("bash", "-c", script)
    assert done.stdout.split() == wanted, done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish", "tcsh"])
def test_the_other_shells_get_a_script_of_their_own(shell: str, capsys):
    from vqathinker.cli import main

    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(command in script for command in ("evaluate", "convert", "--protocol"))


def test_a_missing_extra_is_one_sentence_with_the_way_to_get_it(tmp_path: Path):
    (tmp_path / "gradio.py").write_text("raise ModuleNotFoundError('No module named gradio', name='gradio')\n")
    paths = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = run(sys.executable, "-m", "vqathinker", "serve", env=os.environ | paths, cwd=tmp_path)
    said = "vqathinker: the page needs gradio, which is not installed: pip install 'vqathinker[space]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_the_extras_of_the_contract_are_there():
    assert set(EXTRAS) >= {"space", "train", "mcp", "eval"}


@pytest.mark.parametrize("requirement", ALL, ids=str)
def test_the_tested_versions_fit_the_ranges(requirement: Requirement):
    assert requirement.specifier.contains(PINS[requirement.name.lower().replace("-", "_")])


def test_what_a_space_installs_is_within_the_ranges():
    pinned = {one.name: str(one.specifier) for one in requirements("requirements.txt")}
    shared = [one for one in ALL if pinned.get(one.name, "").startswith("==")]
    assert len(shared) > 8
    assert all(one.specifier.contains(pinned[one.name].removeprefix("==")) for one in shared)


def test_the_ranges_are_those_of_the_other_requirements_files():
    files = ("training/requirements.txt", "tests/requirements.txt")
    known = {one.name: one.specifier for file in files for one in requirements(file) if one.specifier}
    shared = {one.name: one.specifier for one in ALL if one.name in known and one.name != "trl"}
    assert len(shared) >= 3 and shared == {name: known[name] for name in shared}


def test_task_takes_the_same_pythons_as_the_package():
    """Its `find_python`, asked with interpreters that call themselves so."""
    low, high = (3, 11), (3, 13)
    versions = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert [tuple(map(int, version.split("."))) for version in versions] == [(3, minor) for minor in range(11, 14)]
    for minor in (10, 11, 12, 13, 14):
        fake = f"import sys; sys.version_info = (3, {minor}, 0)"
        condition = (ROOT / "task").read_text().split("import sys; sys.exit(", 1)[1].split(")'", 1)[0]
        code = run(sys.executable, "-c", f"{fake}; sys.exit({condition})").returncode
        assert code == (not low <= (3, minor) <= high)
