"""Keeps the parts of one instance running: starts them together, restarts what dies, stops all of them, leaves no orphan."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.supervised_process import Part, SupervisedProcess

# Three attempts of WeChat last 15 s: what served for a while is started again at once, what dies at the start ever more slowly.
FIRST_DELAY_S, LONGEST_DELAY_S, STABLE_S = 0.5, 30.0, 10.0
GRACE_S = 10.0
TICK_S = 0.1
EX_CONFIG = 78  # sysexits.h: the part itself says that starting it again is useless


@dataclass(frozen=True)
class BackOff:
    """How long to wait before a start: doubled with each death, forgotten after a stable while."""

    first_s: float = FIRST_DELAY_S
    longest_s: float = LONGEST_DELAY_S
    stable_s: float = STABLE_S

    def after(self, previous_s: float, lived_s: float) -> float:
        """Seconds to wait now, given the wait before and how long the process then lived."""
        if previous_s == 0 or lived_s >= self.stable_s:
            return self.first_s
        return min(previous_s * 2, self.longest_s)


class _Seat:
    """One part with its present process, if any."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.process: SupervisedProcess | None = None
        self.started_at = 0.0
        self.delay_s = 0.0
        self.start_at = 0.0
        self.ready = False


class Supervisor:
    """Runs parts until told to stop.

    Args:
        report: gets one plain Chinese sentence for whoever watches the console.
        echo: gets the parts' own output, line by line.
        on_ready: called once, when every part has said that it is ready.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        report: Callable[[str], None],
        echo: Callable[[str], None],
        on_ready: Callable[[], None] = lambda: None,
        back_off: BackOff | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        self._seats = [_Seat(part) for part in parts]
        self._report, self._echo, self._on_ready = report, echo, on_ready
        self._back_off, self._grace_s = back_off or BackOff(), grace_s
        self._stop = threading.Event()
        self._exit_code = 0

    def stop(self, *_signal: object) -> None:
        """Ask `run` to end; usable as a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Blocks until Ctrl-C, SIGTERM, `stop()` or a part that cannot be helped. Call it in the main thread.

        Returns:
            Exit code: 0 after a wanted stop, 1 after a part reported that its configuration is wrong.
        """
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under `nohup`, and then it stays so
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self.stop) for number in numbers}
        watcher = threading.Thread(target=self._watch_readiness, name="readiness", daemon=True)
        watcher.start()
        try:
            while not self._stop.is_set():
                for seat in self._seats:
                    self._tend(seat)
                self._stop.wait(TICK_S)
        finally:
            self._stop.set()
            self._stop_all()
            watcher.join(timeout=3)
            for number, handler in before.items():
                signal.signal(number, handler)
        return self._exit_code

    def _tend(self, seat: _Seat) -> None:
        now = time.monotonic()
        if seat.process is None:
            if now >= seat.start_at:
                self._start(seat, now)
            return
        code = seat.process.exit_code()
        if code is None:
            return
        seat.process.send(signal.SIGKILL)  # what it left behind in its group would keep the port
        seat.process.wait(1)
        seat.process = None
        if code == EX_CONFIG:
            self._exit_code = 1
            self._stop.set()
            return
        self._schedule(seat, now, f"已退出（{_in_words(code)}）")

    def _start(self, seat: _Seat, now: float) -> None:
        try:
            seat.process = SupervisedProcess(seat.part, self._echo)
            seat.started_at = now
        except Exception as exc:  # also what `command()` raises: the other parts go on serving
            seat.started_at = now
            self._schedule(seat, now, f"无法启动（{exc}）")

    def _schedule(self, seat: _Seat, now: float, what: str) -> None:
        seat.delay_s = self._back_off.after(seat.delay_s, now - seat.started_at)
        seat.start_at = now + seat.delay_s
        self._report(f"{seat.part.name} {what}，{seat.delay_s:g} 秒后重新启动；日志见 {seat.part.log_file}。")

    def _watch_readiness(self) -> None:
        while not self._stop.is_set():
            for seat in self._seats:
                seat.ready = seat.ready or seat.part.ready()
            if all(seat.ready for seat in self._seats):
                self._on_ready()
                return
            self._stop.wait(0.3)

    def _stop_all(self) -> None:
        running = [seat.process for seat in self._seats if seat.process is not None]
        for process in running:
            process.send(signal.SIGTERM)
        deadline = time.monotonic() + self._grace_s
        for process in running:
            process.wait(max(deadline - time.monotonic(), 0))
        for process in running:
            process.send(signal.SIGKILL)  # the group: also children that a part did not take along
            process.wait(2)


def _in_words(code: int) -> str:
    if code >= 0:
        return f"退出码 {code}"
    try:
        return f"被信号 {signal.Signals(-code).name} 终止"
    except ValueError:
        return f"被信号 {-code} 终止"
