import pytest

from training.data.build.sources import assign_splits, keep_for_grpo, load_contents, seeded_rng


def test_splits_hold_out_a_fifth_and_depend_on_the_seed_only():
    keys = [f"scene{i}" for i in range(50)]
    splits = assign_splits(keys, 0, "clips")
    assert sum(split == "val" for split in splits.values()) == 10
    assert splits == assign_splits(keys[::-1] + keys, 0, "clips")
    assert splits != assign_splits(keys, 1, "clips")


def test_copies_of_one_content_share_its_split(data_dir):
    contents = load_contents(data_dir, 0, "clips")
    assert {c.content for c in contents} == {"clips:park", "clips:room"}
    by_scene = {c.content: {d.split for d in contents if d.content == c.content} for c in contents}
    assert all(len(splits) == 1 for splits in by_scene.values())


def test_a_split_that_the_table_states_stands(tmp_path):
    (tmp_path / "clips").mkdir()
    lines = [f"{name}.mp4,{name},CC0-1.0,160,96,24,{split}" for name, split in (("a", "val"), ("b", "test"), ("c", ""))]
    (tmp_path / "clips/clips.csv").write_text("\n".join(["file,scene,licence,width,height,fps,split", *lines]))
    given = {content.content: content.split for content in load_contents(tmp_path, 0, "clips")}
    assert given["clips:a"] == "val" and given["clips:b"] == "test" and given["clips:c"] in ("train", "val")


def test_columns_are_read(data_dir):
    picture = load_contents(data_dir, 0, "avt_uhd")[0]
    assert (picture.crf, picture.enc_height, picture.mos, picture.mos_std) == (4, 144, 1.4, 0.5)
    assert not load_contents(data_dir, 0, "photos")[1].redistributable
    assert load_contents(data_dir, 0, "clips")[0].redistributable


def test_a_missing_table_is_one_clear_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no clips/clips.csv"):
        load_contents(tmp_path, 0, "clips")


def test_seeded_rng_is_the_same_everywhere():
    assert seeded_rng(0, "op", "a").integers(10**9) == seeded_rng(0, "op", "a").integers(10**9)
    assert seeded_rng(0, "op", "a").integers(10**9) != seeded_rng(0, "op", "b").integers(10**9)


def test_grpo_keeps_whole_training_contents_and_leaves_validation_alone():
    rows = [
        {"group": group, "content": f"{group}{index // 3}", "split": "val" if index % 15 < 3 else "train"}
        for group in ("clive", "clips", "biq2021")
        for index in range(150)
    ]
    before = [row["split"] for row in rows]
    keep_for_grpo(rows, {"clive": 0.12, "clips": 0.5, "photos": 0.5}, 0)
    for group, share in (("clive", 0.12), ("clips", 0.5), ("biq2021", 0)):
        kept = {row["content"] for row in rows if row["group"] == group and row["split"] == "grpo"}
        assert len(kept) == round(share * 40)
        assert all(row["split"] == "grpo" for row in rows if row["content"] in kept)
    assert all((row["split"] == "val") == (old == "val") for row, old in zip(rows, before, strict=True))


def test_the_only_content_of_a_group_stays_with_the_start():
    rows = [{"group": "clips", "content": "park", "split": "train"}]
    keep_for_grpo(rows, {"clips": 0.12}, 0)
    assert rows[0]["split"] == "train"


def write_biq(folder, rows: list[tuple[str, str, str, str]]) -> None:
    (folder / "biq2021").mkdir()
    lines = [f"{file},3.5,{split},{subset},{content},512,512" for file, split, subset, content in rows]
    (folder / "biq2021/labels.csv").write_text("\n".join(["file,mos,split,subset,content,width,height", *lines]) + "\n")


def test_the_official_test_pictures_stay_apart_and_each_part_gives_a_tenth_to_validation(tmp_path):
    rows = [
        (f"{subset} ({k}).jpg", "test" if k % 5 == 0 else "train", subset, f"{subset} {k // 2}")
        for subset in ("ss02", "ss03")
        for k in range(100)
    ]
    write_biq(tmp_path, rows)
    contents = load_contents(tmp_path, 0, "biq2021")
    assert [c.split == "test" for c in contents] == [split == "test" for _, split, *_ in rows]
    official = {c.path for c in contents if c.split == "test"}
    for subset in ("ss02", "ss03"):
        others = [c for c in contents if f"/{subset}" in c.path and c.split != "test"]
        keys = {c.content for c in others}
        held_out = {c.content for c in others if c.split == "val"}
        assert len(held_out) == round(0.1 * len(keys))
        assert not held_out & {c.content for c in others if c.split == "train"}
    manifest = [{"group": c.group, "content": c.content, "split": c.split, "path": c.path} for c in contents]
    keep_for_grpo(manifest, {"biq2021": 0.56}, 0)
    assert {row["path"] for row in manifest if row["split"] == "test"} == official
    kept, start = ({row["content"] for row in manifest if row["split"] == split} for split in ("grpo", "train"))
    assert kept and start and not kept & start
    assert not any(c.redistributable for c in contents)
