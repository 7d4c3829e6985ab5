"""Tables of the WeChat channel. Made by migration 0003."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from database.columns import UtcDateTime
from database.engine import Base


class WeChatDelivery(Base):
    """One message or event of WeChat, however often it was pushed; `key` is its identity.

    Attributes:
        push: the parsed push until its effect is certain, so that a crash loses nothing.
        route: how the answer goes out, decided once: passive | outbox | next_message. None: not decided.
        content: text of the passive reply ("" = `success`), the same for every attempt.
        done: nothing is left to do, whatever dies.
    """

    __tablename__ = "wechat_deliveries"
    __table_args__ = (Index("ix_wechat_deliveries_done", "done", "last_at"),)

    key: Mapped[str] = mapped_column(String(320), primary_key=True)
    openid: Mapped[str] = mapped_column(String(128))
    push: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    attempts: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    route: Mapped[str | None] = mapped_column(String(12))
    content: Mapped[str | None] = mapped_column(Text)
    done: Mapped[bool] = mapped_column(Boolean)


class WeChatFollower(Base):
    """What may be sent to a user, and what is left of the last long answer.

    Attributes:
        message_at, message_sent: the user's last message and how many customer-service messages were sent since.
        action_at, action_sent: the same for menu clicks, scans and subscribing.
    """

    __tablename__ = "wechat_followers"

    openid: Mapped[str] = mapped_column(String(128), primary_key=True)
    followed: Mapped[bool] = mapped_column(Boolean)
    message_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message_sent: Mapped[int]
    action_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    action_sent: Mapped[int]
    rest: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WeChatAccount(Base):
    """The account as WeChat's API sees it; one row an app id, shared by all processes.

    Attributes:
        token_source: stable_token | token.
        lease_by, lease_until: the process that fetches a new token just now.
        sending: whether customer-service messages may be sent: unknown | granted | refused (errcode 48001).
        trouble: a configuration error that WeChat reported (wrong app id or secret, IP not listed); None when all is well.
    """

    __tablename__ = "wechat_accounts"

    app_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    token: Mapped[str | None] = mapped_column(Text)
    token_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    token_source: Mapped[str | None] = mapped_column(String(16))
    lease_by: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sending: Mapped[str] = mapped_column(String(12))
    sending_checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trouble: Mapped[str | None] = mapped_column(String(200))
    trouble_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
