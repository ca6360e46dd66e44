"""What the shell is offered for names of models, data, recipes and runs."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem


def model_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from cnnkit.models import registry

    return [CompletionItem(name) for name in registry.names() if name.startswith(incomplete)]


def weight_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Networks whose weights can be downloaded."""
    from cnnkit.models.weights.downloads import DOWNLOADS

    return [CompletionItem(name) for name in DOWNLOADS if name.startswith(incomplete)]


def recipe_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from cnnkit.engine.records import recipes

    return [CompletionItem(name) for name in recipes.names() if name.startswith(incomplete)]


def data_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from cnnkit.data.open.source import NAMES

    return [CompletionItem(name) for name in NAMES if name.startswith(incomplete)] + _files(incomplete, "dir")


def run_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Run folders under `runs/` by their manifest, what is in the package, then any file."""
    from cnnkit.engine.use.shipped import shipped_names

    found = [str(manifest.parent) for manifest in sorted(Path("runs").glob("**/manifest.json"))] + shipped_names()
    return [CompletionItem(name) for name in found if name.startswith(incomplete)] + _files(incomplete, "file")


def _files(incomplete: str, kind: str) -> list[CompletionItem]:
    """The shell completes paths itself when told so."""
    return [CompletionItem(incomplete, type=kind)]
