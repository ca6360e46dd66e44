"""Write the tables of README.md from all figures that are kept: python benchmarks/tables.py."""

import json
from typing import Any

from kept import HERE, RESULTS, cpu_of

BEGIN, END = "<!-- tables: written by tables.py -->\n", "<!-- end of tables -->\n"


def write_tables() -> None:
    """Put the tables of all kept figures into README.md."""
    readme = HERE / "README.md"
    head, rest = readme.read_text().split(BEGIN)
    readme.write_text(head + BEGIN + tables() + END + rest.split(END)[1])


def tables() -> str:
    """All kept figures as Markdown, a section for each CPU."""
    parts = []
    for folder in sorted(path for path in RESULTS.iterdir() if path.is_dir()):
        files = [json.loads(path.read_text()) | {"suite": path.stem} for path in sorted(folder.glob("*.json"))]
        runs = [json.loads(path.read_text()) for path in sorted(folder.glob("accuracy/*.json"))]
        if files or runs:
            parts.append(f"### {cpu_of((files + runs)[0]['machine'])}\n")
            parts += [suite_table(kept) for kept in files if "results" in kept]
            parts += [training_table(runs)] if runs else []
            twins = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("torch/*.json"))}
            parts += (
                [twin_table([(kept, twins[kept["name"]]) for kept in runs if kept["name"] in twins])] if twins else []
            )
            parts += [loader_table(kept, kept["suite"].rpartition("-")[2][:-1]) for kept in files if "alone" in kept]
            parts += [proposals_table(kept) for kept in files if "searched" in kept]
            parts += [memory_table(kept) for kept in files if "memory" in kept]
            parts += [scaling_table(kept) for kept in files if "scaling" in kept]
    return "\n".join(parts)


def suite_table(kept: dict[str, object]) -> str:
    """One suite: a row a case, a column a rival."""
    results = kept["results"]
    rivals = sorted({name for result in results for name in result["against"]})
    suite, _, threads = str(kept["suite"]).rpartition("-")
    versions = kept["machine"]["versions"]
    # Whole processes are measured in memory, not in sums.
    whole = any(r.get("mb") is not None for r in results)
    middle = ["MB", *(f"{name}, MB" for name in rivals)] if whole else ["GFLOP/s", "of peak"]
    lines = [
        f"**{suite}**, {threads[:-1]} thread(s), numba {versions['numba']}, numpy {versions['numpy']}, commit "
        f"{kept['commit']}\n",
        "| case | ms | best | worst | " + " | ".join([*middle, *(f"{name} / ours" for name in rivals)]) + " |",
        "|---|---|---|---|" + "---|" * (len(middle) + len(rivals)),
    ]
    for r in results:
        cells = [r["case"], f"{r['ms']:.3g}", f"{r['best_ms']:.3g}", f"{r['worst_ms']:.3g}"]
        if whole:
            cells += [f"{mb:.0f}" if mb else "" for mb in (r["mb"], *(r["against_mb"].get(name) for name in rivals))]
        else:
            cells += ["", ""] if r["gflops"] is None else [f"{r['gflops']:.0f}", f"{100 * r['peak_fraction']:.0f} %"]
        cells += [f"{r['against'][name]:.2f}" if name in r["against"] else "" for name in rivals]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def training_table(runs: list[dict[str, Any]]) -> str:
    """All trainings of a machine, a row each."""
    lines = [
        "**accuracy**: what trainings reached; each is one command, and its curve lies in `accuracy/`\n",
        "| training | network | parameters | on the test part | minutes | seconds an epoch | epochs | threads | loss "
        "| seed | commit |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for kept in runs:
        minutes = f"{kept['seconds'] / 60:.1f}"
        if kept["test"] is None:
            minutes += f" of {projected(kept) / 60:.0f}"
        threads = ", ".join(dict.fromkeys(str(part["threads"]) for part in kept["parts"]))
        first, last = kept["train_loss"]
        cells = [kept["name"], kept["model"], f"{kept['parameters']:,}", reached(kept), minutes]
        cells += [f"{kept['seconds_per_epoch']:.1f}", str(kept["epochs"]), threads, f"{first:.3f} -> {last:.3f}"]
        lines.append("| " + " | ".join([*cells, str(kept["seed"]), kept["commit"]]) + " |")
    notes = [f"{kept['name']}: {kept['note']}" for kept in runs if kept["note"]]
    return "\n".join([*lines, "", *notes]) + "\n"


def twin_table(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """The same trainings in torch, a row each, and the mean over the seeds of each recipe."""
    lines = [
        "**beside torch**: the same recipe, first weights, pictures, order and rates, by `torch_training.py`\n",
        "| training | cnnkit | torch |",
        "|---|---|---|",
        *(
            f"| {ours['name']} | {reached(ours)} | {reached(ours | {'test': theirs['test']})} |"
            for ours, theirs in pairs
        ),
    ]
    means: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for ours, theirs in pairs:
        # Of membranes Dice is asked for, of the others what chooses the best epoch.
        measure = "dice" if theirs["recipe"] == "unet-membrane" else ours["metric"]
        means.setdefault((theirs["recipe"], measure), []).append((ours["test"][measure], theirs["test"][measure]))
    for (recipe, measure), found in means.items():
        mine, torch = (100 * sum(values) / len(values) for values in zip(*found, strict=True))
        lines.append(f"| {recipe}: mean {measure} of {len(found)} | {mine:.2f} % | {torch:.2f} % |")
    return "\n".join(lines) + "\n"


def reached(kept: dict[str, Any]) -> str:
    """What the network can do, by its task's measure."""
    shown = {"top1": "top-1", "miou": "mIoU", "dice": "Dice", "map50": "mAP@0.5", "map": "mAP"}
    measured = kept["val"] if kept["test"] is None else kept["test"]
    found = ", ".join(f"{shown[name]} {100 * measured[name]:.2f} %" for name in shown if name in measured)
    return f"val {found}" if kept["test"] is None else found


def projected(kept: dict[str, Any]) -> float:
    """Seconds to the end of the run: those that it took, or would have taken at the pace of its steps."""
    return float(kept["seconds"] * kept["steps"] / kept["steps_done"])


def loader_table(kept: dict[str, Any], threads: str) -> str:
    """Two tables: the loader alone, and what of a training waits for it."""
    lines = [
        f"**loader**, {threads} thread(s), commit {kept['commit']}\n",
        "| data | augmentation | workers | images/s | best | worst |",
        "|---|---|---|---|---|---|",
        *(
            f"| {r['data']} | {r['augment']} | {r['workers']} | {r['images_per_second']:,.0f} | {r['best']:,.0f} "
            f"| {r['worst']:,.0f} |"
            for r in kept["alone"]
        ),
        "",
        "| training | data | batch | images/s | images/s of the steps alone | waits for the loader |",
        "|---|---|---|---|---|---|",
        *(
            f"| {r['network']} | {r['data']} | {r['batch']} | {r['images_per_second']:,.0f} "
            f"| {r['step_images_per_second']:,.0f} | {100 * r['waited_share']:.1f} % |"
            for r in kept["training"]
        ),
    ]
    return "\n".join(lines) + "\n"


def proposals_table(kept: dict[str, Any]) -> str:
    """What selective search finds, a row for each set of pictures."""
    name, _, threads = kept["suite"].rpartition("-")
    took = kept["seconds"]
    lines = [
        f"**{name}**, {threads[:-1]} thread(s), commit {kept['commit']}: a picture of 500x375 takes "
        f"{took['cpu']:.2f} s of the processor, {took['clock']:.2f} s by the clock\n",
        "| pictures | proposals each | true boxes | recall at 0.5 | by class | mean best overlap | seconds each |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in kept["searched"]:
        by_class = ", ".join(f"{name} {100 * recall:.0f} %" for name, recall in row["classes"].items())
        cells = [f"{row['data']}, {row['pictures']}", f"{row['proposals']:,.0f}", f"{row['boxes']:,}"]
        cells += [f"{100 * row['recall']:.1f} %", by_class, f"{row['best_overlap']:.3f}", f"{row['cpu_seconds']:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def memory_table(kept: dict[str, Any]) -> str:
    """What training steps take, a row a network."""
    threads = kept["suite"].rpartition("-")[2][:-1]
    lines = [
        f"**memory**, {threads} thread(s), commit {kept['commit']}: MB of a training step, and of the whole process\n",
        "| case | cnnkit | torch | ours / torch | whole: cnnkit | torch | ours / torch |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in kept["memory"]:
        ours, *theirs = row["mb"].values()
        cells = [row["case"]]
        for what in ("step", "whole"):
            least = min(side[what] for side in theirs)
            cells += [f"{ours[what]:,.0f}", f"{least:,.0f}", f"{row[what]:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def scaling_table(kept: dict[str, Any]) -> str:
    """How times grow with images, fall with threads, or how near sums come to the processor's peak: a row each."""
    rows = [flat(row) for row in kept["scaling"]]
    threads = "" if kept["suite"] == "scaling-threads" else f", {kept['threads']} thread(s)"
    lines = [
        f"**{kept['suite'].replace('-', ', ')}**{threads}, commit {kept['commit']}\n",
        "| " + " | ".join(rows[0]) + " |",
        "|---" * len(rows[0]) + "|",
        *("| " + " | ".join(shown(value) for value in row.values()) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """Its columns; a mapping within it is a column a key."""
    return {
        (f"{name}: {key}" if key else name): found
        for name, value in row.items()
        for key, found in (value.items() if isinstance(value, dict) else [("", value)])
    }


def shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    write_tables()
