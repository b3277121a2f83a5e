"""The shipped data sets: contents, the two output forms, and checksums."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skseed.datasets
from skseed import datasets
from skseed.alphabets import DNA, PROTEIN

# the folder of the shipped files is replaced, to see that a changed file raises
from skseed.datasets import _shipped
from skseed.io import read_fasta

LOADERS = {
    "fern_rbcl": (datasets.load_fern_rbcl, 5068, 355, DNA),
    "moclo_kits": (datasets.load_moclo_kits, 362, 5, DNA),
    "phage_hosts": (datasets.load_phage_hosts, 1232, 35, PROTEIN),
    "sars_cov_2": (datasets.load_sars_cov_2, 1, 0, DNA),
    "spike_hosts": (datasets.load_spike_hosts, 2535, 14, PROTEIN),
    "telomeres": (datasets.load_telomeres, 50, 0, DNA),
}
FOLDER = Path(skseed.datasets.__file__).parent


@pytest.fixture(params=sorted(LOADERS))
def loader(request):
    return LOADERS[request.param]


def test_every_loader_is_tested():
    assert {f"load_{name}" for name in LOADERS} == {
        name for name in datasets.__all__ if name.startswith("load_")
    }


def test_bunch_contents(loader):
    load, n_sequences, n_classes, alphabet = loader
    bunch = load()
    assert isinstance(bunch.data, list)
    assert len(bunch.data) == len(bunch.ids) == n_sequences
    for sequence in bunch.data:
        alphabet.encode(sequence)
    assert bunch.frame is None
    assert isinstance(bunch.target_names, list)
    assert len(bunch.target_names) == n_classes
    assert all(type(name) is str for name in [*bunch.target_names, *bunch.ids])
    if n_classes:
        assert isinstance(bunch.target, np.ndarray)
        assert bunch.target.dtype == np.int64
        assert np.array_equal(np.unique(bunch.target), np.arange(n_classes))
    else:
        assert bunch.target is None


def test_frame_and_tuple_agree_with_bunch(loader):
    load = loader[0]
    bunch, framed = load(), load(as_frame=True)
    assert framed.frame.index.to_list() == bunch.ids
    assert framed.data.to_list() == bunch.data
    assert framed.data.index.name == "id"
    X, y = load(return_X_y=True)
    X_series, y_series = load(return_X_y=True, as_frame=True)
    assert bunch.data == X
    pd.testing.assert_series_equal(X_series, framed.data)
    if bunch.target is None:
        assert y is None
        assert y_series is None
    else:
        np.testing.assert_array_equal(y, bunch.target)
        pd.testing.assert_series_equal(y_series, framed.target)
        np.testing.assert_array_equal(y_series, y)
    for column in framed.frame.columns.drop(["sequence", "target"], errors="ignore"):
        pd.testing.assert_series_equal(framed[column], framed.frame[column])
        assert bunch[column].shape == (len(bunch.data),)


def test_description_states_source_license_and_size(loader):
    load, n_sequences, n_classes, _ = loader
    text = load().DESCR
    assert f"{n_sequences:,}" in text
    assert ":Source:" in text
    assert ":License:" in text or ":Terms:" in text
    if n_classes:
        assert f"{n_classes} classes" in text


@pytest.mark.parametrize("option", [{"as_frame": 2}, {"return_X_y": "yes"}])
def test_invalid_options_raise(loader, option):
    with pytest.raises(ValueError, match=next(iter(option))):
        loader[0](**option)
    with pytest.raises(TypeError):
        loader[0](True)


def test_fern_contents():
    ferns = datasets.load_fern_rbcl()
    clean = datasets.load_fern_rbcl(subset="clean")
    assert len(set(ferns.data)) == 4769
    assert len(clean.data) == len(set(clean.data)) == 3980
    assert set("".join(clean.data)) == set("ACGT")
    assert min(map(len, clean.data)) >= 1150
    by_name = dict(zip(ferns.ids, ferns.data, strict=True))
    assert all(by_name[name] == sequence for name, sequence in zip(clean.ids, clean.data, strict=True))
    # the first of equal sequences is kept, in the order of the file
    positions = [ferns.ids.index(name) for name in clean.ids[:200]]
    assert positions == sorted(positions)
    assert clean.target_names[clean.target[0]] == clean.ids[0].split("_")[0]


def test_fern_tree_has_the_tips_of_the_sequences():
    ferns = datasets.load_fern_rbcl()
    tips = re.findall(r"[(,]([^(),:;]+):", ferns.tree)
    assert sorted(tips) == sorted(ferns.ids)
    assert ferns.tree.count("(") == ferns.tree.count(")")
    assert ferns.tree.endswith(";")


def test_moclo_kits_contents():
    kits = datasets.load_moclo_kits()
    assert Counter(np.take(kits.target_names, kits.target)) == {
        "ytk": 96,
        "plant": 95,
        "cidar": 91,
        "ecoflex": 59,
        "ptk": 21,
    }
    assert set(kits.topology) == {"circular"}
    assert len(set(kits.ids)) == 362


def test_spike_hosts_contents():
    spikes = datasets.load_spike_hosts(as_frame=True)
    assert spikes.host.isna().sum() == 65
    assert spikes.species_agg.nunique() == 14
    assert spikes.binds_human_receptor.sum() == 1735
    assert Counter(spikes.split) == {"train": 2156, "test": 379}
    assert spikes.data.nunique() == 2533
    assert Counter(np.take(spikes.target_names, spikes.target))["Homo sapiens"] == 1530


def test_phage_hosts_contents():
    phages = datasets.load_phage_hosts()
    counts = Counter(np.take(phages.target_names, phages.target))
    assert counts["Escherichia coli"] == 399
    assert sum(count < 10 for count in counts.values()) == 26
    assert sum(count == 1 for count in counts.values()) == 17
    assert len(set(phages.data)) == 959


def test_telomeres_contents():
    telomeres = datasets.load_telomeres()
    assert telomeres.fig3.index.to_list() == telomeres.ids
    assert telomeres.fig2.index.to_list() == list(range(1, 30))
    for name, sequence in zip(telomeres.ids, telomeres.data, strict=True):
        start, end = map(int, name.split("-")[1:])
        assert len(sequence) == end - start
    # the published means (Yu 2024, Fig. 3)
    means = telomeres.fig3.mean()
    assert means["rand_density"].round(4) == 0.0761
    assert means["gauss_density"].round(4) == 0.0740
    assert (telomeres.fig3.gauss_density < telomeres.fig3.rand_density).sum() == 49


def test_sars_cov_2_contents():
    (genome,) = datasets.load_sars_cov_2().data
    assert len(genome) == 29903
    assert genome.endswith("A" * 33)


def test_shipped_files_equal_the_source_files(shared_data):
    for shipped, source in [
        ("fern_rbcl/rbcL.fasta.xz", "ferns/rbcL.fasta.gz"),
        ("telomeres/telomeres.fasta.xz", "telomeres/telomeres.fa"),
        ("sars_cov_2/MN908947.3.fasta.xz", "genomes/sars_cov_2_MN908947.3.fa"),
    ]:
        assert read_fasta(_shipped.shipped(shipped)) == read_fasta(shared_data / source)
    for shipped, source in [
        ("moclo_kits/moclo_kits.csv.xz", "moclo/moclo_kits.csv.gz"),
        ("phage_hosts/phage_receptor_binding.csv.xz", "hosts/phage_receptor_binding.csv.xz"),
        ("spike_hosts/coronavirus_spike.csv.xz", "hosts/coronavirus_spike.csv.xz"),
    ]:
        pd.testing.assert_frame_equal(
            pd.read_csv(_shipped.shipped(shipped)), pd.read_csv(shared_data / source)
        )


def test_registry_lists_every_file_and_each_folder_has_a_license():
    files = {
        path.relative_to(FOLDER / "data").as_posix()
        for path in (FOLDER / "data").rglob("*")
        if path.is_file()
    }
    assert files == set(_shipped.SHA256)
    assert {Path(file).parent.name for file in files if file.endswith("LICENSE")} == set(LOADERS)
    for name in files:
        assert hashlib.sha256((FOLDER / "data" / name).read_bytes()).hexdigest() == _shipped.SHA256[name]
    assert sum((FOLDER / "data" / name).stat().st_size for name in files) < 600_000


def test_changed_file_raises(tmp_path, monkeypatch):
    monkeypatch.setattr(_shipped, "_FOLDER", tmp_path)
    path = tmp_path / "data" / "sars_cov_2" / "MN908947.3.fasta.xz"
    path.parent.mkdir(parents=True)
    content = (FOLDER / "data" / "sars_cov_2" / path.name).read_bytes()
    path.write_bytes(content[:-1] + b"\0")
    with pytest.raises(OSError, match=r"MN908947\.3\.fasta\.xz is damaged.*reinstall"):
        datasets.load_sars_cov_2()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        datasets.load_sars_cov_2()
