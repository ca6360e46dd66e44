"""The command line on the pretended device."""

import json

from cnnkit.bench import checked
from cnnkit.cli.main import run


def test_the_benchmark_checks_answers_and_prints_no_times(capsys):
    assert run(["bench", "--backend", "cuda", "--json", "--only", "dense"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["simulated"] and answer["checked"] == ["dense", "dense, gradient by weights"]


def test_every_case_of_the_benchmark_is_right(on_cuda):
    assert len(list(checked())) == 20


def test_the_simulator_is_told_by_the_doctor(capsys):
    assert run(["doctor", "--backend", "cuda", "--json"]) == 0
    assert "simulator" in json.loads(capsys.readouterr().out)["cuda"]
