"""MaskCut of the features in FOLDER/features.f32 (64 per patch, float32) on a square grid, by SciPy's dense solver.

Usage: maskcut_versus_scipy.py FOLDER TAU OBJECTS ROUNDS. Prints 'maskcut SECONDS' (the median) and writes the masks, one after the other, to FOLDER/masks.u8.
"""
import statistics
import sys
import time

import numpy
from scipy.linalg import eigh
from scipy.ndimage import label

folder, tau, objects, rounds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
features = numpy.fromfile(folder + "/features.f32", numpy.float32).reshape(-1, 64)
nodes = len(features)
side = round(nodes**0.5)


def second_eigenvector(unit):
    affinity = numpy.where(unit @ unit.T > tau, 1.0, 1e-5)
    degrees = numpy.diag(affinity.sum(axis=1))
    return eigh(degrees - affinity, degrees, subset_by_index=[1, 2])[1][:, 0]


def overlap(a, b):
    return numpy.sum(a & b) / max(numpy.sum(a | b), 1)


def maskcut():
    unit = features / numpy.maximum(numpy.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    masks, taken = [], numpy.zeros(nodes, bool)
    for _ in range(objects):
        vector = second_eigenvector(numpy.where(taken[:, None], 0, unit))
        part = vector > vector.mean()
        corners = part[[0, side - 1, nodes - side, nodes - 1]].sum()
        if corners >= 3 or not part[numpy.argmax(abs(vector))]:
            vector, part = -vector, ~part
        pieces = label(part.reshape(side, side))[0].ravel()
        piece = pieces == pieces[numpy.argmax(vector)]
        if masks and (overlap(piece, masks[-1]) > 0.5 or piece.mean() <= 0.01):
            piece[:] = False
        masks.append(piece & ~taken)
        taken |= masks[-1]
    return numpy.stack(masks)


seconds = []
for _ in range(rounds):
    begun = time.perf_counter()
    found = maskcut()
    seconds.append(time.perf_counter() - begun)
found.astype(numpy.uint8).tofile(folder + "/masks.u8")
print("maskcut", statistics.median(seconds))
