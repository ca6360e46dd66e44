"""The extra `report`: what draws figures and fills in pages, and may not be installed."""

from importlib.util import find_spec

from cnnkit.errors import CnnkitError

PACKAGES = ("matplotlib", "jinja2")


def there() -> bool:
    """Whether pages can be made."""
    return not missing()


def missing() -> list[str]:
    """The packages that are not installed."""
    return [name for name in PACKAGES if find_spec(name) is None]


def need(instead: str = "") -> None:
    """To be asked before any work.

    instead: a sentence on what can be done without these packages.

    Raises:
        CnnkitError: a package is missing; one sentence says how to get it.
    """
    if names := missing():
        told = f'Pages need {" and ".join(names)}. Install what is missing: pip install "cnnkit[report]"'
        raise CnnkitError(f"{told}. {instead}" if instead else told)
