import pytest

from tests.training.data.repositories import git, lose, repository
from training.data.fetch.git_files import open_git

FILES = {"a/one é.txt": b"one\n", "two.bin": bytes(range(256)) * 300, "three.txt": b""}


@pytest.fixture
def source(tmp_path):
    return repository(tmp_path / "source", FILES)


def test_a_work_tree_and_a_bare_folder_are_read(source, tmp_path):
    git("clone", "--quiet", "--bare", str(source), str(tmp_path / "bare"), cwd=tmp_path)
    for folder in (source, tmp_path / "bare"):
        files = open_git(str(folder), tmp_path / "cache")
        assert set(files.oids) == set(FILES) and not files.absent()
        assert dict(files.read([*FILES, "never there"])) == FILES
    assert not (tmp_path / "cache").exists()


def test_a_url_brings_only_what_is_asked_for_and_is_cloned_once(source, tmp_path):
    url, cache = f"file://{source}", tmp_path / "cache"
    files = open_git(url, cache)
    assert files.absent() == set(files.oids.values())
    assert dict(files.read(["a/one é.txt", "three.txt"])) == {"a/one é.txt": b"one\n", "three.txt": b""}
    assert files.absent() == {files.oids["two.bin"]}
    source.rename(tmp_path / "elsewhere")
    again = open_git(url, cache)
    assert dict(again.read(["three.txt"])) == {"three.txt": b""}
    with pytest.raises(ValueError, match="the files did not come: "):
        list(again.read(["two.bin"]))
    assert [path.name for path in cache.iterdir() if path.name.startswith(".")] == []


def test_what_a_partial_copy_lacks_is_left_out(source, tmp_path):
    lose(source, "two.bin")
    files = open_git(str(source), tmp_path)
    assert files.absent() == {files.oids["two.bin"]}
    assert set(dict(files.read(FILES))) == set(FILES) - {"two.bin"}


@pytest.mark.parametrize("where", ["file:///nowhere/at/all", "nowhere", "."])
def test_no_repository_is_one_sentence(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="cannot be cloned|neither the URL nor the folder") as caught:
        open_git(where, tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert not any((tmp_path / "cache").glob("*"))
