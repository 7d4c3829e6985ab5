"""One request to WeChat's API and its answer. Knows whether a failed request can have had an effect."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from bot.channels.wechat.api_errors import WeChatRefusedError, busy, uncertain

TIMEOUT = httpx.Timeout(5.0, connect=3.0)
TOTAL_S = 8.0  # httpx's limits are per read; an answer that trickles must not take forever
_RATE_LIMITED = 429


def wechat_http() -> httpx.AsyncClient:
    """A client for WeChat's API; follows the server's proxy settings, as a government network often has a proxy."""
    return httpx.AsyncClient(timeout=TIMEOUT)


async def exchange(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    call: str,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """WeChat's JSON answer, whatever errcode it holds.

    Args:
        call: what is asked, as people say it; begins the problem of an error.
        body: sent as JSON in raw UTF-8, because WeChat shows `\\uXXXX` to users as it is.

    Raises:
        WeChatBusyError: nothing was done.
        WeChatUncertainError: the request was written and no readable answer came.
        WeChatRefusedError: HTTP 3xx or 4xx.
    """
    content = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    headers = None if body is None else {"Content-Type": "application/json; charset=utf-8"}
    try:
        async with asyncio.timeout(TOTAL_S):
            response = await http.request(method, url, params=params, content=content, headers=headers, follow_redirects=False)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as exc:
        raise busy(call, "连接不上微信接口服务器") from exc
    except (httpx.HTTPError, TimeoutError) as exc:
        raise uncertain(call, "请求已经发出，但没有收到微信的回答") from exc
    if response.is_server_error or response.status_code == _RATE_LIMITED:
        raise busy(call, f"微信接口返回 HTTP {response.status_code}")
    if response.status_code != httpx.codes.OK:
        raise WeChatRefusedError(
            f"{call}失败：微信接口返回 HTTP {response.status_code}。",
            fix="核对环境变量 WECHAT_API_BASE，一般不需要设置。",
        )
    try:
        answer = json.loads(response.content)
    except ValueError as exc:
        raise uncertain(call, "微信接口的回答不是 JSON") from exc
    if not isinstance(answer, dict):
        raise uncertain(call, "微信接口的回答不是 JSON 对象")
    return answer


def errcode_of(answer: Mapping[str, Any]) -> int:
    """0 where the answer names no error."""
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else 0
