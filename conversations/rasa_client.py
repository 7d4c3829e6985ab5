"""Asks Rasa over HTTP on loopback. Rasa is the dialogue, never the gatekeeper: every failure here is survivable and cheap."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import structlog

from conversations.errors import DialogueModelError, DialogueUnavailableError, SilentDialogueError

SKIP_S = 2.0  # after a failure Rasa is left alone this long, then probed in the background
PROBE_TIMEOUT_S = 1.0
LOAD_TIMEOUT_S = 120.0
_FIX = "查看 Rasa 的日志；问答会直接由检索完成，不受影响。"

log = structlog.get_logger(__name__)


class RasaClient:
    """One POST a turn, with a total time limit and a circuit-breaker: while Rasa is down, turns skip it at no cost.

    Args:
        token: the internal token, given to Rasa's channel.
        transport: for tests.

    Attributes:
        model: name of the model that messages are to be understood with; None: whichever Rasa was started with.
        lacks_model: Rasa runs, but without that model, as after a restart.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        timeout_s: float,
        *,
        skip_s: float = SKIP_S,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url, self._token, self._timeout_s, self._skip_s = base_url, token, timeout_s, skip_s
        self._transport, self._clock = transport, clock
        self._client: httpx.AsyncClient | None = None
        self._failure: str | None = None
        self._prober: asyncio.Task[None] | None = None
        self.model: str | None = None
        self.lacks_model = False

    async def ask(self, conversation_id: str, text: str, turn_id: str) -> Mapping[str, Any]:
        """Send one message; returns the `custom` of Rasa's answer.

        Raises:
            DialogueUnavailableError: down, late (`timeout_s` in all) or an error status.
            SilentDialogueError: 200, but no message, no `custom`, or another turn's.
        """
        if self._failure is not None:
            raise DialogueUnavailableError(f"Rasa 暂不可用（{self._failure}）。", fix=_FIX)
        metadata = {"turn_id": turn_id, **({"model": self.model} if self.model else {})}
        body = {"sender": conversation_id, "message": text, "metadata": metadata}
        try:
            async with asyncio.timeout(self._timeout_s):  # httpx's own limits are per read, not in all
                response = await self._http().post("/webhooks/rest/webhook", json=body, params={"token": self._token})
            if response.status_code == httpx.codes.CONFLICT:
                self.lacks_model = True  # no failure of Rasa: whoever watches over the models loads it
                raise DialogueUnavailableError(f"Rasa 没有载入模型 {self.model}。", fix=_FIX)
            response.raise_for_status()
            return _custom(response, turn_id)
        except TimeoutError as exc:
            raise self._failed(f"{self._timeout_s:g} 秒内没有回答") from exc
        except httpx.HTTPStatusError as exc:
            raise self._failed(f"返回状态码 {exc.response.status_code}") from exc
        except httpx.HTTPError as exc:
            raise self._failed("连接不上") from exc

    async def load_model(self, name: str, file: str, keep: list[str]) -> bool:
        """Have Rasa load a model beside those in use. Args: keep: names of models that must stay.

        Returns: False when Rasa cannot be reached: it is down, or starting.

        Raises: DialogueModelError: Rasa cannot use the file.
        """
        body = {"name": name, "file": file, "keep": keep}
        try:
            response = await self._http().put(
                "/webhooks/rest/models", json=body, params={"token": self._token}, timeout=LOAD_TIMEOUT_S
            )
        except httpx.HTTPError:
            return False
        if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise DialogueModelError(f"Rasa 无法使用模型 {name}。", fix="查看 logs/rasa.log；重新训练，或回退到上一个模型。")
        self.lacks_model = False
        return response.status_code == httpx.codes.OK

    async def state(self) -> tuple[str, str]:
        """`("ok" | "degraded", detail)` for readiness, from a fresh look."""
        problem = await self._probe()
        if problem is None:
            return "ok", "对话服务正常"
        return "degraded", f"Rasa {problem}，问题由检索直接回答"

    async def aclose(self) -> None:
        """Stop probing and close the connections."""
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
            self._prober = None
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self._base_url, timeout=self._timeout_s, transport=self._transport, trust_env=False
            )
        return self._client

    def _failed(self, problem: str) -> DialogueUnavailableError:
        if self._failure is None:
            log.warning("rasa.unavailable", problem=problem)
        self._failure = problem
        if self._prober is None or self._prober.done():
            self._prober = asyncio.create_task(self._probe_until_back())
        return DialogueUnavailableError(f"Rasa {problem}。", fix=_FIX)

    async def _probe_until_back(self) -> None:
        while self._failure is not None:
            await asyncio.sleep(self._skip_s)
            problem = await self._probe()
            self._failure = problem
        log.info("rasa.back")

    async def _probe(self) -> str | None:
        """What is wrong with Rasa, None when it has a model and answers."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                response = await self._http().get("/status", params={"token": self._token})
        except (TimeoutError, httpx.HTTPError):
            return "连接不上"
        return None if response.status_code == httpx.codes.OK else f"返回状态码 {response.status_code}"


def _custom(response: httpx.Response, turn_id: str) -> Mapping[str, Any]:
    try:
        messages = response.json()
    except ValueError:
        messages = None
    if not isinstance(messages, list) or not messages:
        raise SilentDialogueError("Rasa 没有给出回答。", fix=_FIX)
    for message in messages:
        custom = message.get("custom") if isinstance(message, dict) else None
        if isinstance(custom, dict) and custom.get("turn_id") == turn_id:
            return custom
    raise SilentDialogueError("Rasa 的回答里没有这一轮的内容。", fix=_FIX)
