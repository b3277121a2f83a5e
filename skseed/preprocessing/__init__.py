"""Transformers from sequences to numbers, and random rotation of circular sequences.

Each transformer takes sequences as ``str``, in any one-dimensional container, and returns one row for each
sequence, so each can be the first step of a ``Pipeline``:

- :class:`OneHotEncoder` has one column for each position and symbol, for sequences with common positions;
- :class:`BPETokenizer` learns frequent substrings and returns rows of token ids, for long sequences;
- :class:`KmerVectorizer` counts all k-mers and ignores their positions;
- :class:`MinimizerVectorizer` counts about one k-mer in ten, the same ones wherever a substring recurs.

:class:`SampleEmbedder` embeds samples, given as a table of counts of sequences.

:class:`CircularShiftAugmenter` precedes or follows the tokenizer. It rotates circular sequences, such as
plasmids, in ``fit_transform`` only.

>>> from sklearn.pipeline import make_pipeline
>>> from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter
>>> plasmids = ["GATTACAGATTACA", "CATGATTACATG"]
>>> tokens = make_pipeline(CircularShiftAugmenter(random_state=0), BPETokenizer(vocab_size=9))
>>> tokens.fit(plasmids).transform(["GATTACA"])
array([[8, 2, 3, 7, 5, 0, 0, 0, 0]], dtype=int32)
"""

from skseed.preprocessing._bpe_tokenizer import BPETokenizer
from skseed.preprocessing._circular_shift_augmenter import CircularShiftAugmenter
from skseed.preprocessing._kmer_vectorizer import KmerVectorizer
from skseed.preprocessing._minimizer_vectorizer import MinimizerVectorizer
from skseed.preprocessing._one_hot_encoder import OneHotEncoder
from skseed.preprocessing._sample_embedder import SampleEmbedder

__all__ = [
    "BPETokenizer",
    "CircularShiftAugmenter",
    "KmerVectorizer",
    "MinimizerVectorizer",
    "OneHotEncoder",
    "SampleEmbedder",
]
