"""Properties of the whole package: documented names, light imports, shipped files, working links."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from numpydoc.docscrape import FunctionDoc
from sklearn.base import BaseEstimator

import skseed
from skseed.ranking import KmerLabRanker

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "skseed"
SUBMODULES = sorted(set(skseed.__all__) - {"__version__"})
WITHOUT_TORCH = sorted(set(SUBMODULES) - {"classification", "embedding", "nn"})

# runs a cross-validation on two processes and prints whether any worker has imported torch
TORCH_FREE_JOB = """
import sys
from joblib import Parallel, delayed
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from skseed.datasets import make_plasmids
from skseed.metrics import top_k_scorer
from skseed.model_selection import LevenshteinGroupKFold
from skseed.preprocessing import KmerVectorizer

def imports_torch():
    import sys
    return "torch" in sys.modules

if __name__ == "__main__":
    plasmids, labs = make_plasmids(24, 2, length=300, random_state=0)
    cv = LevenshteinGroupKFold(2, max_distance=0.01)
    model = make_pipeline(KmerVectorizer(k=4), MultinomialNB())
    cross_val_score(model, plasmids, labs, scoring=top_k_scorer(1), cv=cv, n_jobs=2, error_score="raise")
    print(imports_torch(), *Parallel(2)(delayed(imports_torch)() for _ in range(8)))
"""


def output_of(code: str) -> list[str]:
    """Run code in a new Python process and return the words of its output."""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return result.stdout.split()


def test_api_page_lists_every_submodule() -> None:
    # the lists of names are generated from __all__, so no name can be missing there
    page = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^   skseed\.(\w+)$", page, re.MULTILINE)) == SUBMODULES
    assert sorted(re.findall(r"^\.\. public-names:: skseed\.(\w+)$", page, re.MULTILINE)) == SUBMODULES


def test_every_estimator_links_to_its_api_page() -> None:
    page = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    modules = re.findall(r"^\.\. public-names:: (\S+)$", page, re.MULTILINE)
    pages = {
        f"api/{module}.{name}.html" for module in modules for name in importlib.import_module(module).__all__
    }
    links = {
        estimator: estimator.__new__(estimator)._get_doc_link()
        for module in modules
        for estimator in vars(importlib.import_module(module)).values()
        if isinstance(estimator, type) and issubclass(estimator, BaseEstimator)
    }
    assert len(links) > 20
    for estimator, link in links.items():
        assert link.startswith("https://skseed.readthedocs.io/page/")
        assert link.removeprefix("https://skseed.readthedocs.io/page/") in pages, estimator


def test_the_html_representation_contains_the_link() -> None:
    text = KmerLabRanker()._repr_html_()
    assert 'href="https://skseed.readthedocs.io/page/api/skseed.ranking.KmerLabRanker.html"' in text


def test_the_version_is_that_of_the_changelog_and_of_the_citation() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)$", changelog, re.MULTILINE)
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert versions[0][0] == skseed.__version__
    assert f"version: {versions[0][0]}\ndate-released: {versions[0][1]}\n" in citation


def test_the_installation_page_names_every_extra() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = set(tomllib.load(file)["project"]["optional-dependencies"]) - {"test", "docs"}
    page = (ROOT / "docs" / "user_guide" / "install.rst").read_text(encoding="utf-8")
    assert set(re.findall(r"pip install \"skseed\[(\w+)\]\"", page)) == extras


def test_all_lists_every_submodule() -> None:
    found = {
        path.stem if path.suffix == ".py" else path.name
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("_")
    }
    assert found - {"cli"} == set(SUBMODULES)  # `skseed.cli` is the command line, not an interface for Python


@pytest.mark.parametrize("name", SUBMODULES)
def test_every_public_name_exists_and_has_a_docstring(name: str) -> None:
    module = importlib.import_module(f"skseed.{name}")
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        found = getattr(module, public)
        if callable(found):
            assert found.__doc__, f"skseed.{name}.{public} has no docstring"


def test_n_jobs_has_one_text() -> None:
    public = {
        item
        for name in SUBMODULES
        for item in vars(importlib.import_module(f"skseed.{name}")).values()
        if getattr(item, "__module__", "").startswith("skseed.") and callable(item)
    }
    methods = {
        method
        for item in public
        if isinstance(item, type)
        for method in vars(item).values()
        if callable(method)
    }
    texts = {
        f"{item.__module__}.{item.__qualname__}": " ".join(parameter.desc)
        for item in public | methods
        for parameter in FunctionDoc(item)["Parameters"]
        if parameter.name == "n_jobs"
    }
    assert len(texts) > 10
    shared = (
        r"The number of [^.;]+\. None is 1 unless in a ``joblib\.parallel_config`` context; -1 is one for "
        r"each processor\."
    )
    assert {name: text for name, text in texts.items() if not re.match(shared, text)} == {}


def test_import_leaves_out_heavy_packages() -> None:
    # each step imports more than the one before, in one process
    steps = [
        (["skseed"], ("torch", "skorch", "matplotlib", "pandas", "sentencepiece")),
        ([f"skseed.{name}" for name in WITHOUT_TORCH], ("torch", "skorch", "matplotlib")),
        ([f"skseed.{name}" for name in SUBMODULES], ("matplotlib", "skbio", "Bio")),
    ]
    code = "import importlib, sys\n" + "".join(
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print(*(f'{number}:{{name}}' for name in {absent!r} if name in sys.modules))\n"
        for number, (modules, absent) in enumerate(steps)
    )
    assert output_of(code) == []


@pytest.mark.slow
def test_workers_of_a_job_without_networks_do_not_import_torch() -> None:
    assert output_of(TORCH_FREE_JOB) == ["False"] * 9


def test_wheel_contains_every_data_file() -> None:
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


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", "CHANGELOG.md"]
)
def test_local_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_readme_has_each_command_once() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for marker in ("run-command", "test-command", "design-code"):
        assert len(re.findall(rf"<!-- {marker} -->\n```\w+\n.*?\n```\n<!-- end -->", readme, re.DOTALL)) == 1
