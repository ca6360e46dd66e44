"""`explain` in the terminal and as a page, with the network of the package."""

import json
from pathlib import Path

import pytest

import cnnkit as package

SEVEN = Path(package.__file__).parent / "docs/pictures/seven.png"


@pytest.fixture(scope="module", autouse=True)
def warm():
    """The gradients that Grad-CAM needs, once."""
    package.load().explain(SEVEN).grad_cam()


def test_steps_answer_and_heat_map_are_printed_in_eighty_columns(cnnkit):
    ended = cnnkit("explain", SEVEN, "--terminal")
    lines = ended.out.splitlines()
    assert ended.code == 0 and max(map(len, lines)) <= 80 and "\x1b" not in ended.out
    heads = next(line for line in lines if line.startswith("step"))
    assert heads.split() == ["step", "what", "result", "param", "m-adds", "ms", "sees"]
    first = next(line for line in lines if line.startswith("conv1"))
    assert first.split()[:6] == ["conv1", "conv", "3x3", "relu", "28x28x32", "320"]
    assert "100.0 %  7  (logit 15.75" in ended.out
    assert "What mattered for 7 (logit 15.75), by Grad-CAM at pool2:" in ended.out
    assert "█" in ended.out


def test_names_of_classes_break_no_row(cnnkit, monkeypatch):
    predictor = package.load()
    predictor.classes[7] = "seven\nor not"  # a list that its task has too
    monkeypatch.setattr("cnnkit.cli.commands.predict.loaded", lambda *arguments: predictor)
    said = cnnkit("explain", SEVEN, "--terminal").out
    assert "100.0 %  seven\\nor not  (logit" in said and "What mattered for seven\\nor not (logit" in said


def test_colour_is_for_terminals(cnnkit, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = cnnkit("explain", SEVEN, "--terminal").out
    assert "\x1b[38;2;" in out and "▀" in out and out.rstrip().endswith("\x1b[0m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in cnnkit("explain", SEVEN, "--terminal").out


def test_json_has_stations_target_and_map(cnnkit):
    told = cnnkit("explain", SEVEN, "--json", "--class", "1", "--method", "occlusion").json
    assert (told["schema_version"], told["network"], told["answer"]["label"]) == (1, "digitnet", "7")
    assert [station["number"] for station in told["stations"]] == list(range(10))
    assert told["attribution"]["target"]["label"] == "1" and told["winner"]["label"] == "7"
    assert len(told["attribution"]["values"]) == 13
    json.dumps(told, allow_nan=False)


def test_a_layer_and_its_channels_are_shown_alone(cnnkit):
    out = cnnkit("explain", SEVEN, "--layer", "conv3", "--channel", "5,2", "--terminal").out
    assert "\nconv3 conv 3x3 relu" in out and "conv4" not in out
    assert "conv3, channel 2:" in out and "conv3, channel 5:" in out and "Grad-CAM at conv3" in out


def test_a_page_is_written_where_it_is_wanted(cnnkit, empty_folder):
    ended = cnnkit("explain", SEVEN, "--language", "ko", "--class", "1")
    assert ended.code == 0 and ended.out.strip() == "explain.html"
    page = (empty_folder / "explain.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in page and "seven.png" in page
    assert [path.name for path in empty_folder.iterdir()] == ["explain.html"]


def test_a_page_that_exists_is_kept(cnnkit, empty_folder):
    (empty_folder / "mine.html").write_text("mine")
    ended = cnnkit("explain", SEVEN, "--output", "mine.html")
    assert ended.code == 2 and "mine.html exists" in ended.err
    assert (empty_folder / "mine.html").read_text() == "mine"


def test_a_page_is_opened_or_it_is_told_that_no_browser_is_there(cnnkit, empty_folder, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)))
    ended = cnnkit("explain", SEVEN, "--open")
    assert opened == [(empty_folder / "explain.html").as_uri()]
    assert ended.code == 0 and "No browser was found here. Open explain.html in one." in ended.err


def test_without_the_extra_a_page_is_refused_and_the_terminal_is_not(cnnkit, empty_folder, monkeypatch):
    monkeypatch.setattr("cnnkit.pages.extra.find_spec", lambda name: None)
    ended = cnnkit("explain", SEVEN)
    assert ended.code == 1 and 'pip install "cnnkit[report]"' in ended.err
    assert cnnkit("explain", SEVEN, "--terminal").code == 0
    assert not list(empty_folder.iterdir())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nowhere.png"], 3, "nowhere.png does not exist"),
        (["text.png"], 3, "text.png is not a picture"),
        ([SEVEN, "--model", "runs/none"], 3, "There is no file runs/none"),
        ([SEVEN, "--class", "seven"], 2, "There is no class 'seven'"),
        ([SEVEN, "--class", "12"], 2, "the classes are 0 to 9"),
        ([SEVEN, "--layer", "cnv2"], 2, "Did you mean 'conv2'?"),
        ([SEVEN, "--layer", "conv2", "--channel", "32"], 2, "channels 0 to 31, but channel 32"),
        ([SEVEN, "--layer", "conv2", "--channel", "a"], 2, "expected whole numbers"),
        ([SEVEN, "--channel", "1"], 2, "give --layer NAME too"),
        ([SEVEN, "--method", "lime"], 2, "grad-cam"),
    ],
)
def test_wrong_input_is_told(cnnkit, empty_folder, words, code, message):
    (empty_folder / "text.png").write_text("no picture")
    ended = cnnkit("explain", *words)
    assert (ended.code, ended.out) == (code, "") and message in ended.err


@pytest.mark.slow
def test_a_detector_tells_its_boxes(cnnkit, empty_folder):
    from PIL import Image

    Image.new("RGB", (64, 48), (90, 120, 200)).save(empty_folder / "plain.png")
    ended = cnnkit("explain", "plain.png", "--model", "yolo_fastest", "--terminal")
    assert ended.code == 0 and max(map(len, ended.out.splitlines())) <= 80
    assert "depthwise 3x3" in ended.out and "nothing found" in ended.out
    assert cnnkit("explain", "plain.png", "--model", "yolo_fastest", "--class", "0").code == 2
