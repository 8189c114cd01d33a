#!/usr/bin/env python3
"""Compares `kmeans` with scikit-learn on the same local features.

    build/cpu/bin/kmeans RUN --out OUT --save-features FEATURES
    .venv/bin/python3 tools/compare/kmeans.py OUT FEATURES

For every image, activation and number of clusters, scikit-learn clusters the features too (KMeans, k-means++, 10 restarts) and
says what the inertia is; of adjusted Rand indices with the images' labels (--joint), scikit-learn's is printed beside ours. Exits
with 1 if an inertia of ours is more than 1% above scikit-learn's, or if an index differs by more than 1e-9.

    .venv/bin/python3 tools/compare/kmeans.py --fixture tests/golden/k_means.safetensors

writes the values that a test compares with.
"""

import argparse
import importlib.util
import json
import pathlib
import sys

from needed import need_numpy, refuse

TOLERANCE, RESTARTS = 1.01, 10


def clustered(rows, k, seed=0):
    from sklearn.cluster import KMeans

    return KMeans(n_clusters=k, n_init=RESTARTS, random_state=seed, algorithm="lloyd").fit(rows)


def inertia_of(rows, labels):
    """The sum of squared distances from the means of the clusters, in double."""
    import numpy as np

    rows = rows.astype(np.float64)
    return sum(((rows[labels == j] - rows[labels == j].mean(0)) ** 2).sum() for j in np.unique(labels))


def compare_clusters(tap, k, pairs):
    """pairs: (rows, our inertia, our labels) of each image. Returns the largest ratio of ours to scikit-learn's."""
    import numpy as np
    from sklearn.metrics import adjusted_rand_score

    ratios, alike = [], []
    for rows, inertia, labels in pairs:
        own = inertia_of(rows, labels)
        if abs(own - inertia) > 1e-5 * max(own, 1e-9):
            refuse(f"{tap} k={k}: kmeans.json says an inertia of {inertia}, and its labels have {own}")
        theirs = clustered(rows.astype(np.float64), k)
        ratios.append(inertia / theirs.inertia_ if theirs.inertia_ > 0 else 1.0)
        alike.append(adjusted_rand_score(theirs.labels_, labels))
    print(
        f"{tap:10s} k={k:<3d} inertia ours / scikit-learn: mean {np.mean(ratios):.6f}, least {min(ratios):.6f}, most "
        f"{max(ratios):.6f}; same clusters (ARI) {np.mean(alike):.3f}"
    )
    return max(ratios)


def compare(out, features):
    import numpy as np
    from sklearn.metrics import adjusted_rand_score

    results = json.loads((out / "kmeans.json").read_text())
    sound = True
    for column, figures in enumerate(results["figures"]):
        tap, k = figures["tap"], figures["k"]
        rows = np.load(features / f"{tap}.npy")
        labels = np.load(out / "labels" / f"{tap}-k{k}.npy")
        if rows.shape[:3] != labels.shape:
            refuse(f"{features} and {out} are not of the same images: {rows.shape} and {labels.shape}")
        images, places = rows.shape[0], rows.shape[1] * rows.shape[2]
        rows, labels = rows.reshape(images, places, -1), labels.reshape(images, places)
        if results["joint"]:
            found = [(rows.reshape(images * places, -1), results["clusterings"][column]["inertia"], labels.ravel())]
        else:
            found = [(rows[i], results["images"][i]["clusterings"][column]["inertia"], labels[i]) for i in range(images)]
        sound &= compare_clusters(tap, k, found) <= TOLERANCE
        if "ari_labels" in figures:
            classes = np.repeat([image["label"] for image in results["images"]], places)
            theirs = adjusted_rand_score(classes, labels.ravel())
            print(f"{'':10s}       ARI with the labels: ours {figures['ari_labels']:.12f}, scikit-learn {theirs:.12f}")
            sound &= abs(theirs - figures["ari_labels"]) < 1e-9
    return sound


def write_fixture(path):
    import numpy as np
    from safetensors.numpy import save_file
    from sklearn.metrics import adjusted_rand_score

    random = np.random.default_rng(7)
    centres = random.normal(size=(5, 12))
    rows = (centres[random.integers(0, 5, 120)] + 0.6 * random.normal(size=(120, 12))).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values = {"rows": rows}
    for k in (2, 4, 6, 8):
        values[f"inertia.{k}"] = np.float32([min(clustered(rows.astype(np.float64), k, seed).inertia_ for seed in range(20))])
    for i, parts in enumerate(((3, 3), (2, 7), (5, 1), (8, 8))):
        one, other = (random.integers(0, most, 50).astype(np.int32) for most in parts)
        other[:25] = one[:25] % parts[1]
        values.update({f"one.{i}": one, f"other.{i}": other, f"ari.{i}": np.float32([adjusted_rand_score(one, other)])})
    save_file(values, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=pathlib.Path, help="results of kmeans")
    parser.add_argument("features", nargs="?", type=pathlib.Path, help="what --save-features wrote")
    parser.add_argument("--fixture", metavar="FILE", help="write the values of a test")
    arguments = parser.parse_args()
    need_numpy()
    if importlib.util.find_spec("sklearn") is None:
        refuse(f"{sys.executable} has no scikit-learn; python3 -m venv .venv && .venv/bin/pip install scikit-learn safetensors")
    if arguments.fixture:
        write_fixture(arguments.fixture)
        return 0
    if arguments.features is None:
        refuse("give the results of kmeans and its features: kmeans.py OUT FEATURES")
    return 0 if compare(arguments.out, arguments.features) else 1


if __name__ == "__main__":
    sys.exit(main())
