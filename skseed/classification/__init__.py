"""Classify sequences by learned vectors of their symbols.

:class:`SequenceClassifier` learns a vector for each letter, k-mer or token, and one of five encoders that
turn these vectors into a vector of the sequence: their mean, a recurrent network (LSTM or GRU), a
convolutional network, or a transformer. Its probabilities are calibrated. The vectors of symbols and of
sequences are available for inspection.

Relatives in training and test data inflate the score of any classifier. Evaluate it with the splitters of
:mod:`skseed.model_selection`, and compare it with a linear model on k-mer counts
(:class:`~skseed.preprocessing.KmerVectorizer`), which is a strong baseline.
"""

from skseed.classification._sequence_classifier import SequenceClassifier

__all__ = ["SequenceClassifier"]
