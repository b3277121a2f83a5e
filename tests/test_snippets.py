"""Run the Python snippets of README.md and of the user guide verbatim.

The snippets of a file run in their order, in one namespace that is empty at first, in an empty folder. The
printed results of ``>>>`` examples must equal the text.
"""

import doctest
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = sorted((ROOT / "docs" / "user_guide").glob("*.rst"))
# languages of blocks that are not Python
NOT_RUN = {"bash", "text"}
# pages without Python
WITHOUT_PYTHON = {"index.rst", "choosing.rst", "command_line.rst", "faq.rst", "glossary.rst"}
# pages that search networks or train them on long proteins
SLOW = {"README.md", "classification.rst"}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_CODE_BLOCK = re.compile(
    r"^\.\. (?:code|code-block|sourcecode|parsed-literal|testcode)::(.*)\n((?:\n|[ \t]+.*\n)*)", re.MULTILINE
)
_LITERAL_BLOCK = re.compile(r"^(?!\.\. ).*::()\n((?:\n|[ \t]+.*\n)+)", re.MULTILINE)


def code_blocks(path: Path) -> list[tuple[int, str, str]]:
    """Return the line, the language and the text of each block of code, doctests excluded."""
    text = path.read_text(encoding="utf-8")
    patterns = [_FENCE] if path.suffix == ".md" else [_CODE_BLOCK, _LITERAL_BLOCK]
    return [
        (text.count("\n", 0, block.start(2)), block[1].strip(), dedent(block[2]))
        for pattern in patterns
        for block in pattern.finditer(text)
    ]


def python_snippets(path: Path) -> list[tuple[int, str | doctest.Example]]:
    """Return the Python snippets of a file with their lines, in order."""
    snippets: list[tuple[int, str | doctest.Example]] = [
        (line, text)
        for line, language, text in code_blocks(path)
        if language not in NOT_RUN and not text.lstrip().startswith(">>>")
    ]
    examples = doctest.DocTestParser().get_examples(path.read_text(encoding="utf-8"))
    return sorted([*snippets, *((example.lineno, example) for example in examples)], key=lambda item: item[0])


def run_example(example: doctest.Example, namespace: dict[str, Any], path: Path) -> None:
    test = doctest.DocTest([example], namespace, path.name, str(path), 0, None)
    # the runner clears the namespace of each test unless told otherwise
    doctest.DebugRunner(optionflags=OPTIONS).run(test, clear_globs=False)
    namespace.update(test.globs)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.name in SLOW else [])
        for path in [ROOT / "README.md", *GUIDE]
    ],
)
def test_snippets_run_as_pasted(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line, snippet in python_snippets(path):
        if isinstance(snippet, doctest.Example):
            run_example(snippet, namespace, path)
        else:
            # the blank lines give errors the line numbers of the file
            exec(compile("\n" * line + snippet, path, "exec"), namespace)


@pytest.mark.parametrize("path", [ROOT / "README.md", *GUIDE], ids=lambda path: path.stem)
def test_every_page_shows_python(path: Path) -> None:
    assert bool(python_snippets(path)) == (path.name not in WITHOUT_PYTHON)


def test_blocks_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.rst"
    page.write_text(
        "Title\n=====\n\n.. code-block:: bash\n\n   ls\n\n.. code-block:: python\n\n   a = 1\n\n"
        "Text::\n\n    b = a\n\n>>> a + b\n2\n\nEnd.\n"
    )
    (_, one), (_, two), (_, three) = python_snippets(page)
    assert (one.strip(), two.strip()) == ("a = 1", "b = a")
    assert isinstance(three, doctest.Example)
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n```bash\nls\n```\n\nText\n\n```python\na = 1\n```\n")
    assert python_snippets(page) == [(9, "a = 1\n")]


def test_wrong_output_of_an_example_fails(tmp_path: Path) -> None:
    (example,) = doctest.DocTestParser().get_examples(">>> 1 + 1\n3\n")
    with pytest.raises(doctest.DocTestFailure):
        run_example(example, {}, tmp_path / "page.rst")
