"""The files that cnnkit reads, one small valid one of each kind, and the door through which each comes in."""

import gzip
import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cnnkit import models
from cnnkit.cli.arguments.config_file import read as read_config
from cnnkit.cli.main import cli
from cnnkit.data.open.source import open_data
from cnnkit.data.picture.read import read_picture
from cnnkit.engine.evaluate import evaluate
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import StepEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.class_names import read_class_names
from cnnkit.engine.use.load import load
from cnnkit.engine.use.weights import convert
from cnnkit.serialize.foreign.read import read_arrays

TORCH = Path(__file__).parents[1] / "golden" / "torch_files"
PICTURES = {"png": {}, "jpeg": {"quality": 60}, "bmp": {}, "ppm": {}, "gif": {}, "webp": {}}


@dataclass(frozen=True)
class Kind:
    """path: of the file that is mutated, below the folder of seeds.   enter: open it, given that folder.

    record: it holds a record behind a checksum, which is mutated and signed anew in every other case.
    """

    name: str
    path: str
    enter: Callable[[Path], Any]
    record: bool = False


def make_seeds(folder: Path) -> None:
    """Every file, valid; a run too, half a second of training."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (18, 28, 28), np.uint8)
    labels = (np.arange(18) % 3).astype(np.uint8)
    (folder / "idx").mkdir(parents=True)
    for part in ("train", "t10k"):
        (folder / "idx" / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">4I", 2051, *images.shape) + images.tobytes()
        )
        (folder / "idx" / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 18) + labels.tobytes())
    (folder / "idx" / "classes.txt").write_text("a\nb\nc\n")
    shutil.copytree(folder / "idx", folder / "idxgz")
    for path in list((folder / "idxgz").glob("*ubyte")):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    (folder / "cifar").mkdir()
    records = np.concatenate([np.arange(4, dtype=np.uint8)[:, None], rng.integers(0, 256, (4, 3072), np.uint8)], 1)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / "cifar" / f"{name}.bin").write_bytes(records.tobytes())
    np.savez(folder / "data.npz", x_train=images, y_train=labels, x_test=images, y_test=labels, classes=list("abc"))
    np.savez_compressed(folder / "packed.npz", images=images, labels=labels)
    (folder / "photos").mkdir()
    for kind, ending in enumerate(PICTURES):
        (folder / "photos" / f"class{kind % 2}").mkdir(exist_ok=True)
        for i in range(3):
            picture = Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8))
            picture.save(folder / "photos" / f"class{kind % 2}" / f"{ending}{i}.{ending}", **PICTURES[ending])
    rows = [f"photos/{p.parent.name}/{p.name},{p.parent.name}" for p in sorted((folder / "photos").rglob("*.*"))]
    (folder / "list.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    _make_boxes(folder, rng)
    _make_masks(folder, rng)
    (folder / "names.txt").write_text('["one", "two", "three"]')
    for name in ("zip", "old", "checkpoint_zip"):
        shutil.copy(TORCH / f"{name}.pth", folder)
    state = models.create("lenet5", classes=3).state_dict()
    np.savez(folder / "foreign.npz", **state)
    _plain_safetensors(
        folder / "foreign.safetensors", {name: array for name, array in state.items() if array.size < 999}
    )
    _make_darknet(folder)
    choices = {"data": str(folder / "data.npz"), "model": "lenet5", "epochs": 2, "batch_size": 8, "augment": "none"}
    list(fit(FitOptions.from_values({**choices, "output": str(folder / "run")})))
    (folder / "run" / "result.json").unlink()
    (folder / "options.toml").write_bytes((folder / "run" / "config.toml").read_bytes())


def _make_darknet(folder: Path) -> None:
    """A cfg with a head, and weights for it."""
    conv = "[convolutional]\nbatch_normalize=1\nfilters=4\nsize=3\nstride=2\npad=1\nactivation=leaky\n"
    pools = "[maxpool]\nsize=2\nstride=1\n[route]\nlayers=-1,-2\n[upsample]\nstride=2\n[reorg]\nstride=2\n"
    head = "[convolutional]\nfilters=12\n[yolo]\nmask=0,1\nanchors=10,14, 23,27\nclasses=1\nnum=2\n"
    (folder / "net.cfg").write_text(f"[net]\nwidth=32\nheight=32\n{conv}{pools}{head}")
    numbers = np.random.default_rng(0).random(4 * 4 + 4 * 27 + 12 + 12 * 32).astype("<f4")
    (folder / "net.weights").write_bytes(struct.pack("<3iq", 0, 2, 0, 64) + numbers.tobytes())
    convert(folder / "net.weights", str(folder / "net.cfg"), folder / "cfg.safetensors")


def _make_masks(folder: Path, rng: np.random.Generator) -> None:
    """Pictures with masks: by index beside a list of the classes, by colour, and as COCO's outlines and runs."""
    masks = rng.integers(0, 3, (6, 20, 24)).astype(np.uint8)
    colours = np.array([[0, 0, 0], [200, 0, 0], [0, 200, 0]], np.uint8)
    for place in ("masks", "coloured"):
        for name in ("images", "masks"):
            (folder / place / name).mkdir(parents=True)
    (folder / "coco").mkdir()
    for i, mask in enumerate(masks):
        picture = Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8))
        for place in ("masks/images", "coloured/images", "coco"):
            picture.save(folder / place / f"{i}.png")
        indexed = Image.fromarray(mask)
        indexed.putpalette(colours.ravel().tolist())
        indexed.save(folder / f"masks/masks/{i}.png")
        Image.fromarray(colours[mask]).save(folder / f"coloured/masks/{i}.png")
    (folder / "masks" / "classes.txt").write_text("ground\nroad\ncar\n")
    (folder / "coloured" / "classes.txt").write_text("ground,0,0,0\nroad,200,0,0\ncar,0,200,0\n")
    shapes: list[Any] = [
        [[1.5, 1, 9, 2, 5.25, 12]],
        {"counts": [30, 50, 400], "size": [20, 24]},
        {"counts": "n0b1`<", "size": [20, 24]},
    ]
    content = {
        "images": [{"id": i, "file_name": f"{i}.png", "height": 20, "width": 24} for i in range(6)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [
            {"image_id": i, "category_id": 1 + i % 2, "segmentation": shapes[i % 3], "area": i, "iscrowd": i // 5}
            for i in range(6)
        ],
    }
    (folder / "coco" / "labels.json").write_text(json.dumps(content))


def _make_boxes(folder: Path, rng: np.random.Generator) -> None:
    """Pictures with boxes in each form: an .xml or a .txt for each, one .json, and a .csv."""
    for place in ("voc/JPEGImages", "voc/Annotations", "yolo/images", "yolo/labels", "boxes"):
        (folder / place).mkdir(parents=True)
    corners = [(2, 3, 9, 12), (0, 0, 24, 20), (5.5, 4, 7, 19.25)]
    rows, entries = ["path,x_min,y_min,x_max,y_max,label,crowd"], []
    for i in range(6):
        picture = Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8))
        for place in ("voc/JPEGImages", "yolo/images", "boxes"):
            picture.save(folder / place / f"{i}.png")
        objects, lines = [], []
        for k, (left, top, right, bottom) in enumerate(corners[: i % 4]):
            name = ("cat", "dog")[k % 2]
            tags = zip(("xmin", "ymin", "xmax", "ymax"), (left + 1, top + 1, right, bottom), strict=True)
            box = "".join(f"<{tag}>{at}</{tag}>" for tag, at in tags)
            objects.append(f"<object><name>{name}</name><difficult>{k}</difficult><bndbox>{box}</bndbox></object>")
            lines.append(
                f"{k % 2} {(left + right) / 48} {(top + bottom) / 40} {(right - left) / 24} {(bottom - top) / 20}"
            )
            rows.append(f"boxes/{i}.png,{left},{top},{right},{bottom},{name},{k // 2}")
            size = [left, top, right - left, bottom - top]
            entries.append({"id": k, "image_id": i, "category_id": 1 + k % 2, "bbox": size, "iscrowd": k // 2})
        text = f"<size><width>24</width><height>20</height></size>{''.join(objects)}"
        (folder / f"voc/Annotations/{i}.xml").write_text(f'<?xml version="1.0"?>\n<annotation>{text}</annotation>')
        (folder / f"yolo/labels/{i}.txt").write_text("\n".join(lines))
    (folder / "yolo" / "data.yaml").write_text("path: .  # here\ntrain: images\nnc: 2\nnames:\n  0: 'cat'\n  1: dog\n")
    (folder / "boxes.csv").write_text("\n".join(rows))
    content = {
        "images": [{"id": i, "file_name": f"{i}.png", "height": 20, "width": 24} for i in range(6)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": entries,
    }
    (folder / "boxes" / "boxes.json").write_text(json.dumps(content))


def _plain_safetensors(path: Path, arrays: dict[str, Any]) -> None:
    header, payload = {}, b""
    for name, array in arrays.items():
        data = array.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [len(payload), len(payload) + len(data)],
        }
        payload += data
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + payload)


def _open(name: str, **choices: Any) -> Callable[[Path], Any]:
    """Open data and look at every sample, as an epoch would."""

    def enter(folder: Path) -> None:
        splits = open_data(folder / name, **choices)
        for part in (splits.train, splits.val, splits.test):
            for index in range(min(len(part), 40)):
                part[index]
        splits.fingerprint()

    return enter


def _config(folder: Path) -> None:
    command = cli.get_command(None, "train")  # type: ignore[arg-type]  # a group of ours asks for no context
    assert command is not None
    read_config(folder / "options.toml", command)
    FitOptions.read(folder / "options.toml").validate()


def _run(folder: Path) -> None:
    """Go on for a few steps; judge; and ask for what a list of runs asks."""
    run = Run(folder / "run")
    run.started(), run.data_sha256(), run.read_result()
    events = resume(run.path, {"epochs": 3})
    try:
        for event in events:
            if isinstance(event, StepEnd):
                break
    finally:
        events.close()  # type: ignore[attr-defined]  # a generator


def _judge(folder: Path) -> None:
    for _ in evaluate(load(folder / "run")):
        pass


def _state(folder: Path) -> None:
    checkpoint.newest(Run(folder / "run"))
    _run(folder)


def _picture(path: str) -> Callable[[Path], Any]:
    return lambda folder: read_picture(folder / path)


def _weights(name: str) -> Callable[[Path], Any]:
    return lambda folder: read_arrays(folder / name)


def _darknet(folder: Path) -> None:
    load(folder / "net.cfg", weights=folder / "net.weights")


_PATHS = {ending: f"photos/class{i % 2}/{ending}0.{ending}" for i, ending in enumerate(PICTURES)}
FOREIGN = ("foreign.npz", "foreign.safetensors", "zip.pth", "old.pth", "checkpoint_zip.pth")
KINDS = (
    *(Kind(f"picture {ending}", path, _picture(path)) for ending, path in _PATHS.items()),
    Kind("folder", "photos/class0/png1.png", _open("photos", on_unreadable="skip", image_size=8)),
    Kind("csv", "list.csv", _open("list.csv", on_unreadable="skip", image_size=8)),
    Kind("mask by index", "masks/masks/1.png", _open("masks")),
    Kind("mask by colour", "coloured/masks/1.png", _open("coloured", on_unreadable="skip")),
    Kind("classes of masks", "masks/classes.txt", _open("masks")),
    Kind("colours of masks", "coloured/classes.txt", _open("coloured")),
    Kind("outlines", "coco/labels.json", _open("coco")),
    Kind("boxes of VOC", "voc/Annotations/3.xml", _open("voc", on_unreadable="skip")),
    Kind("boxes of YOLO", "yolo/labels/3.txt", _open("yolo", on_unreadable="skip")),
    Kind("data.yaml", "yolo/data.yaml", _open("yolo")),
    Kind("boxes of COCO", "boxes/boxes.json", _open("boxes/boxes.json")),
    Kind("boxes of a csv", "boxes.csv", _open("boxes.csv", on_unreadable="skip")),
    Kind("npz data", "data.npz", _open("data.npz")),
    Kind("npz packed", "packed.npz", _open("packed.npz")),
    Kind("idx images", "idx/train-images-idx3-ubyte", _open("idx")),
    Kind("idx labels", "idx/t10k-labels-idx1-ubyte", _open("idx")),
    Kind("idx gz", "idxgz/train-images-idx3-ubyte.gz", _open("idxgz")),
    Kind("idx names", "idx/classes.txt", _open("idx")),
    Kind("cifar", "cifar/data_batch_2.bin", _open("cifar")),
    Kind("class names", "names.txt", lambda folder: read_class_names(folder / "names.txt", 3)),
    Kind("config", "options.toml", _config),
    *(Kind(f"weights {name}", name, _weights(name)) for name in FOREIGN),
    Kind("darknet cfg", "net.cfg", _darknet),
    Kind("darknet weights", "net.weights", _darknet),
    Kind("weights of a cfg", "cfg.safetensors", lambda folder: load(folder / "cfg.safetensors"), record=True),
    Kind("weights load", "foreign.safetensors", lambda folder: load(folder / "foreign.safetensors")),
    Kind("run weights", "run/weights/best.safetensors", _judge, record=True),
    Kind("run state", "run/state/NEWEST", _state, record=True),
    Kind("run config", "run/config.toml", _run),
    Kind("run manifest", "run/manifest.json", _run),
    Kind("run events", "run/events.jsonl", _run),
    Kind("run parts", "run/parts.csv", _judge),
)


def path_of(kind: Kind, folder: Path) -> Path:
    """The file of a kind; of a run's states the newest."""
    if kind.path.endswith("NEWEST"):
        return checkpoint.generations(Run(folder / "run"))[0]
    return folder / kind.path
