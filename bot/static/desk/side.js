// The right column: suggestions and hand search, and who the caller is.
import { h, ref } from "vue";
import { debounced } from "./api.js";
import { card, missing } from "./suggest.js";
import { ENDINGS, STATES, VALIDITY, clock } from "./words.js";

const WAIT_MS = 250;

function block(title, lines, empty) {
  if (!lines.length && !empty) return null;
  return h("section", { class: "block" }, [h("h3", title), lines.length ? h("ul", lines) : h("p", { class: "empty" }, empty)]);
}

function caller(store) {
  const { talk } = store.state;
  const { entry, options, question, idle, facts } = talk.case;
  const about = [
    entry ? h("li", [h("a", { href: `/e/${entry.entry_id}`, target: "_blank", rel: "noopener" }, entry.title), `（第 ${entry.version} 版，${VALIDITY[entry.validity]}）`]) : null,
    question ? h("li", `上一个问题：${question}`) : null,
    options.length ? h("li", `正在让市民选择：${options.join("、")}`) : null,
    ...Object.entries(facts).map(([name, value]) => h("li", `${name}：${value}`)),
    talk.case.taking_ticket ? h("li", "正在登记诉求") : null,
    idle && entry ? h("li", { class: "empty" }, "已超过两小时，新的问题不再接着它理解") : null,
  ].filter(Boolean);
  return h("div", { class: "caller" }, [
    block("正在谈", about, "还没有谈到具体事项"),
    block("来访人", talk.profile.map((line) => h("li", line)), "没有记下情况"),
    block("诉求工单", talk.tickets.map((ticket) => h("li", [
      h("a", { href: `/panel/tickets?number=${ticket.number}` }, ticket.number), ` ${ticket.state_name}`, ticket.overdue ? h("b", { class: "late" }, " 超期") : null,
      h("div", { class: "small" }, `${ticket.department} · ${ticket.text.slice(0, 60)}`),
    ])), "没有工单"),
    h("button", { type: "button", class: "link wide", onClick: () => { store.state.dialog = { kind: "ticket" }; } }, "替他建诉求工单"),
    h("section", { class: "block" }, [
      h("h3", "备注（市民看不到）"),
      h("ul", talk.notes.map((note) => h("li", { key: note.id }, [note.text, h("div", { class: "small" }, `${store.nameOf(note.agent)} ${clock(note.at)}`)]))),
      h("div", { class: "note-row" }, [
        h("input", { id: "desk-note", placeholder: "写一条备注，回车保存", "aria-label": "备注", maxlength: 2000, value: store.state.note, onInput: (event) => { store.state.note = event.target.value; },
          onKeydown: (event) => { if (event.key === "Enter" && !event.isComposing) store.note(); } }),
      ]),
    ]),
    block("来过的时间", talk.visits.map((visit) => h("li", [`${clock(visit.at)} · ${visit.messages} 句`, h("div", { class: "small" }, visit.first_words)]))),
    block("人工服务", talk.requests.map((one) => h("li", [
      `${clock(one.asked_at)} ${ENDINGS[one.state] ?? STATES[one.state]}`, one.agent ? ` · ${store.nameOf(one.agent)}` : "", one.close_reason ? ` · ${one.close_reason}` : "",
      ...one.transfers.map((passed) => h("div", { class: "small" }, `${store.nameOf(passed.from)} 转给 ${store.nameOf(passed.to)}：${passed.note || "没有说明"}`)),
    ]))),
  ]);
}

export default {
  props: { store: { type: Object, required: true } },
  setup(props) {
    const { store } = props;
    const { state } = store;
    const typed = ref("");
    const look = debounced(WAIT_MS, (words) => store.search(words));

    function suggestions() {
      const { found } = state;
      const actions = [
        { label: "发送", title: "把这条答复发给市民", primary: true, run: store.sendSuggestion },
        { label: "编辑", title: "放进输入框，改好再发", run: (item) => (store.holds() ? store.edit(item) : store.notice("请先接入这个会话。", "bad")) },
      ];
      const offered = state.talk?.channel === "phone" ? [] : actions;
      return [
        found ? h("p", { class: "about" }, [
          state.search ? "检索：" : "市民问：", h("q", found.text), found.question && found.question !== found.text ? h("span", { class: "small" }, ` 理解为：${found.question}`) : null,
        ]) : null,
        found?.idle ? h("p", { class: "empty" }, "这句话不涉及政策或办事，没有推荐。") : null,
        found?.outcome === "fallback" ? h("p", { class: "strip" }, "知识库里没有把握大的内容，下面的请核对后再用。") : null,
        ...(found?.suggestions ?? []).map((item) => card(item, { actions: offered, mark: store.mark, armed: state.armed === item.rank })),
        state.finding && !found ? h("p", { class: "empty" }, "正在查找…") : null,
        found && !found.idle ? missing(found, store.mark) : null,
      ];
    }

    return () => h("section", { class: "d-col side", "aria-label": "推荐与资料" }, [
      h("div", { class: "tabs", role: "tablist" }, [["suggest", "推荐"], ["caller", "来访人"]].map(([tab, name]) => h("button", {
        type: "button", role: "tab", class: { on: state.tab === tab }, "aria-selected": state.tab === tab, onClick: () => { state.tab = tab; },
      }, name))),
      state.tab === "suggest" ? h("div", { class: "filters" }, h("input", {
        id: "desk-search", type: "search", placeholder: "手工查知识（按 / ）", "aria-label": "手工查知识", maxlength: 500, value: typed.value,
        onInput: (event) => { typed.value = event.target.value; look(typed.value); },
        onKeydown: (event) => { if (event.key === "Escape") { typed.value = ""; store.search(""); event.target.blur(); } },
      })) : null,
      h("div", { class: "side-body" }, state.selected && state.talk ? (state.tab === "suggest" ? suggestions() : caller(store)) : h("p", { class: "empty" }, "选一个会话，这里给出推荐答复。")),
    ]);
  },
};
