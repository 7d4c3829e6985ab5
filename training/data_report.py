"""`wenzheng data report`: what there is to learn from, how balanced it is, what contradicts itself, what looks wrong.

python -m training.data_report [--json]
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from answering.preparation import prepare_encoder
from database.engine import Database
from database.migrate import migrate
from errors import WenzhengError
from retrieval.encoder import Encoder, OnnxEncoder
from settings import Settings, load_settings
from training.derived import frozen_hashes
from training.nlu import project_examples
from training.rows import ENTRY, INTENT, NOT_ENTRY, OUT_OF_SCOPE, SOURCES, Dataset, assemble
from training.sources import Entries, read_entries, read_rows
from training.suspects import suspects_in

MOST_SHOWN = 20
SOURCE_NAMES = {
    "similar_question": "相似问法", "agent_choice": "坐席选用的建议", "agent_wrong": "坐席标为不对的建议", "label": "人工标注",
    "rating_up": "好评", "rating_down": "差评", "correction": "用户更正", "clarification": "追问后选定",
}  # fmt: skip
KIND_NAMES = {ENTRY: "由条目回答", NOT_ENTRY: "不由条目回答", INTENT: "意图", OUT_OF_SCOPE: "不在范围"}


def report(settings: Settings, encoder: Encoder | None = None) -> dict[str, Any]:
    """Everything that the command shows, as plain values."""
    database = Database(settings.database_url)
    try:
        migrate(database)
        entries = read_entries(database)
        dataset = assemble(read_rows(database, entries))
    finally:
        database.dispose()
    suspects = suspects_in(dataset.train, encoder or OnnxEncoder(prepare_encoder(settings)), project_examples())
    return {
        "rows": len(dataset.rows), "train": len(dataset.train), "test": len(dataset.test), "leaks": len(dataset.leaks),
        "sources": _sources(dataset), "balance": _balance(dataset, entries), "frozen": frozen_hashes(dataset),
        "conflicts": [{"text": c.text, "rows": [row.as_json() for row in c.rows]} for c in dataset.conflicts],
        "suspicious": [{"reason": s.reason, "suggestion": s.suggestion, **s.row.as_json()} for s in suspects],
    }  # fmt: skip


def _sources(dataset: Dataset) -> list[dict[str, Any]]:
    rows = Counter((row.source, row.kind, row.part) for row in dataset.rows)
    times = Counter[tuple[str, str]]()
    for row in dataset.rows:
        times[row.source, row.kind] += row.times
    names = sorted({(source, kind) for source, kind, _ in rows}, key=lambda pair: (SOURCES.index(pair[0]), pair[1]))
    return [
        {
            "source": source, "kind": kind, "train": rows[source, kind, "train"], "test": rows[source, kind, "test"],
            "found": times[source, kind],
        }
        for source, kind in names
    ]  # fmt: skip


def _balance(dataset: Dataset, entries: Entries) -> dict[str, Any]:
    asked = Counter(row.label for row in dataset.rows if row.kind == ENTRY)
    intents = Counter(row.label or OUT_OF_SCOPE for row in dataset.rows if row.kind in (INTENT, OUT_OF_SCOPE))
    total = sum(asked.values())
    top = sorted(asked.items(), key=lambda item: (-item[1], item[0]))[:10]
    return {
        "entries": len(entries.contents), "entries_with_questions": len(asked),
        "largest": [{"entry": label, "rows": count} for label, count in top],
        "share_of_ten_largest": round(sum(count for _, count in top) / total, 3) if total else None,
        "intents": dict(sorted(intents.items())),
    }  # fmt: skip


def show(found: dict[str, Any], console: Console) -> None:
    console.print(
        f"可用 {found['rows']} 条：训练 {found['train']}，测试 {found['test']}（训练从不读取）；另有 {found['leaks']} 条因文字出现在测试部分而不用于训练。"
    )
    _table(console, "来源", ("来源", "内容", "训练", "测试", "原有条数"), [
        (SOURCE_NAMES[r["source"]], KIND_NAMES[r["kind"]], r["train"], r["test"], r["found"]) for r in found["sources"]
    ])  # fmt: skip
    balance = found["balance"]
    share = balance["share_of_ten_largest"]
    tail = f"；问得最多的 10 条占 {share:.0%}" if share is not None else ""
    console.print(f"{balance['entries']} 个已发布条目中 {balance['entries_with_questions']} 个有问题可学{tail}。")
    if balance["intents"]:
        _table(console, "意图标注", ("意图", "条数"), list(balance["intents"].items()))
    for name, about in found["frozen"].items():
        console.print(f"测试部分 {name}：{about['rows']} 条，sha256 {about['sha256']}", markup=False)
    _table(console, f"同一句话有互相矛盾的标注：{len(found['conflicts'])} 处，训练都不采用，请人工定夺", ("文字", "标注"), [
        (c["text"], "；".join(f"{KIND_NAMES[r['kind']]} {r['label']}（{SOURCE_NAMES[r['source']]} {r['origin']}）" for r in c["rows"]))
        for c in found["conflicts"][:MOST_SHOWN]
    ])  # fmt: skip
    _table(console, f"可疑的例子：{len(found['suspicious'])} 条", ("文字", "现标注", "疑点", "出处"), [
        (s["text"], f"{KIND_NAMES[s['kind']]} {s['label']}", s["reason"], s["origin"]) for s in found["suspicious"][:MOST_SHOWN]
    ])  # fmt: skip


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        console.print(title, markup=False)
        return
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(value).replace("[", r"\[") for value in row))
    console.print(table)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        found = report(load_settings())
    except WenzhengError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    if given.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    else:
        show(found, Console(highlight=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
