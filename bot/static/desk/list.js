// The column of conversations.
import { h } from "vue";
import { CHANNELS, MOODS, STATES, VIEWS, callerName, clock, seconds, span, urgency } from "./words.js";

function wait(row, now) {
  if (row.state === "waiting") return seconds(row.asked_at, now);
  return row.state === "taken" && row.last_role === "user" ? seconds(row.said_at, now) : null;
}

function badges(row, store) {
  const shown = [];
  if (MOODS[row.mood]) shown.push(h("span", { class: ["tag", row.mood] }, MOODS[row.mood]));
  if (row.transfer && row.agent === store.state.me) shown.push(h("span", { class: "tag moved", title: row.transfer.note }, `${store.nameOf(row.transfer.from)} 转来`));
  if (row.state === "waiting") shown.push(h("span", { class: "tag" }, `第 ${row.position} 位`));
  if (row.state === "taken" && row.agent !== store.state.me) shown.push(h("span", { class: "tag" }, `${store.nameOf(row.agent)} 接待`));
  if (store.state.view === "all" && row.state !== "taken") shown.push(h("span", { class: "tag" }, STATES[row.state]));
  if (row.closed) shown.push(h("span", { class: "tag" }, row.closed.reason ?? "已结束"));
  return shown;
}

function line(row, store) {
  const { state } = store;
  const waits = wait(row, state.now);
  const unread = row.state === "waiting" || row.state === "taken" ? row.unread : 0; // elsewhere nobody has to read everything
  const chosen = row.conversation_id === state.selected;
  return h("li", {
    key: row.conversation_id, id: `row-${row.conversation_id}`, class: ["d-row", { chosen, unread: unread > 0 }], role: "option",
    "aria-selected": chosen, onClick: () => store.open(row.conversation_id),
  }, [
    h("div", { class: "d-row-top" }, [
      h("span", { class: ["dot", row.channel], title: CHANNELS[row.channel] ?? row.channel }),
      h("b", callerName(row)),
      h("span", { class: ["wait", urgency(waits)], title: waits === null ? "最近一条消息的时间" : "已等待" },
        waits === null ? clock(row.last_at) : span(waits)),
    ]),
    h("div", { class: "d-row-line" }, [
      h("span", { class: "d-row-words" }, [row.matter, row.last_words].filter(Boolean).join(" · ") || "（还没有文字消息）"),
      unread > 0 ? h("span", { class: "count", "aria-label": `${unread} 条未读` }, unread) : null,
    ]),
    h("div", { class: "d-row-tags" }, badges(row, store)),
  ]);
}

export default {
  props: { store: { type: Object, required: true } },
  setup(props) {
    const { store } = props;
    const { state } = store;
    let typing = null;
    const later = () => { clearTimeout(typing); typing = setTimeout(() => store.load(), 250); };
    const count = (view) => state.counts[view] ?? 0;
    return () => h("section", { class: "d-col list", "aria-label": "会话清单" }, [
      h("div", { class: "tabs", role: "tablist" }, VIEWS.map(([view, name]) => h("button", {
        type: "button", role: "tab", class: { on: state.view === view }, "aria-selected": state.view === view, onClick: () => store.setView(view),
      }, [name, count(view) ? h("span", { class: ["num", view === "waiting" ? "hot" : ""] }, count(view)) : null]))),
      h("div", { class: "filters" }, [
        h("input", {
          type: "search", placeholder: "搜索会话", title: "搜消息、备注、会话编号", "aria-label": "搜索会话", value: state.text, maxlength: 100,
          onInput: (event) => { state.text = event.target.value.trim(); later(); },
        }),
        h("select", { "aria-label": "渠道", value: state.channel, onChange: (event) => { state.channel = event.target.value; store.load(); } },
          [h("option", { value: "" }, "全部渠道"), ...Object.entries(CHANNELS).map(([value, name]) => h("option", { value }, name))]),
      ]),
      h("ul", { class: "rows", role: "listbox", "aria-label": "会话", "aria-busy": state.loading, tabindex: 0 }, state.rows.length
        ? state.rows.map((row) => line(row, store))
        : [h("li", { class: "empty" }, state.loading ? "正在读取…" : state.text ? "没有符合的会话。" : state.view === "waiting" ? "现在没有人在等。" : "没有会话。")]),
      state.rows.length < state.total
        ? h("button", { type: "button", class: "more", onClick: () => store.load(true) }, `再看一些（还有 ${state.total - state.rows.length} 个）`)
        : null,
    ]);
  },
};
