// The conversation: sends, shows, remembers, and listens for what is said later.
import { bubble, make, rating, reply, turn, typing } from "./bubbles.js";

const TIMEOUT_MS = 30000;
const PAUSE_MS = 5 * 60 * 1000; // after that the time is shown again
const MEMORY = "wenzheng-conversation";

const chat = document.getElementById("chat");
const log = document.getElementById("log");
const form = document.getElementById("compose");
const field = document.getElementById("text");
const send = document.getElementById("send");
const hint = document.getElementById("hint");
const state = document.getElementById("state");
const offline = document.getElementById("offline");
const limit = Number(chat.dataset.limit);
const usual = state.textContent;

let entry = chat.dataset.entry ? Number(chat.dataset.entry) : null;
let lastShown = 0;
let lastId = 0;
let listening = null;
let queue = Promise.resolve(); // one message after the other, in the order they were typed

function remembered() {
  try { return localStorage.getItem(MEMORY); } catch { return null; }
}
function remember(id) {
  try { localStorage.setItem(MEMORY, id); } catch { /* private mode: forgotten with the page */ }
}
function forget() {
  try { localStorage.removeItem(MEMORY); } catch { /* as above */ }
}

function show(element, at = new Date()) {
  if (at - lastShown > PAUSE_MS) {
    const today = at.toDateString() === new Date().toDateString();
    const options = today ? { hour: "2-digit", minute: "2-digit" } : { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" };
    log.append(make("p", "time", at.toLocaleString("zh-CN", options)));
  }
  lastShown = at;
  log.append(element);
  reveal(element);
  return element;
}

// A long answer is shown from its beginning, the question still in sight where there is room.
function reveal(element) {
  const top = element.offsetTop - log.offsetTop;
  const before = element.previousElementSibling;
  const start = before?.classList.contains("user") && before.offsetHeight < 120 ? before.offsetTop - log.offsetTop : top;
  const isLong = log.scrollHeight - start > log.clientHeight;
  log.scrollTop = element.classList.contains("bot") && isLong ? start - 12 : log.scrollHeight;
}

function note(text) {
  show(make("p", "note", text));
}

function closeOffers() {
  log.querySelectorAll(".rate").forEach((row) => row.remove());
}

function showReply(message, outcome, at) {
  const element = show(turn("bot", ...reply(message, say)), at);
  if (outcome === "answer") element.querySelector(".said").append(rating(say));
  reveal(element);
}

function showState(holder) {
  const words = { waiting: "已登记转人工，等待工作人员接入", human: "人工坐席正在为您服务" };
  state.textContent = words[holder] ?? usual;
  state.classList.toggle("human", holder === "human");
}

async function post(text, key) {
  const body = entry === null ? { text } : { text, entry_id: entry };
  const response = await fetch("/api/chat", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const content = await response.json();
  if (response.ok) return content;
  const problem = new Error(`${content.error}${content.fix ?? ""}`);
  problem.status = response.status;
  throw problem;
}

function say(text) {
  const said = text.trim();
  if (!said) return;
  closeOffers();
  const mine = show(turn("user", bubble(said)));
  const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  queue = queue.then(() => deliver(said, key, mine));
}

async function deliver(text, key, mine) {
  const dots = show(typing());
  try {
    const answer = await post(text, key);
    dots.remove();
    entry = null; // from now on the conversation itself knows what it is about
    remember(answer.conversation_id);
    listen(answer.conversation_id);
    answer.messages.forEach((message) => showReply(message, answer.outcome));
    if (answer.outcome === "handoff") showState(answer.messages.length ? "waiting" : "human");
  } catch (problem) {
    dots.remove();
    if (problem.status) note(problem.message);
    else if (!navigator.onLine) offline.hidden = false;
    offerRetry(text, key, mine);
  }
}

function offerRetry(text, key, mine) {
  const words = mine.querySelector(".bubble");
  const again = make("button", "retry", "未送达，点此重发");
  again.type = "button";
  const row = make("div", "row", again, words);
  mine.querySelector(".said").append(row);
  again.addEventListener("click", () => {
    row.replaceWith(words);
    queue = queue.then(() => deliver(text, key, mine)); // the same key: what did arrive is not done twice
  });
  log.scrollTop = log.scrollHeight;
}

function showPast(row) {
  const at = new Date(row.at);
  lastId = Math.max(lastId, row.id);
  show(row.role === "user" ? turn("user", bubble(row.text)) : turn(row.role, ...reply(row, say)), at);
}

async function restore() {
  const id = remembered();
  if (!id) return;
  const rows = [];
  let page;
  do {
    const response = await fetch(`/api/conversations/${encodeURIComponent(id)}/messages?after=${rows.at(-1)?.id ?? 0}`);
    if (response.status === 404) return forget();
    if (!response.ok) return;
    page = await response.json();
    rows.push(...page.messages);
  } while (page.messages.length === 200 && rows.length < 2000);
  rows.forEach(showPast);
  log.scrollTop = log.scrollHeight;
  showState(page.holder);
  listen(id);
}

async function refreshState(id) {
  const response = await fetch(`/api/conversations/${encodeURIComponent(id)}/messages?after=${lastId}`);
  if (response.ok) showState((await response.json()).holder);
}

// What a human says comes later, through the stream, and what is said of humans; replies to one's own words come with the answer
// and have an outcome.
function listen(id) {
  if (listening?.id === id) return;
  listening?.source.close();
  const source = new EventSource(`/api/conversations/${encodeURIComponent(id)}/events?after=${lastId}`);
  listening = { id, source };
  source.addEventListener("message", (event) => {
    const row = JSON.parse(event.data);
    if (row.id <= lastId) return;
    lastId = row.id;
    if (row.role === "user" || row.outcome) return;
    show(turn(row.role, ...reply(row, say)), new Date(row.at));
    refreshState(id);
  });
}

function check() {
  const length = field.value.trim().length;
  const tooLong = length > limit;
  send.disabled = length === 0 || tooLong;
  hint.hidden = !tooLong;
  hint.textContent = tooLong ? `已输入 ${length} 字，请缩短到 ${limit} 字以内。` : "";
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 132)}px`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (send.disabled) return;
  say(field.value);
  field.value = "";
  check();
});
field.addEventListener("input", check);
field.addEventListener("keydown", (event) => {
  // while an input method composes, Enter chooses a word
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    form.requestSubmit();
  }
});
document.querySelectorAll("[data-say]").forEach((button) => button.addEventListener("click", () => say(button.dataset.say)));
window.addEventListener("offline", () => { offline.hidden = false; });
window.addEventListener("online", () => { offline.hidden = true; });

check();
restore().catch(() => note("没能取回之前的对话，可以直接提问。"));
