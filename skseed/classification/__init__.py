"""Classify sequences by k-mers and by learned vectors of their symbols.

:class:`SequenceClassifier` starts with a linear model on k-mer counts. A network of vectors for each letter,
k-mer or token and one of five encoders corrects it: their mean, a recurrent network (LSTM or GRU), a
convolutional network, or a transformer. The correction is used only as far as it helps on held-out groups of
relatives. Probabilities are calibrated.

Relatives in training and test data inflate the score of any classifier. Evaluate it with the splitters of
:mod:`skseed.model_selection`, and compare it with the nearest neighbor by edit distance.
"""

from skseed.classification._sequence_classifier import SequenceClassifier

__all__ = ["SequenceClassifier"]
