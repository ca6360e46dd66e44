"""The command over a fake measurement; what is measured has its own tests."""

from types import SimpleNamespace

import pytest

import cnnkit.bench
from cnnkit.bench.result import Result
from cnnkit.cli.commands import bench as bench_file

RESULTS = [
    Result("convnet conv1 forward", "cpu", 2, 1.25, 1.2, 1.5, 80.0, 0.5, {"torch": 1.5}, {"torch": 1.875}),
    Result("add", "cpu", 2, 0.5, 0.4, 0.6, None, None),
]


@pytest.fixture
def asked(monkeypatch):
    calls = []

    def run(suites, **rest):
        calls.append(SimpleNamespace(suites=tuple(suites), **rest))
        yield from RESULTS

    monkeypatch.setattr(cnnkit.bench, "run", run)
    return calls


def test_json_has_the_keys_that_scripts_rely_on(cnnkit, asked):
    record = cnnkit("bench", "--json").json
    assert record.keys() >= {"schema_version", "machine", "results"}
    assert record["machine"]["cpu"]
    wanted = {"case", "backend", "precision", "threads", "ms", "gflops", "peak_fraction", "against"}
    assert all(result.keys() >= wanted for result in record["results"])
    assert record["results"][0]["against"] == {"torch": 1.5}


def test_people_get_median_best_worst_peak_and_the_ratio(cnnkit, asked):
    ended = cnnkit("bench", "--suite", "conv", "--against", "torch")
    for part in ("1.250", "1.200", "1.500", "80.0", "50 %", "1.50x", "torch / ours"):
        assert part in ended.out
    assert asked[0].suites == ("conv",)
    assert (asked[0].against, asked[0].quick) == (("torch",), False)


def test_plain_measures_a_part_of_each_suite_but_the_slow_start(cnnkit, asked):
    cnnkit("bench")
    assert asked[0].suites == bench_file.PLAIN_SUITES
    assert asked[0].quick


def test_the_names_offered_are_those_that_are_measured():
    from cnnkit.bench.rivals.known import NAMES

    assert tuple(cnnkit.bench.SUITES) == bench_file.SUITES
    assert tuple(NAMES) == bench_file.RIVALS


def test_against_torch_the_process_starts_again_with_its_memory_settings(monkeypatch):
    started = []
    monkeypatch.setattr(bench_file.os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.delenv("CNNKIT_TEST_MALLOC", raising=False)
    bench_file._start_fairly(["bench"], {"CNNKIT_TEST_MALLOC": "1"})
    (_, arguments, environment) = started[0]
    assert arguments[1:] == ["-m", "cnnkit", "bench"]
    assert environment["CNNKIT_TEST_MALLOC"] == "1"
    monkeypatch.setenv("CNNKIT_TEST_MALLOC", "1")
    bench_file._start_fairly(["bench"], {"CNNKIT_TEST_MALLOC": "1"})
    bench_file._start_fairly(None, {"CNNKIT_TEST_OTHER": "1"})
    assert len(started) == 1


def test_a_text_that_no_case_has_in_its_name_is_told(cnnkit, monkeypatch):
    monkeypatch.setattr("cnnkit.bench.run", lambda suites, **rest: iter(()))
    ended = cnnkit("bench", "--suite", "conv", "--only", "zzz")
    assert ended.code == 2 and "no case in the suite conv has 'zzz' in its name" in ended.err


def test_the_layers_of_a_network_are_told_in_a_table_and_as_json(cnnkit):
    ended = cnnkit("bench", "lenet5", "--layers", "--seconds", "0.01")
    assert ended.code == 0 and "to gain" in ended.out and "dense1" in ended.out
    assert "lenet5, batch 1" in ended.err
    record = cnnkit("bench", "lenet5", "--layers", "--batch-size", "2", "--seconds", "0.01", "--json").json
    assert record["batch"] == 2 and len(record["layers"]) == 8


@pytest.mark.parametrize(
    "wrong", [["lenet5"], ["--layers"], ["--batch-size", "2"], ["lenet5", "--layers", "--suite", "conv"]]
)
def test_layers_want_one_network_and_nothing_beside_it(cnnkit, wrong):
    ended = cnnkit("bench", *wrong)
    assert ended.code == 2 and "cnnkit bench MODEL --layers" in ended.err
