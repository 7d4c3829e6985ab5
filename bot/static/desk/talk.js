// The column of the conversation: what was said, and what the agent says.
import { h, nextTick, ref, watch } from "vue";
import { DELIVERY, ENDINGS, MOODS, REASONS, ROLES, STATES, callerName, clock, seconds, span, urgency } from "./words.js";

const OUTCOMES = { answer: "已答复", clarify: "反问", fallback: "没答上", ticket: "工单", handoff: "转人工", smalltalk: "寒暄" };
const LIMIT = 2000;

function cited(message) {
  if (!message.citations?.length) return null;
  return h("ul", { class: "cited" }, message.citations.map((one) => h("li", [
    h("a", { href: `/e/${one.entry_id}`, target: "_blank", rel: "noopener" }, `${one.title}（第 ${one.version} 版）`),
    one.source ? h("span", ` ${one.source}`) : null,
  ])));
}

function foot(message, store) {
  const parts = [clock(message.at)];
  if (message.role === "agent") parts.push(message.agent ? store.nameOf(message.agent) : "坐席");
  if (message.outcome) parts.push(OUTCOMES[message.outcome] ?? message.outcome);
  if (message.suggestion) parts.push(message.suggestion.edited ? "推荐（改过）" : "推荐原文");
  if (message.rating) parts.push(message.rating > 0 ? "市民评价：有用" : "市民评价：没用");
  return h("div", { class: "foot" }, [
    parts.join(" · "),
    message.role === "agent" && !(message.suggestion && !message.suggestion.edited)
      ? h("button", { type: "button", class: "link", disabled: message.proposed, title: "隐去个人信息后，交给知识编辑审核", onClick: () => store.propose(message) }, message.proposed ? "已提议入库" : "提议入库") : null,
    message.delivery ? h("span", { class: "undelivered", title: message.delivery.reason ?? "" },
      ` · ${DELIVERY[message.delivery.state]}${message.delivery.reason ? `：${message.delivery.reason}` : ""}`) : null,
  ]);
}

function said(message, store) {
  const mine = message.role === "user";
  const asked = mine && !store.state.search && message.id === store.state.asked;
  return h("div", { key: message.id, class: ["said", message.role, { asked }] }, [
    h("div", { class: "who" }, ROLES[message.role]),
    h("div", mine
      ? { class: "words", role: "button", tabindex: -1, title: "点一下，看这句话的推荐", onClick: () => store.suggest(message.id) }
      : { class: "words" }, message.text),
    message.suggestion?.edited ? h("details", { class: "original" }, [h("summary", "推荐原文"), h("div", message.suggestion.text)]) : null,
    cited(message),
    message.buttons?.length ? h("div", { class: "offered" }, message.buttons.map((button) => h("span", button.title))) : null,
    foot(message, store),
  ]);
}

function head(store) {
  const { state } = store;
  const { talk } = state;
  const mine = store.holds();
  const waits = talk.state === "waiting" ? seconds(talk.asked_at, state.now) : null;
  const button = (name, label, action, extra = {}) => h("button", { type: "button", class: name, disabled: state.sending, onClick: action, ...extra }, label);
  const actions = mine
    ? [
        button("", "转交", () => { store.loadAgents(); state.dialog = { kind: "transfer" }; }),
        button("", "交还助手", () => store.step("hand-back", {}, "已交还给助手。")),
        button("", "退回队列", () => store.step("release", {}, "已退回队列。")),
        button("primary", "结束", () => { state.dialog = { kind: "close" }; }),
      ]
    : talk.state === "taken" || talk.channel === "phone" ? [] : [button("primary", "接入（T）", store.take)];
  return h("header", { class: "talk-head" }, [
    h("div", { class: "talk-title" }, [
      h("b", callerName(talk)),
      h("span", { class: "state" }, talk.state === "taken" ? (mine ? "我在接待" : `${store.nameOf(talk.agent)} 在接待`) : STATES[talk.state]),
      talk.reason ? h("span", { class: "tag" }, REASONS[talk.reason]) : null,
      MOODS[talk.mood] ? h("span", { class: ["tag", talk.mood] }, MOODS[talk.mood]) : null,
      waits === null ? null : h("span", { class: ["wait", urgency(waits)] }, `等了 ${span(waits)}，排第 ${talk.position} 位`),
    ]),
    h("div", { class: "actions" }, actions),
  ]);
}

function strips(store) {
  const { state } = store;
  const { talk } = state;
  const shown = [];
  const silent = talk.state === "taken" && store.holds() ? seconds(talk.agent_spoke_at, state.now) : null;
  if (silent !== null && silent >= 120) {
    shown.push(h("div", { class: "strip late", role: "alert" }, [
      `您已 ${span(silent)} 没有回复，满 3 分钟会自动退回队列。`,
      h("button", { type: "button", onClick: () => store.post({ text: "请稍等，正在为您核实。" }) }, "说“请稍等”"),
    ]));
  }
  if (talk.transfer && store.holds()) shown.push(h("div", { class: "strip" }, `${store.nameOf(talk.transfer.from)} 转来：${talk.transfer.note || "没有说明"}`));
  if (talk.allowance) {
    const { left, of, hours_left: hours, reason } = talk.allowance;
    shown.push(h("div", { class: ["strip", left ? "" : "late"] },
      left ? `微信还可发 ${left}/${of} 条${hours ? `，${hours} 小时内有效` : ""}` : `现在不能发给这位微信用户：${reason}`));
  }
  if (talk.closed && talk.state === "closed") shown.push(h("div", { class: "strip" }, `${ENDINGS[talk.closed.how] ?? "已结束"} ${clock(talk.closed.at)}${talk.closed.reason ? `，${talk.closed.reason}` : ""}`));
  return shown;
}

export default {
  props: { store: { type: Object, required: true } },
  setup(props) {
    const { store } = props;
    const { state } = store;
    const log = ref(null);
    const field = ref(null);
    watch(() => [state.selected, state.talk?.messages.at(-1)?.id], async ([id, last], [before, lastBefore]) => {
      const box = log.value;
      const near = !box || id !== before || lastBefore === undefined || box.scrollHeight - box.scrollTop - box.clientHeight < 160;
      await nextTick();
      if (log.value && (near || last === undefined)) log.value.scrollTop = log.value.scrollHeight;
    });
    watch(() => state.from, async (from) => { if (from) { await nextTick(); field.value?.focus(); field.value?.setSelectionRange(0, 0); field.value.scrollTop = 0; } });

    function phraseMenu() {
      return h("details", { class: "phrases", onToggle: (event) => event.target.open && store.loadPhrases() }, [
        h("summary", "常用语"),
        h("div", { class: "menu" }, [
          ...state.phrases.map((phrase) => h("button", {
            type: "button", title: phrase.text,
            onClick: (event) => { state.draft = state.draft ? `${state.draft}\n${phrase.text}` : phrase.text; event.target.closest("details").open = false; field.value?.focus(); },
          }, [phrase.title, phrase.shared ? null : h("small", " 我的")])),
          state.phrases.length ? null : h("p", { class: "empty" }, "还没有常用语。"),
          h("button", { type: "button", class: "link", onClick: (event) => { event.target.closest("details").open = false; state.dialog = { kind: "phrases" }; } }, "管理常用语…"),
        ]),
      ]);
    }

    function composer() {
      if (!store.holds()) return h("div", { class: "composer closed" }, state.talk.state === "taken" ? "由别的坐席接待，您可以看，不能发言。" : state.talk.channel === "phone" ? "这是电话咨询记录。" : "接入之后才能发言（按 T 接入）。");
      const blocked = state.talk.allowance?.left === 0;
      return h("div", { class: "composer" }, [
        state.from ? h("div", { class: "chip" }, [
          `引用：${state.from.title}（第 ${state.from.version} 版）${state.draft.trim() === state.from.text ? "" : "，文字已改"}`,
          h("button", { type: "button", "aria-label": "不引用", onClick: () => { state.from = null; } }, "×"),
        ]) : null,
        h("textarea", {
          ref: field, rows: state.from ? 7 : 3, maxlength: LIMIT, value: state.draft, placeholder: blocked ? "现在不能发送" : "对市民说…（Ctrl+Enter 发送）", "aria-label": "对市民说的话", id: "desk-draft",
          disabled: blocked, onInput: (event) => { state.draft = event.target.value; },
          onKeydown: (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); store.send(); } },
        }),
        h("div", { class: "compose-foot" }, [
          phraseMenu(),
          h("span", { class: "hint" }, state.draft.length > LIMIT - 200 ? `还可写 ${LIMIT - state.draft.length} 字` : ""),
          h("button", { type: "button", class: "primary", disabled: blocked || state.sending || !state.draft.trim(), onClick: store.send }, state.sending ? "发送中…" : "发送"),
        ]),
      ]);
    }

    return () => {
      if (!state.talk || state.talk.conversation_id !== state.selected) {
        return h("section", { class: "d-col talk nothing" }, h("p", state.selected ? "正在读取…" : "从左边选一个会话。按 ? 看快捷键。"));
      }
      const { messages } = state.talk;
      return h("section", { class: "d-col talk", "aria-label": "会话" }, [
        head(store), ...strips(store),
        h("div", { class: "log", ref: log, role: "log", "aria-live": "polite" }, [
          messages.length >= 100 && !state.talk.complete ? h("button", { type: "button", class: "more", onClick: store.older }, "更早的消息") : null,
          ...messages.map((message) => said(message, store)),
        ]),
        composer(),
      ]);
    };
  },
};

