"""Short simulated films whose movements are known: a healthy face, a palsy of one side, and a synkinetic one.

Nobody in them is a patient; see :mod:`bp_research.demo.cohort`. All move alike: each of :data:`MOVES` goes up and down once as
a raised cosine, with rest between, and the head keeps still. A palsied side moves less, so that its eye does not close.
"""

from functools import lru_cache

import cv2
import numpy as np
import pandas as pd

from ..errors import BadSettingError
from ..face.geometry import mirror
from ..paths import SIMULATED_MARKER, demo_dir, write_atomic
from ..work import map_cached
from .cohort import _camera, _colours, _expose, make_person
from .movement import pose
from .painting import paint
from .portraits import portrait

#: The films: number, kind and severity of the person.
FILMS = {"healthy": (3000, "healthy", 1.0), "palsy": (3002, "flaccid", 4.0), "synkinesis": (3004, "synkinetic", 5.0)}
#: What everybody does: expression, start and end, s. The first, third and last are blinks.
MOVES = pd.DataFrame(
    [
        *(("gentle eye closure", 0.5, 0.7), ("open smile", 1.0, 2.2), ("gentle eye closure", 2.6, 2.8)),
        *(("lip pucker", 3.1, 4.3), ("gentle eye closure", 4.7, 5.9), ("gentle eye closure", 6.3, 6.5)),
    ],
    columns=["expression", "start", "end"],
)
#: Frames per second, seconds, width and height in px.
RATE, SECONDS, SIZE = 60, 7, (300, 400)
_LEVELS = 20  # of a movement, so that few pictures are to be painted
_KEY = (0, 0, 0)
_MARKER = "Everybody in this folder is SIMULATED, made from public-domain portraits. Nobody is a patient.\n"


def filmed(name):
    """The person of a film: see :class:`bp_research.demo.movement.Person`."""
    if name not in FILMS:
        raise BadSettingError(f"there is no simulated film {name!r}; there are {', '.join(FILMS)}")
    number, kind, severity = FILMS[name]
    return make_person(number, 0, kind, severity)


def true_landmarks(name):
    """What a film shows.

    Parameters
    ----------
    name : str
        One of :data:`FILMS`.

    Returns
    -------
    times : ndarray (n_frames,)
        s.
    landmarks : ndarray (n_frames, 68, 2)
        True landmarks, px.
    """
    person, times = filmed(name), np.arange(RATE * SECONDS) / RATE
    points = np.stack([_camera(person, _KEY, SIZE).to_pixels(_posed(person, *_moving(time)).points) for time in times])
    return times, mirror(points, SIZE[0]) if person.mirrored else points


def clip(name="synkinesis"):
    """The file of a simulated film, made if it is not there; ``movements.csv`` beside it holds :data:`MOVES`."""
    filmed(name)
    path = demo_dir() / "demo_films" / f"{name}.avi"
    if not path.is_file():
        if not (demo_dir() / SIMULATED_MARKER).is_file():  # the rest of the demo is still to be made
            write_atomic(demo_dir() / SIMULATED_MARKER, _MARKER)
        make_clips(demo_dir() / "demo_films", [name])
    return path


def make_clips(folder, names=tuple(FILMS), processes=None):
    """Write films, and what moves in them, to a folder."""
    write_atomic(folder / SIMULATED_MARKER, _MARKER)
    write_atomic(folder / "movements.csv", MOVES.to_csv(index=False))
    map_cached(_make_clip, [(folder, name) for name in names], processes=processes, progress=False)


def _moving(time):
    """What moves at a time, and the share of the full movement."""
    for expression, start, end in MOVES.itertuples(index=False):
        if start <= time < end:
            return expression, round(_LEVELS * np.sin(np.pi * (time - start) / (end - start)) ** 2) / _LEVELS
    return "at rest", 0.0


@lru_cache(maxsize=64)
def _posed(person, expression, amount):
    return pose(person, expression, amount=amount, film=True)


def _make_clip(job):
    folder, name = job
    person = filmed(name)
    camera, (colours, look) = _camera(person, _KEY, SIZE), _colours(person)

    @lru_cache(maxsize=2 * _LEVELS)
    def painted(*moved):
        return paint(portrait(person.face), colours, camera, _posed(person, *moved), look)

    def write(place):
        film = cv2.VideoWriter(str(place), cv2.VideoWriter_fourcc(*"MJPG"), RATE, SIZE)
        for number in range(RATE * SECONDS):
            image = _expose(painted(*_moving(number / RATE)), person, _KEY, (number,))
            film.write(image[:, ::-1] if person.mirrored else image)
        film.release()

    write_atomic(folder / f"{name}.avi", write)
