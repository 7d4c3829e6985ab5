"""Uploaded tables on their way into the knowledge base: read and preview, choose, write in short batches, report.

What a row would do and what became of it stands in the database, so that a restart loses nothing: a job that nobody works on any
more is reported as aborted, and going on with it writes the rest.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import func, select, update

from database.columns import utc_now
from errors import WenzhengError
from knowledge_base.comparing import changes_between, field_label
from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryStore
from knowledge_base.errors import ImportFileError, ImportStateError, NotAllowedError, UnknownImportError
from knowledge_base.importers.importer import Importer, MappedRow, Step, map_rows
from knowledge_base.importers.jobs import STATE_NAMES, Choice, FollowUp, JobView, RowView
from knowledge_base.importers.profiles import load_profile, stated_fields
from knowledge_base.importers.readers import SUFFIXES, SourceFile, read_file
from knowledge_base.models import ImportJob, ImportRow
from knowledge_base.uploads import check_upload
from knowledge_base.vectors import batches
from knowledge_base.workflow import Actor
from staff import audit
from staff.members import Member

MAX_ROWS = 20_000
READ_BATCH = 200
WRITE_BATCH = 25
SILENT = timedelta(seconds=120)  # after which nobody works on a job any more
PROFILES = ("entry", "gd_service_items", "citizen_letters")
STATUS_OF = {"create": "new", "update": "changed", "publish": "unchanged", "nothing": "unchanged", "conflict": "conflict"}

# rows as (number, content, the entry that it would change) → what each repeats or contradicts, as JSON
LookOut = Callable[[Sequence[tuple[int, EntryContent, int | None]]], list[list[dict[str, Any]]]]

log = structlog.get_logger(__name__)


class ImportDesk:
    """Thread-safe. Reading and writing happen in one thread of its own, one job after the other.

    Args:
        folder: where an upload lies while it is read.
        changed: called after rows went live.
        look_out: makes, for one table, what finds the entries and earlier rows that its rows repeat or contradict.
    """

    def __init__(
        self, store: EntryStore, folder: Path, changed: Callable[[], object] = lambda: None,
        look_out: Callable[[], LookOut] = lambda: lambda rows: [[] for _ in rows],
    ) -> None:  # fmt: skip
        self._store, self._folder, self._changed, self._look_out = store, folder, changed, look_out
        self._worker: ThreadPoolExecutor | None = None
        self._starting = threading.Lock()
        self._stop = threading.Event()

    # -- what people do

    def upload(self, name: str, data: bytes, profile: str, actor: Actor) -> int:
        """Take a table in; returns the job's number. Reading goes on in the background.

        Raises:
            UploadError, ImportFileError, ProfileError: it is refused at once.
        """
        name = Path(name.replace("\\", "/")).name[-200:] or "table"
        suffix = Path(name).suffix.lower()
        if suffix not in SUFFIXES:
            raise ImportFileError(f"不支持“{name}”的格式。", fix="请上传 .xlsx、.csv 或 .jsonl；旧的 .xls 请先另存为 .xlsx。")
        check_upload(name, data)
        load_profile(profile)
        with self._store.database.write() as session:
            now = utc_now()
            job = ImportJob(
                file_name=name, profile=profile, state="reading", actor=actor.name, actor_role=actor.role, columns=[],
                follow_up="draft", created_at=now, updated_at=now, done=0, total=0, problem="",
            )  # fmt: skip
            session.add(job)
            session.flush()
            number = job.id
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"upload-{number}{suffix}"
        path.write_bytes(data)
        self._submit(self._read, number, path, name, profile)
        return number

    def choose(self, number: int, choices: Mapping[int, Choice | None]) -> None:
        """Overwrite or skip single rows, before the import begins."""
        self._job(number, {"ready", "aborted"})
        with self._store.database.write() as session:
            for row, choice in choices.items():
                session.execute(
                    update(ImportRow).where(ImportRow.import_id == number, ImportRow.number == row).values(choice=choice)
                )

    def commit(
        self,
        number: int,
        actor: Actor,
        *,
        changed: Choice = "overwrite",
        conflicts: Choice = "skip",
        follow_up: FollowUp = "draft",
    ) -> None:
        """Write what was previewed, in the background; going on with an aborted job writes the rest.

        Args:
            changed, conflicts: for rows that nobody decided on.
            follow_up: leave what was written as draft, submit it for review, or (administrators) publish it.

        Raises:
            ImportStateError: it is not ready. NotAllowedError: only administrators publish without a second person.
        """
        if follow_up == "publish" and actor.role != "admin":
            raise NotAllowedError("只有管理员可以导入后直接发布。", fix="改为导入后提交审核，由另一位同事发布。")
        self._job(number, {"ready", "aborted"})
        with self._store.database.write() as session:
            undecided = update(ImportRow).where(ImportRow.import_id == number, ImportRow.choice.is_(None))
            for status, choice in (("new", "overwrite"), ("changed", changed), ("conflict", conflicts)):
                session.execute(undecided.where(ImportRow.status == status).values(choice=choice))
            started = session.execute(
                update(ImportJob).where(ImportJob.id == number, ImportJob.state.in_(["ready", "aborted"]))
                .values(state="importing", follow_up=follow_up, problem="", updated_at=utc_now())
            )  # fmt: skip
            if not started.rowcount:  # type: ignore[attr-defined]
                raise ImportStateError("这次导入已经开始。", fix="等它完成，进度见导入列表。")
            job = session.get_one(ImportJob, number)
            detail = {"title": job.file_name, "follow_up": follow_up}
            audit.record(
                session, Member(actor.name, actor.name, actor.role), "import.commit", "import", number, detail, utc_now()
            )
        self._submit(self._write, number, actor, follow_up)

    def cancel(self, number: int) -> None:
        """Give an import up before it begins."""
        self._job(number, {"ready", "aborted"})
        self._set(number, state="cancelled")

    # -- what people see

    def listed(self, limit: int = 50) -> list[JobView]:
        with self._store.database.read() as session:
            numbers = list(session.scalars(select(ImportJob.id).order_by(ImportJob.id.desc()).limit(limit)))
        return [self.job(number) for number in numbers]

    def job(self, number: int) -> JobView:
        """Raises: UnknownImportError."""
        with self._store.database.read() as session:
            job = session.get(ImportJob, number)
            if job is None:
                raise UnknownImportError(number)
            counts = self._count(session, number, ImportRow.status)
            outcomes = self._count(session, number, ImportRow.outcome)
            near = select(func.count()).select_from(ImportRow).where(ImportRow.import_id == number, ImportRow.has_near)
            doubles = session.scalar(near) or 0
        if job.state in {"reading", "importing"} and utc_now() - job.updated_at > SILENT:
            problem = (
                "程序在读取途中停止，请重新上传。" if job.state == "reading" else "程序在导入途中停止，可以继续导入剩下的行。"
            )
            self._set(number, state="failed" if job.state == "reading" else "aborted", problem=problem)
            return self.job(number)
        return JobView(
            job.id, job.file_name, job.profile, job.state, job.actor, job.done, job.total, job.problem, job.follow_up,
            job.created_at, counts, outcomes, doubles,
        )  # fmt: skip

    def rows(
        self, number: int, status: str | None = None, offset: int = 0, limit: int = 100, *, near: bool = False
    ) -> list[RowView]:
        """Args: near: only rows that repeat or contradict something."""
        query = select(ImportRow).where(ImportRow.import_id == number).order_by(ImportRow.number).offset(offset).limit(limit)
        if status is not None:
            query = query.where(ImportRow.status == status)
        if near:
            query = query.where(ImportRow.has_near)
        with self._store.database.read() as session:
            return [
                RowView(r.number, r.status, r.title, r.entry_id, r.problems, r.changes, r.choice, r.outcome, r.near or [])
                for r in session.scalars(query)
            ]

    def table(self, number: int) -> tuple[list[str], list[tuple[ImportRow, dict[str, Any]]]]:
        """The file's columns, and every row with what was in them, for the report."""
        with self._store.database.read() as session:
            job = session.get(ImportJob, number)
            if job is None:
                raise UnknownImportError(number)
            rows = session.scalars(select(ImportRow).where(ImportRow.import_id == number).order_by(ImportRow.number))
            return list(job.columns), [(row, row.given) for row in rows]

    def stop(self) -> None:
        """Stop after the batch at work; the job is then reported as aborted."""
        self._stop.set()
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)

    # -- in the background

    def _read(self, number: int, path: Path, name: str, profile_name: str) -> None:
        try:
            file = read_file(path)
            file = SourceFile(path.with_name(name), file.columns, file.rows)
            if len(file.rows) > MAX_ROWS:
                raise ImportFileError(f"共 {len(file.rows)} 行，超过一次导入的上限 {MAX_ROWS} 行。", fix="拆成几个文件分别导入。")
            profile = load_profile(profile_name)
            profile.check_columns(file)
            columns = list(file.columns or dict.fromkeys(key for row in file.rows for key in row.values))
            self._set(number, total=len(file.rows), columns=columns)
            mapped = map_rows(file, profile)
            stated = stated_fields(file.columns, profile) if file.columns and profile.generic else None
        finally:
            path.unlink(missing_ok=True)
        given = {row.number: {key: _cell(value) for key, value in row.values.items()} for row in file.rows}
        problems: dict[int, list[dict[str, str]]] = {}
        for bad in mapped.bad:
            problems.setdefault(bad.row, []).append({"field": bad.field, "label": _label(bad.field), "reason": bad.reason})
        ready = [ImportRow(**_row(number, n, "error", given[n]), problems=reasons) for n, reasons in problems.items()]
        ready += [
            ImportRow(
                **_row(number, n, "unchanged", given[n]), problems=[{"field": "", "label": "", "reason": "与前面的一行相同"}]
            )
            for n in mapped.repeated
        ]
        self._add(number, ready)
        look = self._look_out()
        for part in batches(mapped.rows, READ_BATCH):
            self._add(number, self._previewed(number, part, given, stated, look))
        self._set(number, state="ready")

    def _previewed(
        self, number: int, rows: Sequence[MappedRow], given: Mapping[int, dict[str, Any]], stated: Collection[str] | None,
        look: LookOut,
    ) -> list[ImportRow]:  # fmt: skip
        importer = Importer(self._store)
        steps = importer.plan(rows)
        if stated is not None:  # a table of a few columns does not empty the other fields
            entries = self._store.newest([step.entry_id for step in steps if step.entry_id is not None])
            pairs = ((step.row, entries.get(step.entry_id or 0)) for step in steps)
            steps = importer.plan([_completed(row, record.content, stated) if record else row for row, record in pairs])
        known = self._store.newest([step.entry_id for step in steps if step.entry_id is not None])
        found = []
        for step in steps:
            record = known.get(step.entry_id or 0)
            changes = [asdict(c) for c in changes_between(record.content, step.row.content)] if record else []
            reason = step.reason.removesuffix("，已跳过；以文件为准时加 --overwrite")
            found.append(
                ImportRow(
                    **_row(number, step.row.number, STATUS_OF[step.action], given[step.row.number]),
                    problems=[{"field": "", "label": "", "reason": reason}] if reason else [],
                )
            )
            found[-1].title, found[-1].entry_id = step.row.content.title, step.entry_id
            found[-1].content, found[-1].changes = step.row.content.to_json(), changes
        told = {s.row.number: (s.row.number, s.row.content, s.entry_id) for s in steps}
        rows_to_write = [row for row in found if row.status != "unchanged"]
        for row, near in zip(rows_to_write, look([told[row.number] for row in rows_to_write]), strict=True):
            row.near, row.has_near = near, bool(near)
        return found

    def _write(self, number: int, actor: Actor, follow_up: FollowUp) -> None:
        self._set(number, done=0, total=self._todo(number))
        done = 0
        for overwrite in (False, True):
            importer = Importer(self._store, actor=actor, publish=follow_up == "publish", overwrite=overwrite)
            while rows := self._next(number, overwrite):
                if self._stop.is_set():
                    self._set(number, state="aborted", problem="程序停止，可以继续导入剩下的行。")
                    return
                mapped = [MappedRow(n, content, content.content_hash()) for n, content in rows]
                steps = importer.write(mapped, f"导入 {self.job(number).file_name}")
                for step in steps:
                    if follow_up == "submit" and step.action in {"create", "update"} and step.entry_id is not None:
                        self._store.submit(step.entry_id, actor, "随导入提交")
                self._settle(number, steps)
                done += len(rows)
                self._set(number, done=done)
                if follow_up == "publish":
                    self._changed()
        with self._store.database.write() as session:
            rest = update(ImportRow).where(ImportRow.import_id == number, ImportRow.outcome.is_(None))
            session.execute(rest.where(ImportRow.status == "error").values(outcome="failed"))
            session.execute(rest.where(ImportRow.status != "error").values(outcome="skipped"))
        self._set(number, state="done")

    def _next(self, number: int, overwrite: bool) -> list[tuple[int, EntryContent]]:
        query = select(ImportRow.number, ImportRow.content).where(*self._chosen(number, overwrite)).order_by(ImportRow.number)
        with self._store.database.read() as session:
            rows = list(session.execute(query.limit(WRITE_BATCH)).tuples())
        return [(n, EntryContent.model_validate_json(content)) for n, content in rows if content]

    def _todo(self, number: int) -> int:
        query = select(func.count()).select_from(ImportRow)
        with self._store.database.read() as session:
            return sum(session.scalar(query.where(*self._chosen(number, overwrite))) or 0 for overwrite in (False, True))

    @staticmethod
    def _chosen(number: int, overwrite: bool) -> list[Any]:
        """Rows still to be written: those that win over what staff changed, or the others."""
        statuses = ["conflict"] if overwrite else ["new", "changed"]
        return [
            ImportRow.import_id == number, ImportRow.outcome.is_(None), ImportRow.choice == "overwrite",
            ImportRow.status.in_(statuses), ImportRow.content.is_not(None),
        ]  # fmt: skip

    def _settle(self, number: int, steps: Sequence[Step]) -> None:
        outcomes = {"create": "created", "update": "updated", "publish": "updated", "nothing": "skipped", "conflict": "failed"}
        with self._store.database.write() as session:
            for step in steps:
                row = session.get_one(ImportRow, (number, step.row.number))
                row.outcome, row.entry_id = outcomes[step.action], step.entry_id or row.entry_id
                if step.action == "conflict":
                    row.problems = [{"field": "", "label": "", "reason": step.reason}]

    def _add(self, number: int, rows: list[ImportRow]) -> None:
        with self._store.database.write() as session:
            session.add_all(rows)
            job = session.get_one(ImportJob, number)
            job.done, job.updated_at = job.done + len(rows), utc_now()

    def _submit(self, work: Callable[..., None], number: int, *args: Any) -> None:
        with self._starting:
            if self._worker is None:
                self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="imports")
        self._worker.submit(self._guarded, work, number, *args)

    def _guarded(self, work: Callable[..., None], number: int, *args: Any) -> None:
        try:
            work(number, *args)
        except WenzhengError as exc:
            self._fail(number, f"{exc.problem}{exc.fix}")
        except Exception:  # the outer edge of this thread
            log.exception("import.crashed", number=number)
            self._fail(number, "导入出错，请联系管理员查看日志；可以继续导入剩下的行。")

    def _fail(self, number: int, problem: str) -> None:
        reading = self.job(number).state == "reading"
        self._set(number, state="failed" if reading else "aborted", problem=problem)

    def _set(self, number: int, **values: Any) -> None:
        with self._store.database.write() as session:
            session.execute(update(ImportJob).where(ImportJob.id == number).values(**values, updated_at=utc_now()))

    def _job(self, number: int, states: set[str]) -> JobView:
        job = self.job(number)
        if job.profile not in PROFILES:
            raise UnknownImportError(number)
        if job.state not in states:
            raise ImportStateError(f"这次导入现在是“{STATE_NAMES[job.state]}”。", fix="只有待确认或已中断的导入可以这样做。")
        return job

    @staticmethod
    def _count(session: Any, number: int, column: Any) -> dict[str, int]:
        query = select(column, func.count()).where(ImportRow.import_id == number, column.is_not(None)).group_by(column)
        return {str(name): count for name, count in session.execute(query)}


def _completed(row: MappedRow, entry: EntryContent, stated: Collection[str]) -> MappedRow:
    """The row with what the entry says in fields that the table has no columns for."""
    given, known = row.content.to_dict(), entry.to_dict()
    for field in ("facets", "source"):
        kept = {name: value for name, value in known.get(field, {}).items() if f"{field}.{name}" not in stated}
        if kept or given.get(field):
            given[field] = {**kept, **given.get(field, {})}
    for field, value in known.items():
        if field not in {"facets", "source"} and field not in stated:
            given[field] = value
    content = EntryContent.model_validate(given)
    return MappedRow(row.number, content, content.content_hash())


def _row(number: int, row: int, status: str, given: dict[str, Any]) -> dict[str, Any]:
    title = next(
        (str(given[name])[:300] for name in ("标题", "标准问题", "问题", "title", "subject", "TASK_NAME") if given.get(name)), ""
    )
    return {"import_id": number, "number": row, "status": status, "given": given, "changes": [], "title": title}


def _label(field: str) -> str:
    plain = field.split("（")[0]
    return field if plain.startswith("(") else f"{field_label(plain)}" + (f"（{field.split('（', 1)[1]}" if "（" in field else "")


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
