// Phone mode: the agent types what the caller says and gets suggestions while typing.
import { h, onMounted, reactive, watch } from "vue";
import { Api, Memory, debounced, newKey } from "./api.js";
import { card, missing } from "./suggest.js";
import { ticketBody, ticketDraft, ticketFields } from "./ticket.js";

const WAIT_MS = 150;

const fresh = () => ({ key: newKey(), notes: "", questions: [], text: "", ticket: null });

export default {
  props: { csrf: { type: String, default: "" }, me: { type: String, default: "" } },
  setup(props) {
    const api = new Api({ csrf: props.csrf });
    const memory = new Memory("wenzheng-phone", props.me); // an unfinished call outlives a reload of the page
    const state = reactive({ call: { ...fresh(), ...memory.read() }, found: null, word: "", bad: false, busy: false, ms: null });
    watch(() => state.call, (call) => memory.keep(call), { deep: true });
    let looking = null;

    function say(word, bad = false) {
      Object.assign(state, { word, bad });
      setTimeout(() => { if (state.word === word) state.word = ""; }, bad ? 8000 : 15000);
    }

    async function look() {
      looking?.abort();
      const words = state.call.text.trim();
      if (!words) { state.found = null; return; }
      looking = new AbortController();
      const started = performance.now();
      try {
        const found = await api.post("/api/desk/suggestions", { q: words }, { signal: looking.signal });
        if (words === state.call.text.trim()) { state.found = found; state.ms = Math.round(performance.now() - started); }
      } catch (problem) {
        if (problem.name !== "AbortError") say(problem.message, true);
      }
    }
    const lookSoon = debounced(WAIT_MS, look);

    function told(item) {
      const { entry_id, version, title, text, probability } = item;
      state.call.questions.push({ question: state.found.text, entry_id, version, text, probability, title });
      clear();
    }
    function untold() {
      const words = state.call.text.trim();
      if (!words) return;
      state.call.questions.push({ question: words, entry_id: null, version: null, text: "", probability: null, title: "" });
      clear();
    }
    function clear() {
      state.call.text = "";
      state.found = null;
      document.getElementById("phone-said")?.focus();
    }

    async function mark(item, name) {
      try {
        await api.post("/api/desk/marks", { mark: name, question: state.found.text, entry_id: item?.entry_id ?? null, version: item?.version ?? null });
        if (item) item.marked = name;
        else { state.found.marked = name; untold(); }
        say("已记录，知识维护人员会看到。");
      } catch (problem) { say(problem.message, true); }
    }

    async function save() {
      if (state.call.text.trim()) untold();
      const { key, notes, questions } = state.call;
      if (!questions.length && !notes.trim() && !state.call.ticket) { say("还没有可保存的内容。", true); return null; }
      state.busy = true;
      try {
        const body = { key, notes, questions: questions.map(({ question, entry_id, version, text, probability }) => ({ question, entry_id, version, text, probability })) };
        const saved = await api.post("/api/desk/phone", body);
        state.call = { ...fresh(), ticket: state.call.ticket };
        say("电话咨询已保存。");
        return saved.conversation_id;
      } catch (problem) {
        say(problem.message, true);
        return null;
      } finally {
        state.busy = false;
      }
    }

    function ticket() {
      const { notes, questions, text } = state.call;
      const story = [...questions.filter((asked) => !asked.entry_id).map((asked) => asked.question), text, notes];
      state.call.ticket = ticketDraft(api, story);
    }
    async function file() {
      if (!state.call.ticket.what.trim()) { say("请写明什么事。", true); return; }
      const conversation = state.call.ticket.conversation ?? await save();
      if (!conversation) return;
      state.call.ticket.conversation = conversation; // a second try files the same ticket
      try {
        const { conversation: _kept, ...draft } = state.call.ticket;
        const filed = await api.post("/api/tickets", ticketBody(draft, conversation));
        state.call.ticket = null;
        say(`已登记诉求，编号 ${filed.number}，${filed.department}承办。请告诉来电人这个编号。`);
      } catch (problem) { say(problem.message, true); }
    }
    function form() {
      return h("div", { class: "pane results" }, [
        h("h2", "建诉求工单"), ...ticketFields(state.call.ticket),
        h("div", { class: "foot-row" }, [
          h("button", { type: "button", class: "primary", disabled: state.busy, onClick: file }, "保存通话并登记"),
          h("button", { type: "button", onClick: () => { state.call.ticket = null; } }, "取消"),
        ]),
      ]);
    }

    onMounted(() => {
      document.getElementById("phone-said")?.focus();
      if (state.call.text) look();
    });

    function asked(one, at) {
      return h("div", { class: "asked-row", key: at }, [
        h("div", { class: "line" }, [h("b", one.question), h("span", { class: "grow" }), h("button", { type: "button", class: "link", onClick: () => { state.call.questions.splice(at, 1); } }, "删除")]),
        one.entry_id ? h("div", { class: "small" }, `已告知：${one.title}（第 ${one.version} 版）`) : h("div", { class: "small none" }, "知识库没有合适的内容，会记为知识缺口"),
      ]);
    }

    return () => h("div", { class: "phone" }, [
      h("section", { class: "pane" }, [
        h("h2", "来电人说"),
        h("textarea", {
          id: "phone-said", rows: 4, maxlength: 2000, "aria-label": "来电人说的话", placeholder: "边听边打字，右边随时给出推荐", value: state.call.text,
          onInput: (event) => { state.call.text = event.target.value; lookSoon(); },
          onKeydown: (event) => {
            if (event.key === "Enter" && event.ctrlKey && state.found?.suggestions.length) { event.preventDefault(); told(state.found.suggestions[0]); }
          },
        }),
        h("div", { class: "foot-row" }, [
          h("button", { type: "button", disabled: !state.call.text.trim(), onClick: untold }, "记下问题，没有合适的知识"),
          state.ms === null ? null : h("span", { class: "speed" }, `查找用时 ${state.ms} 毫秒`),
        ]),
        state.call.questions.length ? h("div", state.call.questions.map(asked)) : h("p", { class: "empty" }, "告知来电人之后，在右边点“已告知”，问题和答复会记在这里。"),
        h("h2", { style: { paddingTop: "12px" } }, "备注"),
        h("textarea", { rows: 4, maxlength: 2000, "aria-label": "备注", placeholder: "来电人姓名、电话、地点、诉求等，可用来建工单", value: state.call.notes, onInput: (event) => { state.call.notes = event.target.value; } }),
        h("div", { class: "foot-row" }, [
          h("button", { type: "button", class: "primary", disabled: state.busy, onClick: save }, "保存电话咨询"),
          h("button", { type: "button", disabled: state.busy, onClick: ticket }, "建诉求工单"),
          h("button", { type: "button", class: "link", onClick: () => { state.call = fresh(); state.found = null; } }, "清空"),
          h("span", { class: state.bad ? "none" : "small", role: "status" }, state.word),
        ]),
      ]),
      state.call.ticket ? form() : h("section", { class: "pane results", "aria-label": "推荐" }, [
        h("h2", "推荐"),
        state.found?.outcome === "fallback" ? h("p", { class: "none" }, "没有把握大的内容，下面的请核对后再说。") : null,
        ...(state.found?.suggestions ?? []).map((item) => card(item, { actions: [{ label: item.rank === 1 ? "已告知（Ctrl+Enter）" : "已告知", primary: true, title: "记下：已把这条内容告诉来电人", run: told }], mark })),
        state.found ? missing(state.found, mark) : h("p", { class: "empty" }, state.call.text.trim() ? "正在查找…" : "还没有输入。"),
      ]),
    ]);
  },
};
