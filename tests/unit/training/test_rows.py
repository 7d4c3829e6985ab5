"""What may be learned from: masked, once each, undisputed, and never what is asked in tests."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from training.derived import FROZEN_QUESTIONS, derived_files
from training.rows import ENTRY, INTENT, NOT_ENTRY, OUT_OF_SCOPE, TEST, TRAIN, Row, assemble, part_of

TEXTS = st.sampled_from(
    ["公积金怎么提取", "公积金怎么提取？", "开公司要什么材料", "ＡＢ证怎么办", "ab证怎么办", "残疾证", "电话13800138000"]
)
ROWS = st.lists(
    st.builds(
        Row, TEXTS, st.just(ENTRY), st.sampled_from(["A", "B"]), st.sampled_from(["label", "rating_up", "agent_choice"]),
        st.integers(1, 9).map(lambda n: f"t:{n}"), st.integers(1, 40).map(lambda n: f"conversation-{n}"),
    ),
    max_size=40,
)  # fmt: skip


def row(text: str, label: str = "A", kind: str = ENTRY, source: str = "label", group: str = "c1") -> Row:
    return Row(text, kind, label, source, "question_labels:1", group)


def group_in(part: str) -> str:
    return next(f"c{n}" for n in range(99) if part_of(f"c{n}") == part)


@given(ROWS, ROWS)
def test_what_is_added_moves_nothing_to_the_other_part(first: list[Row], more: list[Row]) -> None:
    parts = {r.group: r.part for r in first}
    assert all(parts.get(r.group, r.part) == r.part for r in assemble([*first, *more]).rows)
    undisputed = {c.rows[0].key for c in assemble([*first, *more]).conflicts}
    before = {r.key for r in assemble(first).test if r.key not in undisputed}
    assert before <= {r.key for r in assemble([*first, *more]).test}


@given(ROWS)
def test_training_never_holds_a_text_of_the_test_part(rows: list[Row]) -> None:
    dataset = assemble(rows)
    assert not {r.key for r in dataset.train} & {r.key for r in dataset.test}


@given(ROWS)
def test_a_text_with_a_label_comes_once_and_counts_its_sources(rows: list[Row]) -> None:
    dataset = assemble(rows)
    kept = [(r.key, r.label) for r in (*dataset.train, *dataset.test)]
    assert len(kept) == len(set(kept)) or dataset.leaks == ()
    everything = sum(r.times for c in dataset.conflicts for r in c.rows) + sum(r.times for r in (*dataset.rows, *dataset.leaks))
    assert everything == len(rows)


@given(
    st.permutations(
        [row("残疾证", group="c1"), row("公积金", "B", group="c2"), row("公积金", "B", group="c9"), row("低保", group="c4")]
    )
)
def test_the_order_of_rows_does_not_matter(rows: list[Row]) -> None:
    assert derived_files(assemble(rows)) == derived_files(assemble(sorted(rows, key=lambda r: (r.group, r.text))))


@given(st.sampled_from(["13800138000", "110101199003078515", "6222021234567890123"]), st.text("问办证费用", max_size=8))
def test_numbers_of_persons_are_masked_before_anything_is_kept(number: str, around: str) -> None:
    dataset = assemble([row(f"{around}我的号码{number}{around}")])
    assert all(number not in content for content in derived_files(dataset).values())
    assert len(dataset.rows) == 1


def test_contradictions_are_listed_and_not_learned() -> None:
    rows = [row("公积金怎么取", "A"), row("公积金怎么取？", "B", group="c7"), row("低保怎么申请", "A")]
    dataset = assemble(rows)
    assert [c.text for c in dataset.conflicts] == ["公积金怎么取"]
    assert {r.label for r in dataset.conflicts[0].rows} == {"A", "B"}
    assert [r.text for r in dataset.rows] == ["低保怎么申请"]


def test_good_and_bad_word_about_the_same_entry_contradict() -> None:
    rows = [row("低保怎么申请"), row("低保怎么申请", kind=NOT_ENTRY, source="rating_down")]
    assert len(assemble(rows).conflicts) == 1
    assert assemble([rows[0], replace(rows[1], label="B")]).conflicts == ()


def test_out_of_scope_contradicts_an_entry_but_not_the_intent_of_that_name() -> None:
    out = row("明天下雨吗", "", OUT_OF_SCOPE)
    assert assemble([out, row("明天下雨吗", "out_of_scope", INTENT)]).conflicts == ()
    assert len(assemble([out, row("明天下雨吗")]).conflicts) == 1


def test_similar_questions_are_for_training_only() -> None:
    similar = Row("怎么取公积金", ENTRY, "A", "similar_question", "kb_entries:1.0", group_in(TEST))
    assert similar.part == TRAIN
    assert assemble([similar]).test == ()


def test_what_the_test_part_asks_is_left_out_of_training() -> None:
    asked = row("怎么取公积金", group=group_in(TEST))
    dataset = assemble([asked, row("怎么取公积金？", group=group_in(TRAIN))])
    assert (len(dataset.train), len(dataset.test), len(dataset.leaks)) == (0, 1, 1)
    assert '"gold": ["A"]' in derived_files(dataset)[FROZEN_QUESTIONS]
