#!/usr/bin/env python3
"""Writes tests/golden/evaluation.safetensors: how scikit-learn classifies some features.

    .venv/bin/python3 tools/golden/evaluation.py        # needs numpy, safetensors and scikit-learn

Nearest neighbours: how many test examples are right, for each row of `settings` (k, whether Euclidean, whether uniform, and the
temperature in thousandths). Logistic regression without a penalty, at its optimum, on standardised features: `weight` and `bias`
for features as they are, and how many test examples are right.
"""

import pathlib

import numpy as np
import sklearn
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

CLASSES, FEATURES = 4, 8
SETTINGS = [(k, euclidean, uniform, 70 if not euclidean else 2000)
            for k in (1, 5, 30) for euclidean in (0, 1) for uniform in (0, 1)]  # fmt: skip


def examples(random, count, centres):
    """Clusters that overlap, far from the origin, on unequal scales."""
    labels = random.integers(0, CLASSES, count)
    values = centres[labels] + random.normal(size=(count, FEATURES))
    return (values * np.linspace(0.5, 2, FEATURES) + 3).astype(np.float32), labels.astype(np.int32)


def neighbours_right(train, test, setting):
    k, euclidean, uniform, thousandths = setting
    temperature = thousandths / 1000

    def weigh(distances):
        similarity = -(distances**2) if euclidean else 1 - distances
        return np.exp((similarity - similarity.max(axis=1, keepdims=True)) / temperature)

    classifier = KNeighborsClassifier(k, metric="euclidean" if euclidean else "cosine",
                                      weights="uniform" if uniform else weigh, algorithm="brute")  # fmt: skip
    values = [(x.astype(np.float64), y) for x, y in (train, test)]
    return int((classifier.fit(*values[0]).predict(values[1][0]) == test[1]).sum())


def main():
    random = np.random.default_rng(5)
    centres = random.normal(size=(CLASSES, FEATURES))
    train, test = examples(random, 600, centres), examples(random, 250, centres)
    scaler = StandardScaler().fit(train[0].astype(np.float64))
    scaled = [scaler.transform(x.astype(np.float64)) for x in (train[0], test[0])]
    regression = LogisticRegression(C=np.inf, tol=1e-8, max_iter=10000).fit(scaled[0], train[1])
    # A softmax does not change if all classes get the same; ours begins at 0 and so stays at a mean of 0.
    coefficients = regression.coef_ - regression.coef_.mean(axis=0)
    weight = coefficients / scaler.scale_
    bias = regression.intercept_ - regression.intercept_.mean() - weight @ scaler.mean_
    tensors = {
        "train": train[0], "train_labels": train[1], "test": test[0], "test_labels": test[1],
        "settings": np.array(SETTINGS, np.int32),
        "neighbours_right": np.array([neighbours_right(train, test, setting) for setting in SETTINGS], np.int32),
        "weight": np.ascontiguousarray(weight, np.float32), "bias": bias.astype(np.float32),
        "regression_right": np.array([(regression.predict(scaled[1]) == test[1]).sum()], np.int32),
    }  # fmt: skip
    directory = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
    save_file(tensors, directory / "evaluation.safetensors", {"scikit-learn": sklearn.__version__})


main()
