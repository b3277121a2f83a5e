"""The parameter `verbose` of functions and estimators that can take long."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from skseed.cluster import SequenceLinkage, cluster_representatives
from skseed.datasets import make_plasmids
from skseed.distances import (
    LevenshteinIndex,
    levenshtein_distances,
    levenshtein_groups,
    levenshtein_neighbors,
)
from skseed.embedding import EditDistanceEmbedder
from skseed.model_selection import LevenshteinGroupKFold, leakage_report
from skseed.neighbors import SequenceNeighbors
from skseed.preprocessing import BPETokenizer
from skseed.ranking import CalibratedRanker, CopelandRanker, EvidenceLabRanker, KmerLabRanker

PLASMIDS, LABS = make_plasmids(24, 2, n_publications=3, random_state=0)
PLASMIDS = [plasmid[:600] for plasmid in PLASMIDS]
GENES = [plasmid[:60] for plasmid in PLASMIDS] + ["A" * 40, "C" * 45]


def split(verbose):
    cv = LevenshteinGroupKFold(
        2, max_distance=0.2, n_repeats=2, shuffle=True, random_state=0, verbose=verbose
    )
    return [test for _, test in cv.split(GENES)]


VOTE = KmerLabRanker(k=8, fraction=1)
JOBS = {
    "levenshtein_distances": lambda verbose: levenshtein_distances(GENES * 10, GENES, verbose=verbose),
    "levenshtein_neighbors": lambda verbose: levenshtein_neighbors(GENES, 5, verbose=verbose).toarray(),
    "levenshtein_groups": lambda verbose: levenshtein_groups(GENES, 0.2, verbose=verbose),
    "levenshtein_groups, labels": lambda verbose: levenshtein_groups(
        PLASMIDS, 0.2, y=LABS, topology="circular", verbose=verbose
    ),
    "LevenshteinIndex": lambda verbose: LevenshteinIndex(GENES).kneighbors(GENES[:9], verbose=verbose)[1],
    "LevenshteinIndex, radius": lambda verbose: (
        LevenshteinIndex(GENES).radius_neighbors(GENES[:9], 5, verbose=verbose).toarray()
    ),
    "SequenceNeighbors": lambda verbose: SequenceNeighbors(3, verbose=verbose).fit_transform(GENES).toarray(),
    "SequenceLinkage": lambda verbose: SequenceLinkage(verbose=verbose).fit(GENES).linkage_matrix_,
    "SequenceLinkage, landmarks": lambda verbose: (
        SequenceLinkage(embedder="landmarks", verbose=verbose).fit(GENES).linkage_matrix_
    ),
    "cluster_representatives": lambda verbose: (
        cluster_representatives(GENES, np.arange(len(GENES)) % 3, verbose=verbose).medoid_indices
    ),
    "LevenshteinGroupKFold": split,
    "leakage_report": lambda verbose: leakage_report(GENES, KFold(2), verbose=verbose),
    "BPETokenizer": lambda verbose: BPETokenizer(20, verbose=verbose).fit(GENES).transform(GENES[:9]),
    "EditDistanceEmbedder": lambda verbose: (
        EditDistanceEmbedder(2, encoder="linear", max_epochs=1, random_state=0)
        .fit(GENES)
        .set_params(verbose=verbose)
        .pairwise_distances(GENES)
    ),
    "KmerLabRanker": lambda verbose: (
        KmerLabRanker(k=8, verbose=verbose).fit(PLASMIDS, LABS).decision_function(PLASMIDS)
    ),
    "EvidenceLabRanker": lambda verbose: (
        EvidenceLabRanker(k=8, fraction=1, network=False, n_splits=2, random_state=0, verbose=verbose)
        .fit(PLASMIDS, LABS)
        .coef_
    ),
    "CalibratedRanker": lambda verbose: (
        CalibratedRanker(VOTE, cv=2, verbose=verbose).fit(PLASMIDS, LABS).predict_proba(PLASMIDS)
    ),
    "CopelandRanker": lambda verbose: (
        CopelandRanker([("vote", VOTE)], verbose=verbose).fit(PLASMIDS, LABS).decision_function(PLASMIDS)
    ),
}


@pytest.mark.parametrize("job", JOBS)
def test_verbose_prints_the_progress_and_changes_no_result(job, capfd):
    silent = JOBS[job](0)
    assert capfd.readouterr() == ("", "")
    verbose = JOBS[job](1)
    out, err = capfd.readouterr()
    assert out == ""
    name = job.split(",")[0]
    last = [line for line in err.splitlines() if line.startswith(f"{name}: ")][-1]
    done, total = (number.replace(",", "") for number in (last.split()[1], last.split()[3]))
    assert done == total
    assert int(total) > 0
    np.testing.assert_array_equal(silent, verbose)


def test_the_folds_of_a_calibrated_ranker_are_one_loop(capfd):
    ranker = EvidenceLabRanker(k=8, fraction=1, network=False, n_splits=2, random_state=0, verbose=1)
    CalibratedRanker(ranker, cv=2, verbose=1).fit(PLASMIDS, LABS)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].startswith("CalibratedRanker: 2 of 2 folds in ")
    assert all(line.startswith("CalibratedRanker: ") for line in lines)
