"""Transformers from sequences to numbers, and the augmentation of circular sequences.

All of them take sequences as ``str``, in any one-dimensional container, and give one row for each,
so each is a first step of a ``Pipeline``:

- :class:`OneHotEncoder` keeps every position, for sequences that line up from their start;
- :class:`BPETokenizer` learns frequent pieces and gives rows of token ids, for long sequences;
- :class:`KmerVectorizer` counts words of ``k`` symbols and forgets where they stood;
- :class:`MinimizerVectorizer` counts one word in ten, the same ones wherever a stretch recurs.

:class:`CircularShiftAugmenter` stands before or after the tokenizer and rotates sequences that have
no beginning, such as plasmids; it does so in ``fit_transform`` only.

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

__all__ = ["BPETokenizer", "CircularShiftAugmenter", "KmerVectorizer", "MinimizerVectorizer", "OneHotEncoder"]
