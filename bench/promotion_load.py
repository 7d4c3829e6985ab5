"""What promoting and rolling back cost under load: failed requests, latency, and how long an exchange takes.

    WENZHENG_ADMIN_TOKEN=… python -m bench.promotion_load RUN --url http://127.0.0.1:8000 --seconds 60 --rate 10 --every 8

Several --url are gateways on one database: messages go to them in turn, and the first one is asked to promote. Messages come at a steady rate whatever the answers do. A request fails when its status is not 200, when it says nothing, or when
it is an apology. RUN is promoted (by force) and rolled back in turn; the run must exist on the instance.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from conversations import wording

QUESTIONS = Path(__file__).parent / "questions" / "intents.jsonl"
AROUND_S = 1.0  # what counts as during an exchange: from the request until so long after the last process has followed


@dataclass(frozen=True)
class Said:
    at: float
    seconds: float
    problem: str | None
    source: str


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000 if values else float("nan")


async def say(http: httpx.AsyncClient, number: int, text: str) -> Said:
    at = time.monotonic()
    try:
        reply = await http.post("/api/chat", json={"sender_id": f"load-{number % 200}", "text": text})
        seconds = time.monotonic() - at
        if reply.status_code != httpx.codes.OK:
            return Said(at, seconds, f"status {reply.status_code}", "")
        body = reply.json()
        words = " ".join(message["text"] for message in body["messages"])
        bad = not words and body["outcome"] != "handoff"
        problem = "silent" if bad else "apology" if wording.APOLOGY in words or wording.STARTING in words else None
        return Said(at, seconds, problem, "rasa" if body["intent"]["confidence"] else "direct")
    except httpx.HTTPError as exc:
        return Said(at, time.monotonic() - at, type(exc).__name__, "")


async def exchange(http: httpx.AsyncClient, run: str, promote: bool) -> tuple[float, float]:
    """From the request until every process answers by it."""
    started = time.monotonic()
    body = {"reason": "测量", "force": True} if promote else {"reason": "测量"}
    path = f"/api/training/runs/{run}/promote" if promote else "/api/training/rollback"
    state = (await http.post(path, json=body)).raise_for_status().json()
    while not all(worker["current"] for worker in state["workers"]):
        await asyncio.sleep(0.1)
        state = (await http.get("/api/training/served")).raise_for_status().json()
    return started, time.monotonic()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--url", nargs="+", default=["http://127.0.0.1:8000"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--every", type=float, default=8, help="seconds between exchanges; 0 = none, to compare with")
    options = parser.parse_args()
    texts = [json.loads(line)["text"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    random.Random(7).shuffle(texts)
    spoken = itertools.cycle(texts)
    token = {"Authorization": f"Bearer {os.environ['WENZHENG_ADMIN_TOKEN']}"}
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with AsyncExitStack() as opened:
        doors = [
            await opened.enter_async_context(httpx.AsyncClient(base_url=url, limits=limits, trust_env=False, timeout=30))
            for url in options.url
        ]
        staff = await opened.enter_async_context(
            httpx.AsyncClient(base_url=options.url[0], headers=token, trust_env=False, timeout=120)
        )
        started, tasks, spans = time.monotonic(), [], []

        async def exchanges() -> None:
            for number in itertools.count():
                await asyncio.sleep(max(0.0, started + (number + 1) * options.every - time.monotonic()))
                if time.monotonic() - started > options.seconds - options.every:
                    return
                spans.append(await exchange(staff, options.run, number % 2 == 0))

        changing = asyncio.create_task(exchanges()) if options.every else None
        for number in range(int(options.seconds * options.rate)):
            await asyncio.sleep(max(0.0, started + number / options.rate - time.monotonic()))
            tasks.append(asyncio.create_task(say(doors[number % len(doors)], number, next(spoken))))
        said = list(await asyncio.gather(*tasks))
        if changing:
            await changing
    during = [s for s in said if any(begin <= s.at <= end + AROUND_S for begin, end in spans)]
    print(f"{len(said)} messages at {options.rate:g}/s, {len(spans)} exchanges, each done after", end=" ")
    print(", ".join(f"{end - begin:.1f}" for begin, end in spans) or "—", "s")
    print(
        "failed:",
        dict(Counter(s.problem for s in said if s.problem)) or 0,
        " answered by:",
        dict(Counter(s.source for s in said)),
    )
    for name, some in (("all", said), ("during an exchange", during), ("else", [s for s in said if s not in set(during)])):
        times = [s.seconds for s in some]
        figures = " / ".join(f"{percentile(times, share):.0f}" for share in (0.5, 0.95, 0.99, 1.0))
        print(f"{name:<20} n={len(times):<5} p50/p95/p99/max ms: {figures}")


if __name__ == "__main__":
    asyncio.run(main())
