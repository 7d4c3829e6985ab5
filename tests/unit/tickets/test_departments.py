"""Who takes what: by topic and place, from lists that staff extend."""

import pytest

from tickets.departments import Departments
from tickets.errors import DepartmentFileError


@pytest.fixture(scope="module")
def builtin():
    return Departments.load()


@pytest.mark.parametrize(
    ("story", "department"),
    [
        ("老板拖欠工资四个月", "人力资源和社会保障局"),
        ("超市卖过期奶粉，吃坏肚子", "市场监督管理局"),
        ("隔壁工地半夜施工，打桩吵死了", "综合行政执法局"),
        ("小区物业强行收取装修押金三千元，不交就停电", "住房和城乡建设局"),
        ("化工厂晚上偷排，味道刺鼻", "生态环境局"),
        ("窗口工作人员态度很差，跑了三趟不给办", "政务服务管理局"),
        ("培训机构跑路了，学费不退", "教育局"),
        ("公交车老是不按点", "交通运输局"),
        ("消防通道被堵死", "消防救援局"),
        ("天上有个不明飞行物", "12345 中心"),
    ],
)
def test_topics(builtin, story, department):
    assert builtin.department_for(story) == department


def test_an_instances_own_rules_count_more_and_regions_most(tmp_path):
    own = tmp_path / "departments.yml"
    own.write_text(
        "fallback: 示例市 12345 热线\n"
        "rules:\n"
        "  - {department: 高新区综合执法大队, regions: [高新区, 高新技术产业开发区], words: [工地, 油烟, 施工]}\n"
        "  - {department: 示例市人社局劳动监察支队, words: [拖欠工资]}\n",
        encoding="utf-8",
    )
    departments = Departments.load(own)
    assert departments.department_for("工地半夜施工", "高新区创业路3号") == "高新区综合执法大队"
    assert departments.department_for("工地半夜施工", "老城区人民路3号") == "综合行政执法局"
    assert departments.department_for("老板拖欠工资") == "示例市人社局劳动监察支队"
    assert departments.department_for("不明飞行物") == "示例市 12345 热线"


@pytest.mark.parametrize(
    "content", ["rules: 3", "rules:\n  - {department: 某局}", "nonsense: [", "rules:\n - {department: '', words: [a]}"]
)
def test_a_broken_list_is_named(tmp_path, content):
    own = tmp_path / "departments.yml"
    own.write_text(content, encoding="utf-8")
    with pytest.raises(DepartmentFileError, match=r"departments\.yml"):
        Departments.load(own)


def test_a_missing_list_is_no_error(tmp_path):
    assert Departments.load(tmp_path / "departments.yml").fallback == "12345 中心"
