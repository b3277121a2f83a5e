"""Load the data sets that come with the package."""

import re
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from skseed._files import read_text
from skseed._sklearn import StrOptions, validate_params
from skseed.datasets._bunch import make_bunch
from skseed.datasets._shipped import description, shipped
from skseed.io import read_fasta

_OUTPUT = {"return_X_y": ["boolean"], "as_frame": ["boolean"]}


@validate_params({"subset": [StrOptions({"all", "clean"})], **_OUTPUT}, prefer_skip_nested_validation=True)
def load_fern_rbcl(
    *, subset: str = "all", return_X_y: bool = False, as_frame: bool = False
) -> Bunch | tuple[Any, Any]:
    """Load the chloroplast gene *rbcL* of 5,068 ferns and their relatives, with their tree.

    Each sequence is one gene of one species, and the tips of a published phylogeny have the same names.
    Use it for edit-distance embeddings and for splits that hold out whole clades. Related species differ
    by a few letters, so a random split does not measure performance on new clades.

    Parameters
    ----------
    subset : {"all", "clean"}, default="all"
        ``"clean"`` keeps the 3,980 distinct sequences of at least 1,150 letters without ambiguity codes;
        the first of equal sequences is kept.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data` and `target` are pandas Series indexed by tip name.

    Returns
    -------
    ferns : Bunch
        With the attributes

        data : list of str or Series of shape (n_sequences,)
            The sequences, 214 to 1,428 letters long, not aligned.
        target : ndarray or Series of shape (n_sequences,), dtype int64
            The genus, as an index into `target_names`.
        target_names : list of str of length n_genera
            The genera, 355 in the whole set.
        ids : list of str
            The names of the tips, such as ``"Ceratopteris_richardii"``.
        tree : str
            The tree of all 5,068 tips in Newick format, branch lengths in substitutions per site.
        frame : DataFrame of shape (n_sequences, 2) or None
            The columns ``sequence`` and ``target``, if `as_frame` is True.
        DESCR : str
            Source, license and warnings.

    (data, target) : tuple
        If `return_X_y` is True.

    Examples
    --------
    >>> from skseed.datasets import load_fern_rbcl
    >>> ferns = load_fern_rbcl(subset="clean", as_frame=True)
    >>> ferns.data["Ceratopteris_richardii"][:30]
    'ATGTCGCCACAAACGGAGACTAAAGCAGGT'
    >>> ferns.target_names[ferns.target["Ceratopteris_richardii"]]
    'Ceratopteris'
    """
    records = read_fasta(shipped("fern_rbcl/rbcL.fasta.xz"))
    named = dict(zip(records.ids, records.data, strict=True))
    if subset == "clean":
        first_name: dict[str, str] = {}
        for name, sequence in named.items():
            if re.fullmatch("[ACGT]{1150,}", sequence):
                first_name.setdefault(sequence, name)
        named = {name: sequence for sequence, name in first_name.items()}
    genera = pd.Series(list(named)).str.split("_").str[0]
    return make_bunch(
        list(named.values()),
        ids=list(named),
        labels=genera.to_numpy(),
        columns={},
        return_X_y=return_X_y,
        as_frame=as_frame,
        tree=read_text(shipped("fern_rbcl/rbcL.nwk.xz")).strip(),
        DESCR=description("fern_rbcl"),
    )


@validate_params(_OUTPUT, prefer_skip_nested_validation=True)
def load_moclo_kits(*, return_X_y: bool = False, as_frame: bool = False) -> Bunch | tuple[Any, Any]:
    """Load 362 circular plasmids of five modular cloning kits.

    A small example of lab-of-origin data: each kit comes from another laboratory. Use it to learn how to
    call the rankers, not to compare them. The plasmids of a kit share their backbone, so any method is
    almost perfect on a random split.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data`, `target` and the other columns are pandas Series indexed by plasmid.

    Returns
    -------
    kits : Bunch
        With the attributes

        data : list of str or Series of shape (362,)
            The sequences, 1,684 to 5,829 letters long.
        target : ndarray or Series of shape (362,), dtype int64
            The kit, as an index into `target_names`.
        target_names : list of str of length 5
            The kits: ``cidar``, ``ecoflex``, ``plant``, ``ptk``, ``ytk``.
        ids : list of str
            The names of the plasmids.
        lab_name, topology, definition, first_authors : ndarray or Series of str of shape (362,)
            The laboratory, the topology (always ``"circular"``), the title of the record, and the
            authors of the kit's publication.
        frame : DataFrame of shape (362, 6) or None
            All columns, if `as_frame` is True.
        DESCR : str
            Source, license and warnings.

    (data, target) : tuple
        If `return_X_y` is True.

    See Also
    --------
    make_plasmids : Generate plasmids of simulated laboratories and publications.
    fetch_addgene : Read a local copy of a large collection.

    Examples
    --------
    >>> from skseed.datasets import load_moclo_kits
    >>> kits = load_moclo_kits()
    >>> kits.ids[0], len(kits.data[0]), kits.target_names[kits.target[0]]
    ('B0015_DE', 2237, 'cidar')
    """
    return _load_table(
        "moclo_kits/moclo_kits.csv.xz",
        name_column="sequence_id",
        target_column="label",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@validate_params(_OUTPUT, prefer_skip_nested_validation=True)
def load_spike_hosts(*, return_X_y: bool = False, as_frame: bool = False) -> Bunch | tuple[Any, Any]:
    """Load 2,535 coronavirus spike proteins with the host from which each virus was isolated.

    Use it for protein classification and to demonstrate leakage. Host and virus species are confounded,
    so a model that recognizes the species has a high score, unless whole species are held out
    (``groups=spikes.species_agg``).

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data`, `target` and the other columns are pandas Series indexed by accession.

    Returns
    -------
    spikes : Bunch
        With the attributes

        data : list of str or Series of shape (2535,)
            The sequences, 534 to 1,473 residues long.
        target : ndarray or Series of shape (2535,), dtype int64
            The group of hosts, as an index into `target_names`.
        target_names : list of str of length 14
            The groups of hosts, such as ``"Bat"``.
        ids : list of str
            The accessions; YP_009724390 occurs twice.
        host : ndarray or Series of str of shape (2535,)
            The host as the record states it, missing for 65.
        species_agg, species : ndarray or Series of str of shape (2535,)
            The virus: 14 groups of species, 74 species.
        binds_human_receptor : ndarray or Series of int of shape (2535,)
            1 if the virus binds a human receptor, else 0.
        split : ndarray or Series of str of shape (2535,)
            ``"train"`` or ``"test"``, the random split of the source.
        frame : DataFrame of shape (2535, 7) or None
            All columns, if `as_frame` is True.
        DESCR : str
            Source, license and warnings.

    (data, target) : tuple
        If `return_X_y` is True.

    See Also
    --------
    load_phage_hosts : Load proteins of phages with their bacterial hosts.

    Examples
    --------
    >>> from skseed.datasets import load_spike_hosts
    >>> spikes = load_spike_hosts()
    >>> spikes.data[0][:20], spikes.target_names[spikes.target[0]], spikes.species_agg[0]
    ('MFVFIVLLPLVSSQCVNLTT', 'Homo sapiens', 'SARS-CoV-2')
    """
    return _load_table(
        "spike_hosts/coronavirus_spike.csv.xz",
        name_column="accession",
        target_column="host_agg",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@validate_params(_OUTPUT, prefer_skip_nested_validation=True)
def load_phage_hosts(*, return_X_y: bool = False, as_frame: bool = False) -> Bunch | tuple[Any, Any]:
    """Load 1,232 receptor-binding proteins of phages with the bacterium each phage infects.

    Use it for protein classification with few examples of many classes. Only 959 sequences are distinct,
    and seven of them have more than one host: remove duplicates before any split.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data`, `target` and the other columns are pandas Series indexed by accession.

    Returns
    -------
    phages : Bunch
        With the attributes

        data : list of str or Series of shape (1232,)
            The sequences, 201 to 3,474 residues long.
        target : ndarray or Series of shape (1232,), dtype int64
            The species of the host, as an index into `target_names`.
        target_names : list of str of length 35
            The species of the hosts; 26 of them have fewer than ten proteins.
        ids : list of str
            The accessions.
        host, phage, name : ndarray or Series of str of shape (1232,)
            The host with its strain, the phage, and the name of the protein.
        frame : DataFrame of shape (1232, 5) or None
            All columns, if `as_frame` is True.
        DESCR : str
            Source, license and warnings.

    (data, target) : tuple
        If `return_X_y` is True.

    See Also
    --------
    load_spike_hosts : Load proteins of coronaviruses with their animal hosts.

    Examples
    --------
    >>> from skseed.datasets import load_phage_hosts
    >>> phages = load_phage_hosts()
    >>> phages.phage[0], phages.name[0], phages.target_names[phages.target[0]]
    ('Bacteriophage K1F', 'Tail spike protein', 'Escherichia coli')
    """
    return _load_table(
        "phage_hosts/phage_receptor_binding.csv.xz",
        name_column="id",
        target_column="host_species",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@validate_params(_OUTPUT, prefer_skip_nested_validation=True)
def load_telomeres(*, return_X_y: bool = False, as_frame: bool = False) -> Bunch | tuple[Any, Any]:
    """Load the 50 telomeric sequences of the human genome CHM13, with published minimizer densities.

    The order of k-mers and the rule for ties strongly affect the minimizers of these repetitive sequences.
    The tables contain published values for comparison with your own.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, None)`` instead of a Bunch, because the set has no labels.
    as_frame : bool, default=False
        If True, `data` is a pandas Series indexed by name.

    Returns
    -------
    telomeres : Bunch
        With the attributes

        data : list of str or Series of shape (50,)
            The sequences, 1,000 to 6,229 letters long.
        target : None
            The set has no labels.
        target_names : list of length 0
            Empty.
        ids : list of str
            Chromosome, start and end, such as ``"chr1-0-3000"``.
        fig2 : DataFrame of shape (29, 12)
            Published densities and Hamming distances on simulated repeats, indexed by the length
            of the repeated unit.
        fig3 : DataFrame of shape (50, 13)
            The same for each telomere, indexed by `ids`.
        frame : DataFrame of shape (50, 1) or None
            The column ``sequence``, if `as_frame` is True.
        DESCR : str
            Source, license and contents of the tables.

    (data, target) : tuple
        If `return_X_y` is True.

    Examples
    --------
    >>> from skseed.datasets import load_telomeres
    >>> telomeres = load_telomeres()
    >>> telomeres.data[0][:30]
    'CACCCTAAACCCTAACCCCTAACCCTAACC'
    >>> telomeres.fig3[["rand_density", "gauss_density"]].mean().round(4).to_list()
    [0.0761, 0.074]
    """
    records = read_fasta(shipped("telomeres/telomeres.fasta.xz"))
    return make_bunch(
        records.data,
        ids=records.ids,
        columns={},
        return_X_y=return_X_y,
        as_frame=as_frame,
        fig2=pd.read_csv(shipped("telomeres/fig2_simulated_repeats.tsv"), sep="\t", index_col="idx"),
        fig3=pd.read_csv(shipped("telomeres/fig3_telomeres.tsv"), sep="\t", index_col="name"),
        DESCR=description("telomeres"),
    )


@validate_params(_OUTPUT, prefer_skip_nested_validation=True)
def load_sars_cov_2(*, return_X_y: bool = False, as_frame: bool = False) -> Bunch | tuple[Any, Any]:
    """Load the reference genome of SARS-CoV-2, a single sequence of 29,903 letters.

    Use it as a template for simulated reads, or as DNA that no laboratory engineered.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, None)`` instead of a Bunch, because the set has no labels.
    as_frame : bool, default=False
        If True, `data` is a pandas Series indexed by accession.

    Returns
    -------
    genome : Bunch
        With the attributes

        data : list of str or Series of shape (1,)
            The genome, as DNA.
        target : None
            The set has no labels.
        target_names : list of length 0
            Empty.
        ids : list of str
            The accession, ``"MN908947.3"``.
        frame : DataFrame of shape (1, 1) or None
            The column ``sequence``, if `as_frame` is True.
        DESCR : str
            Source and terms of use.

    (data, target) : tuple
        If `return_X_y` is True.

    See Also
    --------
    make_reads : Generate sequencing reads of a genome.

    Examples
    --------
    >>> from skseed.datasets import load_sars_cov_2
    >>> (genome,) = load_sars_cov_2().data
    >>> len(genome), genome[:20]
    (29903, 'ATTAAAGGTTTATACCTTCC')
    """
    records = read_fasta(shipped("sars_cov_2/MN908947.3.fasta.xz"))
    return make_bunch(
        records.data,
        ids=records.ids,
        columns={},
        return_X_y=return_X_y,
        as_frame=as_frame,
        DESCR=description("sars_cov_2"),
    )


def _load_table(
    file: str,
    *,
    name_column: str,
    target_column: str,
    return_X_y: bool,
    as_frame: bool,
) -> Bunch | tuple[Any, Any]:
    """Return a shipped table with one sequence a row."""
    table = pd.read_csv(shipped(file))
    sequences, names, labels = (table.pop(column) for column in ("sequence", name_column, target_column))
    return make_bunch(
        sequences.to_list(),
        ids=names.to_list(),
        labels=labels.to_numpy(),
        columns={str(column): values for column, values in table.items()},
        return_X_y=return_X_y,
        as_frame=as_frame,
        DESCR=description(file.split("/")[0]),
    )
