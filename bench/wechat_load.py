"""How many encrypted WeChat messages a second the gateway answers, and how fast at a steady rate.

    python -m bench.wechat_load --url http://127.0.0.1:8000/wechat --seconds 30 --rate 20

The account is read from the environment (WECHAT_TOKEN, WECHAT_APP_ID, WECHAT_AES_KEY). Without --rate as many users as --users
talk without pause, which gives the most messages a second; with it, messages come at that rate whatever the answers do.
"""

import argparse
import asyncio
import itertools
import json
import random
import time
from collections import Counter
from pathlib import Path

import httpx

from bot.channels.wechat.crypto import MessageCipher
from bot.channels.wechat.simulator import Reply, SimulatedUser, SimulatedWeChat
from settings import load_settings

QUESTIONS = Path(__file__).parent / "questions" / "service_items_tune.jsonl"
FOLLOW_UPS = ("要带什么材料", "多久能办好", "在哪里办", "电话是多少", "收费吗", "谢谢")
FOLLOW_UP_SHARE = 0.3


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


async def closed_loop(users: list[SimulatedUser], texts: "itertools.cycle[str]", seconds: float) -> list[Reply]:
    replies: list[Reply] = []
    end = time.monotonic() + seconds

    async def talk(user: SimulatedUser) -> None:
        while time.monotonic() < end:
            replies.append(await user.send_text(next(texts)))

    await asyncio.gather(*map(talk, users))
    return replies


async def open_loop(users: list[SimulatedUser], texts: "itertools.cycle[str]", seconds: float, rate: float) -> list[Reply]:
    started, tasks = time.monotonic(), []
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(users[number % len(users)].send_text(next(texts))))
    return list(await asyncio.gather(*tasks))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000/wechat")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, help="messages a second; without it as fast as they are answered")
    parser.add_argument("--users", type=int, default=16)
    options = parser.parse_args()
    settings = load_settings()
    assert settings.wechat_token, "WECHAT_TOKEN must be set"
    assert settings.wechat_app_id, "WECHAT_APP_ID must be set"
    assert settings.wechat_aes_key, "WECHAT_AES_KEY must be set"
    rng = random.Random(7)
    asked = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    rng.shuffle(asked)
    texts = itertools.cycle([t if rng.random() > FOLLOW_UP_SHARE else rng.choice(FOLLOW_UPS) for t in asked])
    cipher = MessageCipher(settings.wechat_app_id, [settings.wechat_aes_key.get_secret_value()])
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=30) as http:
        wechat = SimulatedWeChat(http, options.url, settings.wechat_token.get_secret_value(), cipher=cipher, mode="safe")
        users = [SimulatedUser(wechat) for _ in range(options.users if options.rate is None else 200)]
        started = time.monotonic()
        replies = (
            await closed_loop(users, texts, options.seconds)
            if options.rate is None
            else await open_loop(users, texts, options.seconds, options.rate)
        )
        took = time.monotonic() - started
    times = [reply.seconds for reply in replies]
    print(f"{len(replies)} messages in {took:.1f} s: {len(replies) / took:.1f} a second")
    print("round trip p50/p95/p99:", " / ".join(f"{percentile(times, share) * 1000:.0f} ms" for share in (0.5, 0.95, 0.99)))
    print("attempts:", dict(Counter(reply.attempts for reply in replies)))
    print(
        "faults:",
        dict(Counter(reply.fault for reply in replies if reply.fault)),
        "no text:",
        sum(r.text is None for r in replies),
    )


if __name__ == "__main__":
    asyncio.run(main())
