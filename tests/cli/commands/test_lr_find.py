"""`cnnkit lr-find` as people and scripts see it."""

import pytest

from cnnkit.engine.ahead import lr_find as engine
from cnnkit.engine.records.events import Note
from cnnkit.engine.records.lr_range import LrFound, LrResult, RateTried

RATES = tuple(10.0 ** (n / 4 - 6) for n in range(24))
LOSSES = tuple(2.3 - 0.1 * n if n < 16 else 0.8 + (n - 15) for n in range(24))
FOUND = LrResult(
    suggested=0.00056,
    lowest=RATES[15],
    steepest=RATES[7],
    diverged=True,
    rates=RATES,
    losses=LOSSES,
    smoothed=LOSSES,
    model="convnet",
    data="photos",
    optimiser="sgd",
    command="cnnkit train --data photos --lr 0.00056",
)


@pytest.fixture
def fake(monkeypatch):
    told = {"result": FOUND}

    def lr_find(options, **rest):
        told["options"], told["rest"] = options, rest
        yield Note("what lies there")
        yield RateTried(1, 24, 1e-6, 2.3)
        yield LrFound(told["result"])

    monkeypatch.setattr(engine, "lr_find", lr_find)
    return told


def test_the_curve_the_rule_and_the_next_command_are_shown(cnnkit, fake):
    ended = cnnkit("lr-find", "--data", "photos", "-b", "16", "--steps", "24")
    assert ended.code == 0
    for part in (
        "0.00056 for sgd, a tenth of the rate with the lowest loss",
        "lowest",
        "steepest",
        "the loss diverged",
    ):
        assert part in ended.out
    assert ended.err.splitlines()[-1] == "  cnnkit train --data photos --lr 0.00056"
    assert (fake["options"].data, fake["options"].batch_size, fake["rest"]["steps"]) == ("photos", 16, 24)
    assert max(len(line) for line in ended.out.splitlines()) <= 80


def test_json_stands_alone(cnnkit, fake):
    ended = cnnkit("lr-find", "--json")
    assert ended.json["suggested"] == 0.00056 and len(ended.json["rates"]) == 24


def test_a_loss_that_never_falls_ends_with_advice(cnnkit, fake):
    from dataclasses import replace

    fake["result"] = replace(FOUND, suggested=None)
    ended = cnnkit("lr-find")
    assert ended.code == 6 and "The loss fell at no rate" in ended.err and "Next" not in ended.err
    assert f"{FOUND.command} --overfit 8" in " ".join(ended.err.split())
