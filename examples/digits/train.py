"""Train the digits example: 64 -> 32 -> 16 -> 10 with batch normalisation and softmax.

    pip install torch==2.13.0 keras scikit-learn
    KERAS_BACKEND=torch python examples/digits/train.py bitwright/data/digits

Data: the 1797 hand-written digits of 8 x 8 pixels that ship inside scikit-learn (UCI "Optical
Recognition of Handwritten Digits", test part). Pixels are 0 to 16; x = pixel / 16 is exact in a
format with four fraction bits. A fifth of the samples, stratified by digit, is held back: x.npy
and y.npy. Nothing of the result is stored but the model; accuracies are computed when shown.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 7
EPOCHS = 60


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """``x = pixel / 16``: training x and y, test x and y."""
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x.astype(np.float32) / 16, y, test_size=0.2, stratify=y, random_state=SEED
    )
    return x_train, y_train, x_test, y_test


def network() -> keras.Model:
    """Two hidden Dense layers, each with batch normalisation and relu, and a softmax."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((64,), name="pixels"),
            layers.Dense(32, name="fc1"),
            layers.BatchNormalization(name="bn1"),
            layers.Activation("relu", name="relu1"),
            layers.Dense(16, name="fc2"),
            layers.BatchNormalization(name="bn2"),
            layers.Activation("relu", name="relu2"),
            layers.Dense(10, name="fc3"),
            layers.Activation("softmax", name="softmax"),
        ],
        name="digits",
    )


def main(folder: str) -> None:
    """Train, then write digits.keras, x.npy (float32) and y.npy (int64) into ``folder``."""
    keras.utils.set_random_seed(SEED)
    x_train, y_train, x_test, y_test = data()
    model = network()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, batch_size=64, epochs=EPOCHS, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    sys.stdout.write(f"accuracy on {len(x_test)} held-back digits: {accuracy:.4f}\n")
    # Without the optimizer's state the file is a third of the size; inference does not need it.
    bare = keras.models.clone_model(model)
    bare.set_weights(model.get_weights())
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    bare.save(target / "digits.keras")
    np.save(target / "x.npy", x_test)
    np.save(target / "y.npy", y_test.astype(np.int64))


if __name__ == "__main__":
    main(*sys.argv[1:])
