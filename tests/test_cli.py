"""The command line as a shell sees it: what it prints, where, and with which exit code."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import vqathinker
from tests import clips, raters
from tests.browser.app import hear_ctrl_c
from tests.model.tiny_models import make_model, make_processor
from tests.rating.test_ask import make_rater
from vqathinker.cli import main
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import Rater, score_word

KEYS = {
    "file", "score", "expected", "greedy", "interval", "reasoning", "text", "defects", "frames", "rollouts", "spread",
    "model", "precision", "timings", "notes", "novelty",
}  # fmt: skip
REPOSITORY = Path(vqathinker.__file__).parent.parent


@pytest.fixture(autouse=True)
def load_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real model, but loaded once for all the commands that run in this process and ask for it by default."""
    load = vqathinker.load_rater

    def load_or_take(*wanted, **how):
        return raters.tiny() if wanted == ("tiny", "auto") and not how else load(*wanted, **how)

    monkeypatch.setattr(vqathinker, "load_rater", load_or_take)


def shell(*arguments: str | Path, **options) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(
        [sys.executable, "-m", "vqathinker", *map(str, arguments)],
        cwd=REPOSITORY, text=True, preexec_fn=hear_ctrl_c, **pipes,
    )  # fmt: skip


def test_help_does_not_wait_for_torch():
    check = "import sys; from vqathinker import cli; cli.build_parser().format_help(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_shell_gets_json_and_nothing_else(clip):
    process = shell("rate", clip("plain.mp4"), "--json")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    rating = json.loads(out)
    assert set(rating) == KEYS
    assert rating["file"] == str(clip("plain.mp4")) and rating["model"] == "tiny"
    assert rating["score"] == round(raters.tiny().rate(clip("plain.mp4")).score, 4)
    assert 1 <= rating["expected"] <= 5 and 1 <= rating["greedy"] <= 5
    assert [set(frame) for frame in rating["frames"]] == [{"index", "time_s"}] * 6
    assert set(rating["timings"]) == {"decode_s", "encode_s", "first_token_s", "total_s"}


def test_a_shell_gets_one_line_and_no_traceback_for_a_missing_file():
    process = shell("rate", "no-such-video.mp4")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (1, "", "vqathinker: no-such-video.mp4 does not exist.\n")


@pytest.mark.parametrize("arguments", ["--help", "compare {0} {0} --rollouts 2", "rate {0}"])
def test_nobody_has_to_read_what_is_printed(clip, arguments: str):
    command = f"{sys.executable} -m vqathinker {arguments.format(clip('plain.mp4'))}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for target, told in (("| true", ""), ("> /dev/full", "No space left")):
        done = subprocess.run(
            ["bash", "-c", f"{command} {target}; exit ${{PIPESTATUS[0]}}"],
            cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1, 2), done.stderr
        assert "Traceback" not in done.stderr and "ignored" not in done.stderr and told in done.stderr


def test_a_name_that_is_no_text_is_rated_and_printed(clip, tmp_path: Path):
    name = os.fsencode(tmp_path) + b"/bad\xffname.mp4"
    os.symlink(os.fsencode(clip("plain.mp4")), name)
    process = shell("rate", os.fsdecode(name), env=os.environ | {"PYTHONIOENCODING": "utf-8"})
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert r"bad\udcffname.mp4" in out


def test_ctrl_c_ends_a_run_without_a_traceback(tmp_path: Path, clip):
    for number in range(40):
        (tmp_path / f"{number}.mp4").symlink_to(clip("plain.mp4"))
    process = shell("batch", tmp_path, "--out", tmp_path / "out.csv")
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert first.startswith("[1/40]") and process.returncode == 130
    assert err.splitlines()[-1] == "vqathinker: stopped" and "Traceback" not in err
    with open(tmp_path / "out.csv", newline="") as table:
        assert 1 <= len(list(csv.DictReader(table))) < 40


def test_rate_prints_reasoning_score_word_and_the_same_thing_again(capsys, clip):
    assert main(["rate", str(clip("plain.mp4"))]) == 0
    first = capsys.readouterr()
    assert main(["rate", str(clip("plain.mp4"))]) == 0
    second = capsys.readouterr()
    rating = raters.tiny().rate(clip("plain.mp4"))
    assert first.err == second.err == ""
    assert rating.reasoning in first.out
    assert f"{rating.score:.2f}  {score_word(rating.score)}" in first.out
    assert "<" not in first.out
    without_times = [[line for line in out.splitlines() if "decoded in" not in line] for out in (first.out, second.out)]
    assert without_times[0] == without_times[1]


def test_the_released_protocol_gives_the_number_that_was_written(capsys, clip, tmp_path: Path):
    path, rating = str(clip("plain.mp4")), raters.tiny().rate(clip("plain.mp4"))
    assert main(["rate", path, "--json", "--protocol", "released"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["score"] == told["greedy"] == rating.greedy and f"<answer>{rating.greedy:.2f}</answer>" in told["text"]
    assert main(["rate", path]) == 0
    assert f"greedy {rating.greedy:.2f}, expected {rating.expected:.2f})" in capsys.readouterr().out
    out = str(tmp_path / "ratings.csv")
    assert main(["batch", path, "--out", out, "--protocol", "released"]) == 0
    capsys.readouterr()
    assert main(["batch", path, "--out", out]) == 2
    assert "was written with the model tiny (released)" in capsys.readouterr().err
    assert main(["batch", path, "--out", out, "--protocol", "released"]) == 0
    with pytest.raises(SystemExit):
        main(["rate", path, "--protocol", "paper"])


def test_a_bad_file_among_good_ones_does_not_stop_the_rest(capsys, clip):
    files = [clip("plain.mp4"), clip("text.mp4"), clip("one_frame.mp4")]
    assert main(["rate", "--json", "--rollouts", "2", *map(str, files)]) == 1
    done = capsys.readouterr()
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [one["file"] for one in told] == list(map(str, files))
    assert [len(one.get("rollouts", ())) for one in told] == [2, 0, 2]
    assert set(told[1]) == {"file", "error"} and "is a text file" in told[1]["error"]
    assert done.err == "vqathinker: text.mp4 is a text file, not a video.\n"


@pytest.mark.parametrize("name", clips.BAD)
def test_every_kind_of_bad_file_is_one_line_and_exit_code_1(capsys, clip, name: str):
    assert main(["rate", str(clip(name))]) == 1
    done = capsys.readouterr()
    assert done.out == ""
    assert len(done.err.splitlines()) == 1 and clips.BAD[name][1] in done.err


def test_a_folder_is_not_a_video(capsys, tmp_path: Path):
    assert main(["rate", str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    ["", "rat", "rate", "rate a.mp4 --precision fp64", "rate a.mp4 --rollouts -1",
     "compare a b --rollouts 1", "batch x", "evaluate x.csv", "evaluate x.csv --videos v --seed -1",
     "serve --port high", "serve --port 0"],
)  # fmt: skip
def test_bad_usage_is_exit_code_2(capsys, arguments: str):
    with pytest.raises(SystemExit) as stop:
        main(arguments.split())
    assert stop.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_compare_takes_two_videos_or_two_models(capsys):
    for words in (["compare", "a.mp4"], ["compare", "a.mp4", "b.mp4", "--beside-model", "8b"]):
        assert main(words) == 2
        assert "two videos, or one video and --beside-model" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_bad_usage(capsys, clip):
    assert main(["rate", str(clip("plain.mp4")), "--model", "no-such-model"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "no-such-model" in err
    assert main(["rate", str(clip("plain.mp4")), "--model", "x" * 300]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_compare_gives_both_ratings_and_a_probability(capsys, clip):
    a, b = str(clip("plain.mp4")), str(clip("odd.mp4"))
    assert main(["compare", a, b, "--json", "--rollouts", "3"]) == 0
    result = json.loads(capsys.readouterr().out)
    sides = raters.tiny().compare(a, b, rollouts=3)
    assert result["probability_first_better"] == round(sides.probability_first_better, 4)
    assert set(result) == {"probability_first_better", "first", "second"}
    assert 0 <= result["probability_first_better"] <= 1
    assert (result["first"]["file"], result["second"]["file"]) == (a, b)
    assert main(["compare", a, b, "--rollouts", "3"]) == 0
    assert f"probability of {result['probability_first_better']:.0%}" in capsys.readouterr().out
    assert main(["compare", a, "missing.mp4"]) == 1


def test_a_comparison_by_calibrated_errors_needs_no_readable_sampled_answer(capsys, clip, monkeypatch):
    processor = make_processor()
    model = make_model(processor, seed=2)  # what it writes holds no answer
    model.config.calibration = {"factor": 1.2, "floor": 0.3}
    rater = Rater(LoadedModel(model, processor, "calibrated", "fp32"), max_new_tokens=20)
    monkeypatch.setattr(vqathinker, "load_rater", lambda *wanted: rater)
    a, b = str(clip("plain.mp4")), str(clip("odd.mp4"))
    assert main(["compare", a, b, "--rollouts", "2"]) == 0
    told = capsys.readouterr().out
    assert "spread" not in told and "A is better with a probability of" in told
    assert main(["rate", a]) == 0
    low, high = rater.rate(a).interval
    assert f"(90 % interval {low:.2f} to {high:.2f}, greedy 3.00" in capsys.readouterr().out


def test_batch_writes_the_table_and_goes_on(capsys, clip, tmp_path: Path):
    files, out = [str(clip("plain.mp4")), str(clip("empty.mp4"))], str(tmp_path / "ratings.csv")
    assert main(["batch", *files, "--out", out]) == 1
    assert "1 rated, 1 failed, 0 already in" in capsys.readouterr().err
    assert main(["batch", *files, str(clip("odd.mp4")), "--out", out]) == 1
    assert "1 rated, 1 failed, 1 already in" in capsys.readouterr().err
    with open(out, newline="") as table:
        rows = list(csv.DictReader(table))
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert main(["batch", files[0], "--out", out]) == 0
    assert "0 rated, 0 failed, 1 already in" in capsys.readouterr().err
    assert main(["batch", str(tmp_path), "--out", out]) == 2
    assert "no video or image files" in capsys.readouterr().err


def test_a_failed_file_is_a_json_line_too(capsys, clip):
    files = [str(clip("plain.mp4")), str(clip("empty.mp4")), "missing.mp4"]
    assert main(["rate", *files, "--json"]) == 1
    printed = capsys.readouterr()
    good, empty, missing = map(json.loads, printed.out.splitlines())
    assert [line["file"] for line in (good, empty, missing)] == files and "score" in good
    assert empty == {"file": files[1], "error": "empty.mp4 is empty (zero bytes)."}
    assert missing["error"] == "missing.mp4 does not exist." and len(printed.err.splitlines()) == 2
    assert main(["rate", "missing.mp4", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == missing


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("-", "Standard input cannot be rated"),
        ("https://host/a.mp4", "https://host/a.mp4 is a web"),
        ("", "The name of a file is empty."),
    ],
)
def test_what_is_no_file_is_answered(capsys, tmp_path: Path, name: str, said: str):
    for command in (["rate", name], ["compare", name, name], ["batch", name, "--out", str(tmp_path / "out.csv")]):
        assert main(command) == 1
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told


def test_batch_goes_on_in_the_precision_of_its_table(capsys, clip, tmp_path: Path):
    files, out = [str(clip("plain.mp4")), str(clip("odd.mp4"))], str(tmp_path / "ratings.csv")
    assert main(["batch", files[0], "--out", out, "--precision", "bf16"]) == 0
    assert main(["batch", *files, "--out", out]) == 0
    with open(out, newline="") as table:
        assert [row["precision"] for row in csv.DictReader(table)] == ["bf16", "bf16"]
    capsys.readouterr()
    assert main(["batch", *files, "--out", out, "--precision", "fp32"]) == 2
    assert "in bf16; choose another file" in capsys.readouterr().err


def test_batch_rates_as_many_at_a_time_as_it_is_told(capsys, clip, tmp_path: Path):
    files, scores = [str(clip(name)) for name in ("plain.mp4", "odd.mp4", "portrait.mp4")], []
    for number, options in enumerate((["--batch", "1", "--jobs", "1"], ["--batch", "3", "--jobs", "2"])):
        out = tmp_path / f"{number}.csv"
        assert main(["batch", *files, "--out", str(out), *options]) == 0
        with out.open(newline="") as table:
            scores.append([row["score"] for row in csv.DictReader(table)])
    assert scores[0] == scores[1] and len(scores[0]) == 3
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["batch", *files, "--out", "x.csv", "--batch", "0"])
    assert "is not between 1 and 256" in capsys.readouterr().err


def test_ask_is_refused_by_the_tiny_model_in_one_sentence(capsys, clip):
    assert main(["ask", str(clip("plain.mp4")), "Does it stutter?"]) == 2
    done = capsys.readouterr()
    assert done.out == "" and done.err == (
        "vqathinker: tiny can only rate a video, not answer questions; 8b, visualquality-r1, q-insight can\n"
    )


def test_ask_prints_the_answer_or_json(capsys, clip, monkeypatch):
    talker = make_rater("official_inference")
    monkeypatch.setattr(vqathinker, "load_rater", lambda *wanted: talker)
    command = ["ask", str(clip("plain.mp4")), "Does it stutter?", "--model", "talker"]
    assert main([*command, "--json"]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert main(command) == 0
    assert capsys.readouterr().out == f"{reply['answer']}\n"
    assert main([*command[:2], " ", *command[3:]]) == 2
    assert "there is no question" in capsys.readouterr().err


def test_a_device_that_is_not_there_is_bad_usage(capsys, clip):
    assert main(["rate", str(clip("plain.mp4")), "--device", "cuda:99"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_evaluate_leaves_out_what_cannot_be_rated_and_says_so(capsys, clip, tmp_path: Path):
    names = ["plain.mp4", "odd.mp4", "portrait.mp4", "text.mp4"]
    folder = os.path.commonpath([clip(name) for name in names])
    labels, out = tmp_path / "labels.csv", tmp_path / "report.json"
    labels.write_text("file,mos\n" + "".join(f"{name},{mos}\n" for mos, name in enumerate([*names, "gone.mp4"], 1)))
    assert main(["evaluate", str(labels), "--videos", folder, "--out", str(out)]) == 0
    done, report = capsys.readouterr(), json.loads(out.read_text())
    assert "3 rated, 2 left out" in done.out and "SRCC" in done.out
    assert [entry["file"] for entry in report["not_rated"]] == ["text.mp4", "gone.mp4"]
    assert all(entry["file"] in done.err for entry in report["not_rated"])
    errors = [abs(entry["score"] - entry["mos"]) for entry in report["ratings"]]
    assert report["metrics"]["score"]["mae"]["value"] == pytest.approx(sum(errors) / 3, abs=1e-4)
    assert report["protocol"] == "default"
    official = tmp_path / "labels.json"
    official.write_text(json.dumps({"annotations": [{"image_id": "gone.mp4", "score": 3}]}))
    capsys.readouterr()
    assert main(["evaluate", str(official), "--videos", folder]) == 1
    said = capsys.readouterr().err  # told before a model is loaded, in one line
    assert said.startswith("vqathinker: the labelled file is not there: ") and said.count("\n") == 1
    assert main(["evaluate", str(out), "--videos", folder]) == 2
    assert main(["evaluate", str(labels), "--videos", str(labels)]) == 2
    capsys.readouterr()
    for place in (tmp_path, tmp_path / "no" / "report.json"):  # told before anything is rated
        assert main(["evaluate", str(labels), "--videos", folder, "--out", str(place)]) == 2
        assert capsys.readouterr().err == f"vqathinker: the report {place} cannot be written\n"


def test_a_benchmark_by_its_name_from_the_command_line(capsys, clip, tmp_path: Path):
    videos, out = tmp_path / "videos", tmp_path / "report.json"
    videos.mkdir()
    for name in ("A001", "A002", "A003"):
        (videos / f"{name}.mp4").symlink_to(clip("plain.mp4" if name != "A002" else "odd.mp4"))
    labels = tmp_path / "labels.csv"
    labels.write_text("File;MOS\nA001.mp4;80,5\n./A002.mp4;41,25\nA003.mp4;60\n")
    command = ["evaluate", str(labels), "--videos", str(videos), "--benchmark", "live-vqc"]
    assert main([*command, "--protocol", "default", "--out", str(out)]) == 0
    printed, report = capsys.readouterr(), json.loads(out.read_text())
    assert "LIVE-VQC has 585 videos, the labels name 3" in printed.err
    assert "| tiny (default), measured |" in printed.out and "| VQAThinker 8B, published | 0.808" in printed.out
    assert (report["benchmark"], report["scale"], report["protocol"]) == ("live-vqc", [0, 100], "default")
    assert report["ratings"][0]["mos"] == pytest.approx(1 + 4 * 0.805)
    assert main([*command, "--protocol", "default", "--beside", str(out)]) == 0
    assert capsys.readouterr().out.count("measured") == 2
    for wrong, said in ((["--beside", str(labels)], "is no report"), (["--beside", str(out)], "lsvq-test")):
        name = "live-vqc" if wrong[1] == str(labels) else "lsvq-test"
        assert main([*command[:-1], name, *wrong]) == 2
        assert said in capsys.readouterr().err


def test_evaluate_reads_official_labels_on_their_own_scale(capsys, clip, tmp_path: Path):
    names = ["plain.mp4", "odd.mp4", "portrait.mp4"]
    folder = os.path.commonpath([clip(name) for name in names])
    labels, out = tmp_path / "labels.json", tmp_path / "report.json"
    good = [{"image_id": name, "ann_type": "score", "score": str(20.5 + 30 * i)} for i, name in enumerate(names)]
    labels.write_text(json.dumps({"annotations": [*good, {"image_id": "plain.mp4", "score": "9"}, {"score": "1"}]}))
    command = ["evaluate", str(labels), "--videos", folder, "--out", str(out)]
    assert main(command) == 0
    done, report = capsys.readouterr(), json.loads(out.read_text())
    assert "3 rated, 0 left out, 2 unusable labels" in done.out and "MAE is undefined" in done.out
    assert "plain.mp4 is named again" in done.err and "entry 5 names no file" in done.err
    assert report["metrics"]["score"]["mae"]["value"] is None and len(report["labels_left_out"]) == 2
    assert main([*command, "--scale", "0", "100"]) == 0
    mapped = json.loads(out.read_text())
    assert [entry["mos"] for entry in mapped["ratings"]] == pytest.approx([1.82, 3.02, 4.22])
    errors = [abs(entry["score"] - entry["mos"]) for entry in mapped["ratings"]]
    assert mapped["metrics"]["score"]["mae"]["value"] == pytest.approx(sum(errors) / 3, abs=1e-4)
    assert mapped["metrics"]["score"]["srcc"] == report["metrics"]["score"]["srcc"]
    assert main([*command, "--scale", "0", "50"]) == 2
    assert "outside the stated scale" in capsys.readouterr().err
