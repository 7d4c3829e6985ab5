"""Rows as JSON lines, and values fitted to a column of either engine."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary


def encode_row(row: Mapping[Any, Any]) -> bytes:
    """One JSON line; moments as ISO 8601, bytes as base64."""
    return json.dumps({str(key): _plain(value) for key, value in row.items()}, ensure_ascii=False).encode() + b"\n"


def fit(column: Column[Any], value: Any) -> Any:
    """A value read from JSON or from the other engine, as the column wants it."""
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value) if isinstance(value, str) else bytes(value)
    if isinstance(column.type, DateTime):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) if column.type.timezone else moment.astimezone(UTC).replace(tzinfo=None)
    python_type = column.type.python_type
    if python_type is date and isinstance(value, str):
        return date.fromisoformat(value)
    if python_type is Decimal:
        return Decimal(str(value))
    if python_type is bool:
        return bool(value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return str(value) if isinstance(value, Decimal) else value
