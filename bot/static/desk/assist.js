// The suggestions alone, in another system's window. Tells the window around it which one was picked.
import { createApp, h, onMounted, reactive } from "vue";
import { Api } from "./api.js";
import { card, missing } from "./suggest.js";

const WAIT_S = 20;
const PAUSE_MS = 3000;

const root = document.getElementById("assist");
const { conversation, pass, parents } = root.dataset;
const api = new Api({ pass });
const around = parents.split(" ").filter((origin) => origin.startsWith("http"));

const Assist = {
  setup() {
    const state = reactive({ found: null, problem: "", word: "" });
    async function look() {
      for (;;) {
        const after = state.found?.message_id ?? 0;
        const query = new URLSearchParams({ conversation, after, revision: state.found?.revision ?? 0, wait: after ? WAIT_S : 0 });
        try {
          const found = await api.get(`/api/desk/assist?${query}`, { timeoutMs: (WAIT_S + 15) * 1000 });
          if (found.message_id !== state.found?.message_id || found.revision !== state.found?.revision) state.found = found;
          state.problem = "";
          if (!found.message_id) await new Promise((done) => setTimeout(done, PAUSE_MS));
        } catch (problem) {
          state.problem = problem.message;
          if (problem.status === 401 || problem.status === 403) return;
          await new Promise((done) => setTimeout(done, PAUSE_MS));
        }
      }
    }
    function say(word) {
      state.word = word;
      setTimeout(() => { state.word = ""; }, 2500);
    }
    async function pick(item) {
      const { entry_id, version, title, text, source, url } = item;
      const picked = { type: "wenzheng.suggestion", conversation, message_id: state.found.message_id, entry_id, version, title, text, source, url };
      if (window.parent !== window) around.forEach((origin) => window.parent.postMessage(picked, origin));
      try { await navigator.clipboard.writeText(text); say("已采用，文字已复制。"); } catch { say("已采用。"); }
    }
    async function mark(item, name) {
      const body = { mark: name, conversation_id: conversation, message_id: state.found.message_id, question: state.found.text, entry_id: item?.entry_id ?? null, version: item?.version ?? null };
      try {
        await (pass ? api.post("/api/desk/assist/marks", body) : Promise.reject(new Error("请在坐席页面标记。")));
        if (item) item.marked = name;
        else state.found.marked = name;
      } catch (problem) { say(problem.message); }
    }
    onMounted(look);
    return () => h("div", { class: "assist" }, [
      state.problem ? h("p", { class: "strip late", role: "alert" }, state.problem) : null,
      state.word ? h("p", { class: "strip", role: "status" }, state.word) : null,
      state.found?.text ? h("p", { class: "about" }, ["市民问：", h("q", state.found.text)]) : h("p", { class: "empty" }, state.problem ? "" : state.found ? "等市民说话后，这里给出推荐。" : "正在读取…"),
      state.found?.idle ? h("p", { class: "empty" }, "这句话不涉及政策或办事，没有推荐。") : null,
      ...(state.found?.suggestions ?? []).map((item) => card(item, { actions: [{ label: "采用", primary: true, title: "复制文字，并告诉外面的系统", run: pick }], mark: pass ? mark : null, keys: false })),
      state.found && !state.found.idle && pass ? missing(state.found, mark) : null,
    ]);
  },
};

createApp(Assist).mount(root);
