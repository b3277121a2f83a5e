"""What the package promises around its code: documented names, a light import, facts that stand once."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import skseed

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "skseed"
SUBMODULES = sorted(set(skseed.__all__) - {"__version__"})
WITHOUT_TORCH = sorted(set(SUBMODULES) - {"classification", "embedding", "neighbors", "nn", "ranking"})


def test_every_submodule_stands_on_the_api_page() -> None:
    # the page of a sub-package is made from its __all__, so no name can be missing there
    page = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^   skseed\.(\w+)$", page, re.MULTILINE)) == SUBMODULES


def test_every_submodule_is_announced() -> None:
    found = {
        path.stem if path.suffix == ".py" else path.name
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("_")
    }
    assert found == set(SUBMODULES)


@pytest.mark.parametrize("name", SUBMODULES)
def test_every_public_name_exists_and_is_described(name: str) -> None:
    module = importlib.import_module(f"skseed.{name}")
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        found = getattr(module, public)
        if callable(found):
            assert found.__doc__, f"skseed.{name}.{public} has no docstring"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import skseed", ("torch", "skorch", "matplotlib", "pandas", "sentencepiece")),
        ("\n".join(f"import skseed.{name}" for name in WITHOUT_TORCH), ("torch", "skorch", "matplotlib")),
        ("\n".join(f"import skseed.{name}" for name in SUBMODULES), ("matplotlib", "skbio", "Bio")),
    ],
    ids=["package", "modules without torch", "every module"],
)
def test_import_stays_light(statement: str, absent: tuple[str, ...]) -> None:
    code = f"{statement}\nimport sys\nprint(*(name for name in {absent!r} if name in sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.split() == []


def test_every_data_file_goes_into_the_wheel() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"]
    shipped = {
        path
        for package, globs in patterns.items()
        for glob in globs
        for path in (ROOT / package.replace(".", "/")).glob(glob)
    }
    present = {
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and "__pycache__" not in path.parts
    }
    assert present - shipped == set()


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "CHANGELOG.md"])
def test_local_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_says_its_commands_once() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for marker in ("run-command", "test-command", "design-code"):
        assert len(re.findall(rf"<!-- {marker} -->\n```\w+\n.*?\n```\n<!-- end -->", readme, re.DOTALL)) == 1
