"""How much slower people are answered while a training runs beside.

    WENZHENG_ADMIN_TOKEN=… python -m bench.training_load --url http://127.0.0.1:8000 --windows 16 --seconds 10 --rate 5

Starts a training over the API and lets it run and stand still (SIGSTOP) in turn, window by window, so that whatever else the machine
does touches both alike. Run it on the machine that trains.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import signal
import time
from collections import defaultdict

import httpx

from bench.promotion_load import QUESTIONS, Said, percentile, say

SETTLE_S = 1.0  # what is under way when the training is stopped or let go counts in neither window


async def measure(http: httpx.AsyncClient, texts: "itertools.cycle[str]", seconds: float, rate: float) -> list[Said]:
    started, tasks = time.monotonic(), []
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(say(http, number, next(texts))))
    return list(await asyncio.gather(*tasks))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--windows", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--kind", default="light")
    options = parser.parse_args()
    texts = [json.loads(line)["text"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    random.Random(7).shuffle(texts)
    spoken = itertools.cycle(texts)
    token = {"Authorization": f"Bearer {os.environ['WENZHENG_ADMIN_TOKEN']}"}
    async with (
        httpx.AsyncClient(base_url=options.url, trust_env=False, timeout=30) as http,
        httpx.AsyncClient(base_url=options.url, headers=token, trust_env=False, timeout=60) as staff,
    ):
        await measure(http, spoken, options.seconds, options.rate)  # warm
        job = (await staff.post("/api/training/job", json={"kind": options.kind})).raise_for_status().json()["job"]
        said: dict[str, list[Said]] = defaultdict(list)
        try:
            for number in range(options.windows):
                running = number % 2 == 0
                os.killpg(job["pid"], signal.SIGCONT if running else signal.SIGSTOP)
                await asyncio.sleep(SETTLE_S)
                said["with" if running else "without"] += await measure(http, spoken, options.seconds, options.rate)
                state = (await staff.get("/api/training/job")).json()["job"]
                print(f"window {number + 1}: {state['state']}, {state['step']}", flush=True)
                if state["state"] != "running":
                    break
        finally:
            os.killpg(job["pid"], signal.SIGCONT)
    for name, some in said.items():
        times = [s.seconds for s in some]
        figures = " / ".join(f"{percentile(times, share):.0f}" for share in (0.5, 0.95, 0.99))
        print(f"{name:<8} training: n={len(times)} failed {sum(s.problem is not None for s in some)} p50/p95/p99 ms: {figures}")
    p95 = {name: percentile([s.seconds for s in some], 0.95) for name, some in said.items()}
    print(f"p95 with against without: {(p95['with'] / p95['without'] - 1) * 100:+.0f} %")


if __name__ == "__main__":
    asyncio.run(main())
