"""The gateway process: web application and action endpoint under one roof."""

import logging
import os
import socket
import sys

import structlog
import uvicorn

from actions.server import ActionServer
from bot.app import create_app
from bot.rasa_project import internal_token
from bot.services import build_services
from errors import SettingsError, WenzhengError
from settings import load_settings

GRACE_S = 3  # open event streams do not end by themselves


def main() -> None:
    """Serve until told to stop. Ends with one plain sentence when it cannot start: status 78 when only people can mend it."""
    configure_logging()
    try:
        settings = load_settings()
        services = build_services(settings)
        actions = ActionServer(services.consultation.perform, internal_token(settings), settings.action_port)
        actions.start()
    except WenzhengError as exc:
        sys.stderr.write(f"{exc}\n")
        sys.exit(os.EX_CONFIG if isinstance(exc, SettingsError) else 1)
    config = uvicorn.Config(
        create_app(services), host=settings.host, port=settings.port, log_level="warning", access_log=False,
        timeout_graceful_shutdown=GRACE_S, forwarded_allow_ips=settings.trusted_proxies or "127.0.0.1", server_header=False,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run([socket.socket(fileno=settings.listen_fd)] if settings.listen_fd else None)
    finally:
        actions.stop()


def configure_logging() -> None:
    """One line an event; httpx stays quiet, its lines would show the internal token."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for name in ("httpx", "httpcore", "jieba"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    main()
