"""Work shared with kept helper processes gives what the same work gives here, and survives what may befall a helper."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bp_research import work as helpers
from bp_research.errors import BadSettingError, WorkerError

pytestmark = pytest.mark.skipif(not helpers.helpers_there_are(), reason="helpers are forked, on a second core")


@pytest.fixture(autouse=True)
def without_helpers():
    helpers.dismiss_helpers()
    yield
    helpers.dismiss_helpers()


def square(numbers):
    return [number**2 for number in numbers]


def process(_):
    return os.getpid()


def fail(share):
    raise BadSettingError(f"not {share}")


def die(share):
    if share:
        os.kill(os.getpid(), signal.SIGKILL)


def test_answers_come_in_the_order_of_the_shares():
    assert helpers.map_with_helpers(square, [[1, 2], [3], [4, 5, 6]]) == [[1, 4], [9], [16, 25, 36]]
    assert helpers.map_with_helpers(square, []) == []


def test_helpers_are_other_processes_and_are_kept():
    helped = helpers.helpers_there_are()
    first = [pid for _ in range(5) for pid in helpers.map_with_helpers(process, range(1 + helped))]
    assert set(first[:: 1 + helped]) == {os.getpid()} and 2 <= len(set(first)) <= 1 + helped


def test_helpers_for_something_else_are_replaced():
    before = helpers.map_with_helpers(process, [0, 1], loaded="model")
    assert helpers.map_with_helpers(process, [0, 1], loaded="model") == before
    assert helpers.map_with_helpers(process, [0, 1], loaded="another")[1] != before[1]


def test_an_error_is_raised_here_and_does_not_spoil_what_follows():
    with pytest.raises(BadSettingError, match="not 1"):
        helpers.map_with_helpers(fail, [1, 2])
    assert helpers.map_with_helpers(square, [[1], [2]]) == [[1], [4]]


def test_a_killed_helper_is_said_and_replaced():
    with pytest.raises(WorkerError, match="killed"):
        helpers.map_with_helpers(die, [False, True])
    assert helpers.map_with_helpers(square, [[1], [2]]) == [[1], [4]]


def test_an_interrupt_leaves_no_answer_behind():
    def interrupt(share):
        if share:
            return "late"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        helpers.map_with_helpers(interrupt, [False, True])
    assert helpers.map_with_helpers(square, [[1], [2]]) == [[1], [4]]


def nested(share):
    return helpers.helpers_there_are(), helpers.map_with_helpers(square, [[share]])


def test_workers_have_no_helpers_of_their_own():
    assert helpers.map_with_helpers(nested, [1, 2])[1] == (0, [[4]])


def test_helpers_end_with_a_parent_that_was_killed():
    script = (
        "import os, sys, time; from bp_research import work as helpers; "
        "print(helpers.map_with_helpers(eval, ['0', '__import__(\"os\").getpid()'])[1], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        stat = Path(f"/proc/{int(parent.stdout.readline())}/stat")
        assert stat.exists()
        parent.kill()
    # nobody may be there to collect it: then it stays as a zombie
    for _ in range(100):
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the helper outlived its parent")
