import pytest

from training.data.fetch import run as fetch


def test_every_part_that_fails_is_told_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def one(part, data_dir, given):
        if part in ("clips", "clive"):
            raise ValueError(f"no {part}\nhere")
        return data_dir / part

    monkeypatch.setattr(fetch, "fetch_part", one)
    with pytest.raises(SystemExit) as ended:
        fetch.main([str(tmp_path)])
    assert str(ended.value) == "training.data.fetch: clips: no clips here; clive: no clive here"
    assert capsys.readouterr().out.split() == [str(tmp_path / part) for part in ("biq2021", "avt_uhd", "photos")]


def test_sources_are_named_or_belong_to_the_only_part(tmp_path):
    assert fetch._given(["/some/folder"], "biq2021") == {"biq2021": "/some/folder"}
    assert fetch._given(["https://host/x?a=b"], "biq2021") == {"biq2021": "https://host/x?a=b"}
    assert fetch._given(["a/b=/c", "clive=/d"], None) == {"a/b": "/c", "clive": "/d"}
    with pytest.raises(SystemExit, match="--from /some/folder: write NAME=SOURCE, or name one --part"):
        fetch.main([str(tmp_path), "--from", "/some/folder"])
