"""Continuing a dlib shape predictor: its cascade of regression trees gets further levels, fitted to other photos.

A predictor answers in levels. Each starts from the points of the one before, looks at pixels around them, and adds what
its trees say (Kazemi and Sullivan 2014, whose way of growing trees is followed here). A hundred photos are too few to
learn that from nothing, but enough to learn what is left to do after the levels of an existing model.

The file is dlib's: version, mean shape, trees of all levels, and for each level the places of the pixels that are
compared, as anchor points and offsets from them. Old levels are copied as they are; dlib reads and runs the result.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from ..errors import BadModelError
from ..paths import write_atomic

__all__ = ["Shape", "continue_cascade", "mean_shape"]

_PADDING = 0.1  # of the face's box, around the mean shape, within which pixels are compared
_NEARNESS = 0.1  # of the face's box: pixels to be compared are rarely farther apart
_SHRINKAGE = 0.05  # share of what a tree would add that it does add


@dataclass(frozen=True, eq=False)
class Shape:
    """A picture, its face's box, where a cascade puts the points so far, and where they belong; px.

    Attributes
    ----------
    pixels : ndarray (H, W) uint8
    box : ndarray (4,)
        Left, top, right, bottom.
    start, target : ndarray (68, 2)
    """

    pixels: np.ndarray
    box: np.ndarray
    start: np.ndarray
    target: np.ndarray


def continue_cascade(base, shapes, out, *, levels=2, trees=300, depth=3, pixels=800, splits=50, seed=0):
    """Fit further levels to what the last level of a predictor leaves to be done.

    Parameters
    ----------
    base : path-like
        A dlib shape predictor of 68 points.
    shapes : sequence of Shape
        ``start`` is what the predictor says.
    out : path-like
        File to write.
    levels, trees, depth : int
        Number of levels, of trees in each, and of decisions from a tree's root to a leaf.
    pixels, splits : int
        How many pixels a level looks at, and of how many drawn decisions the best is taken.
    seed : int

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    BadModelError
        If ``base`` is no such file.
    """
    content = Path(base).read_bytes()
    mean = mean_shape(content, base)
    rng = np.random.default_rng(seed)
    now = np.array([_in_box(shape.start, shape.box) for shape in shapes])
    target = np.array([_in_box(shape.target, shape.box) for shape in shapes])
    added = []
    with threadpool_limits(1):  # the matrices are small: more threads would wait for each other
        for _ in range(levels):
            looks = _draw_looks(mean, pixels, rng)
            seen = np.stack([_look(shape, points, looks, mean) for shape, points in zip(shapes, now, strict=True)])
            forest, step = _grow_forest(seen, target - now, looks, trees, depth, splits, rng)
            now = now + step
            added.append((looks, forest))
    return write_atomic(out, _appended(content, added, base))


def mean_shape(content, where):
    """The mean shape (68, 2) of a dlib shape predictor, in shares of the face's box.

    Parameters
    ----------
    content : bytes
    where : path-like
        Named in the error.

    Raises
    ------
    BadModelError
    """
    reader = _Reader(content)
    try:
        version, rows, columns = reader.integer(), reader.integer(), reader.integer()
        if (version, abs(rows), abs(columns)) != (1, 136, 1):
            raise ValueError("its head is another")
        return np.array([reader.real() for _ in range(136)]).reshape(68, 2)
    except (IndexError, ValueError) as error:
        raise BadModelError(f"{where} is not a dlib shape predictor of 68 points ({error})") from error


@dataclass(frozen=True, eq=False)
class _Looks:
    """Where a level looks: each pixel's nearest point of the mean shape, its offset from it, and how likely two are
    compared.
    """

    anchors: np.ndarray
    offsets: np.ndarray
    likely: np.ndarray


def _draw_looks(mean, number, rng):
    places = rng.uniform(mean.min(axis=0) - _PADDING, mean.max(axis=0) + _PADDING, (number, 2))
    anchors = np.linalg.norm(places[:, None] - mean, axis=-1).argmin(axis=1)
    # dlib stores single precision
    offsets = (places - mean[anchors]).astype(np.float32).astype(float)
    likely = np.exp(-np.linalg.norm(places[:, None] - places, axis=-1) / _NEARNESS)
    np.fill_diagonal(likely, 0)
    return _Looks(anchors, offsets, np.cumsum(likely.ravel() / likely.sum()))


def _look(shape, points, looks, mean):
    """Brightness of the pixels of a level, 0 outside of the picture, as dlib finds them."""
    x, y = _complex(mean), _complex(points)
    from_middle = x - x.mean()
    turn = (np.conj(from_middle) * (y - y.mean())).sum() / (abs(from_middle) ** 2).sum()
    places = turn * _complex(looks.offsets) + y[looks.anchors]
    places = np.stack([places.real, places.imag], axis=-1)
    left, top, right, bottom = np.round(shape.box)
    column, row = np.floor(places * (right - left, bottom - top) + (left, top) + 0.5).astype(int).T
    height, width = shape.pixels.shape
    inside = (0 <= row) & (row < height) & (0 <= column) & (column < width)
    seen = shape.pixels[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return np.where(inside, seen, 0).astype(np.float32)


def _grow_forest(seen, gaps, looks, trees, depth, splits, rng):
    """Trees as (decisions, leaves), and what they add to each shape's points (n, 68, 2)."""
    left = gaps.reshape(len(gaps), -1).astype(np.float32)
    start, forest = left.copy(), []
    for _ in range(trees):
        decisions, leaves, leaf = _grow_tree(seen, left, looks, depth, splits, rng)
        left -= leaves[leaf]
        forest.append((decisions, leaves))
    return forest, (start - left).reshape(gaps.shape)


def _grow_tree(seen, left, looks, depth, splits, rng):
    inner = 2**depth - 1
    node, decisions = np.zeros(len(left), int), []
    for number in range(inner):
        rows = np.flatnonzero(node == number)
        pairs = np.searchsorted(looks.likely, rng.random(splits))
        first, second = pairs // len(looks.anchors), pairs % len(looks.anchors)
        limits = rng.uniform(-64, 64, splits).astype(np.float32)
        yes = seen[rows][:, first] - seen[rows][:, second] > limits
        # the decision after which the two sides' means explain most
        whole, part, n = left[rows].sum(axis=0), yes.T.astype(np.float32) @ left[rows], yes.sum(axis=0)
        explained = (part**2).sum(axis=1) / np.maximum(n, 1)
        explained += ((whole - part) ** 2).sum(axis=1) / np.maximum(len(rows) - n, 1)
        best = explained.argmax()
        decisions.append((int(first[best]), int(second[best]), float(limits[best])))
        node[rows] = np.where(yes[:, best], 2 * number + 1, 2 * number + 2)
    leaf = node - inner
    leaves = np.zeros((inner + 1, left.shape[1]), np.float32)
    for number in set(leaf.tolist()):
        leaves[number] = _SHRINKAGE * left[leaf == number].mean(axis=0)
    return decisions, leaves, leaf


def _appended(content, added, where):
    """The file's content with more levels."""
    reader = _Reader(content)
    for _ in range(3):
        reader.integer()
    for _ in range(136):
        reader.real()
    start = reader.at
    levels = reader.integer()
    body, tail = reader.at, _find_tail(content, levels, where)
    trees, anchors, offsets = [], [], []
    for looks, forest in added:
        trees += [_pack(len(forest)), *(_pack_tree(*tree) for tree in forest)]
        anchors += [_pack(len(looks.anchors)), *map(_pack, looks.anchors.tolist())]
        offsets += [_pack(len(looks.offsets)), *map(_pack_real, looks.offsets.ravel().tolist())]
    count = _pack(levels + len(added))
    parts = [content[:start], count, content[body : tail.start], *trees]
    parts += [count, content[slice(*tail.anchors)], *anchors, count, content[slice(*tail.offsets)], *offsets]
    return b"".join(parts)


@dataclass(frozen=True)
class _Tail:
    """Where the places of the pixels stand in a file: the tail's start, and from where to where the levels' lists of
    anchors and of offsets reach.
    """

    start: int
    anchors: tuple
    offsets: tuple


def _find_tail(content, levels, where):
    # The tail begins with the number of levels, then of pixels, then anchors below 68; whatever looks like that
    # must be readable to the file's very end.
    count = re.escape(_pack(levels))
    for found in re.finditer(count + rb"(?:\x01.|\x02..)(?:\x01[\x00-\x43]){20}", content, re.DOTALL):
        reader = _Reader(content, found.start())
        try:
            # an anchor is one integer, an offset two reals of two integers each
            tail = _Tail(found.start(), _skip_lists(reader, levels, 1), _skip_lists(reader, levels, 4))
        except (IndexError, ValueError):
            continue
        if reader.at == len(content):
            return tail
    raise BadModelError(f"{where} is not a whole dlib shape predictor: obtain it again")


def _skip_lists(reader, levels, integers):
    """From where to where one list for each level reaches, whose items are so many integers."""
    if reader.integer() != levels:
        raise ValueError("another number of levels")
    first = reader.at
    for _ in range(levels):
        for _ in range(integers * reader.integer()):
            reader.integer()
    return first, reader.at


class _Reader:
    """Reads dlib's numbers: a byte with sign and length, then an integer; a real is mantissa and power of two."""

    def __init__(self, content, at=0):
        self.content, self.at = content, at

    def integer(self):
        """The integer at this place."""
        control = self.content[self.at]
        length = control & 0x0F
        if not 1 <= length <= 8:
            raise ValueError("it holds no numbers in dlib's form")
        end = self.at + 1 + length
        if end > len(self.content):
            raise IndexError("it is cut off")
        value = int.from_bytes(self.content[self.at + 1 : end], "little")
        self.at = end
        return -value if control & 0x80 else value

    def real(self):
        """The real at this place."""
        mantissa = self.integer()
        return float(np.ldexp(float(mantissa), self.integer()))


def _pack(value):
    """An integer in dlib's form."""
    length = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([length | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(length, "little")


def _pack_real(value):
    """A single-precision number in dlib's form."""
    fraction, power = np.frexp(np.float32(value))
    mantissa, power = int(np.ldexp(float(fraction), 24)), int(power) - 24
    if mantissa == 0:
        return _pack(0) + _pack(0)
    while mantissa % 256 == 0:
        mantissa, power = mantissa // 256, power + 8
    return _pack(mantissa) + _pack(power)


def _pack_tree(decisions, leaves):
    parts = [_pack(len(decisions))]
    parts += [_pack(first) + _pack(second) + _pack_real(limit) for first, second, limit in decisions]
    parts.append(_pack(len(leaves)))
    for leaf in leaves:
        # dlib marks the sizes of matrices by a minus
        parts += [_pack(-len(leaf)), _pack(-1), *map(_pack_real, leaf.tolist())]
    return b"".join(parts)


def _in_box(points, box):
    """Points in shares of the box."""
    left, top, right, bottom = np.round(box)
    return (points - (left, top)) / (right - left, bottom - top)


def _complex(points):
    return points[..., 0] + 1j * points[..., 1]
