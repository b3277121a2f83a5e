"""The Sphinx site. It builds without a network: python -m sphinx -W --keep-going docs docs/_build/html."""

import os
import re
import shutil
import sys
from pathlib import Path

# one thread for each library, as the estimators use: the gallery then runs beside other work
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent / "_ext"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from skseed import __version__

project = "skseed"
author = "The skseed developers"
copyright = "2026, the skseed developers (BSD-3-Clause)"
version = release = __version__

extensions = [
    "history",
    "mathml",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "public_names",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "sg_execution_times.rst", "auto_examples/sg_execution_times.rst"]
templates_path = ["_templates"]
default_role = "literal"
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}

autosummary_generate = True
autosummary_ignore_module_all = False  # a page of a sub-package lists its __all__
autosummary_imported_members = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False

# Formulas become MathML and no inventory of another project is read: a page asks for nothing from outside.
html_math_renderer = "mathml"
intersphinx_mapping: dict[str, tuple[str, str | None]] = {}

copybutton_exclude = ".linenos, .gp, .go"  # copies no prompts and no output

# The figures of the user guide are drawn by the code above them, when the site is built.
plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = ["svg"]
plot_rcparams = {
    "figure.figsize": (6.4, 3.6),
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "skseed",
}
plot_apply_rcparams = True

html_theme = "pydata_sphinx_theme"
html_title = "skseed"
html_static_path = ["_static"]
html_css_files = ["skseed.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skseed", "alt_text": "skseed"},
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_align": "left",
}
html_sidebars = {"contributing": [], "benchmarks/*": [], "quickstart": []}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"benchmarks",
    "subsection_order": [
        f"../examples/{section}"
        for section in (
            "splits",
            "neighbors",
            "clusters",
            "embedding",
            "lab_of_origin",
            "classification",
            "kmers",
            "workflow",
        )
    ],
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "gen_modules/backreferences",
    "doc_module": ("skseed",),
    "reference_url": {"skseed": None},
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "matplotlib_animations": False,
    "abort_on_example_error": False,
}


def _skip_foreign_member(app, what, name, obj, skip, options):
    """Leave out what a class inherits from other projects, whose docstrings link to their own pages."""
    if what != "class" or skip:
        return skip
    function = getattr(obj, "fget", None) or getattr(obj, "__func__", None) or obj
    module = getattr(function, "__module__", None) or ""
    return not module.startswith("skseed")


def _escape_attributes(app, what, name, obj, options, lines):
    """Keep a fitted attribute in running text, ``classes_``, from being read as a reference to "classes"."""
    if isinstance(obj, (tuple, frozenset, dict)):
        lines.clear()  # what a tuple is, is told elsewhere
    in_example = in_formula = False
    for index, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if line.strip():
            in_formula = line.startswith(".. math::") or (in_formula and line.startswith(" "))
        if not in_example and not in_formula:
            lines[index] = re.sub(
                r"(`+.*?`+)|(?<![\w.])(\w+)_(?!\w)",
                lambda match: match[1] or rf"{match[2]}\_",
                line,
            )


_QUICKSTART = Path(__file__).parents[1] / "examples" / "quickstart.png"


def _remove_old_picture(app):
    """Remove the picture of an earlier build before the gallery runs."""
    _QUICKSTART.unlink(missing_ok=True)


def _show_new_picture(app, exception):
    """Replace the stored picture of the quickstart by the one that this build drew, if it ran the example."""
    shown = Path(app.outdir) / "_images" / _QUICKSTART.name
    if exception is None and _QUICKSTART.exists() and shown.exists():
        shutil.copyfile(_QUICKSTART, shown)


def setup(app):
    """Connect the hooks that autodoc calls for every member and, after numpydoc, for every docstring."""
    app.connect("autodoc-skip-member", _skip_foreign_member)
    app.connect("autodoc-process-docstring", _escape_attributes, priority=900)
    app.connect("builder-inited", _remove_old_picture, priority=100)
    app.connect("build-finished", _show_new_picture)
