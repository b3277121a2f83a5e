"""Sequences to learn from: shipped data sets, readers of files that cannot be shipped, made-up data.

``load_*`` returns data that comes with the package, as a ``Bunch`` whose ``data`` is a list of
``str`` and whose ``DESCR`` tells the source, the licence and what to beware of. With
``as_frame=True`` the sequences are a pandas Series indexed by name, which is what the splitters that
hold out clades need. ``fetch_*`` reads a local copy of data that only its owner may hand out.
``make_*`` generates data whose truth is known: the tree, the parts, the positions.

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
