"""How far off outputs are: the loss under its own name, without penalty and smoothing; accuracy."""

import keras
import numpy as np
import tensorflow as tf
from keras import losses


class Judge:
    """Judges the outputs of models that were compiled with `loss`, as `loss_of` gives it.

    outputs: their shape for a row. heading: what the loss is called: a log loss, an error or, where
    it is neither, its own name. listed: is the loss one whose labels are known?
    """

    def __init__(self, loss, outputs, dtype):
        self.outputs, self.dtype = outputs, dtype
        self.takes_classes = isinstance(loss, losses.SparseCategoricalCrossentropy)
        self.takes_columns = isinstance(loss, losses.CategoricalCrossentropy)
        binary, squared = (
            isinstance(loss, kind) for kind in (losses.BinaryCrossentropy, losses.MeanSquaredError)
        )
        self.has_accuracy = self.takes_classes or self.takes_columns or binary
        self.listed = self.has_accuracy or squared
        name = getattr(loss, "name", None) or getattr(loss, "__name__", "its own")
        own = f"loss ({name})"
        # The binary loss of several outputs is a mean over them, and no log loss of a class.
        crossed = self.has_accuracy and not (binary and outputs[-1] > 1)
        self.heading = "error" if squared else "log loss" if crossed else own
        # A logit is cut at 0, a probability at one half. Smoothed labels are for training only.
        config = getattr(loss, "get_config", dict)()
        self._middle = 0.0 if config.get("from_logits") else 0.5
        plain = {"label_smoothing": 0.0} if "label_smoothing" in config else {}
        loss = type(loss).from_config(config | plain) if plain else loss
        self._loss = getattr(loss, "call", loss)

    def sums(self, y, outputs):
        """(2,): the loss and the accuracy of the rows, added up; NaN where there is no accuracy."""
        sums, rows = [], tf.shape(outputs)[0]
        for values in (self._loss(y, outputs), self._accuracy(y, outputs)):
            # Where outputs have more axes than one, a row counts the mean over them.
            of_rows = tf.reshape(tf.cast(values, self.dtype), [rows, -1])
            sums.append(tf.reduce_sum(tf.reduce_mean(of_rows, axis=1)))
        return tf.stack(sums)

    def metrics(self, loss, accuracy):
        """{metric: values} of what was measured."""
        return ({"accuracy": accuracy} if self.has_accuracy else {}) | {self.heading: loss}

    # (rows,) of 0 and 1, as `model.fit` reports "accuracy", but cut where the loss cuts.
    def _accuracy(self, y, outputs):
        if not self.has_accuracy:
            return tf.fill([tf.shape(outputs)[0]], tf.constant(np.nan, self.dtype))
        if self.takes_classes:
            return keras.metrics.sparse_categorical_accuracy(y, outputs)
        if self.outputs[-1] > 1:
            return keras.metrics.categorical_accuracy(y, outputs)
        return keras.metrics.binary_accuracy(y, outputs, self._middle)
