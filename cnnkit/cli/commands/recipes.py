"""`cnnkit recipes`: trainings with a measured accuracy."""

from __future__ import annotations

import click

from cnnkit.cli.arguments.completion import recipe_names
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen


@command("recipes", example="cnnkit recipes resnet20-cifar10")
@click.argument("name", required=False, shell_complete=recipe_names)
def recipes(screen: Screen, name: str | None) -> None:
    """List the recipes for train --recipe, or show one.

    With NAME: all options of this recipe.
    """
    from cnnkit.engine.records.recipes import RECIPES, find

    if name is None:
        if screen.as_json:
            screen.json({"recipes": [_record(recipe.name) for recipe in RECIPES]})
            return
        rows = [(recipe.name, f"{recipe.summary}.") for recipe in RECIPES]
        screen.facts(rows, prose=[name for name, _ in rows])
        screen.note("\nThe options of one: cnnkit recipes NAME\nTo train one: cnnkit train --recipe NAME")
        return
    recipe = find(name)
    if screen.as_json:
        screen.json(_record(name))
        return
    screen.facts([("name", recipe.name), ("what it is", recipe.summary), ("source", recipe.source)], prose=["source"])
    screen.text()
    screen.facts([(f"--{option.replace('_', '-')}", value) for option, value in recipe.options.items()])
    if recipe.yours:
        screen.text("\nyours to give:")
        screen.facts(
            [(f"--{option}", what) for option, what in recipe.yours.items()],
            prose=[f"--{option}" for option in recipe.yours],
        )
    screen.note(f"\nYour own options override these:\n  {recipe.command()}")


def _record(name: str) -> dict[str, object]:
    from cnnkit.engine.records.recipes import find

    recipe = find(name)
    return {
        "name": recipe.name,
        "summary": recipe.summary,
        "source": recipe.source,
        "options": dict(recipe.options),
        "yours": dict(recipe.yours),
        "command": recipe.command(),
    }
