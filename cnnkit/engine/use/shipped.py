"""Trained weights that are part of the package. Nothing is imported, so that a shell completes their names at once."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "models" / "shipped"
SHIPPED = FOLDER / "digits.safetensors"


def shipped_names() -> list[str]:
    """The networks whose trained weights are there, each by the name that `load` takes; digits has none."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors") if path != SHIPPED)
