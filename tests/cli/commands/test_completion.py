import pytest


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(cnnkit, name):
    ended = cnnkit("completion", name)
    assert ended.code == 0
    assert "_CNNKIT_COMPLETE" in ended.out
    assert cnnkit("completion", name, "--json").json["script"].strip() == ended.out.strip()


def complete(shell, words, folder=None):
    env = {"_CNNKIT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    ended = shell(env=env, cwd=folder)
    assert ended.err == ""
    return [line.partition(",")[2] for line in ended.out.splitlines()]


def test_commands_and_options_are_completed(shell):
    assert complete(shell, "cnnkit tr") == ["train"]
    assert complete(shell, "cnnkit cache ") == ["dir", "clear"]
    assert "--epochs" in complete(shell, "cnnkit train --ep")
    assert complete(shell, "cnnkit train --schedule c") == ["constant", "cosine"]


@pytest.mark.slow
def test_model_and_data_names_are_completed(shell):
    assert complete(shell, "cnnkit models conv") == ["convnet"]
    assert complete(shell, "cnnkit train --model le") == ["lenet5", "lenet_caffe"]
    assert complete(shell, "cnnkit weights ") == ["list", "fetch", "convert"]
    assert complete(shell, "cnnkit weights convert a b --model lenet5") == ["lenet5"]
    assert complete(shell, "cnnkit train --recipe resnet20") == ["resnet20-cifar10"]
    assert complete(shell, "cnnkit recipes mnist") == ["mnist-99"]
    assert "fashion-mnist" in complete(shell, "cnnkit train --data fash")


def test_runs_are_completed(shell, tmp_path):
    run = tmp_path / "runs" / "classify" / "mine-1"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    assert "runs/classify/mine-1" in complete(shell, "cnnkit evaluate ru", tmp_path)
    assert "runs/classify/mine-1" in complete(shell, "cnnkit train --resume runs/c", tmp_path)
