// Suggestions: the cards that desk, phone mode and assist window share.
import { h } from "vue";
import { KINDS, MARKS, VALIDITY, percent } from "./words.js";

export function highlighted(passage) {
  const parts = [];
  let at = 0;
  for (const [start, end] of passage.spans) {
    if (start > at) parts.push(passage.text.slice(at, start));
    parts.push(h("mark", passage.text.slice(start, end)));
    at = end;
  }
  parts.push(passage.text.slice(at));
  return parts;
}

// actions: {label, title?, primary?, run(item)}[]; `mark(item, name)` where marking is possible
export function card(item, { actions = [], mark = null, armed = false, keys = true } = {}) {
  return h("article", { key: `${item.entry_id}-${item.version}`, class: ["card", { armed, weak: !item.sure }], "aria-label": `推荐 ${item.rank}：${item.title}` }, [
    h("div", { class: "card-top" }, [
      keys ? h("kbd", item.rank) : null,
      h("a", { class: "card-title", href: item.url, target: "_blank", rel: "noopener", title: "打开条目页面" }, item.title),
      h("span", { class: ["chance", item.sure ? "sure" : ""], title: item.sure ? "助手会据此直接答复" : "把握不足，请核对" }, percent(item.probability)),
    ]),
    h("div", { class: "meter", "aria-hidden": "true" }, h("i", { style: { width: `${Math.round((item.probability ?? 1) * 100)}%` } })),
    h("p", { class: "passage" }, highlighted(item.passage)),
    h("p", { class: "origin" }, [
      h("span", { class: ["validity", item.validity] }, VALIDITY[item.validity]),
      item.period ? ` ${item.period} · ` : " · ", KINDS[item.kind] ?? item.kind, " · ", `第 ${item.version} 版`,
      item.source ? h("span", { class: "source", title: item.source }, ` · ${item.source}`) : null,
    ]),
    h("details", { class: "full" }, [h("summary", "发送的全文"), h("div", { class: "text" }, item.text)]),
    armed ? h("p", { class: "arming", role: "status" }, "即将发送，再按一次立即发送，Esc 撤销") : null,
    h("div", { class: "card-foot" }, [
      ...actions.map((action) => h("button", { type: "button", class: { primary: action.primary }, title: action.title, onClick: () => action.run(item) }, action.label)),
      h("span", { class: "grow" }),
      mark && !item.marked ? ["wrong", "outdated"].map((name) => h("button", { type: "button", class: "link", onClick: () => mark(item, name) }, MARKS[name])) : null,
      item.marked ? h("span", { class: "marked" }, `已标记：${MARKS[item.marked]}`) : null,
    ]),
  ]);
}

export function missing(found, mark) {
  if (!mark || !found) return null;
  return found.marked
    ? h("p", { class: "marked" }, "已标记：缺少知识")
    : h("button", { type: "button", class: "link wide", onClick: () => mark(null, "missing") }, "都不合适，标记“缺少知识”");
}
