import json

import pytest

from cnnkit.engine.run.elsewhere import check_there
from cnnkit.errors import DataError


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run(manifest): a run whose data were `photos`; the working directory is another one."""
    (tmp_path / "began" / "photos").mkdir(parents=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")

    def made(**manifest):
        (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
        return tmp_path / "run"

    return made


def test_from_another_folder_it_is_said_where_the_data_are(run, tmp_path):
    folder = run(folder=str(tmp_path / "began"))
    with pytest.raises(DataError) as refused:
        check_there("photos", folder, option="--data")
    assert f"started, {tmp_path / 'began'}. Change to that folder" in str(refused.value)
    assert str(refused.value).endswith(f"--data {tmp_path / 'began' / 'photos'}.")
    with pytest.raises(DataError, match=r"Change to that folder\.$"):
        check_there("photos", folder)


@pytest.mark.parametrize("began", [None, 7])
def test_runs_that_did_not_note_their_folder_say_how_data_are_given(run, began):
    with pytest.raises(DataError, match=r"relative to the folder .* --data FOLDER"):
        check_there("photos", run(folder=began), option="--data")


def test_data_that_are_here_or_have_a_whole_path_or_a_name_are_left_to_others(run, tmp_path, monkeypatch):
    folder = run(folder=str(tmp_path / "began"))
    for data in (None, "digits", "cifar10", str(tmp_path / "gone"), str(tmp_path / "began" / "photos")):
        check_there(data, folder)
    monkeypatch.chdir(tmp_path / "began")
    for data in ("photos", "gone"):
        check_there(data, folder)
