import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.training.data.repositories import picture, repository
from training.data.build.sources import load_contents
from training.data.fetch import rated
from training.data.fetch import run as fetch


@pytest.fixture
def few(monkeypatch):
    """Two pictures of each set belong to the training data."""
    names = {"clive.csv": ("3", "t1"), "avt_uhd.csv": ("Sea.mov_1frame_crf_03_height_0864", "Sky_crf_21_height_0320")}
    monkeypatch.setattr(rated, "read_table", lambda table: [{"file": f"{name}.jpg"} for name in names[table]])


@pytest.fixture
def challenge(tmp_path):
    """LIVE In the Wild in small, as its page gives it out: t1 and 3 are ours, 5 is kept for the final test."""
    folder = tmp_path / "ChallengeDB_release"
    (folder / "Images/trainingImages").mkdir(parents=True)
    (folder / "Data").mkdir()
    (folder / "Images/trainingImages/t1.bmp").write_bytes(picture(1, kind="BMP"))
    (folder / "Images/3.bmp").write_bytes(picture(2, kind="BMP"))
    (folder / "Images/5.JPG").write_bytes(picture(3))
    names = np.array([["t1.bmp"], ["3.bmp"], ["5.JPG"]], dtype=object)
    for name, value in zip(rated.CLIVE_TABLES, (names, [[25.0, 50.0, 75.0]], [[10.0, 20.0, 30.0]]), strict=True):
        savemat(folder / f"Data/{name}.mat", {name: value})
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_clive_comes_from_a_folder_or_an_archive(few, challenge, tmp_path, packed):
    source = challenge
    if packed:
        source = tmp_path / "challenge.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for path in challenge.rglob("*.*"):
                archive.write(path, path.relative_to(tmp_path))
    fetch.main([str(tmp_path / "data"), "--part", "clive", "--from", str(source)])
    contents = load_contents(tmp_path / "data", 0, "clive")
    assert [(c.path, c.mos, c.mos_std) for c in contents] == [("clive/3.jpg", 3.0, 0.8), ("clive/t1.jpg", 2.0, 0.4)]
    assert (contents[0].width, contents[0].height) == (64, 48)
    assert not (tmp_path / "data/clive/5.jpg").exists()


def test_clive_without_a_download_says_where_the_form_is(tmp_path):
    with pytest.raises(SystemExit, match="given out on https://live.* after a form.*--from clive=FOLDER"):
        fetch.main([str(tmp_path), "--part", "clive"])
    with pytest.raises(SystemExit, match="is not LIVE In the Wild"):
        fetch.main([str(tmp_path), "--part", "clive", "--from", str(tmp_path)])
    with pytest.raises(SystemExit, match="there is no "):
        fetch.main([str(tmp_path), "--part", "clive", "--from", f"clive={tmp_path / 'nowhere'}"])


def test_avt_takes_its_own_sources_and_reduces_large_pictures(few, tmp_path, capsys):
    header = "image_name,mos,ci,std,image,vmaf"
    sea, kept = "Sea.mov_1frame_crf_03_height_0864", "Kept_crf_03_height_0864"
    lines = [header, f"{sea},3.09523,0.7,0.76842,{sea},96.55", f"{kept},2.0,0.7,0.5,{kept},50.0"]
    files = {rated.AVT_LABELS: "\n".join(lines).encode()}
    files |= {f"test_1/images/{name}.png": picture(4, (864, 864), "PNG") for name in (sea, kept)}
    source = repository(tmp_path / "avt", files)
    fetch.main([str(tmp_path / "data"), "--part", "avt_uhd", "--from", str(source)])
    assert "avt_uhd: 1 of 2 pictures could not be had" in capsys.readouterr().out
    (content,) = load_contents(tmp_path / "data", 0, "avt_uhd")
    assert (content.content, content.crf, content.enc_height, content.mos) == ("avt_uhd:Sea.mov_1frame", 3, 864, 3.0952)
    assert (content.vmaf, content.mos_std, content.width) == (96.55, 0.7684, 720)
    with Image.open(tmp_path / "data" / content.path) as image:
        assert image.size == (720, 720)
