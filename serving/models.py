"""Tables of serving: what was served when, and how far each process has followed."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from database.columns import UtcDateTime
from database.engine import Base

_Id = BigInteger().with_variant(Integer, "sqlite")


class ServedModel(Base):
    """One decision on what is served; the newest counts. Never changed or removed.

    Attributes:
        run_id: None: the models that the program brings along.
        back_to: the generation that a rollback from here leads to; None: there is nothing before.
        action: promote | rollback.
        bundle_hash: names the files that were meant.
    """

    __tablename__ = "served_models"

    generation: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=False)
    run_id: Mapped[str | None] = mapped_column(String(64))
    back_to: Mapped[int | None] = mapped_column(_Id)
    action: Mapped[str] = mapped_column(String(16))
    bundle_hash: Mapped[str | None] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    forced: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ServingWorker(Base):
    """One serving process and the generation that it answers with.

    Attributes: trouble: why it has not followed.
    """

    __tablename__ = "serving_workers"

    worker: Mapped[str] = mapped_column(String(64), primary_key=True)
    generation: Mapped[int] = mapped_column(_Id)
    trouble: Mapped[str | None] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
