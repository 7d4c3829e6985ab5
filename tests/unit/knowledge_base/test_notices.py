"""Documents as offices have them become drafts, and nothing of them is lost."""

import io

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.content import parse_content
from knowledge_base.errors import NoticeError, UploadError
from knowledge_base.notices.drafting import Notice
from knowledge_base.notices.reading import Block, read_notice
from knowledge_base.notices.splitting import split

PLAN = """示例市进一步提升政务服务效能工作方案

信息来源：示例市数据局 日期：2026-06-03
为贯彻落实省政府《关于优化服务的通知》（示政发〔2026〕8号）精神，制定方案如下：
一、总体要求
以服务企业和群众为中心，全面提升政务服务的标准化、规范化、便利化水平。
二、主要任务
（一）夯实服务基础。规范办事指南，明确材料、地点和电话，及时更新并公开发布。
1.设置企业综合服务中心。开展政务服务增值化改革，编制涉企增值服务事项清单。
2.建立政企沟通机制。每季度召开一次座谈会，收集企业反映的问题。
（二）完善运行机制。建立好差评数据生成、归集、整改、反馈的闭环。
三、组织保障
各部门要明确责任，按时完成任务，重要情况及时报告市政府办公室。
"""
MEASURES = """示例市人才安居办法
示政发〔2026〕8号
第一章 总则
第一条 为了吸引人才，根据有关规定，制定本办法。
第二条 本办法适用于在本市工作的青年人才。
依照第三条规定享受补贴的，不重复享受其他住房补贴。
第二章 补贴
第三条 符合条件的，每月补贴租金八百元，
第四条所称人才除外。
"""
QUESTIONS = """公积金热点问答
1.问：租房可以提取公积金吗？
答：可以。每年可以提取一次，需要：
（1）身份证；
（2）无房证明。
问题2：异地能办吗？
答：能，在网上办理。
"""


def _notice(text: str, name: str = "文件.txt") -> Notice:
    return Notice.read(name, text.encode())


def _outline(notice: Notice) -> list[tuple[int, str, str]]:
    return [(view.level, view.number, view.title) for view in notice.views if view.kind != "lead"]


def test_a_plan_with_numbered_sections() -> None:
    notice = _notice(PLAN)
    assert _outline(notice) == [
        (0, "一、", "总体要求"),
        (0, "二、", "主要任务"),
        (1, "（一）", "夯实服务基础"),
        (2, "1.", "设置企业综合服务中心"),
        (2, "2.", "建立政企沟通机制"),
        (1, "（二）", "完善运行机制"),
        (0, "三、", "组织保障"),
    ]
    facts = notice.facts
    assert (facts.title, facts.issuer, facts.published_on) == (
        "示例市进一步提升政务服务效能工作方案",
        "示例市数据局",
        "2026-06-03",
    )
    assert (facts.document_number, facts.mentioned) == (None, ("示政发〔2026〕8号",))
    drafts = {draft["source"]["clause"]: draft for draft in notice.drafts(notice.suggested())}
    assert drafts.keys() == {"一、", "二、（一）1.", "二、（一）2.", "二、（二）", "三、"}
    assert drafts["二、（一）1."]["title"] == "设置企业综合服务中心"
    assert drafts["一、"]["title"] == "《示例市进一步提升政务服务效能工作方案》总体要求"
    assert drafts["二、（一）2."]["answer"] == "每季度召开一次座谈会，收集企业反映的问题。"


def test_what_is_below_a_chosen_piece_belongs_to_it_unless_it_is_chosen_itself() -> None:
    notice = _notice(PLAN)
    at = {view.path: view.id for view in notice.views}
    (whole,) = notice.drafts([at["二、（一）"]])
    assert whole["answer"].startswith("规范办事指南")
    assert "每季度召开一次座谈会" in whole["answer"]
    upper, lower = notice.drafts([at["二、（一）"], at["二、（一）2."]])
    assert "每季度召开一次座谈会" not in upper["answer"]
    assert "每季度召开一次座谈会" in lower["answer"]


def test_articles_and_sentences_that_only_name_one() -> None:
    notice = _notice(MEASURES)
    assert [number for _, number, _ in _outline(notice)] == ["第一章", "第一条", "第二条", "第二章", "第三条"]
    drafts = notice.drafts(notice.suggested())
    assert [draft["source"]["clause"] for draft in drafts] == ["第一条", "第二条", "第三条"]
    assert drafts[1]["answer"].endswith("依照第三条规定享受补贴的，不重复享受其他住房补贴。")
    assert drafts[2]["answer"].endswith("第四条所称人才除外。")
    assert notice.facts.document_number == "示政发〔2026〕8号"
    assert all(draft["source"]["document_number"] == "示政发〔2026〕8号" for draft in drafts)


def test_questions_and_answers() -> None:
    notice = _notice(QUESTIONS)
    drafts = notice.drafts(notice.suggested())
    assert [(draft["kind"], draft["title"]) for draft in drafts] == [("qa", "租房可以提取公积金吗？"), ("qa", "异地能办吗？")]
    assert drafts[0]["answer"] == "可以。每年可以提取一次，需要：\n（1）身份证；\n（2）无房证明。"
    assert drafts[1]["answer"] == "能，在网上办理。"


def test_a_word_file_with_headings_and_a_table_of_answers() -> None:
    document = Document()
    document.add_heading("示例市惠企政策问答", 0)
    document.add_heading("稳岗返还", 1)
    document.add_paragraph("大型企业按上年度实际缴纳失业保险费的百分之三十返还，中小微企业按百分之六十返还。")
    table = document.add_table(rows=3, cols=3)
    for row, cells in enumerate([("序号", "问题", "答复"), ("1", "什么时候申报？", "每年三月。"), ("2", "要材料吗？", "不要。")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    data = io.BytesIO()
    document.save(data)
    notice = Notice.read("问答.docx", data.getvalue())
    assert notice.facts.title == "示例市惠企政策问答"
    drafts = {draft["title"]: draft for draft in notice.drafts(notice.suggested())}
    assert drafts["什么时候申报？"]["answer"] == "每年三月。"
    assert drafts["要材料吗？"]["kind"] == "qa"
    assert "百分之六十" in drafts["《示例市惠企政策问答》稳岗返还"]["answer"]


def test_a_page_of_a_government_site_is_read_without_its_scripts() -> None:
    page = """<html><head><meta charset="gb2312"><title>网站</title><meta name="ArticleTitle" content="关于租房的通知"></head><body>
    <nav>首页 &gt; 政策</nav><script>alert(1)</script><div onclick="alert(2)"><h1>关于租房补贴的通知</h1>
    <p>一、补贴标准<br>每人每月五百元，按季度发放，发到社保卡里。</p><p>二、申请<b>办法</b></p><p>在网上申请&lt;script&gt;，三个工作日内办结，不收费用。</p>
    <iframe src="//evil"></iframe></div></body></html>"""
    notice = Notice.read("通知.html", page.encode("gb18030"))
    assert _outline(notice)[1:] == [(1, "一、", "补贴标准"), (1, "二、", "申请办法")]
    drafts = notice.drafts(notice.suggested())
    assert drafts[0]["answer"] == "每人每月五百元，按季度发放，发到社保卡里。"
    assert "在网上申请<script>，" in drafts[1]["answer"]  # a text that talks of a script stays a text
    assert not any("alert" in line or "首页" in line for line in notice.lines)
    assert drafts[0]["kind"] == "notice"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert Notice.read("a.txt", QUESTIONS.encode(encoding)).facts.title == "公积金热点问答"


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("a.pdf", b"x", NoticeError), ("a.txt", b"", UploadError), ("a.txt", b" \n ", NoticeError), ("a.docx", b"PK", UploadError),
        ("a.html", b"<script>1</script>", NoticeError), ("a.txt", b"\xff\x00\x81\xff\xfe\x9f", NoticeError),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(name: str, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_notice(name, data)


_LINE = st.one_of(
    st.text(alphabet="一二三、（）1.第条章问答：:。，；补贴标准申请 \u3000", min_size=1, max_size=60),
    st.sampled_from([line for line in (PLAN + MEASURES + QUESTIONS).splitlines() if line.strip()]),
    st.text(min_size=1, max_size=40),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINE, min_size=1, max_size=30))
def test_the_pieces_together_hold_the_whole_text(lines: list[str]) -> None:
    data = "\n".join(lines).encode("utf-8", "ignore")
    try:
        source = read_notice("a.txt", data)
    except (NoticeError, UploadError):
        return
    notice = Notice(source)
    assert notice.lines == [block.text for block in source.blocks]
    drafts = notice.drafts(range(len(notice.views)))
    told = "".join(draft["title"] + draft["answer"] for draft in drafts)
    letters = {letter for block in source.blocks for letter in block.text if letter.isalpha()}
    assert letters <= set(told) | set("".join(view.number for view in notice.views)) | set("问题提答复回解AQ")
    for draft in drafts:
        parse_content({**draft, "title": f"题{draft['title']}"[:300], "answer": f"答{draft['answer']}"})


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(Block, _LINE.filter(str.strip), st.none() | st.integers(0, 4), st.just(()) | st.tuples(_LINE, _LINE)),
        max_size=20,
    )
)
def test_blocks_of_any_kind_keep_their_order(blocks: list[Block]) -> None:
    assert [line for top in split(blocks) for piece in top.walk() for line in piece.lines] == [block.text for block in blocks]
