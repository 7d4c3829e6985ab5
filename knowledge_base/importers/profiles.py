"""Profiles: declarative mapping files that say which column becomes which field of an entry."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from knowledge_base.content import EntryContent, merge_content, parse_content
from knowledge_base.errors import ContentError, FieldProblem, ImportFileError, ProfileError
from knowledge_base.importers.readers import SourceFile, SourceRow
from knowledge_base.importers.rules import Rule, Value, apply_rule
from knowledge_base.tabular import ATTRIBUTES, COLUMNS, LISTS, unflatten, unguard_formula, unknown_columns

PROFILES = Path(__file__).resolve().parent.parent / "profiles"


class Profile(BaseModel):
    """A mapping file.

    `generic: true` means that rows have the entry format already, nested (JSONL) or in dotted columns; `aliases` are further
    names of its columns and `kinds` of the kinds; `attributes` are added to every entry. Otherwise `fields` has one rule a field, applied in their order; a field
    whose name begins with `_` is only for the sentences of later ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    generic: bool = False
    aliases: dict[str, str] = Field(default_factory=dict)
    kinds: dict[str, str] = Field(default_factory=dict)
    fields: dict[str, Rule] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)

    @field_validator("fields", mode="before")
    @classmethod
    def _short_rules(cls, value: Any) -> Any:
        return {name: {"from": rule} if isinstance(rule, str | list) else rule for name, rule in (value or {}).items()}

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, value: dict[str, Rule]) -> dict[str, Rule]:
        unknown = unknown_columns(name for name in value if not name.startswith("_"))
        if unknown:
            raise ValueError(f"条目没有这些字段：{'、'.join(unknown)}")
        return value

    def tagged(self, attribute: str, value: str) -> "Profile":
        """The same profile, adding one more attribute to every entry."""
        return self.model_copy(update={"attributes": {**self.attributes, attribute: value}})

    def check_columns(self, file: SourceFile) -> None:
        """Refuse a table that cannot be meant for this profile.

        Raises:
            ImportFileError: names the columns.
        """
        if file.columns is None:
            return
        if self.generic:
            unknown = unknown_columns(self.aliases.get(name, name) for name in file.columns)
            if unknown:
                raise ImportFileError(
                    f"{file.path.name} 有不认识的列：{'、'.join(unknown)}。",
                    fix=f"改为这些列名之一：{'、'.join(COLUMNS)}、{ATTRIBUTES}名称；或为这种表格写一个映射文件。",
                )
            return
        used = {column for rule in self.fields.values() for column in rule.columns}
        missing = used - set(file.columns)
        if len(missing) * 2 > len(used):
            raise ImportFileError(
                f"{file.path.name} 没有 {'、'.join(sorted(missing))} 列，与映射 {self.name} 不符。",
                fix="核对 --profile 与文件是否对应，第一行是否为列名。",
            )

    def content_of(self, row: SourceRow, file: SourceFile) -> EntryContent:
        """The entry that a row describes.

        Raises:
            ContentError: names every wrong field, with the column it comes from.
        """
        if row.problem:
            raise ContentError([row.problem])
        if self.generic:
            content = parse_content(self._generic(row, file))
            return merge_content(content, {"attributes": self.attributes}) if self.attributes else content
        fields: dict[str, Value] = {}
        for name, rule in self.fields.items():
            fields[name] = apply_rule(rule, row.values, fields)
        stated = {name: value for name, value in fields.items() if value is not None and not name.startswith("_")}
        try:
            return parse_content(unflatten_fields(stated))
        except ContentError as exc:
            raise ContentError([self._with_column(problem) for problem in exc.problems]) from exc

    def _generic(self, row: SourceRow, file: SourceFile) -> dict[str, Any]:
        data = {self.aliases.get(name, name): value for name, value in row.values.items()}
        if file.is_csv:
            data = {name: unguard_formula(value) for name, value in data.items()}
        if file.columns is not None:
            data = unflatten(data)
        kind = data.get("kind")
        return {**data, "kind": self.kinds.get(kind, kind)} if isinstance(kind, str) else data

    def _with_column(self, problem: FieldProblem) -> FieldProblem:
        rule = self.fields.get(problem.field)
        return FieldProblem(f"{problem.field}（{'、'.join(rule.columns)}）", problem.reason) if rule and rule.columns else problem


def unflatten_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Dotted names to nested fields; one text for a list field is a list of one."""
    data: dict[str, Any] = {}
    for name, value in fields.items():
        head, _, rest = name.partition(".")
        if rest:
            data.setdefault(head, {})[rest] = value
        else:
            data[head] = [value] if head in LISTS and isinstance(value, str) else value
    return data


def load_profile(name: str, folder: Path = PROFILES) -> Profile:
    """A profile by its name, or from a mapping file of one's own by its path.

    Raises:
        ProfileError: missing or malformed; the message names the known ones.
    """
    own = Path(name)
    path = own if own.suffix in {".yml", ".yaml"} else folder / f"{name}.yml"
    if not path.is_file() or (path.parent == folder and not re.fullmatch(r"[\w-]+", path.stem)):
        known = "、".join(sorted(file.stem for file in folder.glob("*.yml")))
        raise ProfileError(f"没有名为 {name} 的映射。", fix=f"用 --profile 指定其中之一：{known}；或给出自己的 .yml 映射文件。")
    try:
        return Profile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError, re.error, AttributeError) as exc:
        raise ProfileError(f"映射文件 {path} 有误：{exc}", fix="按 docs/knowledge.md 的“映射文件”一节改正。") from exc


def chinese_columns() -> dict[str, str]:
    """Field → what staff call its column: its first alias in the entry profile."""
    names: dict[str, str] = {}
    for alias, field in load_profile("entry").aliases.items():
        names.setdefault(field, alias)
    return names


def stated_fields(columns: Iterable[str], profile: Profile) -> set[str]:
    """The fields that a table in the entry format has columns for; `attributes` when it has any attribute."""
    fields = {profile.aliases.get(name, name) for name in columns}
    return fields | ({ATTRIBUTES.rstrip(".")} if any(field.startswith(ATTRIBUTES) for field in fields) else set())
