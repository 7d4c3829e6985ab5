"""`/e/{entry_id}/wechat-qr.png`: the code that opens the public account at an entry."""

import asyncio
import time

from fastapi import APIRouter
from fastapi.responses import Response

from bot.channels.wechat.api import WeChatApi
from bot.channels.wechat.api_errors import AccountConfigurationError, NotGrantedError, WeChatApiError
from bot.channels.wechat.errors import NoAccountError
from bot.routes.entries import EntryId
from bot.routes.pages import live_entry
from bot.services import Services

REFUSAL_LASTS_S = 60.0
_ABSENT = "没有这个条目的公众号二维码："


class EntryCodes:
    """Makes each entry's code once; its content never changes. While the account cannot, WeChat is asked once a minute."""

    def __init__(self, api: WeChatApi) -> None:
        self._api = api
        self._made: dict[int, asyncio.Task[bytes]] = {}
        self._refusal: tuple[WeChatApiError, float] | None = None

    async def png(self, entry_id: int) -> bytes:
        """Raises: the family of `api_errors`."""
        if self._refusal and time.monotonic() < self._refusal[1]:
            raise self._refusal[0]
        task = self._made.get(entry_id)
        if task is None:
            task = self._made[entry_id] = asyncio.create_task(self._api.create_entry_code(entry_id))
        try:
            return await asyncio.shield(task)  # a visitor who leaves does not cancel it for the others
        except WeChatApiError as exc:
            self._made.pop(entry_id, None)
            if isinstance(exc, AccountConfigurationError):  # its text is for the operator, not for visitors
                exc = AccountConfigurationError(
                    f"{_ABSENT}公众号的配置有误。", fix="请管理员运行 `wenzheng wechat check` 查看原因。", errcode=exc.errcode
                )
            if isinstance(exc, NotGrantedError | AccountConfigurationError):
                self._refusal = (exc, time.monotonic() + REFUSAL_LASTS_S)
            raise exc from None


def wechat_code_routes(services: Services) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    codes = EntryCodes(services.wechat.api) if services.wechat.api else None

    @router.get("/e/{entry_id}/wechat-qr.png")
    async def code(entry_id: EntryId) -> Response:
        if codes is None:
            raise NoAccountError(
                f"{_ABSENT}本实例没有配置公众号。", fix="设置 WECHAT_APP_ID 和 WECHAT_APP_SECRET 后重新启动，见 docs/wechat.md。"
            )
        await asyncio.to_thread(live_entry, services, entry_id)
        return Response(await codes.png(entry_id), media_type="image/png")

    return router
