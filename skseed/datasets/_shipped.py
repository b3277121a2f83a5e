"""Find the files that come with the package and check their sha256."""

import hashlib
from pathlib import Path

_FOLDER = Path(__file__).parent

SHA256 = {
    "fern_rbcl/LICENSE": "6d489af6292662d9e36d34ce49423784984a5f6e41d7b58f49b01264df59fa03",
    "fern_rbcl/rbcL.fasta.xz": "2ece9d311d1dae673e0126959682aec03f49f2be3f7e43465bbf5e349c8b3b89",
    "fern_rbcl/rbcL.nwk.xz": "55f25ea515ed0bd13c5034a8fb4ca8b29ca9256fe4bb4c53ea33bb1a541ab09f",
    "moclo_kits/LICENSE": "7bd699fde070fb71e4a2540ccdd7d7ea441b4a4028a4e95461bef76dbb813f6a",
    "moclo_kits/moclo_kits.csv.xz": "2206506b068b9d2d3a4d432be6728d0cdc8315596d39dfb2aca582f7aeed5140",
    "phage_hosts/LICENSE": "4a00f4fd594b046f6c35bac7f9ffb387a6c3459269834430020f31ac4d8e5bbf",
    "phage_hosts/phage_receptor_binding.csv.xz": (
        "6cbb2d2bab9dea839e7755fc7771af236b5d5454fa0d4e892a603e095e4170d0"
    ),
    "sars_cov_2/LICENSE": "4c42a798ba9db6c2febbceade9472469edd51e9f5fcf962a3b4011f242b89c6a",
    "sars_cov_2/MN908947.3.fasta.xz": "d346b3652f98871c65692dfdd239dbbe29447ff998aba3741c79d40d8fd08461",
    "spike_hosts/LICENSE": "f1e0024689432e01596dcd1135a860959bd4c0e543b427e58853c0cb213ed28c",
    "spike_hosts/coronavirus_spike.csv.xz": (
        "2a05688a7a1cc60705a4f799ee8875e063c7b15b2be96fedd6eb3538b9762a5f"
    ),
    "telomeres/LICENSE": "00bf60579686572f214d864937a023f68d1b9a585f9b2de64448fe7f0475d70b",
    "telomeres/fig2_simulated_repeats.tsv": (
        "4b9d2dbd58d55719f4b8c4b7bf32145e46379029363e5d322fc88a7fa61c8691"
    ),
    "telomeres/fig3_telomeres.tsv": "2e85223dfed1cbaf34af7119605789753904e810ae929945c5bb2b0979569e44",
    "telomeres/telomeres.fasta.xz": "74c7fdde4b8ae6ced86660b2e13e46dc1958962f2f1e932f7f6652083068f9db",
}


def shipped(name: str) -> Path:
    """Return the path of a shipped file after checking its content.

    Parameters
    ----------
    name : str
        A key of `SHA256`.

    Returns
    -------
    path : pathlib.Path
        The path of the file.

    Raises
    ------
    OSError
        If the content of the file has changed.
    """
    path = _FOLDER / "data" / name
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[name]:
        raise OSError(
            f"{path} is damaged or was changed (sha256 {found}, expected {SHA256[name]}); reinstall skseed."
        )
    return path


def description(name: str) -> str:
    """Return the text of a ``DESCR``."""
    return (_FOLDER / "descr" / f"{name}.rst").read_text(encoding="utf-8")
