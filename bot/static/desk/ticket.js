// The form of a ticket that an agent files for a caller.
import { h, reactive } from "vue";
import { newKey } from "./api.js";

const KINDS = [["complaint", "投诉举报"], ["help", "求助"], ["consultation", "咨询"], ["suggestion", "建议"]];

// A draft from what was said and written down; place, time and contact follow as soon as the server has read them out of it.
export function ticketDraft(api, said) {
  const lines = said.map((line) => line.trim()).filter(Boolean);
  const draft = reactive({ key: newKey(), kind: "complaint", what: lines.join("\n").slice(0, 2000), where: "", when: "", contact: "", department: "" });
  const untouched = { ...draft };
  api.post("/api/desk/ticket-drafts", { said: lines }).then((read) => {
    for (const [name, value] of Object.entries(read)) if (value && draft[name] === untouched[name]) draft[name] = value;
  }).catch(() => null); // the agent fills them in
  return draft;
}

export function ticketBody(draft, conversationId) {
  const { department, ...told } = draft;
  return { ...told, conversation_id: conversationId ?? null, department: department.trim() || null };
}

export function ticketFields(draft) {
  const row = (label, control) => h("label", { class: "field" }, [h("span", label), control]);
  const line = (name, label, hint, length) => row(label, h("input", {
    maxlength: length, placeholder: hint, value: draft[name], onInput: (event) => { draft[name] = event.target.value; },
  }));
  return [
    row("类型", h("select", { value: draft.kind, onChange: (event) => { draft.kind = event.target.value; } }, KINDS.map(([value, name]) => h("option", { value }, name)))),
    row("什么事（必填）", h("textarea", { rows: 5, maxlength: 2000, value: draft.what, onInput: (event) => { draft.what = event.target.value; } })),
    line("where", "在哪里", "地点，写到街道或门牌", 200),
    line("when", "什么时候", "例如 昨天晚上十点", 100),
    line("contact", "联系方式", "姓名、电话", 100),
    line("department", "承办部门", "不填则按内容自动判断", 64),
  ];
}
