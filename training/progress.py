"""Tells how far a training is: bars with the time left on a terminal, one line a step elsewhere (a job's log)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from panel.times import duration

SAY_EVERY_S = 5.0
Advance = Callable[[int], None]


class Steps:
    """Use as a context manager; `step` opens the next bar."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=self.console, disable=not self.console.is_terminal)

    def __enter__(self) -> "Steps":
        self._bars.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._bars.stop()

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)

    @contextmanager
    def step(self, title: str, total: int, done: int = 0) -> Iterator[Advance]:
        """Yields what is called with the number of things done. Args: done: before, by another process."""
        if not self.console.is_terminal:
            yield self._lines(title, total, done)
            return
        task = self._bars.add_task(title, total=total, completed=done)
        yield lambda done: self._bars.advance(task, done)
        self._bars.update(task, completed=total)

    def _lines(self, title: str, total: int, before: int) -> Advance:
        """Says at the beginning, and then every few seconds, how far it is and how long it will take."""
        self.say(f"{title}（{before}/{total}）")
        said = time.monotonic()
        begun: tuple[float, int] | None = None  # from the first one on: what has to be done before it says nothing about the rest
        count = before

        def advance(done: int) -> None:
            nonlocal count, said, begun
            count += done
            now = time.monotonic()
            begun = begun or (now, count)
            if now - said >= SAY_EVERY_S and count > begun[1]:
                said = now
                left = (now - begun[0]) / (count - begun[1]) * max(total - count, 0)
                self.say(f"{title}（{count}/{total}，约剩 {duration(left)}）")

        return advance
