"""The lines that long loops print with verbose=1."""

import threading

import pytest

from skseed import _progress
from skseed._progress import reports_progress, show_progress, track


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [0.0]
    monkeypatch.setattr(_progress, "monotonic", lambda: now[0])
    return now


def lines(capsys):
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def work(clock, n, *, seconds=1.0, total=None, **options):
    for _ in track(range(n), n if total is None else total, "pairs", **options):
        clock[0] += seconds


def test_without_a_report_the_loop_is_unchanged(clock, capsys):
    items = [1, 2]
    assert track(items, 2, "pairs") is items
    with show_progress(0, "groups"):
        assert track(items, 2, "pairs") is items
    assert lines(capsys) == []


def test_a_line_shows_what_is_done_the_rate_and_the_remaining_time(clock, capsys):
    with show_progress(1, "groups"):
        work(clock, 3, seconds=2.0, total=3000, sizes=[1000, 1000, 1000])
    assert lines(capsys) == [
        "groups: 1,000 of 3,000 pairs, 500 a second, 4 s left",
        "groups: 2,000 of 3,000 pairs, 500 a second, 2 s left",
        "groups: 3,000 of 3,000 pairs in 6 s",
    ]


def test_the_pause_between_lines_is_a_second_and_grows_with_the_elapsed_time(clock, capsys):
    with show_progress(1, "groups"):
        work(clock, 100, seconds=0.1)
    assert len(lines(capsys)) == 10
    with show_progress(1, "groups"):
        work(clock, 100_000, seconds=0.1)
    assert len(lines(capsys)) < 350


def test_an_inner_loop_advances_the_item_of_the_outer_loop(clock, capsys):
    with show_progress(1, "report"):
        for _ in track(range(2), 200, "sequences", sizes=[100, 100]):
            work(clock, 2)
    assert lines(capsys) == [
        "report: 50 of 200 sequences, 50 a second, 3 s left",
        "report: 100 of 200 sequences, 50 a second, 2 s left",
        "report: 150 of 200 sequences, 50 a second, 1 s left",
        "report: 200 of 200 sequences in 4 s",
    ]


def test_a_second_inner_loop_does_not_decrease_the_number(clock, capsys):
    with show_progress(1, "report"):
        for _ in track(range(2), 200, "sequences", sizes=[100, 100]):
            work(clock, 2)
            work(clock, 2)
    done = [int(line.split()[1]) for line in lines(capsys)]
    assert done == sorted(done)


def test_an_inner_report_leaves_the_lines_to_the_outer_one(clock, capsys):
    with show_progress(1, "splitter"), show_progress(1, "groups"):
        work(clock, 1)
    assert lines(capsys) == ["splitter: 1 of 1 pairs in 1 s"]


def test_loops_after_each_other_have_lines_of_their_own(clock, capsys):
    with show_progress(1, "linkage"):
        work(clock, 2, seconds=60.0)
        work(clock, 2, seconds=7200.0)
    assert lines(capsys) == [
        "linkage: 1 of 2 pairs, 0.017 a second, 1 min left",
        "linkage: 2 of 2 pairs in 2 min",
        "linkage: 1 of 2 pairs, 0.00014 a second, 2 h 0 min left",
        "linkage: 2 of 2 pairs in 4 h 0 min",
    ]


def test_a_method_takes_verbose_from_its_object_and_the_report_ends_with_it(clock, capsys):
    class Ranker:
        verbose = True

        @reports_progress
        def fit(self):
            work(clock, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Ranker().fit()
    work(clock, 1)
    assert lines(capsys) == ["Ranker: 1 of 1 pairs in 1 s"]


def test_an_unfinished_loop_has_no_last_line(clock, capsys):
    with show_progress(1, "index"):
        for item in track(range(3), 3, "queries"):
            clock[0] += 0.1
            if item == 1:
                break
        work(clock, 2, seconds=0.1)
    assert lines(capsys) == ["index: 2 of 2 pairs in 0 s"]


def test_threads_of_a_pool_print_nothing(clock, capsys):
    with show_progress(1, "index"):
        thread = threading.Thread(target=work, args=(clock, 2))
        thread.start()
        thread.join()
    assert lines(capsys) == []
