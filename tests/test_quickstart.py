"""The numbers of the quickstart against those that the documentation shows."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_quickstart_prints_the_numbers_beside_its_picture(tmp_path: Path) -> None:
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    script = ROOT / "examples" / "plot_quickstart.py"
    subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, check=True)
    key = ["task", "quantity", "model"]
    new = pd.read_csv(tmp_path / "quickstart.csv", dtype={"quantity": str}).set_index(key)
    stored = pd.read_csv(ROOT / "docs" / "_static" / "quickstart.csv", dtype={"quantity": str}).set_index(key)
    assert new.index.tolist() == stored.index.tolist()
    both = new.assign(stored=stored["value"])
    changed = both[(both["value"] - both["stored"]).abs() > stored["tolerance"]]
    assert changed.empty, f"run examples/plot_quickstart.py and store its files:\n{changed}"
    assert (tmp_path / "quickstart.png").stat().st_size > 0
