"""The gate of turns: what is exchanged is exchanged between turns, and nobody waits long for it."""

import asyncio
import time

from conversations.turn_gate import TurnGate


class Town:
    """What a turn sees at its begin and at its end."""

    def __init__(self) -> None:
        self.gate, self.served, self.seen = TurnGate(), "旧", []

    async def turn(self, seconds: float) -> None:
        async with self.gate.turn():
            before = self.served
            await asyncio.sleep(seconds)
            self.seen.append((before, self.served))

    async def to_new(self) -> None:
        self.served = "新"


async def test_no_turn_sees_two_sets_and_none_is_lost() -> None:
    town = Town()
    turns = [asyncio.create_task(town.turn(0.02 * (number % 5))) for number in range(40)]
    await asyncio.sleep(0.03)
    changing = asyncio.create_task(town.gate.exchange(town.to_new, 2))
    await asyncio.sleep(0)
    turns += [asyncio.create_task(town.turn(0.0)) for _ in range(20)]
    assert await changing
    await asyncio.gather(*turns)
    assert len(town.seen) == 60
    assert set(town.seen) == {("旧", "旧"), ("新", "新")}
    assert town.seen.count(("新", "新")) == 20


async def test_a_turn_that_takes_too_long_puts_the_exchange_off_and_holds_nobody() -> None:
    town = Town()
    slow = asyncio.create_task(town.turn(0.6))
    await asyncio.sleep(0.01)
    started = time.monotonic()
    changing = asyncio.create_task(town.gate.exchange(town.to_new, 0.1))
    await asyncio.sleep(0)
    await town.turn(0.0)
    assert time.monotonic() - started < 0.4
    assert await changing is False
    assert town.seen == [("旧", "旧")]
    await slow
    assert await town.gate.exchange(town.to_new, 0.1)
    await town.turn(0.0)
    assert town.seen[-1] == ("新", "新")


async def test_a_swap_that_fails_lets_turns_through_again() -> None:
    town = Town()

    async def broken() -> None:
        raise RuntimeError("kaputt")

    outcome = await asyncio.gather(town.gate.exchange(broken, 0.1), return_exceptions=True)
    assert isinstance(outcome[0], RuntimeError)
    await asyncio.wait_for(town.turn(0.0), 1)


async def test_a_turn_that_fails_leaves_the_gate() -> None:
    town = Town()

    async def fails() -> None:
        async with town.gate.turn():
            raise ValueError

    await asyncio.gather(fails(), return_exceptions=True)
    assert await town.gate.exchange(town.to_new, 0.1)
