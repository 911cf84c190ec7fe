"""One way to do the same work on many items: on all cores, in order, with finished items kept in a file.

Items go out in chunks, few at a time, to processes that are forked for the run, to helpers that are forked once and kept for
work that takes less time than a fork, or to another's executor. Where a worker was killed, its chunk is done again, by
halves if need be, so that only an item that kills its worker by itself is given up.

The cache is a text file of JSON lines, one per finished item. A line is written in one piece and a line cut off by a
crash is passed over, so that a killed run loses and repeats next to nothing that it had finished.
"""

import atexit
import json
import os
import signal
import sys
import threading
import time
import warnings
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from itertools import chain, islice

import cv2
import multiprocess
from tqdm import tqdm

from .errors import BadSettingError, WorkerError
from .paths import file_place

#: A chunk of items takes so many seconds, at most a 16th of the time that has passed, and holds at most so many items.
_CHUNK_SECONDS, _CHUNK_PART, _LARGEST_CHUNK = 2.0, 16, 500
#: Chunks that may be finished ahead of the oldest unfinished one, for each that may be under way.
_AHEAD = 8
#: Workers that another's executor is thought to have.
_WORKERS_ELSEWHERE = 32
_MOST_HELPERS = 3
_KILLED = (
    "a worker process was killed, most likely because the memory ran out: run again with fewer processes (with a cache, "
    "what was finished is not repeated)"
)

#: Whether workers are forked: they share the loaded models and need no importable ``__main__``.
FORKS = sys.platform.startswith("linux")

_here = threading.local()  # has ``working`` in a worker, which has no helpers of its own


def cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_cached(function, items, *, progress=True, what="photo", **settings):
    """Apply a function to every item; items done before are taken from the cache.

    Parameters
    ----------
    function, items, **settings
        As in :func:`stream`.
    progress : bool
        Whether a progress bar is shown on stderr.
    what : str
        What an item is called in the progress bar.

    Returns
    -------
    list
        The function's answers, in the items' order.

    Raises
    ------
    WorkerError, BadSettingError
        As :func:`stream`.
    """
    items = list(items)
    answers = stream(function, items, **settings)
    return list(tqdm(answers, total=len(items), unit=what, disable=not progress, file=sys.stderr))


def stream(function, items, *, key=None, cache=None, processes=None, executor=None, instead=None):
    """Apply a function to items that are taken as they are needed, and yield its answers in the items' order.

    Parameters
    ----------
    function : callable
        Takes one item and returns what JSON can hold (NaN too). Must live in an importable module, or be a
        ``functools.partial`` of one that does, since workers run it.
    items : iterable
    key : callable, optional
        Gives what identifies an item and all settings in the cache; an item with None is never cached. Needed with
        ``cache``.
    cache : path-like, optional
        File to which finished items are added. It is read into memory.
    processes : int, optional
        Worker processes; default one per core. With 1 the work is done in this process. With ``executor``: how many workers
        it has, so that enough is under way; default 32.
    executor : concurrent.futures.Executor, optional
        Does the work in place of own processes. Anything with ``submit`` that returns standard futures will do, such as
        the executor of a Dask cluster.
    instead : object, optional
        The answer for an item that killed its worker whenever it was tried.

    Yields
    ------
    object

    Raises
    ------
    WorkerError
        If an item killed its worker and there is no ``instead``, or a worker of an executor that cannot go on was
        killed. What was finished is in the cache.
    BadSettingError
        If ``processes`` is not a positive whole number, or ``cache`` is given without ``key`` or is a folder.
    """
    if processes is not None and (not isinstance(processes, int) or processes < 1):
        raise BadSettingError(f"processes is a whole number of 1 or more, not {processes!r}")
    if cache is not None and key is None:
        raise BadSettingError("a cache needs a key that tells its items apart")
    largest = max(1, len(items) // (16 * (processes or cores()))) if hasattr(items, "__len__") else _LARGEST_CHUNK
    answers, given = {}, 0

    def unknown():
        for place, item in enumerate(items):
            name = key(item) if cache is not None else None
            if name in kept:
                answers[place] = kept[name]
            else:
                yield place, name, item

    with _opened(cache) as (kept, append):
        with closing(_finished(function, unknown(), processes, executor, instead, largest)) as finished:
            for done in chain(finished, [None]):  # once more for what was kept of the last items
                if done:
                    (place, name, _), answers[place] = done
                    if name is not None:
                        append(name, answers[place])
                while given in answers:
                    yield answers.pop(given)
                    given += 1


def _finished(function, items, processes, executor, instead, largest):
    """Yield (place, name, item) and answer as they are finished; a bounded number of chunks is under way."""
    first = list(islice(items, processes or cores()))
    items = chain(first, items)
    if executor is None and len(first) < 2:
        yield from ((item, function(item[-1])) for item in items)
        return
    limit = 2 * (processes or _WORKERS_ELSEWHERE if executor else len(first))
    pool, running, number, size, start = executor or _Pool(len(first)), {}, 0, 1, time.monotonic()

    def submit(chunk):
        nonlocal pool
        work = _apply, function, [item[-1] for item in chunk]
        try:
            return pool.submit(*work)
        except BrokenExecutor as error:
            if executor:
                raise WorkerError(_KILLED) from error
            pool.end()
            pool = _Pool(len(first))
            return pool.submit(*work)

    try:
        while True:
            while len(running) < limit and number - next(iter(running.values()), [number])[0] < _AHEAD * limit:
                if not (chunk := list(islice(items, size))):
                    break
                running[submit(chunk)] = number, chunk
                number += 1
            if not running:
                return
            done = wait(running, return_when=FIRST_COMPLETED).done
            if any(map(_lost, done)):
                done = wait(running).done  # which of them did it shows when each is alone
            for future in done:
                chunk = running.pop(future)[1]
                answers, seconds = _alone(submit, chunk, instead) if _lost(future) else future.result()
                yield from zip(chunk, answers, strict=True)
                wished = min(_CHUNK_SECONDS, (time.monotonic() - start) / _CHUNK_PART) / max(seconds, 1e-9) * len(chunk)
                size = max(1, min(int(wished), 2 * len(chunk), largest))
    finally:
        if not executor:
            pool.end()


def _alone(submit, chunk, instead):
    """A chunk while nothing else runs; by halves if it kills its worker, with ``instead`` for the item that does."""
    for _ in range(2 if len(chunk) == 1 else 1):
        future = submit(chunk)
        if not _lost(future):
            return future.result()
    if len(chunk) == 1 and instead is None:
        raise WorkerError(_KILLED)
    if len(chunk) == 1:
        return [instead], _CHUNK_SECONDS
    parts = [_alone(submit, part, instead) for part in (chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :])]
    return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]


def _lost(future):
    """Whether the worker of a future was killed, as a pool of processes or Dask say it."""
    error = future.exception()
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


def _apply(function, items):
    _here.working, start = True, time.perf_counter()
    return [function(item) for item in items], time.perf_counter() - start


class _Pool(ProcessPoolExecutor):
    """Processes, forked at once where that is usual: they share what is loaded, and end with this one."""

    def __init__(self, number):
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # OpenCV's own threads do not survive a fork: a worker that waits for them waits for ever
        with warnings.catch_warnings():
            # Python warns of forks in a process with threads, such as a notebook's kernel
            warnings.simplefilter("ignore", DeprecationWarning)
            super().__init__(number, multiprocess.get_context("fork" if FORKS else None), _begin)
            self.submit(int)  # starts them
        cv2.setNumThreads(threads)

    def end(self):
        """End them, whatever they are doing."""
        for process in list((self._processes or {}).values()):
            process.terminate()
        self.shutdown(cancel_futures=True)


def _begin():
    """What a worker does first: it leaves interrupts to its parent, and ends when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=lambda: (multiprocess.parent_process().join(), os._exit(1)), daemon=True).start()


_helpers, _lock = {}, threading.Lock()  # by process, and what it had loaded


def helpers_there_are():
    """How many processes besides this one :func:`map_with_helpers` can use: none in a worker or where forks are unusual."""
    return min(cores() - 1, _MOST_HELPERS) if FORKS and not hasattr(_here, "working") else 0


def map_with_helpers(function, shares, loaded=None):
    """Apply a function to a few shares of a short piece of work: the first is done here, the others by helpers.

    Helpers are forked on first use and kept for the life of this process, since starting one takes as long as many
    predictions. They end with this process.

    Parameters
    ----------
    function : callable
        Can be pickled, as its answers can.
    shares : sequence
        At best one more than :func:`helpers_there_are` says.
    loaded : hashable, optional
        What was loaded for this work, such as an engine. Helpers that were started for something else are replaced, so
        that they share it, whatever names and settings stood for it then.

    Returns
    -------
    list
        The function's answers, in the shares' order.

    Raises
    ------
    WorkerError
        If a helper was killed.
    """
    if len(shares) < 2 or not helpers_there_are() or not _lock.acquire(blocking=False):
        return [function(share) for share in shares]
    try:
        own = os.getpid(), loaded
        if own not in _helpers:
            dismiss_helpers()
            _helpers[own] = _Pool(helpers_there_are())
        futures = [_helpers[own].submit(_apply, function, [share]) for share in shares[1:]]
        return [function(shares[0]), *(future.result()[0][0] for future in futures)]
    except BrokenExecutor as error:
        dismiss_helpers()
        raise WorkerError(_KILLED) from error
    finally:
        _lock.release()


@atexit.register
def dismiss_helpers():
    """End this process's helpers; the next short work starts others."""
    for own in [own for own in _helpers if own[0] == os.getpid()]:  # after a fork those of the parent are there too
        _helpers.pop(own).end()


@contextmanager
def _opened(cache):
    """Answers by key of a cache file's whole lines, and what adds one."""
    if cache is None:
        yield {}, None
        return
    path, kept, line = file_place(cache), {}, "\n"
    with path.open("a+", encoding="utf-8", errors="replace") as file:
        file.seek(0)
        for line in file:
            try:
                entry = json.loads(line)
                kept[entry["key"]] = entry["value"]
            except (ValueError, KeyError, TypeError):
                continue  # a line that a crash cut off: its item is done again

        def append(key, answer):
            # one write in append mode is one piece, also beside another run's
            os.write(file.fileno(), (json.dumps({"key": key, "value": answer}) + "\n").encode())

        if not line.endswith("\n"):
            os.write(file.fileno(), b"\n")
        yield kept, append
