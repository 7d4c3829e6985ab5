// The live desk: list, conversation, suggestions.
import { h, nextTick, onBeforeUnmount, onMounted, watch } from "vue";
import { Api } from "./api.js";
import Dialogs from "./dialogs.js";
import List from "./list.js";
import Side from "./side.js";
import { createStore } from "./store.js";
import Talk from "./talk.js";

const TITLE = "坐席 · 问政";

function beeper(state) {
  let audio = null;
  return () => {
    if (!state.sound) return;
    try {
      audio ??= new AudioContext();
      const tone = audio.createOscillator();
      const level = audio.createGain();
      tone.frequency.value = 880;
      level.gain.setValueAtTime(0.08, audio.currentTime);
      level.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
      tone.connect(level).connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.4);
    } catch { /* no sound card, or not allowed before the first click */ }
  };
}

export function keyHandler(store) {
  const { state } = store;
  const focus = (id) => document.getElementById(id)?.focus();
  async function move(by) {
    const at = state.rows.findIndex((row) => row.conversation_id === state.selected);
    if (by > 0 && at === state.rows.length - 1 && state.rows.length < state.total) await store.load(true);
    const next = state.rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), state.rows.length - 1)];
    if (!next) return;
    store.open(next.conversation_id);
    await nextTick();
    document.getElementById(`row-${next.conversation_id}`)?.scrollIntoView({ block: "nearest" });
  }
  const edit = () => {
    const item = state.found?.suggestions.find((one) => one.rank === (state.armed ?? 1));
    if (item && store.holds()) store.edit(item);
  };
  const actions = {
    ArrowUp: () => move(-1), ArrowDown: () => move(1), 1: () => store.arm(1), 2: () => store.arm(2), 3: () => store.arm(3), e: edit,
    "/": () => { state.tab = "suggest"; setTimeout(() => focus("desk-search")); },
    // while it is still being loaded the server decides
    t: () => { if (state.selected && state.talk?.state !== "taken" && state.talk?.channel !== "phone") store.take(); }, r: () => focus("desk-draft"),
    n: () => { state.tab = "caller"; setTimeout(() => focus("desk-note")); }, x: () => { if (store.holds()) state.dialog = { kind: "close" }; },
  };
  return (event) => {
    if (event.key === "Escape") { store.disarm(); state.dialog = null; if (document.activeElement?.matches("input,textarea")) document.activeElement.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || state.dialog) return;
    if (event.target.matches("input,textarea,select,[contenteditable]")) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
}

export default {
  props: { csrf: { type: String, default: "" }, me: { type: String, required: true } },
  setup(props) {
    const store = createStore(new Api({ csrf: props.csrf }), props.me);
    const { state } = store;
    const keys = keyHandler(store);
    let ticking = null;
    const seen = () => { if (!document.hidden && state.selected) store.seen(state.selected); };
    onMounted(() => {
      store.load();
      store.loadPhrases();
      store.loadAgents();
      store.listen(beeper(state));
      ticking = setInterval(store.tick, 1000);
      window.addEventListener("keydown", keys);
      document.addEventListener("visibilitychange", seen);
      const asked = new URLSearchParams(location.search).get("conversation");
      if (asked) store.open(asked);
    });
    onBeforeUnmount(() => {
      store.hush();
      clearInterval(ticking);
      window.removeEventListener("keydown", keys);
      document.removeEventListener("visibilitychange", seen);
    });
    watch(() => state.counts.waiting, (waiting) => { document.title = waiting ? `(${waiting}) ${TITLE}` : TITLE; }, { immediate: true });
    const silent = () => store.remind().filter((row) => row.conversation_id !== state.selected);
    return () => h("div", { class: "desk" }, [
      h("div", { class: "bar", inert: Boolean(state.dialog) }, [
        h("span", { class: ["live", { on: state.live, off: state.live === false }], role: "status" }, state.live ? "实时" : state.live === null ? "正在连接…" : "连接断开，正在重连"),
        silent().length ? h("button", { type: "button", class: "nudge", onClick: () => store.open(silent()[0].conversation_id) }, `${silent().length} 个会话快满 3 分钟没有回复，点此查看`) : null,
        h("span", { class: "grow" }),
        h("button", { type: "button", class: "link", onClick: () => { state.sound = !state.sound; } }, state.sound ? "提示音：开" : "提示音：关"),
        h("span", { class: "small" }, "按 ? 看快捷键"),
      ]),
      h("div", { class: "cols", inert: Boolean(state.dialog) }, [h(List, { store }), h(Talk, { store }), h(Side, { store })]),
      state.notice ? h("div", { class: ["notice", state.notice.kind], role: "alert" }, state.notice.text) : null,
      h(Dialogs, { store }),
    ]);
  },
};
