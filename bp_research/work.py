"""One way to do the same work on many items: on all cores, in order, with finished items kept in a file.

The cache is a text file of JSON lines, one per finished item. A line is written in one piece and a line cut off by a
crash is passed over, so that a killed run loses and repeats nothing that it had finished.
"""

import json
import os
import sys
import warnings
from concurrent.futures import as_completed
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import multiprocess
from tqdm import tqdm

from .errors import BadSettingError, WorkerError
from .paths import file_place

#: Seconds after which a silent pool is asked whether its workers still live.
_PATIENCE = 2.0

#: Whether workers are forked: they share the loaded models and need no importable ``__main__``.
FORKS = sys.platform.startswith("linux")


def map_cached(function, items, *, keys=None, cache=None, processes=None, progress=True, executor=None, what="photo"):
    """Apply a function to every item; items done before are taken from the cache.

    Parameters
    ----------
    function : callable
        Takes one item and returns what JSON can hold (NaN too). Must live in an importable module, or be a
        ``functools.partial`` of one that does, since workers run it.
    items : sequence
    keys : sequence of (str or None), optional
        What identifies each item and all settings in the cache; an item with None is never cached. Needed with ``cache``.
    cache : path-like, optional
        File to which finished items are added.
    processes : int, optional
        Worker processes; default one per core. With 1 the work is done in this process.
    progress : bool
        Whether a progress bar is shown on stderr.
    executor : concurrent.futures.Executor, optional
        Does the work in place of own processes. Anything with ``submit`` that returns standard futures will do, such as
        the executor of a Dask cluster.
    what : str
        What an item is called in the progress bar.

    Returns
    -------
    list
        The function's answers, in the items' order.

    Raises
    ------
    WorkerError
        If a worker process was killed. What was finished is in the cache.
    BadSettingError
        If ``processes`` is not a positive whole number, or ``cache`` is given without ``keys`` or is a folder.
    """
    if processes is not None and (not isinstance(processes, int) or processes < 1):
        raise BadSettingError(f"processes is a whole number of 1 or more, not {processes!r}")
    if cache is not None and keys is None:
        raise BadSettingError("a cache needs keys that tell its items apart")
    items = list(items)
    keys = list(keys) if keys is not None else [None] * len(items)
    kept = _read(cache) if cache is not None else {}
    answers = {i: kept[key] for i, key in enumerate(keys) if key in kept}
    todo = [i for i in range(len(items)) if i not in answers]
    with _appender(cache) as append, closing(_run(function, items, todo, processes, executor)) as finished:
        for i, answer in tqdm(
            finished, total=len(items), initial=len(answers), unit=what, disable=not progress, file=sys.stderr
        ):
            answers[i] = answer
            if keys[i] is not None:
                append(keys[i], answer)
    return [answers[i] for i in range(len(items))]


def _run(function, items, todo, processes, executor):
    """Yield (index, answer) as they are finished."""
    if executor is not None:
        futures = {executor.submit(function, items[i]): i for i in todo}
        for future in as_completed(futures):
            yield futures[future], future.result()
        return
    processes = min(processes or cores(), len(todo))
    if processes <= 1:
        for i in todo:
            yield i, function(items[i])
        return
    yield from _run_in_pool(function, items, todo, processes)


def cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_in_pool(function, items, todo, processes):
    with starting() as context:
        pool = context.Pool(processes)
    with pool:
        workers = {worker.pid for worker in pool._pool}
        answers = pool.imap_unordered(_call, [(function, i, items[i]) for i in todo])
        for _ in todo:
            while True:
                try:
                    yield answers.next(timeout=_PATIENCE)
                    break
                except multiprocess.TimeoutError:
                    # The pool replaces a killed worker but never repeats its item: waiting would last for ever.
                    if {worker.pid for worker in pool._pool} != workers:
                        raise WorkerError(
                            "a worker process was killed, most likely because the memory ran out: run again with fewer "
                            "processes (with a cache, what was finished is not repeated)"
                        ) from None


def _call(task):
    function, i, item = task
    return i, function(item)


@contextmanager
def starting():
    """The context of ``multiprocess`` in which processes are started."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # OpenCV's own threads do not survive a fork: a worker that waits for them waits for ever
    try:
        with warnings.catch_warnings():
            # Python warns of forks in a process with threads, such as a notebook's kernel
            warnings.simplefilter("ignore", DeprecationWarning)
            yield multiprocess.get_context("fork" if FORKS else None)
    finally:
        cv2.setNumThreads(threads)


def _read(cache):
    """Key and answer of every whole line."""
    path, kept = Path(cache), {}
    if not path.is_file():
        return kept
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                entry = json.loads(line)
                kept[entry["key"]] = entry["value"]
            except (ValueError, KeyError, TypeError):
                continue  # a line that a crash cut off: its item is done again
    return kept


@contextmanager
def _appender(cache):
    if cache is None:
        yield lambda key, answer: None
        return
    path = file_place(cache)
    torn = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def append(key, answer):
        # one write in append mode is one piece, also beside another run's
        os.write(handle, (json.dumps({"key": key, "value": answer}) + "\n").encode())

    try:
        if torn:
            os.write(handle, b"\n")
        yield append
    finally:
        os.close(handle)
