"""The one kind of record that every data set is read into: a photo with what the data set says about it."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import BadSettingError, CannotAnswerError, UnreadableImageError
from ..face.images import read_image

#: The groups, of all data sets, whose people are healthy.
HEALTHY_GROUPS = ("Normal", "Healthy controls", "healthy")


@dataclass(frozen=True)
class Photo:
    """One photo or video frame and what its data set says about it. The picture is read when asked for,
    never held.

    Attributes
    ----------
    dataset, patient_id, photo_id : str
        ``photo_id`` is unique in its set, ``patient_id`` is the same for all photos of a person.
    path : Path or None
        None for records of points alone, whose photos are not published.
    group : str or None
        The clinical group, in the set's own words.
    expression : str or None
        One of :data:`bp_research.face.schemes.EXPRESSIONS`.
    task : str or None
        NeuroFace's oral task, such as ``"NSM_OPEN"``.
    frame : int or None
        Number of the frame in its video.
    severity : int or None
        1 (healthy) to 6; what the number is stands in :attr:`PhotoSet.severity_name`.
    side : str or None
        The affected side, ``"left"`` or ``"right"`` of the subject.
    gender : str or None
    age : float or None
        Years.
    landmarks_gt : ndarray (68, 2) float64 or None
        Annotated landmarks, iBUG order, x then y, pixels of the upright photo. Read-only.
    bbox_gt : ndarray (4,) float64 or None
        Annotated face box: left, top, right, bottom, px. Read-only.
    irises_gt : ndarray (2, 3) float64 or None
        Annotated irises, the subject's left and right: x, y, radius, px. Read-only.
    """

    dataset: str
    patient_id: str
    photo_id: str
    path: Path | None
    group: str | None = None
    expression: str | None = None
    task: str | None = None
    frame: int | None = None
    severity: int | None = None
    side: str | None = None
    gender: str | None = None
    age: float | None = None
    landmarks_gt: np.ndarray | None = field(default=None, compare=False, repr=False)
    bbox_gt: np.ndarray | None = field(default=None, compare=False, repr=False)
    irises_gt: np.ndarray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self):
        for array in (self.landmarks_gt, self.bbox_gt, self.irises_gt):
            if array is not None:
                array.setflags(write=False)

    @property
    def image(self):
        """ndarray (H, W, 3) uint8, BGR, upright: read from disk at each call."""
        if self.path is None:
            raise UnreadableImageError(f"{self.dataset} holds points alone: there is no photo of {self.photo_id}")
        return read_image(self.path)


#: Columns that say what a data set tells of a photo.
RECORD_COLUMNS = tuple(column.name for column in fields(Photo) if column.compare)


@dataclass
class PhotoSet:
    """Photos of one data set, in natural order, and what was wrong with the set.

    Attributes
    ----------
    name : str
        Name of the set; contains "simulated" if it is.
    photos : list of Photo
    problems : DataFrame
        Columns ``problem`` (its kind), ``where`` (relative to the set's folder), ``detail``.
    simulated : bool
    severity_name : str
        What the severities are, such as "eFACE band (folder)"; empty if the set has none.
    videos : list of Path
        Films that lie in the set, for :func:`bp_research.measure_video`.
    """

    name: str
    photos: list
    problems: pd.DataFrame
    simulated: bool = False
    severity_name: str = ""
    videos: list = field(default_factory=list)

    def __len__(self):
        return len(self.photos)

    def __iter__(self):
        return iter(self.photos)

    def __getitem__(self, index):
        return self.photos[index]

    def __repr__(self):
        counts = f"{len(self)} photos of {len(self.people)} people, {len(self.problems)} problems"
        return f"<PhotoSet {self.name}: {counts}>"

    @property
    def people(self):
        """list of str: the people's ids, each once, in the photos' order."""
        return list(dict.fromkeys(photo.patient_id for photo in self.photos))

    def to_frame(self):
        """DataFrame, one row per photo: the records' fields; ``annotated`` (bool) in place of the points."""
        rows = [[getattr(photo, name) for name in RECORD_COLUMNS] for photo in self.photos]
        table = pd.DataFrame(rows, columns=list(RECORD_COLUMNS), dtype=object)
        table = table.astype({"severity": float, "age": float, "frame": "Int64"})
        table["path"] = table["path"].map(str).astype(object)
        table["annotated"] = [photo.landmarks_gt is not None for photo in self.photos]
        return table

    def landmarks(self):
        """ndarray (n_photos, 68, 2): the annotated landmarks, px; NaN for photos that have none."""
        none = np.full((68, 2), np.nan)
        points = [none if photo.landmarks_gt is None else photo.landmarks_gt for photo in self]
        return np.reshape(points, (-1, 68, 2)).astype(float)

    def select(self, which):
        """The same set with some of its photos only.

        Parameters
        ----------
        which : array_like of bool (n_photos,), or collection of str
            A mask, such as ``photoset.to_frame()["group"] == "central"``, or photo ids.

        Raises
        ------
        BadSettingError
            If a mask has the wrong length or an id is unknown.
        """
        which, ids = np.array(list(which)), [photo.photo_id for photo in self]
        if which.dtype != bool:
            if unknown := set(which) - set(ids):
                raise BadSettingError(f"{self.name} has no photos {sorted(map(str, unknown))[:5]}")
            which = np.isin(ids, which)
        if len(which) != len(self):
            raise BadSettingError(f"the mask has {len(which)} values, {self.name} has {len(self)} photos")
        return replace(self, photos=[photo for photo, take in zip(self, which, strict=True) if take])

    def of_person(self, patient_id):
        """The same set with one person's photos only.

        Raises
        ------
        BadSettingError
            If nobody in the set has this id; the message names some who do.
        """
        if patient_id not in self.people:
            known = ", ".join(map(str, self.people[:5]))
            raise BadSettingError(f"{self.name} has nobody called {patient_id!r}; its {len(self.people)} people: {known} ...")
        return self.select([photo.patient_id == patient_id for photo in self.photos])

    def require(self, **least):
        """The same set, if an analysis has the people in it that it needs.

        Parameters
        ----------
        **least : int
            How many people of a kind: ``healthy``, ``ill`` (known to be other than healthy), ``graded`` (with a severity),
            ``annotated`` (with landmarks).

        Raises
        ------
        CannotAnswerError
            If there are fewer; the message says how many there are.
        """
        about = self.to_frame()
        healthy = about["group"].isin(HEALTHY_GROUPS)
        kinds = {"healthy": healthy, "ill": about["group"].notna() & ~healthy, "annotated": about["annotated"]}
        kinds["graded"] = about["severity"].notna()
        for kind, number in least.items():
            there = about.loc[kinds[kind], "patient_id"].nunique()
            if there < number:
                said = f"{self.name} has {there or 'no'} people who are {kind}"
                raise CannotAnswerError(f"{said}; this report needs {number} or more (data/README.md: which set has what)")
        return self

    def limited(self, max_photos, seed=0):
        """The same set with at most so many photos, for a quick run.

        Whole people are drawn, in turn from all groups and severities, as long as their photos fit in; the first
        one is cut short if need be.

        Parameters
        ----------
        max_photos : int or None
            None keeps all.
        seed : int
            Of the draw of people.

        Raises
        ------
        BadSettingError
            If it is not a whole number of at least 1.
        """
        if max_photos is None:
            return self
        if isinstance(max_photos, bool) or not isinstance(max_photos, int | np.integer) or max_photos < 1:
            raise BadSettingError(f"max_photos is a whole number of 1 or more, or None, not {max_photos!r}")
        if max_photos >= len(self):
            return self
        table = self.to_frame()
        people = table.drop_duplicates("patient_id").sample(frac=1, random_state=seed)
        turn = people.groupby(["group", "severity"], dropna=False).cumcount()
        taken = []
        for person in people["patient_id"].iloc[np.argsort(turn.to_numpy(), kind="stable")]:
            own = table.loc[table["patient_id"] == person, "photo_id"].tolist()
            if len(taken) + len(own) <= max_photos or not taken:
                taken += own[:max_photos]
        return self.select(taken)
