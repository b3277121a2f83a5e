"""Read local files of engineered plasmids, which the package may not ship."""

import os
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skseed._files import fail, quote
from skseed._sklearn import validate_params
from skseed.datasets._bunch import make_bunch
from skseed.datasets._shipped import description
from skseed.datasets._table import check_nucleotides, fail_at_row, read_chunks, read_table

_CHOICES = {
    "bacterial_resistance": "ampicillin chloramphenicol kanamycin other spectinomycin",
    "copy_number": "high_copy low_copy unknown",
    "growth_strain": "ccdb_survival dh10b dh5alpha neb_stable other stbl3 top10 xl1_blue",
    "growth_temp": "30 37 other",
    "selectable_markers": "blasticidin his3 hygromycin leu2 neomycin other puromycin trp1 ura3 zeocin",
    "species": "budding_yeast fly human mouse mustard_weed nematode other rat synthetic zebrafish",
}
#: The 39 binary columns of the Genetic Engineering Attribution Challenge, in the order of its files.
METADATA_COLUMNS = tuple(
    f"{question}_{word}" for question, words in _CHOICES.items() for word in words.split()
)

_PATH = [str, os.PathLike]
_OUTPUT = {"return_X_y": ["boolean"], "as_frame": ["boolean"]}
_ROWS_AT_A_TIME = 4096


@validate_params({"path": _PATH, **_OUTPUT}, prefer_skip_nested_validation=True)
def fetch_addgene(
    path: str | os.PathLike[str], *, return_X_y: bool = False, as_frame: bool = False
) -> Bunch | tuple[Any, Any]:
    """Read a local table of engineered plasmids with their laboratories and publications.

    The package ships no such table, because the terms of the owners of the sequences do not allow it.
    Split by `groups` rather than at random: plasmids of one publication are variants of one another.

    Parameters
    ----------
    path : str or path-like
        A local CSV file in UTF-8, plain or compressed by gzip, bzip2, xz or zstd. It has the columns
        ``sequence_id``, ``sequence``, ``label`` (the laboratory), ``publication``, ``topology``
        (``circular`` or ``linear``) and those of `METADATA_COLUMNS`, which hold 0 or 1. Other columns are
        ignored. All other values are text: a label ``007`` differs from ``7``.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data`, `target`, `groups` and `topology` are pandas Series indexed by id.

    Returns
    -------
    plasmids : Bunch
        With the attributes

        data : list of str or Series of shape (n_sequences,)
            The sequences.
        target : ndarray or Series of shape (n_sequences,), dtype int64
            The laboratory, as an index into `target_names`.
        target_names : list of str of length n_labs
            The distinct laboratories, sorted.
        ids : list of str
            The values of ``sequence_id``.
        groups : ndarray or Series of str of shape (n_sequences,)
            The publication.
        topology : ndarray or Series of str of shape (n_sequences,)
            ``"circular"`` or ``"linear"``.
        metadata : DataFrame of shape (n_sequences, 39), dtype int8
            The binary columns, indexed by `ids`.
        frame : DataFrame of shape (n_sequences, 43) or None
            All columns, if `as_frame` is True.
        DESCR : str
            Source, license and warnings.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If `path` is a URL, the archive or the table is damaged, a column or value is missing, a sequence
        has a character that is no IUPAC nucleotide code, a binary column holds anything but 0 and 1, a
        topology is unknown, or an id occurs twice. The message names the path and the line.
    FileNotFoundError
        If the file does not exist.

    See Also
    --------
    fetch_attribution_challenge : Read the files of the challenge.
    make_plasmids : Generate plasmids of simulated laboratories and publications.

    Notes
    -----
    Every line of the file must be one row. A quoted field that spans lines raises an error, because a
    stray quotation mark could otherwise merge rows.

    Examples
    --------
    >>> from skseed.datasets import fetch_addgene
    >>> plasmids = fetch_addgene("plasmids.csv.xz")  # doctest: +SKIP
    >>> len(plasmids.data), plasmids.metadata.shape  # doctest: +SKIP
    (32186, (32186, 39))
    """
    table = _read_plasmids(path, ["sequence_id", "sequence", "label", "publication", "topology"])
    known = table["topology"].isin(["circular", "linear"]).to_numpy()
    if not known.all():
        row = int(np.argmin(known))
        fail_at_row(
            path,
            table,
            row,
            f"the topology of {quote(table['sequence_id'].iloc[row], 30)} is "
            f"{quote(table['topology'].iloc[row], 30)}, but it must be 'circular' or 'linear'; correct it.",
        )
    return _make_plasmid_bunch(
        table,
        labels=table["label"].to_numpy(),
        columns={"groups": table["publication"].to_numpy(), "topology": table["topology"].to_numpy()},
        DESCR=description("addgene"),
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@validate_params({"values": _PATH, "labels": [*_PATH, None], **_OUTPUT}, prefer_skip_nested_validation=True)
def fetch_attribution_challenge(
    values: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    *,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Bunch | tuple[Any, Any]:
    """Read local files of the Genetic Engineering Attribution Challenge.

    Participants of the challenge may download the files but not pass them on. The files state neither
    publications nor topology, so only sequence similarity shows which plasmids are related: group by
    edit distance before any split.

    Parameters
    ----------
    values : str or path-like
        The file of sequences, ``train_values.csv`` or ``test_values.csv``, with the columns
        ``sequence_id``, ``sequence`` and those of `METADATA_COLUMNS`. Both files must be local and may be
        compressed by gzip, bzip2, xz or zstd.
    labels : str or path-like or None, default=None
        The file of laboratories, ``train_labels.csv``, with ``sequence_id`` and one column for each
        laboratory. Exactly one of these columns holds 1 in each row and the others hold 0. The rows may
        be in any order.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data` and `target` are pandas Series indexed by id.

    Returns
    -------
    plasmids : Bunch
        With the attributes

        data : list of str or Series of shape (n_sequences,)
            The sequences.
        target : ndarray or Series of shape (n_sequences,), dtype int64, or None
            The laboratory, as an index into `target_names`; None without `labels`.
        target_names : list of str of length n_labs
            The laboratory of each column, in the order of the file; empty without `labels`.
        ids : list of str
            The values of ``sequence_id``.
        groups, topology : None
            The files do not state them.
        metadata : DataFrame of shape (n_sequences, 39), dtype int8
            The binary columns, indexed by `ids`.
        frame : DataFrame or None
            All columns, if `as_frame` is True.
        DESCR : str
            Source, license and warnings.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If a path is a URL, an archive or a table is damaged, a column or value is missing, a sequence has
        a character that is no IUPAC nucleotide code, a binary column holds anything but 0 and 1, an id
        occurs twice, or a plasmid does not have exactly one laboratory. The message names the path and
        the line.
    FileNotFoundError
        If a file does not exist.

    See Also
    --------
    fetch_addgene : Read a table that also states publications.

    References
    ----------
    .. [1] Alley, E. C. et al. (2020). "A machine learning toolkit for genetic engineering attribution to
       facilitate biosecurity." Nature Communications 11, 6293. :doi:`10.1038/s41467-020-19612-0`

    Examples
    --------
    >>> from skseed.datasets import fetch_attribution_challenge
    >>> plasmids = fetch_attribution_challenge("train_values.csv", "train_labels.csv")  # doctest: +SKIP
    >>> len(plasmids.target_names)  # doctest: +SKIP
    1314
    """
    table = _read_plasmids(values, ["sequence_id", "sequence"])
    target, target_names = None, list[str]()
    if labels is not None:
        lab_of_id, target_names = _read_one_hot_labels(labels)
        unlabeled = ~table["sequence_id"].isin(lab_of_id.index).to_numpy()
        if unlabeled.any():
            missing = table["sequence_id"].iloc[int(np.argmax(unlabeled))]
            raise ValueError(
                f"{labels} has no row for the sequence_id {quote(missing)} of {values}; add the row."
            )
        target = lab_of_id.loc[table["sequence_id"]].to_numpy()
    return _make_plasmid_bunch(
        table,
        target=target,
        target_names=target_names,
        columns={},
        groups=None,
        topology=None,
        DESCR=description("attribution_challenge"),
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def _read_plasmids(path: str | os.PathLike[str], text_columns: list[str]) -> pd.DataFrame:
    """Return text columns of a table of plasmids and the binary columns as int8, all checked."""
    binary = list(METADATA_COLUMNS)
    table = read_table(path, text_columns, binary)
    check_nucleotides(path, table, column="sequence", name="sequence_id")
    _check_unique_ids(path, table)
    numbers = table[binary].apply(pd.to_numeric, errors="coerce")
    wrong = ~numbers.isin([0, 1]).to_numpy()
    if wrong.any():
        row, column = (int(index) for index in np.argwhere(wrong)[0])
        value = quote(str(table[binary[column]].iloc[row]))
        fail_at_row(path, table, row, f"{binary[column]} is {value}, but it must be 0 or 1; correct it.")
    table[binary] = numbers
    return table.astype(dict.fromkeys(binary, np.int8))


def _check_unique_ids(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    repeated = table["sequence_id"].duplicated().to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        name = table["sequence_id"].iloc[row]
        first = table.index[int(np.argmax((table["sequence_id"] == name).to_numpy()))]
        fail_at_row(
            path,
            table,
            row,
            f"the sequence_id {quote(name)} was already used in line {first}; remove one of the rows.",
        )


def _read_one_hot_labels(path: str | os.PathLike[str]) -> tuple["pd.Series[int]", list[str]]:
    """Return the index of the laboratory of each sequence_id, and the names of the laboratories."""
    chunks = []
    labs: list[str] = []
    # the table of the challenge has 83 million cells, so only one index for each row is kept in memory
    for labs, chunk in read_chunks(path, "sequence_id", n_rows=_ROWS_AT_A_TIME):
        values = chunk[labs].to_numpy()
        ones = values == 1
        wrong = (ones.sum(axis=1) != 1) | ((values == 0).sum(axis=1) != len(labs) - 1)
        if wrong.any():
            row = int(np.argmax(wrong))
            name = quote(chunk["sequence_id"].iloc[row])
            fail(path, chunk.index[row], f"the row of {name} must hold a single 1 and zeros; correct it.")
        chunks.append(pd.DataFrame({"sequence_id": chunk["sequence_id"], "lab": ones.argmax(axis=1)}))
    table = pd.concat(chunks)
    missing = table["sequence_id"].isna().to_numpy()
    if missing.any():
        fail_at_row(path, table, int(np.argmax(missing)), "sequence_id is missing; fill it in.")
    _check_unique_ids(path, table)
    return table.set_index("sequence_id")["lab"], labs


def _make_plasmid_bunch(table: pd.DataFrame, *, as_frame: bool, **entries: Any) -> Bunch | tuple[Any, Any]:
    ids = table["sequence_id"].to_list()
    metadata = table[list(METADATA_COLUMNS)].set_axis(pd.Index(ids, name="id"))
    bunch = make_bunch(table["sequence"].to_list(), ids=ids, metadata=metadata, as_frame=as_frame, **entries)
    if isinstance(bunch, Bunch) and as_frame:
        bunch.frame = pd.concat([bunch.frame, metadata], axis=1)
    return bunch
