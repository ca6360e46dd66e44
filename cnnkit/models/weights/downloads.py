"""Published weights that can be downloaded: their addresses, and as much of their SHA-256 as the file names tell.

torchvision and akamaster end a file's name with the first digits of its checksum, as torch.hub checks them. Those of
resnet32 were held against a copy of the file; no address here was downloaded from while this table was written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from cnnkit.errors import UsageError, unknown_name
from cnnkit.models.weights.published import AKAMASTER, TORCHVISION, TORCHVISION_BOXES, TORCHVISION_MASKS, Source, row


@final
@dataclass(frozen=True)
class Download:
    """A file of weights.   sha256: the digits that are known.   tried: whether this address was downloaded from."""

    model: str
    source: Source
    address: str
    sha256: str
    tried: bool = False

    @property
    def file(self) -> str:
        return self.address.rpartition("/")[2]


_TORCHVISION = """
    alexnet-owt-7be5be79 googlenet-1378be20
    vgg11-8a719046 vgg13-19584684 vgg16-397923af vgg19-dcbb9e9d
    vgg11_bn-6002323d vgg13_bn-abd245e5 vgg16_bn-6c64b313 vgg19_bn-c79401a0
    resnet18-f37072fd resnet34-b627a593 resnet50-0676ba61 resnet101-63fe2227 resnet152-394f9c45
    squeezenet1_0-b66bff10 squeezenet1_1-b8a52dc0
    mobilenet_v2-b0353104 mobilenet_v3_small-047dcff4 mobilenet_v3_large-8738ca79
    shufflenetv2_x0.5-f707e7126e shufflenetv2_x1-5666bf0f80 shufflenetv2_x1_5-3c479a10 shufflenetv2_x2_0-8be3c8ee
"""
_TORCHVISION_MASKS = """
    fcn_resnet50_coco-1167a1af deeplabv3_resnet50_coco-cd0a2569 deeplabv3_mobilenet_v3_large-fc3c493d
"""
_TORCHVISION_BOXES = "ssd300_vgg16_coco-b556d3b4 ssdlite320_mobilenet_v3_large_coco-a79551df"
_AKAMASTER = "resnet20-12fca82f resnet44-014dd654 resnet56-4bfd9763 resnet110-1d1ed7c2"
# Where a file's name is not that of the network.
_MODELS = {
    "alexnet-owt": "alexnet",
    "shufflenetv2_x0.5": "shufflenet_v2_x0_5",
    "shufflenetv2_x1": "shufflenet_v2_x1_0",
    "shufflenetv2_x1_5": "shufflenet_v2_x1_5",
    "shufflenetv2_x2_0": "shufflenet_v2_x2_0",
    "fcn_resnet50_coco": "fcn_resnet50",
    "deeplabv3_resnet50_coco": "deeplab_v3_resnet50",
    "deeplabv3_mobilenet_v3_large": "deeplab_v3_mobilenet_v3_large",
    "ssd300_vgg16_coco": "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large_coco": "ssdlite320_mobilenet_v3_large",
}
_RESNET32 = "d509ac1820d7f25398913559d7e81a13229b1e7adc5648e3bfa5e22dc137f850"
_AT_TORCHVISION = "https://download.pytorch.org/models/"
_AT_AKAMASTER = "https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/pretrained_models/"


def _download(source: Source, base: str, name: str, ending: str) -> Download:
    stem, _, digits = name.rpartition("-")
    return Download(_MODELS.get(stem, stem), source, f"{base}{name}{ending}", digits)


DOWNLOADS = {
    download.model: download
    for download in (
        *(_download(TORCHVISION, _AT_TORCHVISION, name, ".pth") for name in _TORCHVISION.split()),
        *(_download(TORCHVISION_MASKS, _AT_TORCHVISION, name, ".pth") for name in _TORCHVISION_MASKS.split()),
        *(_download(TORCHVISION_BOXES, _AT_TORCHVISION, name, ".pth") for name in _TORCHVISION_BOXES.split()),
        *(_download(AKAMASTER, _AT_AKAMASTER, name, ".th") for name in _AKAMASTER.split()),
        Download("resnet32", AKAMASTER, f"{_AT_AKAMASTER}resnet32-d509ac18.th", _RESNET32),
    )
}


def download_of(model: str) -> Download:
    """The file for this network; UsageError, with what can be done, where there is none."""
    if model in DOWNLOADS:
        return DOWNLOADS[model]
    published = row(model)
    if published is not None and published.sources:
        source = published.sources[0]
        raise UsageError(
            f"Weights for {model} are not one file with a known checksum, so they are not downloaded. "
            f"{source.publisher} has them: {source.address} ({source.note}). Then: {convert_command(model)}"
        )
    raise unknown_name("download of weights for", model, DOWNLOADS)


def convert_command(model: str) -> str:
    """The command that makes a file at hand ours."""
    return f"cnnkit weights convert FILE {model}.safetensors --model {model}"


@final
@dataclass(frozen=True)
class FileRow:
    """How one network gets weights of a source.   address: of the file, or where to look for it."""

    model: str
    address: str
    command: str
    sha256: str | None
    tried: bool


def files_of(source: Source, models: Iterable[str]) -> list[FileRow]:
    """A row for each of these networks, which this source has weights for."""
    rows = []
    for model in models:
        found = DOWNLOADS.get(model)
        if found is not None and found.source == source:
            command = f"cnnkit weights fetch {model}"
            rows.append(FileRow(model, found.address, command, found.sha256, found.tried))
        else:
            rows.append(FileRow(model, source.address, convert_command(model), None, False))
    return rows
