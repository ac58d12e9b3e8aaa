"""Times SciPy's dense and sparse eigensolvers on the affinity of the features in FOLDER/features.f32 (64 per patch, float32).

Prints 'eigh SECONDS' and 'eigsh SECONDS' (medians) and writes the partition by eigh to FOLDER/partition.u8.
"""
import statistics
import sys
import time

import numpy
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh

folder = sys.argv[1]
features = numpy.fromfile(folder + "/features.f32", numpy.float32).reshape(-1, 64)
unit = features / numpy.maximum(numpy.linalg.norm(features, axis=1, keepdims=True), 1e-12)
affinity = numpy.where(unit @ unit.T > 0.2, 1.0, 1e-5)
degrees = affinity.sum(axis=1)


def by_eigh():
    D = numpy.diag(degrees)
    return eigh(D - affinity, D, subset_by_index=[1, 2])[1][:, 0]


def by_eigsh():
    scale = 1 / numpy.sqrt(degrees)
    return scale * eigsh(affinity * scale[:, None] * scale, k=2, which="LA", tol=1e-6)[1][:, 0]


for name, solve, rounds in (("eigh", by_eigh, 3), ("eigsh", by_eigsh, 9)):
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        vector = solve()
        seconds.append(time.perf_counter() - begun)
    if name == "eigh":
        (vector > vector.mean()).astype(numpy.uint8).tofile(folder + "/partition.u8")
    print(name, statistics.median(seconds))
