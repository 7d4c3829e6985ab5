"""Uploaded documents, kept while a person chooses what becomes an entry; they stand beside the imports of tables."""

import json
from dataclasses import asdict

from database.columns import utc_now
from knowledge_base.entries import EntryStore
from knowledge_base.errors import UnknownImportError
from knowledge_base.models import ImportJob, ImportRow
from knowledge_base.notices.drafting import Notice
from knowledge_base.notices.reading import Block, NoticeText, read_notice
from knowledge_base.workflow import Actor

PROFILE = "notice"


class NoticeShelf:
    """Thread-safe."""

    def __init__(self, store: EntryStore) -> None:
        self._store = store

    def keep(self, name: str, data: bytes, actor: Actor) -> int:
        """Read a file and keep its text; returns its number among the imports.

        Raises:
            UploadError, NoticeError
        """
        source = read_notice(name, data)
        text = json.dumps(
            {"title": source.declared_title, "blocks": [asdict(block) for block in source.blocks]}, ensure_ascii=False
        )
        with self._store.database.write() as session:
            now = utc_now()
            job = ImportJob(
                file_name=source.name, profile=PROFILE, state="ready", actor=actor.name, actor_role=actor.role, columns=[],
                follow_up="draft", created_at=now, updated_at=now, done=0, total=0, problem="",
            )  # fmt: skip
            session.add(job)
            session.flush()
            session.add(
                ImportRow(
                    import_id=job.id, number=0, status="text", title=source.name, problems=[], given={}, changes=[], content=text
                )
            )
            return job.id

    def read(self, number: int) -> Notice:
        """Raises: UnknownImportError."""
        with self._store.database.read() as session:
            job = session.get(ImportJob, number)
            row = session.get(ImportRow, (number, 0)) if job is not None and job.profile == PROFILE else None
            if job is None or row is None or row.content is None:
                raise UnknownImportError(number)
            kept = json.loads(row.content)
        blocks = tuple(Block(b["text"], b["heading"], tuple(b["cells"])) for b in kept["blocks"])
        return Notice(NoticeText(job.file_name, blocks, kept["title"]))

    def drafted(self, number: int, made: int) -> None:
        """Note that drafts were made of it.

        Raises:
            UnknownImportError
        """
        with self._store.database.write() as session:
            job = session.get(ImportJob, number)
            if job is None or job.profile != PROFILE:
                raise UnknownImportError(number)
            job.state, job.done, job.total, job.updated_at = "done", job.done + made, job.total + made, utc_now()
