"""The data, the options and the machine in full, and the command that repeats the run."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from cnnkit.data.check.findings import KINDS
from cnnkit.pages.page.blocks import Block, Fold, Table, Verbatim, Words
from cnnkit.pages.report.section import Seen

# Rows of tables, findings of a kind, files of a finding, letters of a value: of more, the first.
MOST_ROWS, MOST_FINDINGS, MOST_FILES, MOST_LETTERS = 1000, 50, 8, 1000


def check(seen: Seen) -> Iterator[Block]:
    report, words = seen.review.checked, seen.words
    if report is None:
        yield from seen.lacks("checked")
        return
    problems, warnings = len(report.problems), len(report.findings) - len(report.problems)
    yield Words(words("check.counts", problems=problems, warnings=warnings), bad=bool(problems))
    yield Words(report.found)
    yield from (Words(note, quiet=True) for note in report.notes)
    for kind, found in groupby(report.findings, key=lambda finding: finding.kind):
        findings = list(found)
        error = findings[0].severity(report.allowed) == "error"
        title = f"{words('check.problem' if error else 'check.warning')}: {KINDS[kind].title} ({len(findings):,})"
        shown = [Words(_sentence(finding.files, finding.message)) for finding in findings[:MOST_FINDINGS]]
        if len(findings) > MOST_FINDINGS:
            shown.append(Words(words("check.more", more=f"{len(findings) - MOST_FINDINGS:,}"), quiet=True))
        yield Fold(title, shown)
    if report.rows:
        names = [words("check.class"), *report.parts]
        rows: list[list[str | tuple[str, float]]] = [
            [name, *((f"{count:,}", float(count)) for count in counts)] for name, *counts in report.rows[:MOST_ROWS]
        ]
        caption = words("check.rows")
        yield Table(caption, names, rows, names[1:], sortable=True, long=len(rows) > 30)


def repeat(seen: Seen) -> Iterator[Block]:
    papers, given, words = seen.review.papers, seen.review.given, seen.words
    if given:
        yield Words(words("repeat.in_python", given=", ".join(words(f"repeat.{name}") for name in given)))
    elif papers.command:
        yield Words(words("repeat.command"))
        yield Verbatim(papers.command, command=True)
    if papers.config:
        yield Words(words("repeat.config"))
        yield Verbatim(papers.config)
    else:
        yield Words(words("repeat.no_config"), bad=True)


def environment(seen: Seen) -> Iterator[Block]:
    words, manifest = seen.words, seen.review.papers.manifest
    if not manifest:
        yield Words(words("environment.none"), bad=True)
        return
    rows = [(name, value) for name, value in flat(manifest)][:MOST_ROWS]
    names = [words("environment.name"), words("environment.value")]
    yield Table(words("environment.title"), names, rows)


def flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and values of a record within records, as texts of bounded length."""
    for name, value in list(record.items())[:MOST_ROWS]:
        if isinstance(value, Mapping) and prefix.count(".") < 4:
            yield from flat(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            yield f"{prefix}{name}"[:200], text[:MOST_LETTERS]


def _sentence(files: tuple[str, ...], message: str) -> str:
    more = f" (+{len(files) - MOST_FILES:,})" if len(files) > MOST_FILES else ""
    return f"{', '.join(files[:MOST_FILES])}{more}: {message}" if files else message
