"""Letters of citizens brought in for analysis from a JSONL file: subject, text, date, likes. Personal data is masked."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from conversations.clock import CHINA
from conversations.masking import mask_personal_data
from database.columns import utc_now
from database.engine import Database
from insights.errors import LetterFileError
from insights.models import Letter
from knowledge_base.vectors import batches
from staff import audit
from staff.members import Member

BATCH = 200
LONGEST = 4000
MOST_PROBLEMS = 20
_MOMENT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_SUBJECT, _TEXT, _AT, _ID = (
    ("subject", "title", "主题"),
    ("message", "text", "content", "内容"),
    ("asked_at", "date", "time", "日期"),
    ("id", "编号"),
)


@dataclass(frozen=True)
class LetterReport:
    """How many letters were new, and which lines could not be read."""

    collection: str
    read: int
    added: int
    problems: list[str]


def import_letters(database: Database, collection: str, lines: Iterable[str], member: Member) -> LetterReport:
    """Add the letters of a file to a collection; those that are there already stay as they are. Audited.

    Raises:
        LetterFileError: no name, or no line is a letter.
    """
    name = collection.strip()[:100]
    if not name:
        raise LetterFileError("来信没有起名字。", fix="给这批来信起一个名字，例如“2026 年信箱”。")
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    read = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(_row(name, line))
            read += 1
        except (ValueError, TypeError, KeyError) as exc:
            if len(problems) < MOST_PROBLEMS:
                problems.append(f"第 {number} 行：{str(exc)[:100]}")
    if not rows:
        raise LetterFileError(
            "文件里没有读出来信。", fix="每行一个 JSON 对象，含 id、subject、message、asked_at；" + "；".join(problems[:3])
        )
    added = 0
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    for part in batches(rows, BATCH):  # short transactions: no turn waits behind an import
        with database.write() as session:
            result = session.execute(insert(Letter.__table__).on_conflict_do_nothing(), part)  # type: ignore[arg-type]
            added += max(0, result.rowcount)  # type: ignore[attr-defined]
    with database.write() as session:
        detail = {"letters": read, "added": added}
        audit.record(session, member, "letters_import", "letters", name, detail, utc_now())
    return LetterReport(name, read, added, problems)


def _row(collection: str, line: str) -> dict[str, Any]:
    letter = json.loads(line)
    if not isinstance(letter, dict):
        raise ValueError("不是 JSON 对象")
    subject, text = _first(letter, _SUBJECT), _first(letter, _TEXT)
    if not subject and not text:
        raise ValueError("没有主题，也没有内容")
    return {
        "collection": collection, "external_id": (_first(letter, _ID) or _hash_of(line))[:200],
        "subject": mask_personal_data(subject)[:300], "text": mask_personal_data(text)[:LONGEST],
        "asked_at": _moment(_first(letter, _AT)), "likes": max(0, int(letter.get("likes") or 0)),
    }  # fmt: skip


def _hash_of(line: str) -> str:
    """An id for a letter that has none."""
    return hashlib.sha256(line.encode()).hexdigest()[:32]


def _first(letter: dict[str, Any], names: Iterable[str]) -> str:
    return next((str(letter[name]).strip() for name in names if letter.get(name) not in {None, ""}), "")


def _moment(text: str) -> datetime:
    match = _MOMENT.match(text)
    if match is None:
        raise ValueError(f"日期“{text[:30]}”无法识别")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
