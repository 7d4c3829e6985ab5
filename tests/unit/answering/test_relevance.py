"""An entry that only sounds like the question does not answer it."""

import pytest

from answering.facets import asked_facets
from answering.relevance import is_beside_the_point
from knowledge_base.content import EntryContent


def entry(title: str, *questions: str, answer: str = "到窗口办理。") -> EntryContent:
    return EntryContent(kind="service_item", title=title, answer=answer, similar_questions=list(questions))


def beside(
    question: str, best: EntryContent, *others: EntryContent, probability: float = 0.7, terms: tuple[str, ...] = ()
) -> bool:
    return is_beside_the_point(best, probability, question, asked_facets(question), terms, others)


@pytest.mark.parametrize("question", ["居住证咋办", "居住证一般几天能好", "办居住证要什么材料"])
def test_an_enquiry_into_progress_does_not_tell_how_a_thing_is_got(question):
    assert beside(question, entry("居住证办理进度查询"), probability=0.95)


@pytest.mark.parametrize("question", ["居住证办理进度怎么查", "我的居住证做到哪一步了，怎么看", "居住证办理进度查询"])
def test_whoever_asks_for_progress_is_answered(question):
    assert not beside(question, entry("居住证办理进度查询"))


def test_a_wish_to_change_a_thing_is_not_answered_by_the_notary():
    notary = entry("公司章程公证指引")
    assert beside("公司章程要改一下", notary, probability=0.88)
    assert not beside("公司章程想改一下，要公证吗", notary, probability=0.88)


def test_a_term_that_another_entry_is_about_and_this_one_lacks():
    sale, halved = entry("二手房不动产转移登记", "房子过户要交什么税"), entry("六税两费减半政策解读", "房产税能减半吗")
    assert beside("房产税怎么交", sale, halved, terms=("房产税",))
    assert not beside("房产税减半怎么办", halved, sale, terms=("房产税",))
    assert beside("房产税怎么交", halved), "that it is halved does not tell how it is paid"
    assert not beside("房产税怎么交", sale, terms=("房产税",)), "no other entry has it: it may be said otherwise"


def test_everyday_words_in_common_are_no_answer():
    rent = entry("租房补贴能和生活补贴一起领吗？", "社区租房补贴怎么申请", answer="可以一起领。")
    assert beside("想请个保姆社区有补贴吗", rent)
    assert not beside("租房子社区有补贴吗", rent)
    assert not beside("想请个保姆社区有补贴吗", rent, probability=0.95)


def test_what_is_to_be_done_is_what_the_entry_tells():
    founding = entry("社会团体成立登记", "怎么成立协会", answer="先取得业务主管单位同意，再申请成立登记。")
    assert beside("社会团体要注销登记，需要准备什么材料", founding, probability=0.95)
    assert beside("社会团体注销登记的流程", founding, probability=0.95)
    assert not beside("社会团体成立登记的流程", founding)
    fund = entry("离职提取住房公积金", answer="与单位解除劳动关系后提取。")
    assert not beside("公司注销了，公积金怎么取", fund), "it is why, not what"
    assert not beside("食品经营许可证延续要多久", entry("食品经营许可证核发", answer="有效期届满前三十日申请换发。"))


def test_another_document_than_the_one_that_is_lost():
    card = entry("居民身份证换领、补领", "身份证丢了怎么办")
    assert beside("行驶证丢了，补一个", card, probability=0.93)
    assert not beside("身份证丢了，补一个", card)
    assert not beside("老人的身份证快到期了咋换", card)
