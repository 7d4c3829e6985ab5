"""Mixed WeChat traffic while things die: is every message answered exactly once, or visibly pending?

    python -m bench.wechat_soak --minutes 10

Starts a stand-in of WeChat's API and a whole supervised instance (Rasa, gateway) on a data folder that `wenzheng prepare` made
ready (WENZHENG_DATA_DIR). Kills the gateway and Rasa with -9, stops Rasa for seconds, lets the API fail in every way. In the
end each message is looked up where its user would see it (passive reply, customer-service message) and in the outbox.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from sqlalchemy import select

from bot.channels.wechat.crypto import MessageCipher
from bot.channels.wechat.inbound import understand
from bot.channels.wechat.push_xml import read_push
from bot.channels.wechat.simulator import Reply, SimulatedUser, SimulatedWeChat
from bot.channels.wechat.tables import WeChatDelivery
from conversations.models import OutboxMessage, Turn
from conversations.records import ConversationRecords
from database.engine import Database
from settings import load_settings
from tests.fixtures.wechat_stand_in import WeChatStandIn

QUESTIONS = Path(__file__).parent / "questions" / "service_items_tune.jsonl"
SEAT_SHARE = 0.15  # of the messages after which a human says something
TOKEN, KEY = "soak2026", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHERS = (
    ("voice", {"MediaId": "m", "Format": "amr", "Recognition": "公积金怎么提取"}),
    ("image", {"MediaId": "m", "PicUrl": "http://x/1.jpg"}),
    ("location", {"Location_X": "23.1", "Location_Y": "113.3", "Scale": "16", "Label": "广东省广州市天河区"}),
)
API_TROUBLES = (
    {"errcode": -1, "times": 3}, {"http_status": 502, "times": 2}, {"errcode": 40001, "times": 1}, {"errcode": 45002, "times": 1},
    {"drop_connection": "after", "times": 1}, {"drop_connection": "before", "times": 1}, {"delay_s": 3.0, "times": 2},
    {"errcode": 45047, "times": 1},
)  # fmt: skip


@dataclass
class Sent:
    """One message of the soak and what its user saw in reply to it."""

    key: str
    openid: str
    replies: list[Reply] = field(default_factory=list)


class Instance:
    """The supervised instance under test."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        command = [sys.executable, "-m", "bot.cli", "serve"]
        self._supervisor = subprocess.Popen(command, env=environment, stdout=log.open("w"), stderr=subprocess.STDOUT)

    def child(self, mark: str) -> psutil.Process | None:
        children = psutil.Process(self._supervisor.pid).children(recursive=True)
        for process in children:
            try:
                if mark in " ".join(process.cmdline()):
                    return process
            except psutil.Error:
                continue
        return None

    def signal(self, mark: str, number: signal.Signals) -> bool:
        process = self.child(mark)
        if process is not None:
            process.send_signal(number)
        return process is not None

    def stop(self) -> None:
        self._supervisor.terminate()
        self._supervisor.wait(30)


async def until_ready(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(600):
            try:
                if (await http.get(f"{url}/readyz", timeout=2)).json()["components"]["rasa"]["state"] == "ok":
                    return
            except (httpx.HTTPError, KeyError, ValueError):
                pass
            await asyncio.sleep(0.5)
    raise SystemExit("the instance did not get ready")


async def trouble(instance: Instance, api: WeChatStandIn, end: float, rng: random.Random, happened: Counter[str]) -> None:
    """Something goes wrong every ten seconds or so."""
    while time.monotonic() < end:
        await asyncio.sleep(rng.uniform(6, 14))
        what = rng.choice(["gateway -9", "rasa -9", "rasa stopped", "api", "api", "token voided"])
        happened[what] += 1
        if what == "gateway -9":
            instance.signal("bot.gateway_process", signal.SIGKILL)
        elif what == "rasa -9":
            instance.signal("dialogue.server", signal.SIGKILL)
        elif what == "rasa stopped":
            if instance.signal("dialogue.server", signal.SIGSTOP):
                await asyncio.sleep(rng.uniform(3, 12))
                instance.signal("dialogue.server", signal.SIGCONT)
        elif what == "api":
            api.fail(rng.choice(["message/custom/send", "message/custom/send", "stable_token"]), **rng.choice(API_TROUBLES))
        else:
            api.void_tokens()


async def traffic(
    wechat: SimulatedWeChat, end: float, rate: float, rng: random.Random, records: ConversationRecords
) -> list[Sent]:
    """Messages at `rate` a second: new users, users who write on without waiting for the answer, and words of human seats."""
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    sent: list[Sent] = []
    tasks = []
    users: list[SimulatedUser] = []

    async def send(user: SimulatedUser, xml: str) -> None:
        push = understand(read_push(xml.encode()))
        record = Sent(push.key, user.openid)
        sent.append(record)
        record.replies.append(await user.post(xml))
        if rng.random() < SEAT_SHARE:
            conversation = await asyncio.to_thread(records.find_or_create, "wechat", user.openid)
            await asyncio.to_thread(records.say, conversation, "agent", "您好，我是人工坐席，请稍等。")

    while time.monotonic() < end:
        await asyncio.sleep(rng.expovariate(rate))
        user = rng.choice(users[-20:]) if users and rng.random() < 0.3 else SimulatedUser(wechat)
        users.append(user)
        kind, fields = rng.choice(OTHERS) if rng.random() < 0.1 else ("text", {"Content": rng.choice(questions)})
        tasks.append(asyncio.create_task(send(user, user.message(kind, fields))))
        if rng.random() < 0.05:
            tasks.append(asyncio.create_task(send(user, user.message("event", {"Event": "CLICK", "EventKey": "say:转人工"}))))
    await asyncio.gather(*tasks)
    return sent


def verdicts(sent: list[Sent], database: Database, api: WeChatStandIn) -> tuple[Counter[str], list[str]]:
    """How each message was answered, and what is wrong."""
    delivered = Counter(entry.body["touser"] for entry in api.requests("message/custom/send") if entry.delivered)
    with database.read() as session:
        rows = list(session.scalars(select(OutboxMessage)))
        turns = Counter(session.scalars(select(Turn.key)))
        open_turns = set(session.scalars(select(Turn.key).where(Turn.state == "open")))
        unfinished = set(session.scalars(select(WeChatDelivery.key).where(WeChatDelivery.done.is_(False))))
    by_key: dict[str, list[OutboxMessage]] = {}
    per_user: dict[str, Counter[str]] = {}
    for row in rows:
        by_key.setdefault(row.dedupe_key.removeprefix("wechat:").rsplit(":", 1)[0], []).append(row)
        per_user.setdefault(row.recipient, Counter())[row.state] += 1
    counts: Counter[str] = Counter()
    wrong = []
    for message in sent:
        passive = sum(reply.text is not None for reply in message.replies)
        states = [row.state for row in by_key.get(message.key, [])]
        certain = passive + states.count("sent")
        pending = len(states) - states.count("sent")
        how = "passive" if passive else "+".join(sorted(states)) or "nothing"
        counts[how] += 1
        if any(reply.fault for reply in message.replies):
            counts["(its user saw the fault notice)"] += 1
        if turns[message.key] != 1:
            wrong.append(f"{message.key}: {turns[message.key]} turns")
        if message.key in open_turns or message.key in unfinished:
            wrong.append(f"{message.key}: not finished")
        if certain > 1 or (certain == 0 and pending == 0) or (passive and pending and "uncertain" not in states):
            wrong.append(f"{message.key}: {how}, {passive} passive, outbox {states}")
    ours = {message.openid for message in sent}
    for openid, states in ((openid, states) for openid, states in per_user.items() if openid in ours):
        at_most = states["sent"] + states["uncertain"]
        if not states["sent"] <= delivered[openid] <= at_most:
            wrong.append(f"{openid}: {delivered[openid]} delivered, outbox {dict(states)}")
    return counts, wrong


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=6, help="messages a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8461)
    options = parser.parse_args()
    rng, api = random.Random(options.seed), WeChatStandIn().start()
    environment = {
        **os.environ, "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": api.account.app_id, "WECHAT_AES_KEY": KEY,
        "WECHAT_APP_SECRET": api.account.secret, "WECHAT_API_BASE": api.url, "WENZHENG_PORT": str(options.port),
        "RASA_URL": f"http://127.0.0.1:{options.port + 1000}", "WENZHENG_RATE_LIMIT": "0",
        "WENZHENG_RASA_TIMEOUT_S": "6",  # so that a stopped Rasa makes answers late
    }  # fmt: skip
    settings = load_settings()
    database = Database(settings.database_url)
    url = f"http://127.0.0.1:{options.port}"
    instance = Instance(environment, settings.root / "soak.log")
    happened: Counter[str] = Counter()
    try:
        await until_ready(url)
        cipher = MessageCipher(api.account.app_id, [KEY])
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
        async with httpx.AsyncClient(limits=limits, trust_env=False) as http:
            wechat = SimulatedWeChat(http, f"{url}/wechat", TOKEN, cipher=cipher, mode="safe")
            end = time.monotonic() + options.minutes * 60
            chaos = asyncio.create_task(trouble(instance, api, end, rng, happened))
            sent = await traffic(wechat, end, options.rate, rng, ConversationRecords(database))
            await chaos
        await asyncio.sleep(100)  # left-over messages, back-off, and what a dead process had in hand
    finally:
        instance.stop()
        api.stop()
    counts, wrong = verdicts(sent, database, api)
    times = sorted(reply.seconds for message in sent for reply in message.replies if reply.text)
    print("what happened:", dict(happened))
    print(f"{len(sent)} messages:", dict(counts.most_common()))
    print(
        "passive replies p50/p95/max:",
        " / ".join(f"{times[min(len(times) - 1, int(len(times) * q))]:.2f} s" for q in (0.5, 0.95, 1)),
    )
    with database.read() as session:
        states = Counter(
            session.scalars(select(OutboxMessage.state).where(OutboxMessage.recipient.in_({m.openid for m in sent})))
        )
    print("outbox:", dict(states))
    print(f"wrong: {len(wrong)}", *wrong[:20], sep="\n  ")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    asyncio.run(main())
