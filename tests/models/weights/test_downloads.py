"""The table of weights that can be downloaded."""

import re

import pytest

from cnnkit import models
from cnnkit.errors import UsageError
from cnnkit.models.weights.downloads import DOWNLOADS, download_of, files_of
from cnnkit.models.weights.published import offers, row


def test_every_file_is_for_a_network_whose_row_names_its_source():
    for model, download in DOWNLOADS.items():
        assert model in models.names() and download.source in row(model).sources


def test_every_file_has_an_address_over_https_and_a_checksum_that_its_name_begins():
    for download in DOWNLOADS.values():
        assert download.address.startswith("https://") and re.fullmatch(r"[0-9a-f]{8,64}", download.sha256)
        told = re.search(r"-([0-9a-f]{8,})\.", download.file)[1]
        assert download.sha256.startswith(told) and not download.tried


def test_every_network_of_every_source_has_a_command_that_makes_it_ours():
    for offer in offers(models.names()):
        rows = files_of(offer.source, offer.models)
        assert [file.model for file in rows] == list(offer.models)
        for file in rows:
            fetched = file.command == f"cnnkit weights fetch {file.model}"
            assert fetched or file.command.startswith("cnnkit weights convert FILE ")
            assert fetched == (file.sha256 is not None)


def test_the_checksum_of_resnet32_is_that_of_the_real_file(shared):
    import hashlib

    path = shared / "data" / "weights" / "resnet32-cifar10" / "resnet32-d509ac18.th"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DOWNLOADS["resnet32"].sha256


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("mobilenet_v1", "Keras Applications has them: https.*cnnkit weights convert FILE mobilenet_v1.safetensors"),
        ("resnet19", "Did you mean 'resnet1"),
    ],
)
def test_a_network_without_a_file_is_told_what_can_be_done(model, said):
    with pytest.raises(UsageError, match=said):
        download_of(model)
