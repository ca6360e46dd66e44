import pytest

from cnnkit.bench import timer
from cnnkit.bench.timer import in_turn, rest


def test_functions_are_called_in_turn_after_one_untimed_round():
    calls = []
    timings = in_turn([lambda: calls.append("a"), lambda: calls.append("b")], seconds=0.0, least=3)
    assert calls == ["a", "b"] * 4
    assert [timing.rounds for timing in timings] == [3, 3]


def test_the_median_lies_between_best_and_worst():
    (timing,) = in_turn([lambda: sum(range(1000))], seconds=0.0, least=9)
    assert 0 < timing.best <= timing.median <= timing.worst


def test_after_a_rest_the_call_that_wakes_the_threads_counts_by_itself():
    calls = []
    timings = in_turn([lambda: calls.append("a"), lambda: calls.append("b")], seconds=0.0, least=2, resting=True)
    assert calls == ["a", "b"] + ["a", "a", "b", "b"] * 2
    assert all(timing.rested > 0 for timing in timings)
    assert in_turn([int], seconds=0.0)[0].rested is None


def test_a_long_call_is_made_a_few_times_and_never_twice_in_turn(monkeypatch):
    monkeypatch.setattr(timer, "LONG", 0.0)
    (timing,) = in_turn([int], seconds=0.0, least=5, resting=True)
    assert timing.rounds == 3
    assert timing.rested == timing.median


class Clock:
    """Time that passes while somebody sleeps; the process computes until `busy`."""

    def __init__(self, busy: float) -> None:
        self.now, self.busy = 0.0, busy

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def perf_counter(self) -> float:
        return self.now

    def process_time(self) -> float:
        return min(self.now, self.busy)


@pytest.mark.parametrize(("busy", "least", "most"), [(0.0, 0.01, 0.02), (0.05, 0.05, 0.07), (9.0, 0.1, 0.11)])
def test_a_rest_ends_when_no_thread_computes_any_more_or_after_the_longest_time(busy, least, most, monkeypatch):
    clock = Clock(busy)
    monkeypatch.setattr(timer, "time", clock)
    rest(least=0.01, most=0.1)
    assert least <= clock.now <= most
