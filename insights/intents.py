"""The intents that a question can be labelled with, as staff read them. What each means to the dialogue is in domain/intents.yml."""

from collections.abc import Mapping

INTENT_NAMES: Mapping[str, str] = {
    "policy_lookup": "查政策、问规定",
    "filing_steps": "问怎么办、材料、时限",
    "eligibility": "问自己能不能享受",
    "policy_match": "问有哪些政策适合自己",
    "complaint": "投诉、反映问题",
    "progress_query": "查诉求办理进度",
    "human_handoff": "要人工",
    "feedback_positive": "说有用",
    "feedback_negative": "说没用",
    "greet": "打招呼",
    "goodbye": "告别",
    "thanks": "道谢",
    "affirm": "肯定",
    "deny": "否定",
    "stop": "不办了",
    "pick_option": "选一个选项",
    "inform": "补充情况",
    "out_of_scope": "不属于政务咨询",
}
