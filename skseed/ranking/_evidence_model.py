"""A library of known sequences, its features, and the scores of labs from weights of the features."""

from dataclasses import dataclass
from importlib import import_module

import numpy as np
import numpy.typing as npt

from skseed.ranking._base import Scores
from skseed.ranking._class_network import ClassNetwork
from skseed.ranking._color_classes import ColorClasses
from skseed.ranking._kmer_library import KmerLibrary, KmerProfiles
from skseed.ranking._kmer_ranker import has_known_kmer
from skseed.ranking._lab_features import LAB_COLUMNS, Floats, LabFeatures, feature_names, query_blocks

_NETWORK = ("network, log-probability", "network, probability")


def evidence_names(n_metadata: int, *, network: bool) -> list[str]:
    """Return the name of each feature of an EvidenceModel."""
    return [*feature_names(n_metadata), *(_NETWORK if network else ())]


@dataclass(frozen=True)
class EvidenceModel:
    """A library of known sequences, and what is computed from it once.

    `network` is a network on the color classes of an earlier or equal library, or None, and `lab_of_output`
    the lab of each of its outputs, an index in the classes of the library. `column_of_kmer` is the column of
    each k-mer of the library in the rows of the network.
    """

    library: KmerLibrary
    lab_features: LabFeatures
    network: ClassNetwork | None
    lab_of_output: npt.NDArray[np.intp]
    column_of_kmer: npt.NDArray[np.int32]

    @classmethod
    def from_library(
        cls,
        library: KmerLibrary,
        color_classes: ColorClasses,
        network: ClassNetwork | None,
        lab_of_output: npt.NDArray[np.intp],
    ) -> "EvidenceModel":
        columns = np.zeros(0, np.int32) if network is None else network.columns.columns_of(library.hashes)
        return cls(library, LabFeatures(library, color_classes), network, lab_of_output, columns)

    @property
    def is_enrolled(self) -> npt.NDArray[np.bool_]:
        """Whether each lab was enrolled after the network was trained and the weights were learned."""
        is_enrolled = np.ones(self.library.n_labs, dtype=bool)
        is_enrolled[self.lab_of_output] = False
        return is_enrolled

    def features(self, queries: KmerProfiles) -> Floats:
        """Return the features, shape (n_queries, n_labs, n_features); see `query_blocks` for the memory.

        For a query without a known k-mer only the metadata differ between labs.
        """
        known = has_known_kmer(queries)
        features = self.lab_features.features(queries)
        features[~known, :, LAB_COLUMNS] = 0
        if self.network is None:
            return features
        rows = self.network.columns.rows(queries, self.column_of_kmer)
        # the network has no information on an enrolled lab, so the lab gets the value of a uniform guess
        logs = np.full(features.shape[:2], -np.log(len(self.lab_of_output)), dtype=np.float32)
        logs[:, self.lab_of_output] = self.network.log_probabilities(rows)
        logs[~known] = 0
        return np.concatenate([features, np.stack([logs, np.exp(logs)], axis=2)], axis=2)

    def scores(
        self,
        queries: KmerProfiles,
        coef: npt.NDArray[np.float64],
        enrolled_coef: npt.NDArray[np.float64],
    ) -> Scores:
        """Return the weighted sums of the features.

        For a query without a known k-mer, all labs have the weights `coef`, so only metadata differ.
        """
        weights = np.where(self.is_enrolled[:, None], enrolled_coef, coef)
        scores = []
        for rows in query_blocks(len(queries.lengths)):
            features = self.features(queries[rows])
            known = has_known_kmer(queries[rows])
            # einsum, since the rounding of a matrix product may depend on the number of threads
            block = np.einsum("qle,le->ql", features, weights)
            block[~known] = np.einsum("qle,e->ql", features[~known], coef)
            scores.append(block)
        return np.concatenate(scores)


def train_network(library: KmerLibrary, color_classes: ColorClasses, seed: int) -> ClassNetwork:
    """Return a network trained on a library; its outputs are all labs of the library."""
    # torch takes seconds to import, and prediction does not need it
    module = import_module("skseed.ranking._kmer_network_lab_ranker")
    return module.train_class_network(library, color_classes, seed)
