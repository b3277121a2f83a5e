"""Check the files of docs/benchmarks/history, which the documentation draws."""

import csv
from datetime import date
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "docs" / "benchmarks"
PAGES = sorted(path.stem for path in BENCHMARKS.glob("*.rst") if path.stem != "index")


@pytest.mark.parametrize("page", PAGES)
def test_each_benchmark_page_draws_its_history(page: str) -> None:
    assert f".. history:: {page}\n" in (BENCHMARKS / f"{page}.rst").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_history_has_a_date_and_a_number_in_each_row(page: str) -> None:
    with (BENCHMARKS / "history" / f"{page}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["date", "measure", "value", "note"]
    days: dict[str, date] = {}
    for day, measure, value, _ in rows:
        float(value)
        assert days.get(measure, date.min) <= date.fromisoformat(day)
        days[measure] = date.fromisoformat(day)
    assert days
