"""Input of the distance functions: containers, alphabets, cut-offs and labels."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from rapidfuzz.distance import Levenshtein

# the public functions accept encoded sequences from other sub-packages
from skseed._sequences import as_sequences
from skseed.distances import levenshtein_distances, levenshtein_groups, levenshtein_neighbors
from tests.reference import distance_matrix, random_sequence, random_sequences


@pytest.mark.parametrize("bad", ["ACGT", [], None, ["ACGT", None], ["ACGT", 3], [b"ACGT"]])
@pytest.mark.parametrize(
    "function",
    [levenshtein_distances, lambda X: levenshtein_neighbors(X, 1), lambda X: levenshtein_groups(X, 1)],
)
def test_bad_input_is_named(function, bad):
    with pytest.raises((TypeError, ValueError), match="X"):
        function(bad)


@pytest.mark.parametrize("container", [tuple, np.array, pd.Series])
def test_containers_agree(container):
    X = random_sequences(np.random.default_rng(1), 30, (4, 8))
    np.testing.assert_array_equal(levenshtein_groups(container(X), 0.4), levenshtein_groups(X, 0.4))


def test_sequences_are_accepted_as_they_are():
    X = random_sequences(np.random.default_rng(1), 30, (4, 8))
    for topology in ("linear", "circular"):
        sequences = as_sequences(X, alphabet="dna", topology=topology)
        np.testing.assert_array_equal(levenshtein_distances(sequences), levenshtein_distances(X))
        np.testing.assert_array_equal(
            levenshtein_groups(sequences, 0.4, topology=topology),
            levenshtein_groups(X, 0.4, topology=topology),
        )
        graphs = (levenshtein_neighbors(x, 0.4, topology=topology) for x in (X, sequences))
        assert next(graphs).toarray().tolist() == next(graphs).toarray().tolist()


@pytest.mark.parametrize("max_distance", [-1, 1.0, 0.0, 1.5, "3", None])
def test_bad_cutoff_is_named(max_distance):
    with pytest.raises(ValueError, match="max_distance"):
        levenshtein_neighbors(["ACGT"], max_distance)


@pytest.mark.parametrize("max_distance", [sys.maxsize, 10**8, 10**30, np.int64(10), np.uint8(200)])
def test_large_cutoffs_reject_nothing(max_distance):
    assert levenshtein_distances(["ACGT", ""], max_distance=max_distance).tolist() == [[0, 4], [4, 0]]
    assert levenshtein_neighbors(["ACGT", ""], max_distance).nnz == 2


@pytest.mark.parametrize("topology", ["linear", "circular"])
def test_large_cutoffs_cost_no_more_than_the_longest_length(topology):
    X = [*random_sequences(np.random.default_rng(0), 40, 3000), ""]
    np.testing.assert_array_equal(levenshtein_groups(X, 10**8, topology=topology), np.zeros(41))


def test_fraction_means_the_edits_that_it_says():
    # 0.29 * 100 is a little less than 29 in floating point
    assert levenshtein_neighbors(["A" * 100, "C" * 29 + "A" * 71], 0.29).nnz == 2
    assert levenshtein_neighbors(["A" * 100, "C" * 30 + "A" * 70], 0.29).nnz == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy_fractions_mean_the_number_that_they_show(dtype):
    X = ["A" * 100, "C" * 29 + "A" * 71, "C" * 30 + "A" * 70]
    graph = levenshtein_neighbors(X, dtype(0.29))
    assert graph.toarray()[0].tolist() == [0, 29, 0]
    assert levenshtein_distances(X, max_distance=dtype(0.29))[0].tolist() == [0, 29, 30]


def test_case_and_u_make_no_difference():
    genes = ["GATTACAGATTACA", "gattacagattaca", "GAUUACAGAUUACA"]
    np.testing.assert_array_equal(levenshtein_groups(genes, 0.1), [0, 0, 0])
    assert not levenshtein_distances(genes).any()
    assert levenshtein_neighbors(genes, 0.1).nnz == 6
    np.testing.assert_array_equal(levenshtein_groups(genes, 1, alphabet=None), [0, 1, 2])
    assert levenshtein_distances(genes[:1], genes[1:], alphabet=None).tolist() == [[14, 4]]


def test_u_differs_from_t_if_one_side_is_no_nucleic_acid():
    assert levenshtein_distances(["ACU"], ["ACT", "MKL"]).tolist() == [[1, 3]]
    assert levenshtein_distances(["ACU"], ["ACT", "ACG"]).tolist() == [[0, 1]]


def test_ambiguity_letters_are_equal_under_a_named_alphabet_only():
    assert levenshtein_distances(["ACR", "ACN"])[0, 1] == 1
    assert levenshtein_distances(["ACR", "ACN"], alphabet="dna")[0, 1] == 0


def test_letters_outside_the_alphabet_raise():
    with pytest.raises(ValueError, match=r"X\[1\] has 'L' at position 1"):
        levenshtein_distances(["ACGT", "MLK"], alphabet="dna")
    with pytest.raises(ValueError, match=r"Y\[0\] has 'L' at position 1"):
        levenshtein_distances(["ACGT"], ["MLK"], alphabet="dna")
    for function in (levenshtein_neighbors, levenshtein_groups):
        with pytest.raises(ValueError, match=r"X\[1\] has 'L' at position 1"):
            function(["ACGT", "MLK"], 1, alphabet="dna")


@pytest.mark.parametrize("alphabet", ["auto", "rna", None])
@pytest.mark.parametrize("topology", ["linear", "circular"])
def test_both_strands_of_rna(alphabet, topology):
    genes = ["AACUGGUUACUUGCA", "UGCAAGUAACCAGUU"]
    options = {"both_strands": True, "alphabet": alphabet, "topology": topology}
    np.testing.assert_array_equal(levenshtein_groups(genes, 2, **options), [0, 0])
    assert levenshtein_neighbors(genes, 2, **options).nnz == 2


@pytest.mark.parametrize("function", [levenshtein_groups, levenshtein_neighbors])
@pytest.mark.parametrize("topology", ["linear", "circular"])
def test_both_strands_refuse_other_characters(function, topology):
    with pytest.raises(ValueError, match=r"X\[1\] has '!' at position 2, which is not a nucleotide"):
        function(["ACGT", "AC!"], 1, both_strands=True, topology=topology)
    with pytest.raises(ValueError, match="no complement"):
        function(["MKL"], 1, both_strands=True, alphabet="protein", topology=topology)


@pytest.mark.parametrize("first", [0x3B1, 0x4E00, 0x1F600])
def test_any_character_is_compared_exactly(first):
    characters = [chr(first + i) for i in range(600)]
    X = ["".join(characters[i : i + 30]) for i in range(0, 570, 3)]
    np.testing.assert_array_equal(levenshtein_distances(X), distance_matrix(X, distance=Levenshtein.distance))
    # a shift by 3 characters costs 6 edits, or 3 substitutions after a rotation
    assert levenshtein_neighbors(X, 6).nnz == 2 * (len(X) - 1)
    assert levenshtein_neighbors(X, 0.2, topology="circular").nnz == 2 * (len(X) - 1 + len(X) - 2)


def test_wrong_number_of_labels_is_named():
    with pytest.raises(ValueError, match=r"y has 1 labels, but X has 2 sequences"):
        levenshtein_groups(["ACGT", "ACGA"], 1, y=["a"])


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, np.datetime64("NaT")])
def test_missing_labels_are_named_with_index(missing):
    with pytest.raises(ValueError, match=r"y\[1\] is missing"):
        levenshtein_groups(["A", "C"], 1, y=["x", missing])


def test_mixed_types_of_labels_are_named_with_index():
    with pytest.raises(ValueError, match=r"y\[1\]"):
        levenshtein_groups(["A", "C"], 1, y=["x", 3])


def test_small_work_starts_no_processes_and_does_not_import_torch():
    X = [random_sequence(np.random.default_rng(i), 300) for i in range(10)]
    code = (
        "import sys; from skseed.distances import levenshtein_groups as groups; X = sys.argv[1:]; "
        "groups(X, 0.1, y=[0, 1] * 5, n_jobs=2); groups(X, 0.1, topology='circular', n_jobs=2); "
        "assert 'torch' not in sys.modules; "
        "import multiprocessing, joblib.externals.loky.reusable_executor as e; assert e._executor is None"
    )
    subprocess.run([sys.executable, "-c", code, *X], check=True)
