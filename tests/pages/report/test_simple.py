"""The page of a run in one call."""

import numpy as np
import pytest

import cnnkit
from cnnkit.errors import CheckpointError, CnnkitError, UsageError
from cnnkit.pages import extra


def test_the_page_of_a_run_is_written_and_named(smooth, tiny):
    page = cnnkit.report(smooth, tiny.data(), module=tiny.Tiny(), progress=False)
    assert page == smooth / "report.html" and 'id="confusion"' in page.read_text()
    assert 'lang="ko"' in cnnkit.report(str(smooth), language="ko").read_text()


def test_what_cannot_be_meant_is_refused_with_what_to_do(smooth, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="There is no run under runs/"):
        cnnkit.report()
    with pytest.raises(CheckpointError, match="There is no run folder"):
        cnnkit.report("runs/none")
    with pytest.raises(UsageError, match="expected a run folder or the result of fit"):
        cnnkit.report(np.zeros(3))
    with pytest.raises(UsageError, match="leave data out"):
        cnnkit.report(smooth, "digits")
    monkeypatch.setattr(extra, "missing", lambda: ["jinja2"])
    with pytest.raises(CnnkitError, match="Pages need jinja2"):
        cnnkit.report(smooth)
