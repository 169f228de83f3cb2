import csv

import pytest

from tests.training.data.repositories import lose, picture, repository
from training.data import biq_facts
from training.data.build.sources import load_contents
from training.data.fetch import biq
from training.data.fetch import run as fetch
from training.data.fetch.git_files import open_git
from training.data.tables import read_table

TRAIN = {"ss01 (1)": 0.5, "ss01 (2)": 0.25, "ss01 (10)": 0.1, "ss02 (1014)": 1.0, "ss03 (7)": 0.0, "ss03 (8)": 0.75}
TEST = {"ss01 (3)": 0.2, "ss03 (9)": 0.9}


def table(labels: dict[str, float]) -> bytes:
    lines = ["\ufeffImage Name,MOS,,", *(f"{name}.jpg,{mos},," for name, mos in labels.items()), ",,,"]
    return "\r\n".join(lines).encode()


@pytest.fixture
def source(tmp_path):
    names = [*TRAIN, *TEST]
    files = {f"Images/{name}.jpg": picture(index) for index, name in enumerate(names) if name != "ss02 (1014)"}
    files |= {"Images/ss02 (1014).JPG": picture(99, (20, 30))}
    files |= {biq.LABELS["train"]: table(TRAIN), biq.LABELS["test"]: table(TEST)}
    return repository(tmp_path / "BIQ2021", files)


def rows(data_dir) -> dict[str, dict[str, str]]:
    with (data_dir / "biq2021/labels.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_the_command_writes_pictures_and_labels(source, tmp_path, scheme):
    data = tmp_path / "data"
    fetch.main([str(data), "--part", "biq2021", "--from", f"{scheme}{source}"])
    found = rows(data)
    assert {name: float(row["mos"]) for name, row in found.items()} == {
        f"{name}.jpg": pytest.approx(1 + 4 * mos) for name, mos in {**TRAIN, **TEST}.items()
    }
    assert {name for name, row in found.items() if row["split"] == "test"} == {f"{name}.jpg" for name in TEST}
    assert (found["ss02 (1014).jpg"]["width"], found["ss02 (1014).jpg"]["height"]) == ("20", "30")
    assert (data / "biq2021/ss01 (1).jpg").read_bytes() == picture(0)
    assert found["ss01 (1).jpg"]["content"] == found["ss01 (3).jpg"]["content"] == "ss01 ball"
    assert found["ss01 (10).jpg"]["content"] != "ss01 ball" and found["ss03 (8).jpg"]["content"] == "ss03 (8)"
    assert {path.suffix for path in (data / "biq2021").iterdir()} == {".jpg", ".csv"}


def test_what_is_there_is_not_written_again(source, tmp_path, capsys):
    files, folder = open_git(str(source), tmp_path), tmp_path / "biq2021"
    lose(source, "Images/ss03 (8).jpg")
    biq.write_biq(open_git(str(source), tmp_path), folder)
    assert "lacks 1 of 8 pictures: ss03 (8).jpg" in capsys.readouterr().out
    assert "ss03 (8).jpg" not in rows(tmp_path) and len(rows(tmp_path)) == 7
    (folder / "ss03 (8).jpg").write_bytes(picture(3))
    before = (folder / "ss01 (1).jpg").stat().st_mtime_ns
    biq.write_biq(files, folder)
    assert len(rows(tmp_path)) == 8 and (folder / "ss01 (1).jpg").stat().st_mtime_ns == before


def test_official_test_pictures_are_neither_trained_on_nor_chosen_by(source, tmp_path):
    biq.write_biq(open_git(str(source), tmp_path), tmp_path / "biq2021")
    contents = load_contents(tmp_path, 0, "biq2021")
    assert {c.path for c in contents if c.split == "test"} == {f"biq2021/{name}.jpg" for name in TEST}
    by_content = {}
    for content in (c for c in contents if c.split != "test"):
        by_content.setdefault(content.content, set()).add(content.split)
    assert all(len(splits) == 1 for splits in by_content.values())
    assert {"val", "train"} == set.union(*by_content.values())
    assert all(c.mos is not None and not c.redistributable for c in contents)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"ss01 (1)": 1.2}, r"line 2: 'ss01 \(1\).jpg', '1.2' is not a picture's name and a MOS in 0..1"),
        ({"ss01 (1)": "good"}, "line 2"),
        ({"../ss01 (1)": 0.5}, "line 2"),
        ({**TRAIN, "ss03 (9)": 0.3}, r"ss03 \(9\).jpg stands twice"),
    ],
)
def test_bad_tables_are_one_sentence(tmp_path, bad, words):
    files = {biq.LABELS["train"]: table(bad), biq.LABELS["test"]: table(TEST), "Images/ss01 (1).jpg": picture(0)}
    source = repository(tmp_path / "bad", files)
    with pytest.raises(SystemExit, match=words):
        fetch.main([str(tmp_path / "data"), "--part", "biq2021", "--from", str(source)])
    assert not (tmp_path / "data/biq2021/labels.csv").exists()


def test_another_repository_and_a_broken_picture_are_one_sentence(source, tmp_path):
    other = repository(tmp_path / "other", {"README": b"hello"})
    with pytest.raises(SystemExit, match="is not BIQ2021: it has no file 'Train"):
        fetch.main([str(tmp_path), "--part", "biq2021", "--from", str(other)])
    (tmp_path / "biq2021").mkdir(exist_ok=True)
    (tmp_path / "biq2021/ss01 (2).jpg").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match=r"ss01 \(2\).jpg is no picture: delete it"):
        fetch.main([str(tmp_path), "--part", "biq2021", "--from", str(source)])


def test_scenes_and_copies_of_the_real_set():
    firsts = [int(row["first"]) for row in read_table("biq2021_scenes.csv")]
    assert firsts[0] == 1 and firsts == sorted(set(firsts)) and firsts[-1] <= 2000
    found = biq.places(f"{subset} ({i}).jpg" for subset, n in (("ss01", 2000), ("ss02", 2000)) for i in range(1, n + 1))
    scenes = {place["content"] for place in found.values() if place["subset"] == "ss01"}
    assert 140 <= len(scenes) <= 160
    for first, again in ((618, 998), (518, 975), (1861, 1802), (126, 440)):
        assert found[f"ss01 ({first}).jpg"]["content"] == found[f"ss01 ({again}).jpg"]["content"]
    for row in read_table("biq2021_twins.csv"):
        assert biq.BIQ_NAME.fullmatch(row["file"]) and (
            not row["copy_of"] or biq.BIQ_NAME.fullmatch(row["copy_of"] + ".jpg")
        )


def test_facts_count_leaks_and_the_noise_of_copies():
    def row(number: int, mos: float, split: str, copy_of: str = "") -> dict:
        base = {"file": f"ss01 ({number}).jpg", "mos": mos, "split": split, "subset": "ss01"}
        return base | {"content": "ball" if number < 5 else f"alone {number}", "copy_of": copy_of}

    labels = [row(1, 2.0, "train", "a"), row(2, 3.0, "test", "a"), row(3, 2.5, "test"), row(4, 2.1, "train")]
    labels.append(row(9, 4.0, "test"))
    assert biq_facts.leaks(labels) == ["ss01: 3 test pictures, 2 share a scene with training, 1 a picture"]
    assert biq_facts.pairs(labels, "copy_of")["ss01"].tolist() == [-1.0]
    assert biq_facts.pairs(labels, "content")["ss01"].tolist() == pytest.approx([0.4])
