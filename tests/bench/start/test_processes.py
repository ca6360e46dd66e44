"""Whole processes, timed from outside."""

import os
import sys

import pytest

from cnnkit.bench.start.processes import ended, in_turn, mb_of, seconds_of
from cnnkit.errors import CheckFailed

MEGABYTES = 200
TAKES = f"held = bytearray({MEGABYTES} << 20); print(len(held))"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def test_what_a_process_prints_takes_and_needs_of_memory_is_told(tmp_path):
    run = ended(python(TAKES), tmp_path, os.environ)
    assert run.out.strip() == str(MEGABYTES << 20) and run.seconds > 0
    assert run.mb is None or MEGABYTES < run.mb < MEGABYTES + 50


def test_the_memory_of_whoever_starts_a_process_does_not_count(tmp_path):
    held = bytearray(MEGABYTES << 20)
    run = ended(python("pass"), tmp_path, os.environ)
    assert len(held) and (run.mb is None or run.mb < MEGABYTES / 2)


def test_a_process_that_fails_is_told_with_what_it_said(tmp_path):
    with pytest.raises(CheckFailed, match="ended with 3: no picture"):
        ended(python("import sys; print('no picture', file=sys.stderr); sys.exit(3)"), tmp_path, os.environ)


def test_processes_run_in_turn_in_their_folder_and_environment(tmp_path):
    line = "import os; open('order', 'a').write({0!r}); print(os.environ['WHO'])"
    runs = in_turn([python(line.format("a")), python(line.format("b"))], tmp_path, {"WHO": "nobody else"})
    assert (tmp_path / "order").read_text() == "ab" * (1 + len(runs[0]))
    assert [kept[-1].out.strip() for kept in runs] == ["nobody else"] * 2
    timing = seconds_of(runs[0])
    assert timing.best <= timing.median <= timing.worst and timing.rounds == len(runs[0])


def test_the_most_memory_of_some_runs_is_what_counts(tmp_path):
    runs = [ended(python(code), tmp_path, os.environ) for code in ("pass", TAKES)]
    assert mb_of(runs) == runs[1].mb
