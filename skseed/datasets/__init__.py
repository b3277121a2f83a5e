"""Data sets: shipped with the package, read from local files, or generated.

``load_*`` returns data that comes with the package. ``fetch_*`` reads a local copy of data that only its
owner may distribute. ``make_*`` generates data for which the tree, the laboratories or the positions are
known. No function opens a network connection.

All functions return a :class:`sklearn.utils.Bunch` with these entries (``make_*`` only with
``return_X_y=False``):

``data``
    The sequences, a list of ``str``.
``target``
    An ndarray of dtype int64: the label of each sequence as an index into `target_names`. It is None
    where there are no labels. In :func:`make_reads` it is a position in the genome.
``target_names``
    The names of the labels, a list of ``str``; empty if there are no labels.
``ids``
    The names of the sequences, a list of ``str``.

``load_*`` and ``fetch_*`` add ``DESCR``, which states source, license and warnings, and ``frame``, which
is None by default. With ``as_frame=True``, `frame` is a DataFrame of all columns, and `data` and `target`
are Series indexed by `ids`. :class:`~skseed.model_selection.PhylogeneticGroupSplit` needs this index. The
documentation of each function lists further entries. With ``return_X_y=True``, only ``(data, target)`` is
returned.

>>> from skseed.datasets import load_spike_hosts
>>> spikes = load_spike_hosts()
>>> len(spikes.data), spikes.target_names[spikes.target[0]]
(2535, 'Homo sapiens')
"""

from skseed.datasets._attribution import METADATA_COLUMNS, fetch_addgene, fetch_attribution_challenge
from skseed.datasets._loaders import (
    load_fern_rbcl,
    load_moclo_kits,
    load_phage_hosts,
    load_sars_cov_2,
    load_spike_hosts,
    load_telomeres,
)
from skseed.datasets._make_families import make_families
from skseed.datasets._make_plasmids import make_plasmids
from skseed.datasets._make_reads import make_reads

__all__ = [
    "METADATA_COLUMNS",
    "fetch_addgene",
    "fetch_attribution_challenge",
    "load_fern_rbcl",
    "load_moclo_kits",
    "load_phage_hosts",
    "load_sars_cov_2",
    "load_spike_hosts",
    "load_telomeres",
    "make_families",
    "make_plasmids",
    "make_reads",
]
