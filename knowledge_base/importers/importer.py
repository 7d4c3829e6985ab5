"""Writes mapped rows into the store: idempotent, in short batches, embedding outside the transactions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryStore, publish
from knowledge_base.errors import ContentError, VectorError
from knowledge_base.importers.profiles import Profile
from knowledge_base.importers.readers import SourceFile, read_file
from knowledge_base.importers.report import ImportReport, RowProblem
from knowledge_base.journal import Journal
from knowledge_base.models import Entry
from knowledge_base.vectors import batches
from knowledge_base.workflow import STATE_NAMES, Actor

BATCH = 100  # rows whose passages are embedded together
WRITE_BATCH = 25  # rows a transaction: a turn or a withdrawal waits a fraction of a second at most
KEY_FIELD = "external_id"


@dataclass(frozen=True)
class MappedRow:
    """A row as an entry."""

    number: int
    content: EntryContent
    content_hash: str


@dataclass(frozen=True)
class MappedFile:
    """What the rows of a file say; `repeated` say what an earlier row says."""

    rows: list[MappedRow]
    bad: list[RowProblem]
    repeated: list[int]


@dataclass(frozen=True)
class Step:
    """What to do with a row, or what was done, and the state of the entry that this was decided on."""

    row: MappedRow
    action: Literal["create", "update", "publish", "nothing", "conflict"]
    entry_id: int | None = None
    version: int | None = None
    state: str | None = None
    live_version: int | None = None
    reason: str = ""


class Importer:
    """Imports files into a store.

    Args:
        publish: also publish what is imported.
        strict: import nothing when any row is bad.
        overwrite: rows win over what staff changed since the last import.
        progress: called with (rows done, rows in all).
    """

    def __init__(
        self,
        store: EntryStore,
        *,
        actor: Actor | None = None,
        publish: bool = False,
        strict: bool = False,
        overwrite: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._store = store
        self._actor = actor or Actor("导入", "importer")
        self._publish = publish
        self._strict = strict
        self._overwrite = overwrite
        self._progress = progress

    def run(self, path: Path, profile: Profile) -> ImportReport:
        """Import one file.

        Raises:
            ImportFileError: the file cannot be read at all or does not fit the profile; nothing was imported.
        """
        file = read_file(path)
        profile.check_columns(file)
        mapped = map_rows(file, profile)
        report = ImportReport(rows=len(file.rows), bad=mapped.bad, unchanged=len(mapped.repeated))
        if self._strict and report.bad:
            report.refused = True
            return report
        done = report.rows - len(mapped.rows)
        for batch in batches(mapped.rows, BATCH):
            self._report(self.write(batch, f"导入 {path.name}", report), path.name, report)
            done += len(batch)
            if self._progress:
                self._progress(done, report.rows)
        return report

    def plan(self, rows: Sequence[MappedRow]) -> list[Step]:
        """What `write` would do with each row now."""
        with self._store.database.read() as session:
            return self._plan(session, rows)

    def write(self, rows: Sequence[MappedRow], comment: str, report: ImportReport | None = None) -> list[Step]:
        """Write rows in short transactions; returns what became of each.

        Args:
            report: told how many vectors were made.
        """
        steps = self.plan(rows)
        todo = [step for step in steps if step.action in {"create", "update", "publish"}]
        if self._publish and todo:
            made = self._embed([step.row.content for step in todo])
            if report is not None:
                report.vectors += made
        results = [step for step in steps if step.action in {"nothing", "conflict"}]
        for part in batches(todo, WRITE_BATCH):
            results += self._apply(part, comment)
        return results

    def _report(self, steps: Sequence[Step], name: str, report: ImportReport) -> None:
        for step in steps:
            if step.action == "conflict":
                report.conflicts.append(RowProblem(name, step.row.number, KEY_FIELD, step.reason))
            elif step.action == "nothing":
                report.unchanged += 1
            else:
                report.created += step.action == "create"
                report.updated += step.action == "update"
                report.published += self._publish

    def _embed(self, contents: list[EntryContent]) -> int:
        if self._store.vectors is None:
            raise VectorError("没有可用的编码器，不能发布。", fix="去掉 --publish 先导入草稿，或准备好编码器后重试。")
        return self._store.vectors.ensure(contents)

    def _plan(self, session: Session, rows: Sequence[MappedRow]) -> list[Step]:
        known = self._find(session, rows)
        return [self._step(row, known.get(row.number)) for row in rows]

    def _find(self, session: Session, rows: Sequence[MappedRow]) -> dict[int, Entry]:
        """Row number → its entry: by external id, without one by equal content."""
        ids = [row.content.external_id for row in rows if row.content.external_id]
        named = {entry.external_id: entry for entry in session.scalars(select(Entry).where(Entry.external_id.in_(ids)))}
        hashes = [row.content_hash for row in rows if not row.content.external_id]
        nameless = select(Entry).where(Entry.external_id.is_(None), Entry.content_hash.in_(hashes)).order_by(Entry.id.desc())
        same = {entry.content_hash: entry for entry in session.scalars(nameless)}
        keys = {row.number: row.content.external_id for row in rows}
        found = {row.number: named.get(keys[row.number]) if keys[row.number] else same.get(row.content_hash) for row in rows}
        return {number: entry for number, entry in found.items() if entry is not None}

    def _step(self, row: MappedRow, entry: Entry | None) -> Step:
        if entry is None:
            return Step(row, "create")

        def step(action: Literal["update", "publish", "nothing", "conflict"], reason: str = "") -> Step:
            return Step(row, action, entry.id, entry.version, entry.state, entry.live_version, reason)

        withdrawn = entry.state == "withdrawn"
        if entry.content_hash == row.content_hash:
            waiting = entry.state in {"draft", "in_review"} or (withdrawn and self._overwrite)
            return step("publish" if self._publish and waiting else "nothing")
        if not self._overwrite and (withdrawn or entry.content_hash != entry.import_hash):
            what = "撤下了" if withdrawn else "修改了" if entry.import_hash else "创建了"
            return step(
                "conflict",
                f"{entry.actor}在导入之外{what}条目 {entry.id}（第 {entry.version} 版，{STATE_NAMES[entry.state]}），已跳过；"
                "以文件为准时加 --overwrite",
            )
        return step("update")

    def _apply(self, steps: Sequence[Step], comment: str) -> list[Step]:
        """Write some rows in one transaction; a row whose entry changed since the plan becomes a conflict."""
        results: list[Step] = []
        with self._store.database.write() as session, session.no_autoflush:
            journal = Journal(session, self._actor, one_by_one=False)
            ids = [step.entry_id for step in steps if step.entry_id is not None]
            entries = {entry.id: entry for entry in session.scalars(select(Entry).where(Entry.id.in_(ids)))}
            for step in steps:
                entry = entries.get(step.entry_id or 0)
                if step.action == "create":
                    continue
                if entry is None or (entry.version, entry.state) != (step.version, step.state):
                    results.append(_conflict(step))
                    continue
                self._write(journal, step, entry, comment)
                results.append(step)
            created = [step for step in steps if step.action == "create"]
            taken = self._find(session, [step.row for step in created])
            results += [_conflict(step) for step in created if step.row.number in taken]
            new = [step for step in created if step.row.number not in taken]
            pairs = journal.add_entries([step.row.content for step in new], imported=True)
            for step, (entry, version) in zip(new, pairs, strict=True):
                results.append(replace(step, entry_id=entry.id))
                journal.audit("import_create", entry.id, None, 1, comment)
                if self._publish:
                    publish(journal, entry, version, step.row.content, None, comment)
        return results

    def _write(self, journal: Journal, step: Step, entry: Entry, comment: str) -> None:
        if step.action == "update":
            version = journal.add_version(entry, step.row.content, imported=True)
            journal.audit("import_update", entry.id, step.version, entry.version, comment)
        else:
            version = journal.newest(entry)
        if self._publish:
            publish(journal, entry, version, step.row.content, step.live_version, comment)


def map_rows(file: SourceFile, profile: Profile) -> MappedFile:
    """Rows as entries; of rows with one external id the first counts, of equal rows as well."""
    mapped = MappedFile([], [], [])
    seen: dict[str, MappedRow] = {}
    for source in file.rows:
        try:
            content = profile.content_of(source, file)
        except ContentError as exc:
            mapped.bad.extend(RowProblem(file.path.name, source.number, p.field, p.reason) for p in exc.problems)
            continue
        row = MappedRow(source.number, content, content.content_hash())
        first = seen.setdefault(content.external_id or row.content_hash, row)
        if first is row:
            mapped.rows.append(row)
        elif first.content_hash == row.content_hash:
            mapped.repeated.append(row.number)
        else:
            reason = f"外部编号 {content.external_id} 与第 {first.number} 行重复而内容不同"
            mapped.bad.append(RowProblem(file.path.name, source.number, KEY_FIELD, reason))
    return mapped


def _conflict(step: Step) -> Step:
    return Step(step.row, "conflict", reason="导入进行时另有人修改了这个条目，已跳过；再导入一次即可")
