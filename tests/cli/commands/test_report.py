"""`cnnkit report`, and the page that a training writes."""

import json

import pytest

from cnnkit.cli.main import run
from cnnkit.pages import extra


@pytest.fixture
def without_the_extra(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None)


def test_without_the_extra_the_command_says_how_to_get_it(capsys, without_the_extra):
    assert run(["report", "runs/mine"]) == 1
    assert 'pip install "cnnkit[report]"' in capsys.readouterr().err


def test_a_page_that_was_asked_for_is_missed_before_the_training(capsys, without_the_extra):
    assert run(["train", "--report", "--dry-run"]) == 1
    assert "Pages need" in capsys.readouterr().err


def test_what_is_no_run_is_refused_in_a_sentence(tmp_path, capsys):
    assert run(["report", str(tmp_path)]) == 3
    assert "not a run folder" in capsys.readouterr().err


def test_without_any_run_the_first_step_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["report"]) == 3
    assert "cnnkit train" in capsys.readouterr().err


def test_a_run_that_was_never_trained_has_a_page(tmp_path, capsys):
    """An old run: options and nothing else, of which no data can be found."""
    (tmp_path / "config.toml").write_text('data = "no/such/folder"\n')
    assert run(["report", str(tmp_path), "--json", "--language", "ko"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["page"] == str(tmp_path / "report.html") and told["pictures"] == []
    text = (tmp_path / "report.html").read_text()
    assert '<html lang="ko">' in text and "no/such/folder" in text


@pytest.mark.slow
def test_a_training_ends_with_a_page_and_without_one_where_it_is_not_wanted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNKIT_REPORT", "true")
    assert run(["train", "--steps", "3", "--output", "with"]) == 0
    assert "A page about the run" in capsys.readouterr().err
    text = (tmp_path / "with" / "report.html").read_text()
    for part in ("confusion", "classes", "reliability", "worst", "samples", "filters", "layers", "check", "repeat"):
        assert f'<section class="card" id="{part}"' in text
    assert "cannot be shown" not in text
    assert run(["train", "--steps", "3", "--output", "without", "--no-report"]) == 0
    assert not (tmp_path / "without" / "report.html").exists()
    ours, theirs = (tmp_path / name / "weights" / "best.safetensors" for name in ("with", "without"))
    assert ours.read_bytes() == theirs.read_bytes()
