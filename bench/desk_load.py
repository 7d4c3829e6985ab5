"""How soon agents see what citizens say: many desks connected, messages arriving all the time, on a running instance.

    .venv/bin/python -m bench.desk_load --url http://127.0.0.1:8000 --token $WENZHENG_ADMIN_TOKEN

Every agent has an account, a stream and one conversation of their own, and does what the page does when something arrives there:
reads the message and asks for its suggestions. With `--browser` one of the desks is a real page. The accounts are disabled
afterwards; the conversations stay, so take an instance that is thrown away.
"""

import argparse
import asyncio
import json
import random
import secrets
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

QUESTIONS = (
    "食品经营许可证怎么办", "要什么材料", "社保卡丢了怎么补办", "结婚登记要预约吗", "公司注销要多久", "养老保险关系怎么转到外地",
    "在哪里办", "残疾人证怎么申请", "户口迁移需要什么材料", "办理时限是几天", "有咨询电话吗", "小餐饮店要办什么证", "谢谢", "失业金怎么领",
)  # fmt: skip


@dataclass
class Times:
    """Milliseconds from the moment a citizen sent a message."""

    sent: dict[str, float] = field(default_factory=dict)
    listed: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    suggested: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    failures: int = 0

    def since(self, text: str) -> float | None:
        number = text.rsplit("#", 1)[-1] if "#" in text else ""
        return (time.time() - self.sent[number]) * 1000 if number in self.sent else None


class Desk:
    """One agent."""

    def __init__(self, url: str, name: str, token: str, times: Times) -> None:
        self.name, self.times, self.own = name, times, ""
        limits = httpx.Limits(max_connections=4)
        self.client = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30, limits=limits)
        self._seen = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def follow(self) -> None:
        async with self.client.stream("GET", "/api/desk/events", timeout=None) as stream:
            name = ""
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: ") and name == "message":
                    self._message(json.loads(line[6:]))

    def _message(self, message: dict[str, Any]) -> None:
        took = self.times.since(message["text"])
        if message["role"] != "user" or took is None:
            return
        self.times.listed.append(took)
        if message["conversation_id"] == self.own:
            task = asyncio.create_task(self._show(message["text"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _show(self, text: str) -> None:
        base = f"/api/desk/conversations/{self.own}"
        try:
            page = (await self.client.get(f"{base}/messages", params={"after": self._seen})).raise_for_status().json()
            self._seen = max([self._seen, *(m["id"] for m in page["messages"])])
            self.times.read.append(self.times.since(text) or 0.0)
            (await self.client.get(f"{base}/suggestions")).raise_for_status()
            self.times.suggested.append(self.times.since(text) or 0.0)
        except httpx.HTTPError:
            self.times.failures += 1


async def main(given: argparse.Namespace) -> None:
    admin = httpx.AsyncClient(base_url=given.url, headers={"Authorization": f"Bearer {given.token}"}, timeout=60)
    times, run, password = Times(), secrets.token_hex(3), secrets.token_urlsafe(16)
    desks = [await _hire(admin, given.url, f"bench-{run}-{n}", password, times) for n in range(given.agents)]
    senders = [f"bench-{run}-{n}" for n in range(given.agents)]
    for desk, sender in zip(desks, senders, strict=True):
        reply = await admin.post("/api/chat", json={"sender_id": sender, "text": "转人工"})
        desk.own = reply.json()["conversation_id"]
        (await desk.client.post(f"/api/desk/conversations/{desk.own}/take")).raise_for_status()
        await desk.client.get(f"/api/desk/conversations/{desk.own}/suggestions")
    streams = [asyncio.create_task(desk.follow()) for desk in desks]
    page = await _open_page(given.url, desks[0], password) if given.browser else None
    await asyncio.sleep(2)
    await _talk(admin, senders, times, given.rate, given.seconds)
    await asyncio.sleep(4)
    if page is not None:
        drawn = await page.evaluate("window.drawn")
        times.drawn = [at - times.sent[number] * 1000 for number, at in drawn.items() if number in times.sent]
        await page.context.browser.close()
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    for desk in desks:
        await admin.post(f"/api/staff/users/{desk.name}/disable", json={})
        await desk.client.aclose()
    await admin.aclose()
    _tell(times, given)


async def _hire(admin: httpx.AsyncClient, url: str, name: str, password: str, times: Times) -> Desk:
    body = {"name": name, "password": password, "role": "agent", "display_name": name}
    (await admin.post("/api/staff/users", json=body)).raise_for_status()
    token = await admin.post("/api/staff/tokens", json={"label": "bench", "owner": name})
    return Desk(url, name, token.raise_for_status().json()["token"], times)


async def _talk(client: httpx.AsyncClient, senders: list[str], times: Times, rate: float, seconds: float) -> None:
    sending: set[asyncio.Task[None]] = set()

    async def say(number: int) -> None:
        started = time.time()
        times.sent[str(number)] = started
        text = f"{random.choice(QUESTIONS)} #{number}"
        try:
            (await client.post("/api/chat", json={"sender_id": senders[number % len(senders)], "text": text})).raise_for_status()
            times.answered.append((time.time() - started) * 1000)
        except httpx.HTTPError:
            times.failures += 1

    begun = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        task = asyncio.create_task(say(number))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.gather(*sending)


async def _open_page(url: str, desk: Desk, password: str) -> Any:
    """A real desk with its conversation open; notes when each message was drawn."""
    from playwright.async_api import async_playwright

    playwright = await async_playwright().start()
    browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
    page = await (await browser.new_context(viewport={"width": 1366, "height": 768})).new_page()
    await page.goto(f"{url}/panel/login")
    await page.fill("input[name=name]", desk.name)
    await page.fill("input[name=password]", password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda address: "/login" not in address)
    await page.goto(f"{url}/panel/desk?conversation={desk.own}")
    await page.wait_for_selector(".log .said")
    await page.evaluate(
        """() => { window.drawn = {}; new MutationObserver(() => {
          for (const one of document.querySelectorAll('.log .said.user .words')) {
            const found = one.textContent.match(/#(\\d+)$/);
            if (found && !(found[1] in window.drawn)) window.drawn[found[1]] = Date.now();
          } }).observe(document.querySelector('.log'), { childList: true, subtree: true }); }"""
    )
    return page


def _tell(times: Times, given: argparse.Namespace) -> None:
    expected = int(given.rate * given.seconds)
    print(
        f"{given.agents} agents, {given.rate:g} messages/s for {given.seconds:g} s: {expected} messages, failures {times.failures}"
    )
    shown = {
        "citizen's own answer": times.answered, "in every list": times.listed, "message read": times.read,
        "suggestions there": times.suggested, "drawn in Chromium": times.drawn,
    }  # fmt: skip
    for name, values in shown.items():
        if values:
            ordered = sorted(values)
            p95 = ordered[int(len(ordered) * 0.95) - 1]
            print(f"{name:22} n={len(ordered):6} p50={statistics.median(ordered):6.0f} p95={p95:6.0f} max={ordered[-1]:6.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--token", required=True)
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--browser", action="store_true")
    asyncio.run(main(parser.parse_args()))
