"""The action endpoint: Rasa calls it on 127.0.0.1, with the internal token, to run an action."""

import hmac
import socket
import threading
import time
import traceback
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor

from actions.consult import ACTION_NAMES, ConsultAction, Perform
from actions.errors import ActionServerError

WORKERS = 8  # turns in work at once; the encoder and SQLite gain nothing from more
EMPTY_RESULT: dict[str, Any] = {"events": [], "responses": []}

log = structlog.get_logger(__name__)


def build_action_app(perform: Perform, token: str, workers: Executor | None = None) -> FastAPI:
    """Rasa's action protocol: `POST /webhook?token=…`; `GET /health` for the supervisor.

    Args:
        perform: does the turn's task; called in `workers`, never in the event loop.
    """
    pool = workers or ThreadPoolExecutor(WORKERS, thread_name_prefix="action")
    executor = ActionExecutor()
    for name in ACTION_NAMES:
        executor.register_function(name, ConsultAction(name, perform, pool).run)
    app = FastAPI(openapi_url=None)
    expected = token.encode()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/webhook")
    async def webhook(request: Request) -> JSONResponse:
        if not hmac.compare_digest(request.query_params.get("token", "").encode(), expected):
            return JSONResponse({"error": "token"}, status_code=401)
        try:
            call = await request.json()
            call.setdefault("domain", {})  # left out by Rasa (selective domain); no action reads it
            result = await executor.run(call)
        except Exception:  # the outer edge; Rasa's own executor would send the error text back
            log.error("action.call_failed", trace=traceback.format_exc())
            return JSONResponse(EMPTY_RESULT)
        return JSONResponse(result.model_dump() if result else EMPTY_RESULT)

    return app


class ActionServer:
    """Runs the action endpoint in a thread with an event loop of its own, so that nothing in the gateway can block it."""

    def __init__(self, perform: Perform, token: str, port: int) -> None:
        """Args:
        port: 0 lets the system choose; `port` then holds the choice after `start()`.
        """
        self.port = port
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="action")
        config = uvicorn.Config(
            build_action_app(perform, token, self._pool), log_config=None, access_log=False, timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def start(self, timeout_s: float = 10.0) -> None:
        """Returns when the endpoint listens.

        Raises:
            ActionServerError: the port is taken, or the endpoint does not come up.
        """
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self.port))
        except OSError as exc:
            listener.close()
            raise ActionServerError(
                f"动作端口 {self.port} 已被占用。",
                fix="停掉占用它的程序，或把 RASA_URL 换成别的端口（动作端口 = Rasa 端口 + 50）。",
            ) from exc
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="action-server", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + timeout_s
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                self.stop()
                raise ActionServerError(f"动作端点在端口 {self.port} 上没有启动。", fix="查看日志后重新启动。")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop listening; turns in work get two seconds. Calling it twice is harmless."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None
        self._pool.shutdown(wait=False, cancel_futures=True)
