"""README.md: the output of its first example and its absolute links."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

_IN_REPOSITORY = re.compile(
    r"https://(?:github\.com/skseed/skseed/(?:blob|tree|raw)/main|raw\.githubusercontent\.com/skseed/skseed/main)"
    r"/([^)\s#]+)"
)
_IN_DOCUMENTATION = re.compile(r"https://skseed\.readthedocs\.io/en/latest/([^)\s#]+)\.html")
# pages that the build of the documentation makes from the folder of their sources
_GENERATED = {"auto_examples/index": "examples/GALLERY_HEADER.rst"}


def test_first_example_prints_the_output_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = re.search(r"^```python\n(.*?)^```\n\n^```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert example is not None
    monkeypatch.chdir(tmp_path)
    exec(compile(example[1], "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == example[2]


def test_links_to_the_repository_name_files_of_the_checkout() -> None:
    paths = set(_IN_REPOSITORY.findall(README))
    assert {"LICENSE", "docs/_static/quickstart.png"} <= paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_links_to_workflows_name_files_of_the_checkout() -> None:
    names = set(re.findall(r"github\.com/skseed/skseed/actions/workflows/([\w.]+\.yml)", README))
    assert names
    assert [name for name in sorted(names) if not (ROOT / ".github" / "workflows" / name).exists()] == []


def test_links_to_the_documentation_name_pages_of_its_sources() -> None:
    pages = set(_IN_DOCUMENTATION.findall(README))
    assert "user_guide/index" in pages
    sources = [_GENERATED.get(page, f"docs/{page}.rst") for page in sorted(pages)]
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_every_link_is_absolute() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert [target for target in targets if not target.startswith("https://")] == []
