"""A zoo of Newick strings: read, or refused with a position."""

import numpy as np
import pytest

from skseed.model_selection._newick import parse_newick


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
def test_read(text, tips):
    assert list(parse_newick(text).tips) == tips


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no tree"),
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
        ("(a,b);(c,d);", "stands after the semicolon"),
        ("(a(b,c));", r"'\(' stands where ',' or '\)' is expected"),
        ("a,b;", "',' has no '\\(' before it"),
        ("<html>;(a);", "stands after the semicolon"),
    ],
)
def test_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_newick(text)


@pytest.mark.parametrize(
    ("text", "message"), [("(a,,b);", "without a name"), ("(a,a);", "'a' more than once")]
)
def test_tips_need_names_of_their_own(text, message):
    with pytest.raises(ValueError, match=message):
        _ = parse_newick(text).tips


def test_parents_come_first_and_lengths_stay():
    tree = parse_newick("((a:1,b:2)n:3,c:4)r;")
    assert tree.names == ("r", "n", "a", "b", "c")
    np.testing.assert_array_equal(tree.parents, [-1, 0, 1, 1, 0])
    np.testing.assert_array_equal(tree.lengths, [np.nan, 3, 1, 2, 4])


@pytest.mark.parametrize(("max_tips", "n_clades"), [(1, 5), (2, 3), (3, 2), (4, 2), (5, 1)])
def test_clades_are_the_largest_that_fit(max_tips, n_clades):
    tree = parse_newick("(((a,b),c),(d,e));")
    clades = tree.clades_of_size(np.array(list(tree.tips.values())), max_tips)
    assert len(set(clades)) == n_clades


@pytest.mark.parametrize(("height", "n_clades"), [(0, 5), (1, 3), (2.9, 3), (3, 2), (10, 1)])
def test_clades_by_height(height, n_clades):
    tree = parse_newick("(((a:1,b:1):1,c:3):5,(d:1,e:-1):1);")
    clades = tree.clades_of_height(np.array(list(tree.tips.values())), height)
    assert len(set(clades)) == n_clades


def test_height_needs_lengths():
    tree = parse_newick("((a:1,b:1):1,c);")
    with pytest.raises(ValueError, match="The branch above 'c' has no length"):
        tree.clades_of_height(np.array(list(tree.tips.values())), 1)
