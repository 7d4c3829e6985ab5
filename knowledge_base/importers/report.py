"""What an import did, row by row where something needs a person."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RowProblem:
    """A row that was not imported."""

    file: str
    row: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.row} 行，{self.field}：{self.reason}"


@dataclass
class ImportReport:
    """Counts of rows; `published` counts what went live; `vectors` what had to be embedded."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    published: int = 0
    vectors: int = 0
    bad: list[RowProblem] = field(default_factory=list)
    conflicts: list[RowProblem] = field(default_factory=list)
    refused: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.created or self.updated or self.published)

    def summary(self) -> str:
        """One Chinese sentence."""
        if self.refused:
            return f"严格模式：{len(self.bad_rows)} 行有误，没有导入任何内容。"
        return (
            f"共 {self.rows} 行：新增 {self.created}，更新 {self.updated}，未变 {self.unchanged}，发布 {self.published}，"
            f"冲突 {len(self.conflicts)}，有误 {len(self.bad_rows)}。"
        )

    @property
    def bad_rows(self) -> set[int]:
        return {problem.row for problem in self.bad}
