from cnnkit.bench.timer import in_turn, once


def test_functions_are_called_in_turn_after_one_untimed_round():
    calls = []
    timings = in_turn([lambda: calls.append("a"), lambda: calls.append("b")], seconds=0.0, least=3)
    assert calls == ["a", "b"] * 4
    assert [timing.rounds for timing in timings] == [3, 3]


def test_the_median_lies_between_best_and_worst():
    (timing,) = in_turn([lambda: sum(range(1000))], seconds=0.0, least=9)
    assert 0 < timing.best <= timing.median <= timing.worst


def test_a_cold_call_is_made_once():
    calls = []
    assert once(lambda: calls.append(1)).rounds == len(calls) == 1


def test_after_a_pause_an_untimed_call_wakes_the_threads():
    calls = []
    in_turn([lambda: calls.append("a"), lambda: calls.append("b")], seconds=0.0, least=2, pause=0.001)
    assert calls == ["a", "b"] + ["a", "a", "b", "b"] * 2
