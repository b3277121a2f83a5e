"""Draw the history of a benchmark: ``.. history:: groups`` reads docs/benchmarks/history/groups.csv.

Each row of the file is ``date,measure,value,note``. The directive draws one small chart for each measure,
as inline SVG in the colors of the theme, and a table of all rows below the charts.
"""

import csv
from datetime import date
from html import escape
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

_COLUMNS = ["date", "measure", "value", "note"]
_WIDTH, _HEIGHT = 320, 112
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 282, 30, 78


class Row(NamedTuple):
    """One figure: the day of the measurement, the value as written, and the state of the code."""

    day: date
    value: str
    note: str


def read_history(path: Path) -> dict[str, list[Row]]:
    """Return the rows of each measure, in the order of the file."""
    history: dict[str, list[Row]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != _COLUMNS:
            raise ValueError(f"{path.name} has the columns {reader.fieldnames}, but {_COLUMNS} are required")
        for line, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise ValueError(
                    f"{path.name}, line {line}: {len(_COLUMNS)} fields are required; quote commas"
                )
            try:
                float(row["value"])
                day = date.fromisoformat(row["date"])
            except ValueError as error:
                raise ValueError(f"{path.name}, line {line}: {error}") from None
            rows = history.setdefault(row["measure"], [])
            if rows and rows[-1].day > day:
                raise ValueError(f"{path.name}, line {line}: the dates of a measure must not decrease")
            rows.append(Row(day, row["value"], row["note"]))
    return history


def _chart(measure: str, rows: list[Row]) -> str:
    """Return the chart of one measure as SVG: points at equal steps, with values above and dates below."""
    values = [float(row.value) for row in rows]
    low, high = min(values), max(values)
    step = (_RIGHT - _LEFT) / (len(rows) - 1) if len(rows) > 1 else 0
    xs = [_LEFT + step * index for index in range(len(rows))] if step else [_WIDTH / 2]
    ys = [
        _BOTTOM - (_BOTTOM - _TOP) * ((value - low) / (high - low) if high > low else 0.5) for value in values
    ]
    labeled = range(len(rows)) if len(rows) <= 4 else (0, len(rows) - 1)
    summary = f"{measure}: " + ", ".join(f"{row.value} on {row.day}" for row in rows)
    shapes = [f'<line x1="8" x2="{_WIDTH - 8}" y1="90" y2="90" class="axis"/>']
    if step:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        shapes.append(f'<polyline points="{points}"/>')
    shapes += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in zip(xs, ys, strict=True)]
    for index in labeled:
        x, y = xs[index], ys[index]
        shapes.append(f'<text x="{x:.1f}" y="{y - 9:.1f}">{escape(rows[index].value)}</text>')
        shapes.append(f'<text x="{x:.1f}" y="106" class="day">{rows[index].day}</text>')
    return (
        f'<figure><figcaption>{escape(measure)}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(summary)}">{"".join(shapes)}</svg></figure>'
    )


def _table(history: dict[str, list[Row]]) -> str:
    """Return all rows as a table that a reader can open."""
    body = "".join(
        f"<tr><td>{row.day}</td><td>{escape(measure)}</td><td>{row.value}</td><td>{escape(row.note)}</td></tr>"
        for measure, rows in history.items()
        for row in rows
    )
    return (
        "<details><summary>All figures of these charts</summary>"
        '<div class="pst-scrollable-table-container"><table class="table"><thead><tr><th>date</th>'
        f"<th>measure</th><th>value</th><th>code</th></tr></thead><tbody>{body}</tbody></table></div></details>"
    )


class _History(Directive):
    """Insert the charts of one file of the folder ``history``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the charts and the table as raw HTML."""
        env = self.state.document.settings.env
        relative, path = env.relfn2path(f"/benchmarks/history/{self.arguments[0]}.csv")
        env.note_dependency(relative)
        try:
            history = read_history(Path(path))
        except (OSError, ValueError) as error:
            raise self.error(str(error)) from error
        charts = "".join(_chart(measure, rows) for measure, rows in history.items())
        html = f'<div class="history">{charts}</div>{_table(history)}'
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("history", _History)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
