// The state of an agent's desk, and everything that changes it.
import { reactive, watch } from "vue";
import { leave } from "./api.js";
import { ticketBody, ticketDraft } from "./ticket.js";
import { Unsent, attempt, without } from "./unsent.js";
import { REMIND_S, seconds } from "./words.js";

const PAGE = 50;
const MOST_ROWS = 200; // that one answer gives
const RECOUNT_MS = 3000; // between two looks at the numbers, however much happens
const RETRY_MS = 3000; // after an answer that was no stream, as a proxy gives when the gateway is away
const SEND_AFTER_MS = 1500; // a key sends a suggestion after this, unless it is taken back

export function createStore(api, me) {
  const state = reactive({
    me, now: Date.now(), live: null, view: "waiting", text: "", channel: "", rows: [], total: 0,
    counts: { waiting: 0, mine: 0, others: 0 }, loading: false, selected: null, talk: null, agents: [], phrases: [],
    asked: null, found: null, finding: false, tab: "suggest", search: "", draft: "", from: null, note: "", unsure: null, sending: false,
    armed: null, notice: null, dialog: null, sound: true, unseen: 0,
  });
  let skew = 0;
  let timer = null;
  const unsent = new Unsent(me);
  if (unsent.view) state.view = unsent.view;
  watch(() => [state.draft, state.from, state.note, state.unsure], () => { if (state.selected) unsent.keep(state.selected, state); }, { flush: "sync" });
  watch(() => state.view, (view) => { unsent.view = view; unsent.save(); });
  const forget = (id, key) => {
    if (id === state.selected) Object.assign(state, without({ draft: state.draft, from: state.from, unsure: state.unsure }, key));
    else unsent.keep(id, without(unsent.of(id), key));
  };
  function settle() { // what has arrived after all is not to be sent again
    if (state.unsure && !state.sending && state.talk?.messages.some((message) => message.key === state.unsure.key)) forget(state.selected, state.unsure.key);
  }

  const notice = (text, kind = "info") => {
    state.notice = { text, kind };
    clearTimeout(timer);
    timer = setTimeout(() => { state.notice = null; }, kind === "bad" ? 8000 : 3500);
  };

  async function guarded(work) {
    try {
      return await work();
    } catch (problem) {
      notice(problem.message, "bad");
      return undefined;
    }
  }

  const base = (id) => `/api/desk/conversations/${encodeURIComponent(id)}`;
  const nameOf = (login) => state.agents.find((agent) => agent.name === login)?.display_name ?? login;
  const rowOf = (id) => state.rows.find((row) => row.conversation_id === id);
  const holds = () => state.talk?.state === "taken" && state.talk.agent === me;

  // words may name people: they go in a body, which no access log has
  function readRows(offset, limit) {
    const filters = { view: state.view, offset, limit, ...(state.channel ? { channel: state.channel } : {}) };
    if (state.text) return api.post("/api/desk/conversations/search", { q: state.text, ...filters });
    return api.get(`/api/desk/conversations?${new URLSearchParams(filters)}`);
  }

  let asking = 0;
  async function load(more = false) {
    const asked = ++asking;
    state.loading = true;
    const page = await guarded(() => (more
      ? readRows(state.rows.length, PAGE) : readRows(0, Math.min(Math.max(state.rows.length, PAGE), MOST_ROWS))));
    if (asked !== asking) return; // another list has been asked for since
    state.loading = false;
    if (!page) return;
    skew = Date.parse(page.now) - Date.now();
    const known = new Set(more ? state.rows.map((row) => row.conversation_id) : []);
    const fresh = page.conversations.filter((row) => !known.has(row.conversation_id));
    state.rows = more ? [...state.rows, ...fresh] : fresh;
    state.total = page.total;
    state.counts = page.counts;
  }

  function setView(view) {
    state.view = view;
    state.rows = [];
    return load();
  }

  async function open(id) {
    const typed = unsent.of(id);
    if (id !== state.selected) state.talk = null; // what arrives meanwhile is of the new one, and so are the keys
    state.selected = null; // what follows is of the new one
    Object.assign(state, { found: null, asked: null, armed: null, search: "", tab: "suggest", ...typed });
    state.selected = id;
    history.replaceState(history.state, "", `?${new URLSearchParams({ conversation: id })}`);
    const talk = await guarded(() => api.get(base(id)));
    if (!talk || state.selected !== id) return;
    state.talk = talk;
    settle();
    seen(id);
    await suggest();
  }

  async function seen(id) {
    const row = rowOf(id);
    if (row) row.unread = 0;
    if (!document.hidden) await guarded(() => api.post(`${base(id)}/read`));
  }

  async function refreshTalk() {
    const id = state.selected;
    if (!id) return;
    const talk = await guarded(() => api.get(base(id)));
    if (talk && state.selected === id) { state.talk = talk; settle(); }
  }

  async function older() {
    const first = state.talk?.messages[0]?.id;
    if (!first) return;
    const page = await guarded(() => api.get(`${base(state.selected)}/messages?before=${first}`));
    if (page) state.talk.messages = [...page.messages, ...state.talk.messages];
    if (page && page.messages.length === 0) state.talk.complete = true;
  }

  async function newer(id) {
    if (!state.talk) return; // it is being loaded, with what is new
    const last = state.talk.messages.at(-1)?.id ?? 0;
    const page = await guarded(() => api.get(`${base(id)}/messages?after=${last}`));
    if (!page || state.selected !== id || !state.talk) return;
    const known = new Set(state.talk.messages.map((message) => message.id));
    const fresh = page.messages.filter((message) => !known.has(message.id));
    state.talk.messages.push(...fresh);
    state.talk.allowance = page.allowance;
    if (fresh.some((message) => message.role === "user")) {
      if (state.search === "") await suggest();
      seen(id);
    }
  }

  async function suggest(messageId = null) {
    const id = state.selected;
    if (!id) return;
    state.search = "";
    state.finding = true;
    const path = messageId ? `${base(id)}/messages/${messageId}/suggestions` : `${base(id)}/suggestions`;
    const found = await guarded(() => api.get(path));
    state.finding = false;
    if (!found || state.selected !== id || state.search !== "") return;
    disarm();
    state.found = found;
    state.asked = found.message_id;
  }

  let searching = null;
  async function search(words) {
    searching?.abort();
    const said = words.trim();
    state.search = said;
    if (!said) return suggest();
    searching = new AbortController();
    state.finding = true;
    try {
      const found = await api.post("/api/desk/suggestions", { q: said }, { signal: searching.signal });
      if (state.search !== said) return undefined;
      disarm();
      state.found = found;
    } catch (problem) {
      if (problem.name !== "AbortError") notice(problem.message, "bad");
      else return undefined;
    }
    state.finding = false;
    return undefined;
  }

  async function step(name, body, done) {
    const id = state.selected;
    if (!id || state.sending) return false;
    state.sending = true;
    const answer = await guarded(() => api.post(`${base(id)}/${name}`, body));
    state.sending = false;
    if (answer === undefined) { refreshTalk(); return false; }
    if (done) notice(done, "good");
    await Promise.all([refreshTalk(), load()]);
    return true;
  }

  async function take() {
    if (await step("take", {}, "已接入，市民会看到您的回复。")) { if (state.view === "waiting") await setView("mine"); }
  }

  async function post(body) {
    const id = state.selected;
    if (!id || state.sending) return false;
    state.sending = true;
    state.unsure = attempt(state.unsure, body);
    const { key } = state.unsure;
    const sent = await guarded(() => api.post(`${base(id)}/send`, body, { key }));
    state.sending = false;
    if (!sent) { await Promise.all([refreshTalk(), body.entry_id ? lookAgain() : null]); return false; }
    forget(id, key);
    if (state.selected === id) await newer(id);
    return true;
  }
  const lookAgain = () => (state.search ? search(state.search) : suggest(state.asked)); // the entry may have changed

  function reference(item) {
    const asked = state.search ? { q: state.search } : { message_id: state.found?.message_id };
    return { entry_id: item.entry_id, version: item.version, ...asked };
  }

  async function send() {
    const text = state.draft.trim();
    if (!text) return;
    await post(state.from ? { ...state.from.reference, text } : { text });
  }

  async function sendSuggestion(item) {
    disarm();
    if (!holds()) { notice("请先接入这个会话，再发送。", "bad"); return; }
    if (await post(reference(item))) notice(`已发送：${item.title}`, "good");
  }

  let sendTimer = null;
  function disarm() {
    clearTimeout(sendTimer);
    state.armed = null;
  }
  function arm(rank) {
    const item = state.found?.suggestions.find((one) => one.rank === rank);
    if (!item) return;
    if (!holds()) { notice("请先接入这个会话（按 T），再发送推荐。", "bad"); return; }
    if (state.armed === rank) { sendSuggestion(item); return; }
    disarm();
    state.armed = rank;
    sendTimer = setTimeout(() => sendSuggestion(item), SEND_AFTER_MS);
  }

  function edit(item) {
    disarm();
    state.draft = item.text;
    state.from = { reference: reference(item), title: item.title, version: item.version, text: item.text };
  }

  async function mark(item, name) {
    const body = {
      mark: name, conversation_id: state.selected, message_id: state.search ? null : state.found?.message_id,
      question: state.search || state.found?.text || "", entry_id: item?.entry_id ?? null, version: item?.version ?? null,
    };
    if (await guarded(() => api.post("/api/desk/marks", body))) {
      if (item) item.marked = name;
      else state.found.marked = name;
      notice("已记录，知识维护人员会看到。", "good");
    }
  }

  async function note() {
    const id = state.selected;
    const text = state.note.trim();
    if (!text) return;
    const answer = await guarded(() => api.post(`${base(id)}/notes`, { text }));
    if (!answer || state.selected !== id) return;
    if (state.talk) state.talk.notes = answer.notes;
    state.note = "";
  }

  async function propose(message) {
    if (!await guarded(() => api.post("/api/bank/proposals", { message_id: message.id }))) return;
    message.proposed = true;
    notice("已提议入库，知识编辑会审核。", "good");
  }

  async function fileTicket(draft) {
    const filed = await guarded(() => api.post("/api/tickets", ticketBody(draft, state.selected)));
    if (!filed) return false;
    notice(`已登记诉求 ${filed.number}，${filed.department}承办。`, "good");
    await refreshTalk();
    return true;
  }

  async function loadPhrases() {
    const page = await guarded(() => api.get("/api/desk/phrases"));
    if (page) state.phrases = page.phrases;
  }
  async function savePhrase(phrase) {
    const body = { title: phrase.title, text: phrase.text };
    const saved = phrase.id
      ? await guarded(() => api.call("PUT", `/api/desk/phrases/${phrase.id}`, body))
      : await guarded(() => api.post("/api/desk/phrases", { ...body, shared: phrase.shared }));
    if (saved) await loadPhrases();
    return Boolean(saved);
  }
  async function removePhrase(id) {
    await guarded(() => api.call("DELETE", `/api/desk/phrases/${id}`));
    await loadPhrases();
  }
  async function loadAgents() {
    const page = await guarded(() => api.get("/api/desk/agents"));
    if (page) state.agents = page.agents;
  }

  // ---- what arrives
  function belongs(row) {
    if (state.text || (state.channel && row.channel !== state.channel)) return rowOf(row.conversation_id) !== undefined;
    return {
      waiting: row.state === "waiting", mine: row.state === "taken" && row.agent === me,
      others: row.state === "taken" && row.agent !== me, bot: row.state === "bot", closed: row.state === "closed", all: true,
    }[state.view];
  }

  // what is loaded is the beginning of the list without gaps; what stands further down is loaded when it is asked for
  function isWithin(row) {
    if (state.rows.length >= state.total) return true;
    return state.view !== "waiting" && state.rows.some((one) => one.last_message_id < row.last_message_id);
  }

  function merge(rows, beep) {
    let arrived = false;
    for (const row of rows) {
      const known = rowOf(row.conversation_id);
      if (row.state === "waiting" && !waitingIds.has(row.conversation_id)) { waitingIds.add(row.conversation_id); arrived = true; }
      if (row.state !== "waiting") waitingIds.delete(row.conversation_id);
      if (known && belongs(row)) Object.assign(known, row);
      else if (known) { state.rows = state.rows.filter((one) => one !== known); state.total -= 1; }
      else if (belongs(row) && isWithin(row)) { state.rows = [...state.rows, { ...row, unread: 0 }]; }
      if (state.talk && row.conversation_id === state.selected) {
        const passed = row.agent !== state.talk.agent || row.state !== state.talk.state;
        Object.assign(state.talk, row);
        if (passed) refreshTalk();
      }
      if (row.transfer && row.agent === me && !transfers.has(row.transfer.at)) {
        transfers.add(row.transfer.at);
        if (beep !== null) { notice(`${nameOf(row.transfer.from)} 把一个会话转给了您：${row.transfer.note || "没有说明"}`, "info"); arrived = true; }
      }
    }
    if (state.view === "waiting") state.rows.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
    else state.rows.sort((a, b) => b.last_message_id - a.last_message_id);
    if (arrived && beep) beep();
  }
  const waitingIds = new Set();
  const transfers = new Set();

  function arrive(message) {
    if (message.conversation_id === state.selected && state.talk) return newer(message.conversation_id);
    const row = rowOf(message.conversation_id);
    if (row && message.role === "user") row.unread = (row.unread ?? 0) + 1;
    return undefined;
  }

  const recount = () => guarded(async () => {
    const page = await readRows(0, 1);
    state.counts = page.counts;
    if (page.view === state.view) state.total = Math.max(page.total, state.rows.length);
  });

  async function catchUp() {
    await Promise.all([load(), refreshTalk()]);
    if (state.selected && state.search === "") await suggest();
  }

  let source = null;
  let retrying = null;
  function listen(beep) {
    source = new EventSource("/api/desk/events");
    source.addEventListener("hello", (event) => {
      skew = Date.parse(JSON.parse(event.data).now) - Date.now();
      if (state.live === false) catchUp();
      state.live = true;
    });
    source.addEventListener("ended", () => { source.close(); leave(); });
    source.addEventListener("list", (event) => {
      const change = JSON.parse(event.data);
      merge(change.rows, beep);
      state.counts = { ...state.counts, waiting: change.waiting };
      if (state.view === "waiting" && !state.text && !state.channel) state.total = change.waiting;
      recountSoon();
    });
    source.addEventListener("message", (event) => { if (event.data) arrive(JSON.parse(event.data)); });
    source.addEventListener("reset", catchUp);
    source.onerror = () => {
      state.live = false;
      if (source.readyState !== EventSource.CLOSED) return; // else the browser tries again by itself
      clearTimeout(retrying);
      retrying = setTimeout(() => api.get("/api/desk/agents").catch(() => null).then(() => listen(beep)), RETRY_MS); // 401 leaves
    };
  }
  function hush() {
    clearTimeout(retrying);
    clearTimeout(recounting);
    source?.close();
  }
  let recounting = null;
  const recountSoon = () => { recounting ??= setTimeout(() => { recounting = null; recount(); }, RECOUNT_MS); };

  const tick = () => { state.now = Date.now() + skew; };
  const remind = () => state.rows.filter(
    (row) => row.agent === me && row.state === "taken" && seconds(row.agent_spoke_at, state.now) >= REMIND_S,
  );

  return {
    state, load, setView, open, take, send, sendSuggestion, arm, disarm, edit, mark, note, suggest, search, older, refreshTalk, step,
    loadPhrases, savePhrase, removePhrase, loadAgents, listen, hush, tick, remind, nameOf, fileTicket, ticketDraft: (said) => ticketDraft(api, said), propose, notice, holds, seen, post,
  };
}
