"""Make the pictures of README and manual: a digit to ask about, the screen of a real training, masks, and boxes.

python benchmarks/pictures.py PHOTO

They are written to cnnkit/docs/pictures: seven.png, train.svg of what `cnnkit train` and `cnnkit predict` show in
a terminal of 80 columns, masks.png of what `cnnkit train --data shapes` knows of pictures that it never saw, and
boxes.jpg of what `cnnkit predict PHOTO --model yolo_fastest` draws. The trainings are whole ones, and their folder is
removed afterwards.
The photo of README is dog.jpg of darknet, which is in the public domain.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Console
from rich.text import Text

import cnnkit
from cnnkit.data.open.source import open_data
from cnnkit.data.picture.overlay import legend, overlay

PICTURES = Path(__file__).resolve().parents[1] / "cnnkit" / "docs" / "pictures"
COLUMNS, ROWS = 80, 24
WIDTH = 576  # pixels of a photo
CELL = 12.2  # width of a character in the picture
SHOWN = "cnnkit/docs/pictures/seven.png"


def main(photo: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_seven().save(PICTURES / "seven.png", optimize=True)
    draw_boxes(photo).save(PICTURES / "boxes.jpg", quality=80, optimize=True)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / SHOWN).parent.mkdir(parents=True)
        (here / SHOWN).write_bytes((PICTURES / "seven.png").read_bytes())
        text = "".join(
            f"$ {command}\n{shown(command, here)}\n" for command in ("cnnkit train", f"cnnkit predict {SHOWN}")
        )
        run = here / "shapes"
        subprocess.run([sys.executable, "-m", "cnnkit", "train", "--data", "shapes", "--output", run], check=True)
        few_colours(draw_masks(run)).save(PICTURES / "masks.png", optimize=True)
    (PICTURES / "train.svg").write_text(as_svg(text.strip()), encoding="utf-8")


def draw_seven() -> Image.Image:
    """A seven as a pen writes it, dark on white paper, drawn large and made smaller for smooth edges."""
    large = Image.new("L", (640, 800), 255)
    pen = ImageDraw.Draw(large)
    stroke = [(150, 190), (300, 172), (478, 180), (420, 300), (352, 430), (300, 560), (276, 660)]
    pen.line(stroke, fill=30, width=52, joint="curve")
    for x, y in (stroke[0], stroke[-1]):
        pen.ellipse((x - 26, y - 26, x + 26, y + 26), fill=30)
    return large.resize((160, 200), Image.Resampling.LANCZOS)


def draw_masks(run: Path, pictures: int = 6, times: int = 2, gap: int = 6) -> Image.Image:
    """The first test pictures above what the network of a run sees in them, enlarged, and what the colours mean."""
    predictor, test = cnnkit.load(run), open_data("shapes").test
    images = [test[number].image for number in range(pictures)]
    masks = [predictor.predict(image).mask for image in images]
    rows = [[Image.fromarray(image) for image in images]]
    rows.append([Image.fromarray(overlay(*pair, test.colours)) for pair in zip(images, masks, strict=True)])
    H, W = (times * side for side in images[0].shape[:2])
    width = pictures * (W + gap) - gap
    names = legend(test.classes[1:], test.colours[1:], width)
    sheet = Image.new("RGB", (width, 2 * (H + gap) + names.height), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture.resize((W, H), Image.Resampling.NEAREST), (x * (W + gap), y * (H + gap)))
    sheet.paste(names, (0, 2 * (H + gap)))
    return sheet


def few_colours(picture: Image.Image) -> Image.Image:
    """With a palette, which makes a third of a file that is full of noise."""
    return picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)


def draw_boxes(photo: str) -> Image.Image:
    """A photo with what the detector of the package finds in it, made smaller before it is drawn into."""
    with Image.open(photo) as opened:
        picture = opened.convert("RGB")
    small = np.asarray(picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS))
    return cnnkit.load("yolo_fastest").predict(small).over(small)


def shown(command: str, folder: Path) -> str:
    """What a terminal shows of a command: its lines, without the bar that moves."""
    environment = os.environ | {"TERM": "dumb", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
    main_end, terminal = pty.openpty()
    words = [sys.executable, "-m", *command.split()]
    running = subprocess.Popen(words, cwd=folder, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    text = b""
    while True:
        try:
            part = os.read(main_end, 4096)
        except OSError:  # Linux tells the end of a terminal so
            break
        if not part:
            break
        text += part
    os.close(main_end)
    if running.wait():
        raise SystemExit(text.decode())
    # The picture in the package is proposed to be tried: by the path that it has in a checkout.
    said = text.decode().replace(str(PICTURES / "seven.png"), SHOWN)
    return "\n".join(line.rstrip() for line in said.splitlines() if not _of_the_bar(line)) + "\n"


def _of_the_bar(line: str) -> bool:
    """A line that stands for the bar where there is none."""
    return bool(re.match(r"(epoch \d+/\d+ step|(compiling|loading) kernels) ", line))


def as_svg(text: str) -> str:
    """A window with these lines. No font is fetched: the viewer's own monospaced one is used."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, highlight=False)
        for line in text.splitlines():
            console.print(Text(line, style="bold" if line.startswith("$ ") else ""))
        drawn = console.export_svg(title="cnnkit", unique_id="train")
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = drawn.replace("font-family: Fira Code, monospace", "font-family: monospace")
    return re.sub(r'x="0" (y="[\d.]+") textLength="([\d.]+)"([^>]*)>((?:&#160;)+)', _moved, drawn)


def _moved(found: re.Match[str]) -> str:
    """Spaces at the beginning of a line as a place further right: some viewers drop them."""
    y, length, rest, spaces = found.groups()
    left = CELL * spaces.count("&#160;")
    return f'x="{left:g}" {y} textLength="{float(length) - left:g}"{rest}>'


if __name__ == "__main__":
    main(sys.argv[1])
