"""Learn to classify sequences from their letters, with an encoder of one's choice.

:class:`SequenceClassifier` learns a vector for each letter (or token) and, on top of them, one of five
encoders: the mean of the vectors, a recurrent or convolutional network, or a transformer. It answers
with calibrated probabilities, and its vectors, of letters and of sequences, can be looked at.

Relatives in training and test make any classifier look good: judge it with the splitters of
:mod:`skseed.model_selection`, and beside a linear model on k-mer counts
(:class:`~skseed.preprocessing.KmerVectorizer`), which is hard to beat.
"""

from skseed.classification._sequence_classifier import SequenceClassifier

__all__ = ["SequenceClassifier"]
