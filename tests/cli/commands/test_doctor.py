import os

import pytest


def test_doctor_tells_what_explains_slowness_and_faults(cnnkit):
    record = cnnkit("doctor", "--json").json
    wanted = {"cpu", "features", "lanes", "affinity", "quota", "threads", "threading_layer", "cache", "memory", "cuda"}
    assert record.keys() >= wanted | {"schema_version", "versions", "disk", "system"}
    assert record["versions"].keys() >= {"cnnkit", "python", "numpy", "numba"}
    assert record["lanes"] in (4, 8, 16)
    assert "cnnkit[cuda]" in record["cuda"]


def test_doctor_is_readable(cnnkit):
    shown = cnnkit("doctor", "--threads", "2").out
    for part in ("numba", "cpu features", "vector width", "threads", "kernel cache", "memory", "cuda"):
        assert part in shown


@pytest.mark.parametrize("home", ["/proc/nowhere", "file"])
def test_a_cache_that_cannot_be_used_is_told_and_is_no_error(shell, tmp_path, home):
    (tmp_path / "file").write_text("")
    place = str(tmp_path / "file" / "cache") if home == "file" else home
    ended = shell("doctor", "--json", env={"CNNKIT_CACHE": place})
    assert ended.code == 0
    assert not ended.json["cache"]["kept"]
    assert "CNNKIT_CACHE" in ended.json["cache"]["note"]
    assert "Compiled kernels are not kept" in ended.err
    assert not os.path.exists(ended.json["cache"]["folder"])


def test_memory_limits_are_read_up_the_tree(tmp_path):
    from cnnkit.cli.show.machine import memory_limit

    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/a/b\n")
    (tmp_path / "cg" / "a" / "b").mkdir(parents=True)
    (tmp_path / "cg" / "a" / "b" / "memory.max").write_text("max\n")
    assert memory_limit(tmp_path / "cg", tmp_path / "proc") is None
    (tmp_path / "cg" / "a" / "memory.max").write_text("1000\n")
    assert memory_limit(tmp_path / "cg", tmp_path / "proc") == 1000
