import subprocess
import sys
from pathlib import Path

import pytest

from cnnkit import config
from cnnkit.errors import UsageError


def fake_tree(tmp_path, cpu_max, inner=None):
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/a/b\n")
    folder = tmp_path / "cg" / "a" / "b"
    folder.mkdir(parents=True)
    (tmp_path / "cg" / "a" / "cpu.max").write_text(cpu_max)
    if inner:
        (folder / "cpu.max").write_text(inner)
    return tmp_path / "cg", tmp_path / "proc"


def test_without_a_quota_all_cores_of_the_affinity_mask_count(tmp_path):
    assert config.cgroup_quota(*fake_tree(tmp_path, "max 100000")) is None


def test_the_smallest_quota_up_the_tree_holds(tmp_path):
    assert config.cgroup_quota(*fake_tree(tmp_path, "150000 100000", "400000 100000")) == 1.5


def test_a_fraction_of_a_core_still_gives_one_thread(tmp_path):
    assert config.usable_cores(*fake_tree(tmp_path, "20000 100000")) == 1


def test_version_one_quota_is_read(tmp_path):
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("4:cpu,cpuacct:/box\n3:memory:/box\n")
    folder = tmp_path / "cg" / "cpu,cpuacct" / "box"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("50000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert config.cgroup_quota(tmp_path / "cg", tmp_path / "proc") == 0.5


@pytest.mark.parametrize("text", ["0", "-2", "many", "2.5"])
def test_a_thread_count_that_cannot_be_is_refused(monkeypatch, text):
    monkeypatch.setenv("CNNKIT_THREADS", text)
    with pytest.raises(UsageError, match="CNNKIT_THREADS"):
        config.default_threads()


def test_an_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv("CNNKIT_BACKEND", "tpu")
    config.default_backend.cache_clear()
    with pytest.raises(UsageError, match="expected one of auto, cpu, reference, cuda"):
        config.default_backend()


def test_the_cache_folder_follows_its_variables(monkeypatch, tmp_path):
    monkeypatch.delenv("CNNKIT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert config.cache_root() == tmp_path / "xdg" / "cnnkit"
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "mine"))
    assert config.cache_root() == tmp_path / "mine"


def test_the_address_space_is_what_ulimit_leaves(tmp_path):
    code = """
import resource
from cnnkit.config import address_space_left, address_space_limit
assert address_space_limit() is None or address_space_left() < address_space_limit()
resource.setrlimit(resource.RLIMIT_AS, (2**31, resource.getrlimit(resource.RLIMIT_AS)[1]))
assert address_space_limit() == 2**31 and 2**28 < address_space_left() < 2**31
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert config.address_space_left(tmp_path) is None


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def available(root: Path) -> int | None:
    return config.available_memory(root / "proc", root / "cgroup")


def test_without_limits_it_is_what_the_machine_has_free(tmp_path):
    tree(tmp_path, {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   2000 kB\n", "proc/self/cgroup": "0::/\n"})
    assert available(tmp_path) == 2000 * 1024


def test_the_limit_of_a_cgroup_counts_minus_what_is_used_and_cannot_be_dropped(tmp_path):
    tree(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable: 99999999 kB\n",
            "proc/self/cgroup": "0::/box/inner\n",
            "cgroup/box/inner/memory.max": "max\n",
            "cgroup/box/memory.max": "1000\n",
            "cgroup/box/memory.current": "700\n",
            "cgroup/box/memory.stat": "anon 400\ninactive_file 250\n",
        },
    )
    assert available(tmp_path) == 1000 - 700 + 250


def test_cgroups_of_version_1_count_too(tmp_path):
    tree(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable: 99999999 kB\n",
            "proc/self/cgroup": "5:memory:/box\n",
            "cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "cgroup/memory/box/memory.limit_in_bytes": "5000\n",
            "cgroup/memory/box/memory.usage_in_bytes": "4950\n",
            "cgroup/memory/box/memory.stat": "total_inactive_file 100\n",
        },
    )
    assert available(tmp_path) == 5000 - 4950 + 100


def test_a_machine_that_says_nothing_of_its_memory(tmp_path):
    assert available(tmp_path) is None
