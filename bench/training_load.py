"""How much slower people are answered while a training runs beside.

    WENZHENG_ADMIN_TOKEN=… python -m bench.training_load --url http://127.0.0.1:8000 --seconds 60 --rate 5

First the given time without a training, then as long with one (started over the API), then again without: what else the machine does
at the time shows in the difference between the first and the last.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import time

import httpx

from bench.promotion_load import QUESTIONS, Said, percentile, say


async def measure(http: httpx.AsyncClient, texts: "itertools.cycle[str]", seconds: float, rate: float) -> list[Said]:
    started, tasks = time.monotonic(), []
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(say(http, number, next(texts))))
    return list(await asyncio.gather(*tasks))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--kind", default="light")
    options = parser.parse_args()
    texts = [json.loads(line)["text"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    random.Random(7).shuffle(texts)
    token = {"Authorization": f"Bearer {os.environ['WENZHENG_ADMIN_TOKEN']}"}
    async with (
        httpx.AsyncClient(base_url=options.url, trust_env=False, timeout=30) as http,
        httpx.AsyncClient(base_url=options.url, headers=token, trust_env=False, timeout=60) as staff,
    ):
        p95: dict[str, float] = {}
        for name in ("before", "during", "after"):
            if name == "during":
                (await staff.post("/api/training/job", json={"kind": options.kind})).raise_for_status()
            said = await measure(http, itertools.cycle(texts), options.seconds, options.rate)
            job = (await staff.get("/api/training/job")).json()["job"]
            if name == "during":
                print(f"the job is then: {job['state']}, {job['step']}")
                if job["state"] == "running":
                    await staff.post("/api/training/job/cancel")
            times = [s.seconds for s in said]
            p95[name] = percentile(times, 0.95)
            figures = " / ".join(f"{percentile(times, share):.0f}" for share in (0.5, 0.95, 0.99))
            print(
                f"{name:<8} n={len(times)} failed {sum(s.problem is not None for s in said)} p50/p95/p99 ms: {figures}",
                flush=True,
            )
        idle = (p95["before"] + p95["after"]) / 2
        print(f"p95 with a training against the mean of without: {(p95['during'] / idle - 1) * 100:+.0f} %")


if __name__ == "__main__":
    asyncio.run(main())
