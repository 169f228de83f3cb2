import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import texture
from training.data.build.pictures import MINDED_MOS, measured_defects, picture_rows, table_defects
from training.data.build.sources import Content, load_contents
from training.data.measure import measure_frame


def visible(frame: np.ndarray) -> dict[str, str]:
    return {name: severity for name, severity in measured_defects(measure_frame(frame)) if severity}


@pytest.fixture
def frame() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.clip(texture(rng, 256, 256) + rng.normal(0, 8, (256, 256, 3)), 0, 255).astype(np.uint8)


def test_a_normal_picture_has_no_defect_named(frame):
    assert visible(frame) == {}


def test_a_very_dark_picture_is_underexposed(frame):
    assert visible((frame * 0.12).astype(np.uint8))["underexposure"] in ("noticeable", "severe")


def test_a_flat_picture_has_low_contrast(frame):
    assert visible((100 + 0.2 * frame).astype(np.uint8))["low_contrast"] in ("noticeable", "severe")


def test_a_burnt_out_picture_is_overexposed(frame):
    assert "overexposure" in visible(np.clip(frame * 2.5, 0, 255).astype(np.uint8))


def test_eight_pixel_blocks_are_compression(frame):
    blocks = frame.reshape(32, 8, 32, 8, 3).mean(axis=(1, 3), keepdims=True).repeat(8, 1).repeat(8, 3)
    assert visible(blocks.reshape(256, 256, 3).astype(np.uint8))["compression"] == "severe"


def test_avt_pictures_take_size_and_crf_from_their_table():
    content = Content("avt_uhd/1.jpg", "avt_uhd", "avt_uhd:1", "train", 300, 300, mos=1.2, crf=40, vmaf=9.0)
    assert dict(table_defects(content)) == {"low_resolution": "noticeable", "compression": "severe"}


def test_what_people_did_not_mind_is_no_defect_however_dark_it_is(frame, tmp_path):
    (tmp_path / "biq2021").mkdir()
    Image.fromarray((frame * 0.1).astype(np.uint8)).save(tmp_path / "biq2021/dark.png")

    def named(mos: float) -> list[str]:
        content = Content("biq2021/dark.png", "biq2021", "biq2021:dark", "train", 256, 256, mos=mos)
        [row] = picture_rows(tmp_path, [content], seed=0)
        assert (row["mos"], row["kind"], row["root"]) == (mos, "human", "data")
        return [defect["name"] for defect in row["defects"]]

    assert "underexposure" in named(MINDED_MOS - 0.1)
    assert named(MINDED_MOS) == named(4.5) == []


def test_two_processes_make_the_rows_of_one(data_dir):
    contents = [c for group in ("clive", "avt_uhd", "biq2021") for c in load_contents(data_dir, 0, group)]
    rows = picture_rows(data_dir, contents, seed=0)
    assert picture_rows(data_dir, contents, seed=0, jobs=2) == rows
    assert [row["path"] for row in rows] == [content.path for content in contents]


def test_a_frame_too_small_to_measure_is_refused():
    with pytest.raises(ValueError, match="8x8 pixels"):
        measure_frame(np.zeros((8, 8, 3), np.uint8))
