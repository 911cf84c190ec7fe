"""Short work on all cores: processes that are forked once and kept, for what takes less time than starting one."""

import os
import signal
import threading

import multiprocess

from ..errors import WorkerError
from ..work import FORKS, cores, starting

_MOST_HELPERS = 3


def helpers_there_are():
    """How many processes besides this one :func:`map_with_helpers` can use: none in a worker or where forks are unusual."""
    if not FORKS or multiprocess.current_process().daemon:
        return 0
    return min(cores() - 1, _MOST_HELPERS)


def map_with_helpers(function, shares, loaded=None):
    """Apply a function to a few shares of a short piece of work: the first is done here, each other one by a helper.

    Helpers are forked on first use and kept for the life of this process, since starting one takes as long as many
    predictions. They end with this process.

    Parameters
    ----------
    function : callable
        Can be pickled, as its answers can.
    shares : sequence
        At most one more than :func:`helpers_there_are` says.
    loaded : object, optional
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
    if len(shares) < 2 or not _helpers.lock.acquire(blocking=False):
        return [function(share) for share in shares]
    try:
        pipes = _helpers.pipes(len(shares) - 1, loaded)
        for pipe, share in zip(pipes, shares[1:], strict=True):
            pipe.send((function, share))
        answers = [_attempt(function, shares[0]), *(pipe.recv() for pipe in pipes)]
    except (EOFError, OSError) as error:
        _helpers.dismiss()
        raise WorkerError("a helper process was killed, most likely because the memory ran out: run it again") from error
    except BaseException:
        _helpers.dismiss()  # an answer on its way would be taken for the next one
        raise
    finally:
        _helpers.lock.release()
    for fine, answer in answers:
        if not fine:
            raise answer
    return [answer for _, answer in answers]


class _Helpers:
    """The helpers of this process."""

    def __init__(self):
        self.lock = threading.Lock()
        self._owner, self._loaded, self._started = os.getpid(), None, []

    def pipes(self, number, loaded):
        """Ends of pipes to so many helpers."""
        if self._owner != os.getpid():  # after a fork they are the parent's
            self._owner, self._started = os.getpid(), []
        if loaded != self._loaded:
            self.dismiss()
            self._loaded = loaded
        while len(self._started) < number:
            with starting() as context:
                here, there = context.Pipe()
                process = context.Process(target=_help, args=(here, there), daemon=True)
                process.start()
            there.close()
            self._started.append((process, here))
        return [pipe for _, pipe in self._started[:number]]

    def dismiss(self):
        """End them all."""
        for process, pipe in self._started:
            pipe.close()
            process.terminate()
            process.join()
        self._started = []


_helpers = _Helpers()


def _help(parents_end, pipe):
    """What a helper does until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted parent dismisses it
    parents_end.close()
    while True:
        try:
            function, share = pipe.recv()
        except EOFError:
            return
        pipe.send(_attempt(function, share))


def _attempt(function, share):
    """(True, answer), or (False, error), which the parent raises when all are done."""
    try:
        return True, function(share)
    except Exception as error:
        return False, error
