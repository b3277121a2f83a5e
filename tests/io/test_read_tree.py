"""read_tree: accepted trees, and the position and format that each error names."""

import types

import numpy as np
import pytest

from skseed.io import read_tree


@pytest.mark.parametrize(
    ("text", "tips"),
    [
        ("(a,b);", ["a", "b"]),
        ("((a:1,b:2)n1:3,c:4)root:0;", ["a", "b", "c"]),
        (" ( a , b ) ;\n", ["a", "b"]),
        ("('it''s','a b (c)',d_e);", ["it's", "a b (c)", "d_e"]),
        ("[a comment, (x);](a[&support=1]:1[c],b);", ["a", "b"]),
        ("(a,b,c,d);", ["a", "b", "c", "d"]),
        ("a;", ["a"]),
        ("(a:-0.1,b:1e-6)100:0.5;", ["a", "b"]),
        ("((a),b);", ["a", "b"]),
    ],
)
def test_newick_text_is_read(text, tips):
    assert list(read_tree(text).tips) == tips


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (";", "holds no tree"),
        ("(a,b)", "without a semicolon"),
        ("((a,b);", r"character 6: a '\(' is not closed"),
        ("(a,b));", r"character 5: '\)' has no '\(' before it"),
        ("(a:nan,b);", "character 3: 'nan' is not a branch length"),
        ("(a:x,b);", "'x' is not a branch length"),
        ("(a:,b);", "character 3: a branch length is missing"),
        ("(a:1:2,b);", "two lengths"),
        ("(Homo sapiens,b);", "quote a name that holds blanks"),
        ("('a,b);", "character 1: a quote is not closed"),
        ("([a,b);", "a comment is not closed"),
        ("(a,b);(c,d);", "follows the semicolon"),
        ("(a(b,c));", r"character 2: '\(' is not allowed here; ',' or '\)' is expected"),
        ("a,b;", "',' has no '\\(' before it"),
        ("<html>;(a);", "an HTML page"),
    ],
)
def test_invalid_newick_is_located(text, message):
    with pytest.raises(ValueError, match=message):
        read_tree(text)


@pytest.mark.parametrize(
    ("text", "message"), [("(a,,b);", "without a name"), ("(a,a);", "'a' more than once")]
)
def test_tips_need_unique_names(text, message):
    with pytest.raises(ValueError, match=message):
        _ = read_tree(text).tips


def test_parents_precede_children():
    tree = read_tree("((a:1,b:2)n:3,c:4)r;")
    assert tree.names == ("r", "n", "a", "b", "c")
    np.testing.assert_array_equal(tree.parents, [-1, 0, 1, 1, 0])
    np.testing.assert_array_equal(tree.lengths, [np.nan, 3, 1, 2, 4])


@pytest.mark.parametrize(("max_tips", "n_clades"), [(1, 5), (2, 3), (3, 2), (4, 2), (5, 1)])
def test_clades_of_size_are_the_largest_that_fit(max_tips, n_clades):
    tree = read_tree("(((a,b),c),(d,e));")
    clades = tree.clades_of_size(np.array(list(tree.tips.values())), max_tips)
    assert len(set(clades)) == n_clades


@pytest.mark.parametrize(("height", "n_clades"), [(0, 5), (1, 3), (2.9, 3), (3, 2), (10, 1)])
def test_clades_by_height(height, n_clades):
    tree = read_tree("(((a:1,b:1):1,c:3):5,(d:1,e:-1):1);")
    clades = tree.clades_of_height(np.array(list(tree.tips.values())), height)
    assert len(set(clades)) == n_clades


def test_height_requires_lengths():
    tree = read_tree("((a:1,b:1):1,c);")
    with pytest.raises(ValueError, match="The branch above 'c' has no length"):
        tree.clades_of_height(np.array(list(tree.tips.values())), 1)


LENGTHS = ["1_0", "1__0", "_1", "1_", "1_0.5", "1e1_0", "\u0661", "0x1", "inf", "-Infinity", "nan", "1e999"]


@pytest.mark.parametrize("length", [*LENGTHS, "1.2.3", "--1", "1d5", "\uff11", "'1'"])
def test_only_plain_decimal_lengths_are_read(length):
    with pytest.raises(ValueError, match=r"character 3: .*is not a branch length|length is missing"):
        read_tree(f"(a:{length},b:1);")


@pytest.mark.parametrize(
    ("length", "value"), [("1", 1), ("+1.", 1), (".5", 0.5), ("-2e-3", -0.002), ("1E+2", 100), ("007", 7)]
)
def test_decimal_lengths_are_read(length, value):
    assert read_tree(f"(a:{length},b);").lengths[1] == value


@pytest.mark.parametrize("label", ["x" * 5000, "'" + "x" * 5000 + "'", "x" * 5000 + ":1:2"])
@pytest.mark.parametrize("text", ["(a:{0},b);", "(a {0},b);", "(a,b); {0}", "(({0},{0}),b);", "({0}"])
def test_errors_show_at_most_60_characters_of_the_text(label, text):
    with pytest.raises(ValueError, match=r"Newick text|more than once") as info:
        _ = read_tree(text.format(label)).tips
    assert len(str(info.value)) < 220
    assert "x" * 61 not in str(info.value)


NEXUS = "#NEXUS\nBegin trees;\n  tree t = (a:1,b:1);\nEnd;\n"
PHYLOXML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a --><!-- b -->
<phyloxml xmlns="http://www.phyloxml.org">
<phylogeny rooted="true"><clade><name>a</name></clade></phylogeny></phyloxml>
"""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (NEXUS, "NEXUS"),
        (NEXUS.lower(), "NEXUS"),
        ("\n" + NEXUS, "NEXUS"),
        (PHYLOXML, "PhyloXML"),
        (PHYLOXML.split("\n", 1)[1], "PhyloXML"),
        ('<phy:phyloxml xmlns:phy="http://www.phyloxml.org"/>\n', "PhyloXML"),
        ('<nex:nexml version="0.9"/>\n', "NeXML"),
        ("<!DOCTYPE html>\n<html></html>", "HTML"),
        ("<?xml version='1.0'?>\n<other/>", "XML"),
        (">a\nACGT\n", "FASTA"),
        ("LOCUS       x 4 bp\n", "GenBank"),
    ],
)
def test_other_formats_are_named(tmp_path, text, kind):
    path = tmp_path / "tree.nwk"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"tree\.nwk: .*{kind}.*Newick") as info:
        read_tree(path)
    assert "\n" not in str(info.value)
    if not text.startswith("<nex"):
        with pytest.raises(ValueError, match=kind):
            read_tree(text)


def test_many_xml_comments_are_skipped_in_linear_time():
    with pytest.raises(ValueError, match="an XML file"):
        read_tree("<!--a-->" * 5000 + "\n")


def test_file_errors_name_the_path(tmp_path):
    path = tmp_path / "trees (1).nwk"
    path.write_text("((a,b);")
    with pytest.raises(ValueError, match=r"trees \(1\)\.nwk: .*character 6"):
        read_tree(str(path))
    path.write_bytes(b"(a,\xe9);")
    with pytest.raises(ValueError, match=r"trees \(1\)\.nwk, line 1, column 4: .*UTF-8"):
        read_tree(path)
    path.write_text("(a,b);")
    assert list(read_tree(str(path)).tips) == ["a", "b"]
    with pytest.raises(FileNotFoundError):
        read_tree("absent.nwk")


@pytest.mark.parametrize("tree", [b"(a,b);", 3, None, ["(a,b);"], {"a": 1}])
def test_other_types_raise(tree):
    with pytest.raises(TypeError, match="tree must be Newick text"):
        read_tree(tree)


def node(name=None, *children, length=None):
    return types.SimpleNamespace(name=name, length=length, children=list(children))


def test_objects_are_read():
    tree = read_tree(node("r", node("n", node("a", length=1), node("b", length=np.float32(2))), node("c")))
    assert tree.names == ("r", "n", "a", "b", "c")
    np.testing.assert_array_equal(tree.parents, [-1, 0, 1, 1, 0])
    np.testing.assert_array_equal(tree.lengths, [np.nan, np.nan, 1, 2, np.nan])


def test_skbio_trees_are_read():
    skbio = pytest.importorskip("skbio")
    text = "((a:1.0,b:2.0)n:3.0,c:4.0)r;"
    found, expected = read_tree(skbio.TreeNode.read([text])), read_tree(text)
    assert found.names == expected.names
    np.testing.assert_array_equal(found.parents, expected.parents)
    np.testing.assert_array_equal(found.lengths, expected.lengths)


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_cyclic_objects_raise(depth):
    root = node("root")
    last = root
    for number in range(depth):
        child = node(f"n{number}")
        last.children.append(child)
        last = child
    last.children.append(root)
    with pytest.raises(ValueError, match=r"'root' of the tree is reached twice"):
        read_tree(root)


def test_node_with_two_parents_raises():
    shared = node("shared")
    with pytest.raises(ValueError, match=r"'shared' of the tree is reached twice"):
        read_tree(node("root", node("a", shared), node("b", shared)))


@pytest.mark.parametrize("length", [np.nan, np.inf, "1_0", "1", [1]])
def test_lengths_of_objects_must_be_finite_numbers(length):
    with pytest.raises(ValueError, match="branch above 'a' is not a finite number"):
        read_tree(node("root", node("a", length=length), node("b")))


def test_ladder_of_ten_thousand_tips_is_read():
    text = "(" * 10_000 + "t0" + "".join(f",t{number})" for number in range(1, 10_001)) + ";"
    assert len(read_tree(text).tips) == 10_001
    root = node("t0")
    for number in range(1, 10_001):
        root = node(None, root, node(f"t{number}"))
    assert len(read_tree(root).tips) == 10_001
