"""Pictures of probe videos: only those whose licence allows it, with the notices that must go along."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from tests.training.toys import write_built
from training.report.probe_pictures import PICTURE_SIDE, read_pictures, write_licences
from vqathinker.space.history.log import PICTURE


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """DATA_DIR and BUILT_DIR in which one clip and two pictures may be given on."""
    data, built = tmp_path / "data", tmp_path / "built"
    rows = write_built(data, built)
    free = {"clip0": "CC-BY-4.0", "picture0": "free with notice", "picture1": "free with notice"}
    rows = [row | {"redistributable": row["id"] in free, "licence": free.get(row["id"], "none stated")} for row in rows]
    (built / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (data / "clive" / "LICENSE.txt").write_text("NOTICE of the collection\n")
    return data, built


def test_what_may_be_shown_is_small_and_credited(places):
    found = read_pictures(["clip0", "clip1", "picture0", "nowhere"], *places)
    assert set(found) == {"clip0", "picture0"}
    assert found["clip0"].credit == "CC-BY-4.0" and "University of Texas" in found["picture0"].credit
    for picture in found.values():
        assert re.fullmatch(PICTURE, picture.address)
        with Image.open(io.BytesIO(base64.b64decode(picture.address.split(",")[1]))) as image:
            assert max(image.size) <= PICTURE_SIDE and image.width > image.height


def test_a_collection_without_its_notice_is_left_out(places):
    data, built = places
    (data / "clive" / "LICENSE.txt").unlink()
    assert set(read_pictures(["clip0", "picture0"], data, built)) == {"clip0"}


def test_every_notice_is_written_once_and_in_full(places, tmp_path: Path):
    write_licences(read_pictures(["clip0", "picture0", "picture1"], *places), tmp_path / "pictures.txt")
    text = (tmp_path / "pictures.txt").read_text(encoding="utf-8")
    assert text.count("NOTICE of the collection") == 1
    assert "clip0: CC-BY-4.0" in text and "picture1: LIVE In the Wild" in text
