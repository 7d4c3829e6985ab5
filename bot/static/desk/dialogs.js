// Dialogs of the desk: end, pass on, canned phrases, a ticket.
import { h, reactive, watch } from "vue";
import { ticketFields } from "./ticket.js";
import { CLOSE_REASONS } from "./words.js";

export default {
  props: { store: { type: Object, required: true } },
  setup(props) {
    const { store } = props;
    const { state } = store;
    const form = reactive({ reason: CLOSE_REASONS[0], to: "", note: "", phrase: null, ticket: null });
    const shut = () => { state.dialog = null; };
    watch(() => state.dialog, () => { form.phrase = null; form.ticket = null; }); // however it was shut: a ticket is of one conversation
    const row = (label, control) => h("label", { class: "field" }, [h("span", label), control]);

    function close() {
      return ["结束会话", [
        h("div", { class: "choices" }, CLOSE_REASONS.map((reason) => h("label", [
          h("input", { type: "radio", name: "reason", value: reason, checked: form.reason === reason, onChange: () => { form.reason = reason; } }), reason,
        ]))),
        row("或自己写", h("input", { maxlength: 200, value: CLOSE_REASONS.includes(form.reason) ? "" : form.reason, onInput: (event) => { form.reason = event.target.value.trim() || CLOSE_REASONS[0]; } })),
        h("p", { class: "small" }, "结束后市民会收到提示，后面的问题由助手回答。"),
      ], ["结束", async () => { if (await store.step("close", { reason: form.reason }, "会话已结束。")) shut(); }]];
    }

    function transfer() {
      const others = state.agents.filter((agent) => agent.name !== state.me);
      return ["转交会话", [
        others.length ? row("转给", h("select", { value: form.to, onChange: (event) => { form.to = event.target.value; } }, [
          h("option", { value: "" }, "请选择"),
          ...others.map((agent) => h("option", { value: agent.name }, `${agent.display_name}（${agent.online ? "在线" : "不在线"}，手上 ${agent.holding} 个）`)),
        ])) : h("p", { class: "empty" }, "没有别的坐席账号。"),
        row("说明（市民看不到）", h("textarea", { rows: 3, maxlength: 2000, value: form.note, onInput: (event) => { form.note = event.target.value; } })),
      ], ["转交", async () => {
        if (!form.to) { store.notice("请选择转给谁。", "bad"); return; }
        if (await store.step("transfer", { to: form.to, note: form.note }, "已转交，同事马上看得到。")) { form.note = ""; form.to = ""; shut(); }
      }]];
    }

    function phrases() {
      const edited = form.phrase;
      if (edited) {
        return [edited.id ? "修改常用语" : "新增常用语", [
          row("名称", h("input", { maxlength: 60, value: edited.title, onInput: (event) => { edited.title = event.target.value; } })),
          row("内容", h("textarea", { rows: 4, maxlength: 2000, value: edited.text, onInput: (event) => { edited.text = event.target.value; } })),
          edited.id ? null : h("label", { class: "check" }, [h("input", { type: "checkbox", checked: edited.shared, onChange: (event) => { edited.shared = event.target.checked; } }), "大家都能用"]),
        ], ["保存", async () => {
          if (!edited.title.trim() || !edited.text.trim()) { store.notice("名称和内容都要写。", "bad"); return; }
          if (await store.savePhrase(edited)) form.phrase = null;
        }]];
      }
      return ["常用语", [
        h("ul", { class: "phrase-list" }, state.phrases.map((phrase) => h("li", { key: phrase.id }, [
          h("div", [h("b", phrase.title), h("small", phrase.shared ? " 共用" : " 我的"), h("div", { class: "small" }, phrase.text)]),
          h("button", { type: "button", onClick: () => { form.phrase = { ...phrase }; } }, "修改"),
          h("button", { type: "button", onClick: () => store.removePhrase(phrase.id) }, "删除"),
        ]))),
      ], ["新增", () => { form.phrase = { title: "", text: "", shared: false }; }]];
    }

    function ticket() {
      const { talk } = state;
      form.ticket ??= store.ticketDraft([...talk.messages.filter((one) => one.role === "user").slice(-5), ...talk.notes].map((one) => one.text));
      return ["建诉求工单", ticketFields(form.ticket), ["登记", async () => {
        if (!form.ticket.what.trim()) { store.notice("请写明什么事。", "bad"); return; }
        if (await store.fileTicket(form.ticket)) shut();
      }]];
    }

    return () => {
      if (!state.dialog) return null;
      const [title, body, action] = { close, transfer, phrases, ticket }[state.dialog.kind]();
      return h("div", { class: "veil", onClick: (event) => { if (event.target === event.currentTarget) shut(); } }, h("div", {
        class: "dialog", role: "dialog", "aria-modal": "true", "aria-label": title, onVnodeMounted: ({ el }) => el.querySelector("input, select, textarea, button")?.focus(),
        onKeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); shut(); } },
      }, [
        h("h2", title), ...body,
        h("div", { class: "dialog-foot" }, [
          h("button", { type: "button", onClick: shut }, "取消"),
          h("button", { type: "button", class: "primary", disabled: state.sending, onClick: action[1] }, action[0]),
        ]),
      ]));
    };
  },
};
