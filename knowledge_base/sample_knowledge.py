"""The sample knowledge that comes with the project: load it into an empty knowledge base, take it out again."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import ColumnElement, delete, exists, func, select

from knowledge_base.entries import EntryStore
from knowledge_base.errors import SampleError
from knowledge_base.importers.importer import Importer
from knowledge_base.importers.profiles import load_profile
from knowledge_base.importers.report import ImportReport
from knowledge_base.journal import SAMPLE_ATTRIBUTE, Journal
from knowledge_base.models import AuditRecord, Entry, EntryVersion
from knowledge_base.vectors import batches
from knowledge_base.workflow import Actor

FOLDER = Path(__file__).resolve().parent / "sample"
ACTOR = Actor("示例知识", "importer")
REMOVED = "sample_remove"
_BATCH = 100


def load_sample(
    store: EntryStore, progress: Callable[[int, int], None] | None = None, folder: Path = FOLDER
) -> list[ImportReport]:
    """Import and publish the sample files; continues where an interrupted load stopped.

    Raises:
        SampleError: the knowledge base holds entries of its own, or a sample file is faulty.
    """
    if _any(store, Entry.is_sample.is_(False)):
        raise SampleError(
            "知识库里已有自己的条目，没有载入示例知识。", fix="示例知识只载入空的知识库；可换一个空的数据目录试用。"
        )
    files = sorted(folder.glob("*.jsonl"))
    total = sum(file.read_bytes().count(b"\n") for file in files)
    profile, reports, done = load_profile("entry").tagged(SAMPLE_ATTRIBUTE, "yes"), [], 0
    for file in files:

        def report_rows(rows: int, _of: int, before: int = done) -> None:
            if progress:
                progress(before + rows, total)

        report = Importer(store, actor=ACTOR, publish=True, strict=True, progress=report_rows).run(file, profile)
        if report.bad:
            raise SampleError(f"示例知识有误：{report.bad[0]}。", fix="重新取得完整的程序文件。")
        reports.append(report)
        done += report.rows
    return reports


def wants_sample(store: EntryStore) -> bool:
    """Whether a first start should load the sample: nothing but sample entries, and nobody has removed them."""
    with store.database.read() as session:
        removed = session.scalar(select(exists().where(AuditRecord.action == REMOVED)))
    return not removed and not _any(store, Entry.is_sample.is_(False))


def remove_sample(store: EntryStore, actor: Actor, progress: Callable[[int, int], None] | None = None) -> int:
    """Delete every sample entry with its versions; followers see it go, the audit trail keeps what it was."""
    with store.database.read() as session:
        ids = list(session.scalars(select(Entry.id).where(Entry.is_sample).order_by(Entry.id)))
    done = 0
    for part in batches(ids, _BATCH):
        with store.database.write() as session:
            journal = Journal(session, actor)
            for entry in session.scalars(select(Entry).where(Entry.id.in_(part), Entry.is_sample)):
                before = entry.live_version
                if before is not None:
                    journal.take_down(entry)
                journal.audit(REMOVED, entry.id, before, None, f"{entry.external_id or ''} {entry.title}".strip())
            session.flush()
            session.execute(delete(EntryVersion).where(EntryVersion.entry_id.in_(part)))
            session.execute(delete(Entry).where(Entry.id.in_(part)))
        done += len(part)
        if progress:
            progress(done, len(ids))
    return done


def _any(store: EntryStore, condition: ColumnElement[bool]) -> bool:
    with store.database.read() as session:
        return bool(session.scalar(select(func.count()).select_from(Entry).where(condition)))
