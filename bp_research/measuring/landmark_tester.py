"""One photo looked at many times: turned, mirrored, noisy; how far its landmarks move, and what lies in their middle."""

from functools import partial

import numpy as np
import pandas as pd

from .. import DEFAULT_MODEL
from ..errors import BadSettingError
from ..face.geometry import asymmetry, feature_array, interocular
from ..face.images import read_image
from ..face.schemes import FEATURES, LEFT_BROW, LEFT_EYE, REGIONS, RIGHT_BROW, RIGHT_EYE
from ..landmarks.get_landmarks import GetLandmarks
from ..landmarks.models import get_engine
from ..work import helpers_there_are, map_with_helpers
from .copies import NOISES, Change, FaceCopies
from .intervals import apply_calibration

#: Settings of :meth:`LandmarkTester.run` that measured best on photos of people with palsy.
RUN_ANGLE, RUN_SHIFT, RUN_STRETCH = 5.0, 0.02, 0.03

_PARTS = {
    "brows": np.r_[RIGHT_BROW, LEFT_BROW],
    "eyes": np.r_[RIGHT_EYE, LEFT_EYE],
    "nose": np.arange(27, 36),
    "mouth": np.arange(48, 68),
    "jaw": np.arange(17),
    "all": np.arange(68),
}


class LandmarkTester:
    """Predict the landmarks of many changed copies of a photo.

    The face is looked for once and cut out; each copy costs one more prediction. The same seed gives the same numbers
    on any number of processes, and the first copies of a long test are those of a short one.

    Parameters
    ----------
    image, model, resolution, colored
        As in :class:`bp_research.GetLandmarks`.
    seed : int
        Of the random angles, shifts and noise.
    level : bool
        Turn the picture first so that the line of the outer eye corners, as predicted from the photo itself, is level.
    corrected : array_like (68, 2), optional
        As in :class:`bp_research.GetLandmarks`.

    Attributes
    ----------
    single : GetLandmarks
        What the photo itself gives.
    test_landmarks : ndarray (n, 68, 2)
        After a test: the landmarks from each copy, px of the photo.

    Raises
    ------
    UnreadableImageError, NoFaceError, ModelNotFoundError, BadModelError, BadSettingError
        As :class:`bp_research.GetLandmarks`.

    Examples
    --------
    >>> tester = LandmarkTester("photo.jpg").run()  # doctest: +SKIP
    >>> tester.feature_intervals(0.9).loc["f14"]  # tilt of the mouth corners, degrees  # doctest: +SKIP
    """

    def __init__(
        self,
        image,
        model=DEFAULT_MODEL,
        resolution=200,
        colored=False,
        seed=0,
        level=False,
        corrected=None,
    ):
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise BadSettingError(f"seed is a whole number of 0 or more, not {seed!r}")
        image = read_image(image)
        self.single = GetLandmarks(image, model, resolution, colored, corrected)
        self._model, self._colored, self._seed = model, bool(colored), int(seed)
        level_by = -_eye_tilt(self.single.detected) if level else 0.0
        self._copies = FaceCopies(image, self.single.face, get_engine(model).margin, level_by)
        self._points = None

    def __repr__(self):
        copies = "no test yet" if self._points is None else f"{len(self._points)} copies"
        return f"<LandmarkTester {self.single.model}: {copies}>"

    def run(self, num_test=30, rand_angle=RUN_ANGLE, shift=RUN_SHIFT, stretch=RUN_STRETCH, mirrored=True):
        """The test whose median measures best: small turns, moved and stretched face boxes, every other copy mirrored.

        Parameters
        ----------
        num_test : int
            Number of copies.
        rand_angle : float
            Standard deviation of the angles, degrees.
        shift, stretch : float
            Standard deviations of the box's shift (shares of its width and height) and of the logarithm of its stretch.
        mirrored : bool

        Returns
        -------
        LandmarkTester
            Itself.
        """
        _check_not_negative(rand_angle=rand_angle, shift=shift, stretch=stretch)
        changes = []
        for i, rng in enumerate(self._generators(num_test)):
            angle, right, down, size = rng.standard_normal(4)
            box = {"shift": (shift * right, shift * down), "stretch": float(np.exp(stretch * size))}
            changes.append(Change(angle=rand_angle * angle, mirrored=bool(mirrored and i % 2), **box))
        return self._test(changes)

    def test_random_rotation(self, rand_angle=10, num_test=30, rand_mode="uniform"):
        """Copies turned about the face's centre by random angles.

        Parameters
        ----------
        rand_angle : float
            Degrees: the largest angle to either side, or the standard deviation with ``rand_mode="normal"``.
        num_test : int
        rand_mode : {"uniform", "normal"}

        Returns
        -------
        LandmarkTester
            Itself.
        """
        _check_not_negative(rand_angle=rand_angle)
        return self._test([Change(angle=_angle(r, rand_angle, rand_mode)) for r in self._generators(num_test)])

    def test_fixed_rotation(self, test_angle=10, num_steps=20):
        """Copies turned in ``num_steps`` equal steps from ``-test_angle`` to ``test_angle`` degrees."""
        _check_not_negative(test_angle=test_angle)
        _check_number(num_steps)
        return self._test([Change(angle=float(a)) for a in np.linspace(-test_angle, test_angle, num_steps)])

    def test_no_rotation(self, num_test=10):
        """Unchanged copies: how far the landmarks move by themselves, which for all engines here is not at all."""
        _check_number(num_test)
        return self._test([Change()] * num_test)

    def test_intensities(self, scale=20, num_test=30):
        """Copies made darker or brighter as a whole, by up to ``scale`` grey levels, uniformly drawn."""
        _check_not_negative(scale=scale)
        drawn = [float(rng.uniform(-scale, scale)) for rng in self._generators(num_test)]
        return self._test([Change(brightness=b) for b in drawn])

    def test_noises(self, scale=20, dist="uniform", num_test=30, per_channel=True):
        """Copies with noise of mean 0 on every pixel.

        Faces wider than :data:`bp_research.measuring.copies.WIDTH` px are reduced to it first: noise of the pixels of a
        large photo would be gone once the face is seen as a whole.

        Parameters
        ----------
        scale : float
            Grey levels, 0-255; :data:`bp_research.measuring.copies.NOISES` says of what.
        dist : {"uniform", "normal", "laplace", "poisson"}
        num_test : int
        per_channel : bool
            Noise of its own for blue, green and red, or the same for all.

        Returns
        -------
        LandmarkTester
            Itself.
        """
        _check_not_negative(scale=scale)
        _check_choice("dist", dist, NOISES)
        kind = {"noise": dist, "noise_scale": float(scale), "per_channel": bool(per_channel)}
        return self._test([Change(**kind, seed=seed) for seed in self._seeds(num_test)])

    def test_combined(self, rand_angle=7, scale=25, num_test=30, rand_mode="normal"):
        """Copies with noise that are turned by random angles.

        Parameters
        ----------
        rand_angle : float
            As in :meth:`test_random_rotation`.
        scale : float
            As in :meth:`test_noises`.
        num_test : int
        rand_mode : {"uniform", "normal"}
            Distribution of the angles and of the noise.

        Returns
        -------
        LandmarkTester
            Itself.
        """
        _check_not_negative(rand_angle=rand_angle, scale=scale)
        changes = []
        for seed in self._seeds(num_test):
            angle = _angle(np.random.default_rng(seed), rand_angle, rand_mode)
            changes.append(Change(angle=angle, noise=rand_mode, noise_scale=float(scale), seed=seed.spawn(1)[0]))
        return self._test(changes)

    @property
    def test_landmarks(self):
        """ndarray (n, 68, 2): the landmarks from each copy, px of the photo, moved by what a person corrected."""
        if self._points is None:
            raise BadSettingError("no test was made yet: call run() or one of the test_... methods first")
        return self._points + (self.single.landmarks - self.single.detected)

    @property
    def median_landmarks(self):
        """ndarray (68, 2): the median over the copies, px."""
        return np.median(self.test_landmarks, axis=0)

    @property
    def spread(self):
        """ndarray (68,): robust standard deviation of each point over the copies, px along one axis.

        1.4826 times the median absolute deviation, root mean square of x and y.
        """
        return np.sqrt((robust_sd(self.test_landmarks) ** 2).mean(axis=-1))

    def feature_intervals(self, level=0.9, calibration=None):
        """Each feature and signed asymmetry with an interval.

        Without calibration the interval holds the middle share ``level`` of the copies: it tells how steady the prediction
        is, not how right. With calibration it holds the truth that often in photos like those calibrated on.

        Parameters
        ----------
        level : float
            Between 0 and 1.
        calibration : DataFrame, optional
            From :func:`bp_research.measuring.intervals.calibrate_intervals`; it must hold this level.

        Returns
        -------
        DataFrame
            Index f0..f28, mouth, brows, eyes; columns ``value`` (of the median landmarks), ``low``, ``high``, and ``spread``
            (robust standard deviation over the copies).
        """
        if not 0 < level < 1:
            raise BadSettingError(f"level lies between 0 and 1, not at {level!r}")
        copies = quantities(self.test_landmarks)
        low, high = np.quantile(copies, [(1 - level) / 2, (1 + level) / 2], axis=0)
        value = quantities(self.median_landmarks)
        # single copies look less symmetric than their median, so that it may lie outside of the middle of them
        bounds = {"low": np.minimum(low, value), "high": np.maximum(high, value)}
        columns = {"value": value, **bounds, "spread": robust_sd(copies)}
        table = pd.DataFrame(columns, index=pd.Index([*FEATURES, *REGIONS], name="quantity"))
        if calibration is None:
            return table
        calibrated = apply_calibration(table.assign(level=level).reset_index(), calibration)
        return calibrated.set_index("quantity")[list(columns)]

    def summary(self):
        """Where the landmarks move most.

        Returns
        -------
        DataFrame
            Index: part of the face. Columns ``points``, ``copies`` (numbers), ``spread_px`` and ``spread_percent`` (mean
            spread, px and % of the inter-ocular distance), ``moved_px`` (mean distance of the median from the photo's own
            landmarks).
        """
        median = self.median_landmarks
        moved = np.linalg.norm(median - self.single.landmarks, axis=-1)
        spread = self.spread
        rows = [
            (part, len(i), len(self.test_landmarks), spread[i].mean(), moved[i].mean()) for part, i in _PARTS.items()
        ]
        table = pd.DataFrame(rows, columns=["part", "points", "copies", "spread_px", "moved_px"]).set_index("part")
        table.insert(3, "spread_percent", 100 * table["spread_px"] / interocular(median))
        return table

    def _seeds(self, number):
        return np.random.SeedSequence(self._seed).spawn(_check_number(number))

    def _generators(self, number):
        return [np.random.default_rng(seed) for seed in self._seeds(number)]

    def _test(self, changes):
        # one share of the copies for each process: the picture is handed over once, not with every copy
        shares = min(len(changes), 1 + helpers_there_are())
        parts = [changes[i::shares] for i in range(shares)]
        predict = partial(_predict, self._copies, self._model, self._colored)
        found = map_with_helpers(predict, parts, loaded=get_engine(self._model))
        self._points = np.array([found[i % shares][i // shares] for i in range(len(changes))])
        return self


def quantities(points):
    """Features and signed asymmetries, (..., 32), of landmarks (..., 68, 2), in the order f0..f28, mouth, brows, eyes."""
    return np.concatenate([feature_array(points), asymmetry(points)], axis=-1)


def robust_sd(values):
    """1.4826 times the median absolute deviation over the first axis: the standard deviation, if values are normal."""
    return 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)


def _predict(copies, model, colored, changes):
    """Landmarks (68, 2) of each copy in the photo."""
    engine = get_engine(model)
    made = (copies.make(change, partial(engine.prepare, colored=colored)) for change in changes)
    return [copy.to_photo(engine.predict_quickly(copy.picture, copy.face, colored).landmarks) for copy in made]


def _eye_tilt(points):
    """Degrees by which the line of the outer eye corners falls to the image's right."""
    dx, dy = points[45] - points[36]
    return float(np.degrees(np.arctan2(dy, dx)))


def _angle(rng, rand_angle, rand_mode):
    _check_choice("rand_mode", rand_mode, ("uniform", "normal"))
    drawn = rng.uniform(-1, 1) if rand_mode == "uniform" else rng.standard_normal()
    return float(rand_angle * drawn)


def _check_number(number):
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise BadSettingError(f"the number of copies is a whole number of 1 or more, not {number!r}")
    return int(number)


def _check_not_negative(**settings):
    for name, value in settings.items():
        if not (isinstance(value, int | float | np.number) and np.isfinite(value) and value >= 0):
            raise BadSettingError(f"{name} is a number of 0 or more, not {value!r}")


def _check_choice(name, value, choices):
    if value not in choices:
        raise BadSettingError(f"{name} is one of {', '.join(choices)}, not {value!r}")
