from cnnkit import models


def test_all_networks_are_listed(cnnkit):
    ended = cnnkit("models")
    assert ended.code == 0
    for told in ("lenet5", "vgg16_bn", "138,357,544", "1,814.1 M", "Simonyan & Zisserman 2014"):
        assert told in ended.out
    assert {model["name"] for model in cnnkit("models", "--json").json["models"]} >= {"lenet5", "convnet", "digitnet"}


def test_one_network_is_shown_layer_by_layer(cnnkit):
    record = cnnkit("models", "convnet", "--json").json
    assert record.keys() >= {"schema_version", "name", "parameters", "multiply_adds", "input", "paper", "layers"}
    assert record["parameters"] == 1_199_882
    assert sum(layer["parameters"] for layer in record["layers"]) == 1_199_882
    assert sum(layer["multiply_adds"] for layer in record["layers"]) == record["multiply_adds"]
    assert record["input"] == [28, 28, 1]
    shown = cnnkit("models", "convnet").out
    assert "1,199,882" in shown and "24x24x64" in shown


def test_an_unknown_network_gets_the_likely_one(cnnkit):
    ended = cnnkit("models", "convnett")
    assert (ended.code, ended.out) == (2, "")
    assert "Did you mean 'convnet'?" in ended.err


def test_the_layers_of_one_network_are_shown_with_another_padding(cnnkit):
    layers = {row["name"]: row for row in cnnkit("models", "googlenet", "--padding", "same", "--json").json["layers"]}
    assert layers["maxpool1"]["output"] == [56, 56, 64]
    assert "for one network" in cnnkit("models", "--padding", "same").err
    assert cnnkit("models", "--padding", "same").code == 2


def test_the_networks_of_one_task_are_listed(cnnkit, monkeypatch):
    build = models.spec("lenet5").build
    known = {"locator": models.ModelSpec("locator", (28, 28, 1), "", "", build, kind="location")}
    monkeypatch.setattr(models.registry, "_specs", {**models.registry._specs, **known})
    listed = [model["name"] for model in cnnkit("models", "--task", "classification", "--json").json["models"]]
    assert listed == models.names("classification") and "locator" not in listed
    assert "for the list of networks" in cnnkit("models", "lenet5", "--task", "classification").err
    ended = cnnkit("train", "--data", "digits", "--model", "locator", "--dry-run")
    assert ended.code == 2 and "locator is a network for location, but digits is for classification" in ended.err
