"""`/healthz`, `/readyz`, `/metrics`: for supervisors and monitors."""

import asyncio
from typing import Any

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from bot.services import Services

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger(__name__)


def health_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["运行状态"])

    @router.get("/healthz", summary="进程活着")
    async def healthz() -> dict[str, bool]:
        return {"ok": True}

    @router.get("/readyz", summary="各部件状态；数据库和索引可用即为就绪")
    async def readyz() -> JSONResponse:
        (database, stored), rasa = await asyncio.gather(asyncio.to_thread(_database, services), services.rasa.state())
        serves = database["state"] == "ok"
        wechat = _component(*await services.wechat.state()) if serves else _component("down", "数据库连接不上")
        outbox = _component(*await services.wechat.outbox_state()) if serves else _component("down", "数据库连接不上")
        index = _index(services, stored)
        components = {
            "database": database,
            "index": index,
            "rasa": _component(*rasa),
            "wechat": wechat,
            "outbox": outbox,
        }
        if services.settings.public_url is None:
            components["wechat"]["detail"] += "；没有配置 WENZHENG_PUBLIC_URL，不发送链接和二维码"
        ready = database["state"] == "ok" and index["state"] in {"ok", "degraded"}
        content: dict[str, Any] = {"ready": ready, "revision": services.index.revision, "components": components}
        return JSONResponse(content, 200 if ready else 503)

    @router.get("/metrics", summary="Prometheus 指标", response_class=Response)
    def metrics() -> Response:
        return Response(services.metrics.exposition(), media_type=METRICS_TYPE)

    return router


def _component(state: str, detail: str) -> dict[str, str]:
    return {"state": state, "detail": detail}


def _database(services: Services) -> tuple[dict[str, str], int | None]:
    """State of the database and the store's revision."""
    try:
        revision = services.feed.revision()
    except Exception as exc:  # whatever it is, the database does not serve
        log.warning("readyz.database", error=str(exc))
        return _component("down", "数据库连接不上"), None
    return _component("ok", "SQLite" if services.database.is_sqlite else "PostgreSQL"), revision


def _index(services: Services, stored: int | None) -> dict[str, str]:
    index = services.index
    if not index.ready:
        return _component("down", f"载入失败：{index.trouble}" if index.trouble else "正在载入")
    held = f"{services.searcher.size} 个条目，修订号 {index.revision}"
    if index.trouble:
        return _component("degraded", f"{held}，跟随变更时出错：{index.trouble}")
    if services.follower.trouble:
        return _component("degraded", f"{held}，没有跟上现用模型的更换：{services.follower.trouble}")
    behind = stored is not None and stored > index.revision
    return _component("ok", f"{held}，正在跟上修订号 {stored}" if behind else held)
