"""Run torch on one thread, and share torch's global state safely between threads and forked processes."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# held while initial weights are drawn from torch's global generator
weights_lock = threading.RLock()
_counts_lock = threading.RLock()


class _ThreadCounts(threading.local):
    """The number of torch threads that a Python thread had before; torch counts them per Python thread."""

    depth = 0
    before = 1


_counts = _ThreadCounts()
_n_users = 0
_ambient = 1


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Set the number of torch threads of this Python thread to 1, and restore it at the end."""
    global _n_users, _ambient
    with _counts_lock:
        if _counts.depth == 0:
            count = torch.get_num_threads()
            # a new Python thread starts with the count that was set last, which may be the 1 of another user
            _counts.before = _ambient if _n_users and count == 1 else count
            if _n_users == 0:
                _ambient = count
            _n_users += 1
            torch.set_num_threads(1)
        _counts.depth += 1
    try:
        yield
    finally:
        with _counts_lock:
            _counts.depth -= 1
            if _counts.depth == 0:
                _n_users -= 1
                torch.set_num_threads(_counts.before)


def _acquire_locks() -> None:
    weights_lock.acquire()
    _counts_lock.acquire()


def _release_locks() -> None:
    _counts_lock.release()
    weights_lock.release()


def _start_child() -> None:
    """Release the locks in a forked child, where the other threads of the parent do not exist."""
    global _n_users
    _n_users = 1 if _counts.depth else 0
    _release_locks()


if hasattr(os, "register_at_fork"):
    # fork waits for other threads to release the locks: their copies in the child could never be released
    os.register_at_fork(before=_acquire_locks, after_in_parent=_release_locks, after_in_child=_start_child)
