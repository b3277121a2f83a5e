"""One torch thread at a time, seeded weights, forked processes, and the forward pass in batches."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

# locks, threads and seeds have no public name
from skseed._training import build_seeded, forward_in_batches, one_torch_thread, resolve_device

X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]


@pytest.fixture(autouse=True)
def _ambient_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


# threads ------------------------------------------------------------------------------------------


def test_one_thread_inside_and_all_back_outside():
    with one_torch_thread():
        assert torch.get_num_threads() == 1
        with one_torch_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    with pytest.raises(OSError), one_torch_thread():  # noqa: PT011
        raise OSError
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("first_to_leave", ["main", "other"])
def test_overlapping_users_get_their_own_threads_back(first_to_leave):
    entered, leave = threading.Event(), threading.Event()
    counts = []

    def other():
        # whatever the number that this Python thread inherits, it is 1 inside and 3 afterwards
        with one_torch_thread():
            entered.set()
            leave.wait(10)
            counts.append(torch.get_num_threads())
        counts.append(torch.get_num_threads())

    thread = threading.Thread(target=other)
    with one_torch_thread():
        thread.start()
        assert entered.wait(10)
        if first_to_leave == "other":
            leave.set()
            thread.join()
            assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    leave.set()
    thread.join()
    assert counts == [1, 3]
    assert torch.get_num_threads() == 3
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3


def test_many_users_in_a_pool():
    def use(_):
        with one_torch_thread():
            torch.randn(64, 64, generator=torch.Generator().manual_seed(0)).matmul(torch.ones(64, 64))
            inside = torch.get_num_threads()
        return inside, torch.get_num_threads()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(use, range(200))) == {(1, 3)}
    assert torch.get_num_threads() == 3


# forked processes ---------------------------------------------------------------------------------


def exit_code_of_fork(action, timeout=30):
    """Return the exit code of a forked child that runs an action, None if it hangs."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
# Python 3.12 warns of forks in processes with threads
ignore_fork_warning = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@needs_fork
@ignore_fork_warning
def test_a_fork_while_another_thread_draws_weights_does_not_deadlock():
    drawing = threading.Event()

    def slow_build():
        drawing.set()
        time.sleep(0.3)
        return torch.nn.Linear(2, 2)

    def child():
        build_seeded(lambda: torch.nn.Linear(2, 2), 1)
        with one_torch_thread():
            pass

    state = torch.get_rng_state()
    with ThreadPoolExecutor(1) as pool:
        drawn = pool.submit(build_seeded, slow_build, 0)
        assert drawing.wait(10)
        assert exit_code_of_fork(child) == 0
        assert torch.equal(drawn.result().weight, build_seeded(lambda: torch.nn.Linear(2, 2), 0).weight)
    assert torch.equal(torch.get_rng_state(), state)


@needs_fork
@ignore_fork_warning
def test_forks_while_threads_enter_and_leave_do_not_deadlock():
    stop = threading.Event()

    def enter_and_leave():
        while not stop.is_set():
            with one_torch_thread():
                pass

    def child():
        with one_torch_thread():
            assert torch.get_num_threads() == 1

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(enter_and_leave)
        codes = [exit_code_of_fork(child) for _ in range(10)]
        stop.set()
    assert codes == [0] * 10


@needs_fork
@ignore_fork_warning
def test_a_fork_inside_a_seeded_build_does_not_deadlock():
    def build():
        assert exit_code_of_fork(lambda: build_seeded(lambda: torch.nn.Linear(2, 2), 1)) == 0
        return torch.nn.Linear(2, 2)

    build_seeded(build, 0)


# seeds --------------------------------------------------------------------------------------------


def test_weights_hang_on_the_seed_and_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    one, two, other = (build_seeded(lambda: torch.nn.Linear(8, 8), seed).weight for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_a_failing_build_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        build_seeded(lambda: 1 / 0, 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_weights_drawn_in_many_threads_are_those_of_one():
    state = torch.get_rng_state()
    expected = [build_seeded(lambda: torch.nn.Linear(50, 50), seed).weight for seed in range(12)]
    with ThreadPoolExecutor(6) as pool:
        drawn = list(
            pool.map(lambda seed: build_seeded(lambda: torch.nn.Linear(50, 50), seed).weight, range(12))
        )
    assert all(torch.equal(a, b) for a, b in zip(expected, drawn, strict=True))
    assert torch.equal(torch.get_rng_state(), state)


# the forward pass ---------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 7, 32, 100])
def test_forward_in_batches_is_the_forward_pass(batch_size):
    module = build_seeded(lambda: torch.nn.Linear(1, 3), 0)
    state = torch.get_rng_state()
    output = forward_in_batches(module, X, batch_size=batch_size, device="cpu")
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_allclose(output, module(torch.from_numpy(X)).detach(), rtol=1e-6)
    assert torch.get_num_threads() == 3


def test_forward_takes_several_arrays():
    output = forward_in_batches(lambda a, b: a + b, X, 2 * X, batch_size=5, device="cpu")
    np.testing.assert_allclose(output, 3 * X, rtol=1e-6)


def test_devices():
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_missing_device_is_named_with_the_remedy():
    with pytest.raises(ValueError, match=r"'cuda:1' is not available .* set_params\(device='cpu'\)"):
        resolve_device("cuda:1")
