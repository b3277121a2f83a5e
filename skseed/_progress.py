"""Print the progress of long loops on standard error.

A public function or method opens a report with `show_progress` or `reports_progress`. The loops below it, in
any module, pass their items through `track`, which prints only while a report is open in the same thread.
Workers of a pool have none.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from itertools import chain, repeat
from threading import get_ident
from time import monotonic
from typing import Any, TypeVar

ItemT = TypeVar("ItemT")
MethodT = TypeVar("MethodT", bound=Callable[..., Any])

# seconds between two lines, and their share of the elapsed time, so that hours of work print few lines
_LEAST_PAUSE, _PAUSE_SHARE = 1.0, 0.02
_END = object()


@contextmanager
def show_progress(verbose: int, name: str) -> Iterator[None]:
    """Print the progress of the loops in this context if `verbose` is not 0.

    Every line starts with `name`. Inside another report, the outer one continues.
    """
    if not verbose or _report.get() is not None:
        yield
        return
    token = _report.set(_Report(name))
    try:
        yield
    finally:
        _report.reset(token)


def reports_progress(method: MethodT) -> MethodT:
    """Decorate a method so that it prints its progress if the attribute `verbose` of its object is not 0."""

    @wraps(method)
    def report_and_call(owner: Any, *args: Any, **kwargs: Any) -> Any:
        with show_progress(owner.verbose, type(owner).__name__):
            return method(owner, *args, **kwargs)

    return report_and_call  # type: ignore[return-value]


def track(
    items: Iterable[ItemT],
    total: float,
    unit: str,
    *,
    sizes: Iterable[float] | None = None,
    size_of: Callable[[ItemT], float] | None = None,
) -> Iterable[ItemT]:
    """Return the items of a loop, whose progress is printed if a report is open.

    A loop inside the work on an item of another loop advances that item, and prints no lines of its own.

    Parameters
    ----------
    items : iterable
        The items. The work may be done by the iterator or by the body of the loop.
    total : float
        The sum of the sizes.
    unit : str
        The plural of what is counted, such as "pairs".
    sizes : iterable of float, default=None
        The size of each item; None makes it 1. It is read only if a report is open.
    size_of : callable, default=None
        Returns the size of an item, if the sizes are not known before the items. Items may be left out.
    """
    report = _report.get()
    if report is None or report.thread != get_ident():
        return items
    return report.follow(items, _Loop(total, unit), sizes, size_of)


class _Loop:
    """A loop in progress: what is done of its total, and the size of the current item."""

    def __init__(self, total: float, unit: str) -> None:
        self.total, self.unit = total, unit
        self.done = self.size = 0.0


class _Report:
    """The lines of one call. `loops` holds the outermost loop, and those inside its current item."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.thread = get_ident()
        self.loops: list[_Loop] = []
        self.started = self.printed = self.shown = 0.0

    def follow(
        self,
        items: Iterable[ItemT],
        loop: _Loop,
        sizes: Iterable[float] | None,
        size_of: Callable[[ItemT], float] | None,
    ) -> Iterator[ItemT]:
        """Yield the items, and print a line now and then."""
        if not self.loops:
            self.started = self.printed = monotonic()
            self.shown = 0.0
        self.loops.append(loop)
        iterator = iter(items)
        known = repeat(1.0 if size_of is None else 0.0) if sizes is None else chain(sizes, repeat(0.0))
        try:
            for loop.size in known:
                item: Any = next(iterator, _END)
                if item is _END:
                    break
                if size_of is not None:
                    loop.size = size_of(item)
                yield item
                loop.done += loop.size
                loop.size = 0.0
                self._print_sometimes()
        finally:
            del self.loops[self.loops.index(loop) :]
        if not self.loops and loop.done:
            seconds = _duration(monotonic() - self.started)
            self._print(f"{loop.total:,.0f} of {loop.total:,.0f} {loop.unit} in {seconds}")

    def _print_sometimes(self) -> None:
        now, outer = monotonic(), self.loops[0]
        elapsed = now - self.started
        if now - self.printed < max(_LEAST_PAUSE, _PAUSE_SHARE * elapsed):
            return
        # a second loop inside one item starts at 0 again, but the number in the line never decreases
        done = self.shown = max(self.shown, outer.done + outer.size * self._share_of_item())
        if not 0 < done < outer.total:
            return
        self.printed, rate = now, done / elapsed
        speed = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
        left = _duration((outer.total - done) / rate)
        self._print(f"{done:,.0f} of {outer.total:,.0f} {outer.unit}, {speed} a second, {left} left")

    def _share_of_item(self) -> float:
        """Return how much of the current item of the outermost loop is done, by the loops inside it."""
        share = 0.0
        for loop in reversed(self.loops[1:]):
            share = min(1.0, (loop.done + loop.size * share) / loop.total)
        return share

    def _print(self, text: str) -> None:
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)  # noqa: T201


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


_report: ContextVar[_Report | None] = ContextVar("skseed_progress", default=None)
