"""Strict readers of sequence files and trees.

Common readers disagree about damaged files: some cut a sequence at a stray byte, some keep the blanks
and digits inside it, some return the readable start of a broken archive. The readers here return the
whole file or raise, and every error names the path and the place.

All of them accept plain files and files compressed by gzip, bzip2, xz or zstd. None of them opens a
network connection.

>>> import tempfile
>>> from pathlib import Path
>>> from skseed.io import read_fasta
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder, "genes.fasta")
...     _ = path.write_text(">rbcL-1 fern\\nATGTCAcca\\nCAAACA\\n>rbcL-2\\nATGTCACC1CAA\\n")
...     try:
...         read_fasta(path)
...     except ValueError as error:
...         print(str(error).replace(folder, ""))
/genes.fasta, line 5, column 9: '1' (byte 0x31) does not belong in a sequence; only letters and '-', '.',
'*', '~' do, so remove it.
"""

from skseed.io._fasta import read_fasta
from skseed.io._genbank import read_genbank
from skseed.io._read_tree import read_tree
from skseed.io._tree import Tree

__all__ = ["Tree", "read_fasta", "read_genbank", "read_tree"]
