#!/usr/bin/env python3
"""Holds what `lineval` says against scikit-learn on the same features.

    .venv/bin/python3 tools/compare/evaluation.py --raw --data mnist:DIR --knn 5 --knn-metric euclidean --knn-weights uniform
    .venv/bin/python3 tools/compare/evaluation.py RUN_DIR --random-init --standardize on

Takes the arguments of `lineval`, starts it with --out and --save-features, and then classifies the same test features with
scikit-learn: KNeighborsClassifier with the same number, metric and weights, which must find the same accuracy but for ties and
rounding; and LogisticRegression without a penalty (lbfgs), on the features as they are and standardised by StandardScaler. That
solver goes to the optimum, where `lineval` follows its protocol of SGD: the figures are near each other where features are well
conditioned. A difference in nearest neighbours of more than 5 in 10,000 is an error (exit code 1).

LINEVAL names another program than build/cpu/bin/lineval; ITERATIONS another number than 200 of lbfgs.
"""

import json
import os
import pathlib
import sys
import tempfile

from needed import ROOT, need_program, need_sklearn, output_of

LINEVAL = os.environ.get("LINEVAL", ROOT / "build" / "cpu" / "bin" / "lineval")
ITERATIONS = int(os.environ.get("ITERATIONS", 200))
TOLERANCE = 5e-4


def weights_of(knn):
    """The weights of neighbours at these distances, one row a query, as scikit-learn asks for them."""
    import numpy

    if knn["weights"] == "uniform":
        return "uniform"

    def weigh(distances):
        similarity = 1 - distances if knn["metric"] == "cosine" else -(distances**2)
        return numpy.exp((similarity - similarity.max(axis=1, keepdims=True)) / knn["temperature"])

    return weigh


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    need_sklearn()
    need_program(LINEVAL)
    import numpy
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler

    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        line = output_of([LINEVAL, *sys.argv[1:], "--out", folder / "results", "--save-features", folder])
        ours = json.loads(line.splitlines()[0])
        knn = json.loads((folder / "results" / "knn.json").read_text())
        arrays = {name: numpy.load(folder / f"{name}.npy") for name in
                  ("train_features", "train_labels", "test_features", "test_labels")}  # fmt: skip
    train, test = (arrays["train_features"], arrays["train_labels"]), (arrays["test_features"], arrays["test_labels"])
    neighbours = KNeighborsClassifier(knn["k"], metric=knn["metric"], weights=weights_of(knn), algorithm="brute")
    theirs = neighbours.fit(*train).score(*test)
    print(
        f"{knn['k']} nearest neighbours, {knn['metric']}, {knn['weights']}: lineval {ours['knn']:.4f}, scikit-learn {theirs:.4f}"
    )
    scaler = StandardScaler().fit(train[0])
    for name, key, scale in (("features", "top1", lambda x: x), ("standardised features", "top1_standardized", scaler.transform)):
        regression = LogisticRegression(C=numpy.inf, max_iter=ITERATIONS).fit(scale(train[0]), train[1])
        said = f"lineval {ours[key]:.4f}, " if key in ours else ""
        print(f"logistic regression on {name}: {said}scikit-learn {regression.score(scale(test[0]), test[1]):.4f}"
              f" (lbfgs, {regression.n_iter_[0]} iterations)")  # fmt: skip
    return 0 if abs(theirs - ours["knn"]) <= TOLERANCE else 1


sys.exit(main())
