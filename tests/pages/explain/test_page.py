"""The page in a real browser: the numbers that it shows are those of `Explanation.pixel`."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.use.predictor import Predictor
from cnnkit.pages.explain import page as paging
from cnnkit.pages.explain.exact import Chosen
from cnnkit.pages.explain.page import LIMIT, explain_page, making_page
from cnnkit.pages.page.write import write_page
from cnnkit.pages.texts import LANGUAGES, read

from .conftest import CLASSES

pytestmark = pytest.mark.slow

NAME = "<img src=x onerror=alert(1)> & friends.png"
READY = "return document.documentElement.dataset.ready === 'yes'"
# The script adds float32 products in float64, the kernel sums in float32: terms of about 1, up to a hundred of them.
ROUNDING = {"rel": 2e-5, "abs": 2e-5}


def opened(browser, place, page):
    write_page(place, page)
    browser.open(place)
    browser.wait(READY)
    return browser


@pytest.fixture(scope="module")
def page(explained) -> str:
    return explain_page(explained, read("en"), name=NAME)


@pytest.fixture
def shown(browser, tmp_path, page):
    return opened(browser, tmp_path / "page.html", page)


def number(browser, name: str) -> float:
    script = "const e = document.getElementById('value'); return e.dataset[arguments[0]] ?? null"
    return float(browser.run(script, name))


def test_the_page_is_quiet_fetches_nothing_and_is_small(shown, page):
    assert shown.complaints() == []
    assert shown.fetched() == []
    assert len(page.encode()) < LIMIT


def test_names_are_text(shown, page):
    assert NAME in shown.run("return document.title") and NAME in shown.text("h1")
    assert "<script>document" not in page and "<img src=x" not in page and "<i>mine" not in page
    options = shown.run("return [...document.querySelectorAll('#target option')].map((e) => e.textContent)")
    assert sum("<script>document.title = 'broken'</script>" in option for option in options) == 1


def test_every_station_is_on_the_road_with_its_shape_in_words(shown, explained):
    chips = shown.run("return [...document.querySelectorAll('#road .chip')].map((e) => e.innerText)")
    assert len(chips) == len(explained.stations) + 1
    for chip, station in zip(chips[1:], explained.stations, strict=True):
        assert "×".join(map(str, station.output)) in chip
    rows = shown.count("#content table tbody tr")
    assert rows >= len(explained.stations)


@pytest.mark.parametrize("kept", ["all", "some"])
def test_the_numbers_of_every_station_are_those_that_the_engine_tells(
    browser, tmp_path, explained, rng, monkeypatch, kept
):
    """Added up by the script where all numbers are in the page, else as they were found for some pixels."""
    if kept == "some":
        monkeypatch.setattr(paging, "choose", lambda explanation, room: Chosen((), frozenset(), 0))
    opened(browser, tmp_path / "page.html", explain_page(explained, read("en"), name=NAME))
    script = """
        road.select(arguments[0]); road.pick(arguments[1]);
        const sum = sumAt(road.facts, road.station, arguments[1]);
        const shown = document.getElementById('value');
        const said = shown ? Number(shown.dataset.value) : null;
        return [Boolean(road.station.exact), sum.place, sum.total, sum.value, said]"""
    exact = set()
    for station in explained.stations:
        for _ in range(3):
            place = [int(rng.integers(size)) for size in station.output]
            channels = browser.run("return road.facts.stations[arguments[0]].maps.channels", station.number)
            place[-1] = int(rng.choice(channels))
            added, found, total, value, shown = browser.run(script, station.number, place)
            sum = explained.pixel(station.number, *found)
            assert added <= (found == place), "what is added up is of the pixel that was asked for"
            if added:
                exact.add(station.kind)
            assert total == pytest.approx(sum.total, **ROUNDING), station.name
            assert value == pytest.approx(sum.value, rel=1e-6, abs=1e-9), station.name
            assert shown in (None, value) and (shown is None) == (station.kind == "softmax"), station.name
    kinds = {"conv", "depthwise conv", "batch norm", "add", "activation", "concat", "max pool", "average pool"}
    assert exact == (kinds if kept == "all" else set())


def test_a_click_on_a_pixel_shows_its_numbers(shown, explained):
    station = explained.station("strided")
    shown.click(f'#road [data-station="{station.number}"]')
    channel = station.maps.channels[2]
    # A map of 7 x 7 is drawn with 16 pixels a place: row 5, column 3.
    canvas = f'#maps [data-channel="{channel}"] canvas'
    shown.click(canvas, 3.5 * 16, 5.5 * 16)
    sum = explained.pixel(station.number, 5, 3, channel)
    assert shown.text("#arithmetic h3") == f"Map {channel}, row 5, column 3"
    assert number(shown, "value") == pytest.approx(sum.value, rel=1e-6)
    titles = shown.run("return [...document.querySelectorAll('.part td')].map((cell) => cell.title)")
    cells = [float(title) for title in titles if not title.startswith("a place")]
    known = np.concatenate([sum.terms[0].values, sum.terms[0].weights])
    assert len(cells) > 20 and all(np.abs(known - cell).min() < 1e-6 for cell in cells)


def test_the_zeros_of_the_padding_are_drawn(shown, explained):
    station = explained.station("strided")
    shown.run("road.select(arguments[0]); road.pick([0, 0, arguments[1]])", station.number, station.maps.channels[0])
    # Of a 3x3 window in the corner five places are outside, in each of three channels.
    assert shown.count("#arithmetic .cells td.outside") == 15
    assert shown.count("#views .padding") == 1


def test_the_patch_is_outlined_in_the_maps_before(shown, explained):
    station = explained.station("pool")
    shown.run("road.select(arguments[0]); road.pick([2, 1, arguments[1]])", station.number, station.maps.channels[0])
    marks = """
        const sides = (e) => ['y', 'x', 'height', 'width'].map((name) => +e.getAttribute(name));
        return [...document.querySelectorAll('#views .mark.window')].map(sides)"""
    image, before, here = shown.run(marks)
    assert before == [3, 1, 3, 3] and here == [2, 1, 1, 1]
    top, left, bottom, right = explained.receptive_field(station.number, 2, 1)
    assert image == [top, left, bottom - top, right - left]
    winner = shown.run("return ['y', 'x'].map((a) => +document.querySelector('.mark.winner').getAttribute(a))")
    sum = explained.pixel(station.number, 2, 1, station.maps.channels[0])
    assert winner == sum.terms[0].places[sum.winner][:2].tolist()


def test_the_part_of_the_image_is_what_the_engine_says_for_every_map(shown, explained, rng):
    script = """
        const [n, y, x] = arguments;
        const box = cone(road.facts, n, {top: y, left: x, bottom: y + 1, right: x + 1}).get(-1);
        return [box.top, box.left, box.bottom, box.right]"""
    for station in explained.stations:
        if station.is_map:
            y, x = (int(rng.integers(size)) for size in station.output[:2])
            assert tuple(shown.run(script, station.number, y, x)) == explained.receptive_field(station.number, y, x)


def test_a_pixel_is_chosen_with_the_keys(shown, explained):
    station = explained.station("grouped")
    shown.run("road.select(arguments[0]); road.pick([3, 3, arguments[1]])", station.number, station.maps.channels[1])
    shown.focus("#this-map")
    shown.keys("Up", "Left", "Left", "Enter")
    assert shown.text("#arithmetic h3") == f"Map {station.maps.channels[1]}, row 2, column 1"
    sum = explained.pixel(station.number, 2, 1, station.maps.channels[1])
    assert number(shown, "value") == pytest.approx(sum.value, rel=1e-6)
    assert shown.run("return document.activeElement.id") == "this-map"
    shown.focus(f'#road [data-station="{station.number + 1}"]')
    shown.keys("Enter")
    assert shown.run("return road.station.number") == station.number + 1


def test_softmax_has_logits_exponentials_and_shares_that_sum_to_one(shown, explained):
    station = explained.stations[-1]
    assert station.kind == "softmax"
    shown.run("road.select(arguments[0])", station.number)
    table = """
        const cells = (row) => [...row.querySelectorAll('td')].slice(0, 3).map((cell) => cell.textContent);
        return [...document.querySelectorAll('#arithmetic tbody tr')].map(cells)"""
    rows = np.array([[float(cell.replace("−", "-")) for cell in row] for row in shown.run(table)])
    # Four digits are shown.
    assert np.sort(rows[:, 0]) == pytest.approx(np.sort(explained.outputs), rel=1e-3, abs=1e-3)
    assert rows[:, 2].sum() == pytest.approx(1, abs=1e-3)
    assert rows[:, 1] / rows[:, 1].sum() == pytest.approx(rows[:, 2], abs=1e-3)


def test_each_way_and_each_class_has_its_heat_map(shown):
    seen = set()
    for option in range(4):
        choose = "const e = document.getElementById('target'); e.selectedIndex = arguments[0];"
        shown.run(choose + "e.dispatchEvent(new Event('change'))", option)
        for way in ("grad_cam", "gradient", "occlusion"):
            shown.click(f'[data-way="{way}"]')
            seen.add(shown.run("return document.getElementById('heat').getAttribute('src')"))
            assert shown.text("#heat-words")
    # Grad-CAM may find nothing for two classes, and then draws the same picture.
    assert len(seen) >= 9


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [380, 1400])
def test_the_page_fits_a_telephone_and_a_desk(browser, tmp_path, explained, language, width):
    browser.size(width, 900)
    opened(browser, tmp_path / "page.html", explain_page(explained, read(language), name=NAME))
    for station in explained.stations:
        browser.run("road.select(arguments[0])", station.number)
        assert browser.overflow() == 0, station.name
        assert browser.small_controls() == [], station.name
    assert browser.complaints() == []


def test_what_was_asked_for_is_told_and_comes_first(browser, tmp_path, predictor, explained):
    told = predictor.explain(explained.picture, layer="pointwise", channels=[7, 3])
    page = explain_page(told, read("en"), name=NAME, asked=told.target("a & b"), layer="pointwise")
    opened(browser, tmp_path / "page.html", page)
    assert browser.text("#asked").startswith("You asked for the reasons for a & b")
    assert "the layer pointwise, channels 3, 7:" in browser.text("#asked")
    assert browser.run("return road.station.name") == "pointwise"
    tiles = "return [...document.querySelectorAll('#maps [data-channel]')].map((e) => e.dataset.channel)"
    assert browser.run(tiles) == ["3", "7"]
    assert browser.text("#maps-title").startswith("2 of 20 maps, as asked for")
    assert browser.run("return document.getElementById('target').selectedOptions[0].text") == "a & b"
    browser.click('[data-way="grad_cam"]')
    assert "Grad-CAM at pointwise for a & b" in browser.text("#heat-words")
    assert browser.complaints() == []


@pytest.mark.parametrize("limit", [150_000, 110_000])
def test_a_page_with_little_room_still_works(browser, tmp_path, explained, limit):
    page = explain_page(explained, read("en"), name=NAME, limit=limit)
    assert len(page.encode()) <= limit
    opened(browser, tmp_path / "page.html", page)
    for station in explained.stations:
        browser.run("road.select(arguments[0])", station.number)
    assert browser.complaints() == []


def test_a_page_of_many_large_maps_keeps_to_its_limit(rng):
    """Of noise, which no picture file makes smaller."""
    network = models.create("resnet50", classes=len(CLASSES), in_channels=3, image_size=(192, 192))
    many = Predictor(network, Preprocessing(192, 192, 3, (0.4,) * 3, (0.3,) * 3, "stretch"), CLASSES, "resnet50")
    steps = making_page(many.explain(rng.integers(0, 256, (192, 192, 3), np.uint8)), read("en"), name=NAME)
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            page = end.value
            break
    assert 2_000_000 < len(page.encode()) <= LIMIT
    assert {step.what for step in told} == {"covered images", "heat maps", "pictures of maps", "numbers of pixels"}
