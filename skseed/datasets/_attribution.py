"""Readers of local files of engineered plasmids, which only their owners may hand out."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch

from skseed._sklearn import validate_params
from skseed._validation import check_sequences
from skseed.datasets._bunch import make_bunch
from skseed.datasets._shipped import description

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

    The package ships no such table, since the terms of those who own the sequences do not allow it.
    Split by `groups` rather than at random: plasmids of one publication are variants of one another.

    Parameters
    ----------
    path : str or path-like
        A CSV file, plain or compressed, with the columns ``sequence_id``, ``sequence``, ``label`` (the
        laboratory), ``publication``, ``topology`` (``circular`` or ``linear``) and those of
        `METADATA_COLUMNS`, which hold 0 or 1. Other columns are ignored.
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
        target : ndarray or Series of shape (n_sequences,)
            The laboratory, as the file names it.
        target_names : ndarray of shape (n_labs,)
            The distinct laboratories.
        ids : list of str
            The values of ``sequence_id``.
        groups : ndarray or Series of shape (n_sequences,)
            The publication.
        topology : ndarray or Series of shape (n_sequences,)
            ``"circular"`` or ``"linear"``.
        metadata : DataFrame of shape (n_sequences, 39), dtype int8
            The binary columns, indexed by `ids`.
        frame : DataFrame of shape (n_sequences, 43) or None
            All columns, if `as_frame` is True.
        DESCR : str
            What to beware of.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If a column is missing, a value is missing, a binary column holds anything but 0 and 1, a
        topology is unknown, or an id stands twice; the message names the file and the row.

    See Also
    --------
    fetch_attribution_challenge : Read the files of the challenge.
    make_plasmids : Generate plasmids of made-up labs and publications.

    Examples
    --------
    >>> from skseed.datasets import fetch_addgene
    >>> plasmids = fetch_addgene("plasmids.csv.xz")  # doctest: +SKIP
    >>> len(plasmids.data), plasmids.metadata.shape  # doctest: +SKIP
    (32186, (32186, 39))
    """
    table = _read_table(
        path, ["sequence_id", "sequence", "label", "publication", "topology", *METADATA_COLUMNS]
    )
    known = table["topology"].isin(["circular", "linear"])
    if not known.all():
        row = int(np.argmin(known))
        raise ValueError(
            f"{path}: the topology of {table['sequence_id'][row]!r} is {table['topology'][row]!r}; it must "
            "be 'circular' or 'linear'."
        )
    return _make_plasmid_bunch(
        table,
        target=table["label"].to_numpy(),
        target_names=np.unique(table["label"].to_numpy()),
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

    Whoever takes part in the challenge may download them; nobody may pass them on. They name neither
    publications nor topology, so that only sequence similarity tells which plasmids belong together:
    group by edit distance before any split.

    Parameters
    ----------
    values : str or path-like
        The file of sequences, ``train_values.csv`` or ``test_values.csv``, with the columns
        ``sequence_id``, ``sequence`` and those of `METADATA_COLUMNS`.
    labels : str or path-like or None, default=None
        The file of laboratories, ``train_labels.csv``, with ``sequence_id`` and one column for each
        laboratory, of which exactly one holds 1 in each row. Its rows may stand in any order.
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
        target : ndarray or Series of shape (n_sequences,) or None
            The name of each plasmid's laboratory, None without `labels`.
        target_names : ndarray of shape (n_labs,) or None
            The names of all columns of laboratories.
        ids : list of str
            The values of ``sequence_id``.
        groups, topology : None
            The files do not tell.
        metadata : DataFrame of shape (n_sequences, 39), dtype int8
            The binary columns, indexed by `ids`.
        frame : DataFrame or None
            All columns, if `as_frame` is True.
        DESCR : str
            Source, and what to beware of.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If a column is missing, a value is missing, a binary column holds anything but 0 and 1, an id
        stands twice, or a plasmid has not exactly one laboratory.

    See Also
    --------
    fetch_addgene : Read a table that also names publications.

    References
    ----------
    .. [1] Alley, E. C. et al. (2020). A machine learning toolkit for genetic engineering attribution to
       facilitate biosecurity. Nature Communications 11, 6293.
       :doi:`10.1038/s41467-020-19612-0`

    Examples
    --------
    >>> from skseed.datasets import fetch_attribution_challenge
    >>> plasmids = fetch_attribution_challenge("train_values.csv", "train_labels.csv")  # doctest: +SKIP
    >>> plasmids.target_names.shape  # doctest: +SKIP
    (1314,)
    """
    table = _read_table(values, ["sequence_id", "sequence", *METADATA_COLUMNS])
    target = target_names = None
    if labels is not None:
        named, target_names = _read_one_hot_labels(labels)
        unlabelled = ~table["sequence_id"].isin(named.index)
        if unlabelled.any():
            missing = table["sequence_id"][int(np.argmax(unlabelled))]
            raise ValueError(f"{labels} has no row for the sequence_id {missing!r} of {values}.")
        target = target_names[named.loc[table["sequence_id"]].to_numpy()]
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


def _require_columns(path: str | os.PathLike[str], columns: Sequence[str]) -> list[str]:
    """Return the header of a CSV file that has the given columns."""
    header = pd.read_csv(path, nrows=0).columns.to_list()
    missing = [column for column in columns if column not in header]
    if missing:
        raise ValueError(f"{path} lacks the columns {missing}; it has {header[:6]} and {len(header)} in all.")
    return header


def _read_table(path: str | os.PathLike[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return the given columns of a CSV file, checked; the binary ones as int8."""
    _require_columns(path, columns)
    # a sequence or a laboratory may be called NA, so only an empty field is a missing value
    table = pd.read_csv(
        path,
        usecols=list(columns),
        dtype={"sequence_id": str},
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
    )
    check_sequences(table["sequence"], name=f"{path}: sequence", min_length=1)
    others = table.drop(columns="sequence")
    if others.isna().to_numpy().any():
        row, column = np.argwhere(others.isna().to_numpy())[0]
        raise ValueError(f"{path}: {others.columns[column]} is missing in data row {row}; fill it in.")
    _check_unique_ids(path, table["sequence_id"])
    binary = list(METADATA_COLUMNS)
    numbers = table[binary].apply(pd.to_numeric, errors="coerce")
    wrong = ~numbers.isin([0, 1]).to_numpy()
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"{path}: {binary[column]} is {table[binary[column]][row]!r} in data row {row}; it must be 0 "
            "or 1."
        )
    return table.astype(dict.fromkeys(binary, np.int8))


def _check_unique_ids(path: str | os.PathLike[str], ids: "pd.Series[Any]") -> None:
    twice = ids[ids.duplicated()]
    if len(twice):
        raise ValueError(f"{path}: the sequence_id {twice.iloc[0]!r} stands twice; remove one of the rows.")


def _read_one_hot_labels(
    path: str | os.PathLike[str],
) -> tuple["pd.Series[int]", npt.NDArray[np.object_]]:
    """Return the position of the lab of each sequence_id, and the names of the labs."""
    header = _require_columns(path, ["sequence_id"])
    labs = [column for column in header if column != "sequence_id"]
    parts = []
    # the table of the challenge has 83 million cells, of which one position a row is wanted
    with pd.read_csv(
        path,
        index_col="sequence_id",
        dtype={"sequence_id": str},
        keep_default_na=False,
        na_values=[""],
        chunksize=_ROWS_AT_A_TIME,
    ) as chunks:
        for chunk in chunks:
            values = chunk[labs].to_numpy()
            ones = values == 1
            wrong = (ones.sum(axis=1) != 1) | ((values == 0).sum(axis=1) != len(labs) - 1)
            if wrong.any():
                name = chunk.index[int(np.argmax(wrong))]
                raise ValueError(f"{path}: the row of {name!r} must hold a single 1 and zeros.")
            parts.append(pd.Series(ones.argmax(axis=1), index=chunk.index))
    named = pd.concat(parts)
    _check_unique_ids(path, named.index.to_series())
    return named, np.array(labs, dtype=object)


def _make_plasmid_bunch(table: pd.DataFrame, *, as_frame: bool, **entries: Any) -> Bunch | tuple[Any, Any]:
    ids = table["sequence_id"].to_list()
    metadata = table[list(METADATA_COLUMNS)].set_axis(pd.Index(ids, name="id"))
    bunch = make_bunch(table["sequence"].to_list(), ids=ids, metadata=metadata, as_frame=as_frame, **entries)
    if isinstance(bunch, Bunch) and as_frame:
        bunch.frame = pd.concat([bunch.frame, metadata], axis=1)
    return bunch
