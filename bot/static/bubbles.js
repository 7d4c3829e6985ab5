// Draws what was said. Text is only ever set as text, never as HTML.

const LINK = /https?:\/\/[^\s，。；、（）()<>"'“”]+|(?<![\w/])\/e\/\d+|(?<![\d-])(?:0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4}|12345)(?![\d-])/g;
const icon = document.querySelector(".top img").src;
const validities = new Map(); // entry id → promise of {state, text}

export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function linked(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(at, found.index));
    const anchor = make("a", "", found[0]);
    anchor.href = /^[\d-]+$/.test(found[0]) ? `tel:${found[0].replaceAll("-", "")}` : found[0];
    anchor.rel = "noopener";
    parts.push(anchor);
    at = found.index + found[0].length;
  }
  return [...parts, text.slice(at)];
}

function face(role) {
  if (role === "bot") {
    const image = make("img", "face");
    image.src = icon;
    image.alt = "助手";
    return image;
  }
  return make("span", "face", role === "agent" ? "坐席" : "我");
}

export function turn(role, ...content) {
  const said = make("div", "said", ...content);
  if (role === "agent") said.prepend(make("span", "who", "人工坐席"));
  return make("div", `turn ${role}`, face(role), said);
}

export function bubble(text) {
  return make("div", "bubble", ...linked(text));
}

export function typing() {
  const dots = make("div", "bubble typing", make("i"), make("i"), make("i"));
  dots.setAttribute("aria-label", "正在查找");
  return turn("bot", dots);
}

// The options of a list are drawn as buttons: the same lines need not stand in the text as well.
function withoutOptions(text, buttons) {
  const titles = new Set(buttons.map((button) => button.title));
  return text.split("\n").filter((line) => !titles.has(line.replace(/^\d+\.\s*/, ""))).join("\n");
}

// The card below names source, validity and page: those lines need not stand in the text as well.
function withoutCard(text, citation) {
  const isOnCard = (line) => line.startsWith("详情：") || (line.startsWith("依据：") && citation.source && line.includes(citation.source));
  return text.split("\n").filter((line) => !isOnCard(line)).join("\n");
}

function shownText(message, buttons, citations, isList) {
  if (isList) return withoutOptions(message.text, buttons);
  return citations.length === 1 ? withoutCard(message.text, citations[0]) : message.text;
}

export function reply(message, say) {
  // the page draws its own buttons for rating
  const buttons = (message.buttons ?? []).filter((button) => !["有用", "没用"].includes(button.payload));
  const citations = message.citations ?? [];
  const isList = buttons.length > 0 && citations.length > 0;
  const parts = [bubble(shownText(message, buttons, citations, isList))];
  if (isList) {
    parts.push(options(buttons.slice(0, citations.length), citations, say));
    if (buttons.length > citations.length) parts.push(chips(buttons.slice(citations.length), say));
  } else {
    parts.push(...citations.map(card));
    if (buttons.length > 0) parts.push(buttons.every((b) => b.title.length < 8) ? chips(buttons, say) : options(buttons, [], say));
  }
  return parts;
}

function sayButton(button, say) {
  const element = make("button", "", button.title);
  element.type = "button";
  element.addEventListener("click", () => say(button.payload));
  return element;
}

function options(buttons, citations, say) {
  const rows = buttons.map((button, i) => {
    const row = make("div", "option", sayButton(button, say));
    if (citations[i]) {
      const more = make("a", "", "详情");
      more.href = `/e/${citations[i].entry_id}`;
      row.append(more);
    }
    return row;
  });
  return make("div", "options", ...rows);
}

function chips(buttons, say) {
  return make("div", "chips", ...buttons.map((button) => sayButton(button, say)));
}

function card(citation) {
  const tag = make("span");
  const link = make(
    "a", "card",
    make("b", "", citation.title),
    make("span", "from", citation.source ? `依据：${citation.source}` : "来源见详情"),
    make("span", "end", tag, make("span", "", "查看详情 ›")),
  );
  link.href = `/e/${citation.entry_id}`;
  validity(citation.entry_id).then(({ state, text }) => {
    tag.className = text ? `tag ${state}` : "";
    tag.textContent = text;
  });
  return link;
}

async function lookUp(entryId) {
  const response = await fetch(`/api/entries/${entryId}`);
  if (response.status === 401 || response.status === 403 || response.status === 404) return { state: "expired", text: "已停用" };
  if (!response.ok) return { state: "", text: "" };
  const { effective_from: from, effective_to: to } = await response.json();
  const today = new Date().toLocaleDateString("sv-SE", { timeZone: "Asia/Shanghai" }); // YYYY-MM-DD
  if (to && today > to) return { state: "expired", text: `已于 ${to} 失效` };
  if (from && today < from) return { state: "not_yet", text: `${from} 起施行` };
  return { state: "valid", text: to ? `有效期至 ${to}` : "现行有效" };
}

function validity(entryId) {
  if (!validities.has(entryId)) validities.set(entryId, lookUp(entryId).catch(() => ({ state: "", text: "" })));
  return validities.get(entryId);
}

const THUMB = "M7 11v9H4v-9zM7 11l4-8c1.6 0 2.6 1.2 2.4 2.8L13 9h5.4a2 2 0 0 1 2 2.4l-1.3 7A2 2 0 0 1 17.100 20H7";

function thumb(down) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", THUMB);
  if (down) path.setAttribute("transform", "rotate(180 12 12)");
  svg.append(path);
  return svg;
}

export function rating(say) {
  const row = make("div", "rate");
  for (const [word, down] of [["有用", false], ["没用", true]]) {
    const button = make("button", "", thumb(down), word);
    button.type = "button";
    button.addEventListener("click", () => say(word));
    row.append(button);
  }
  return row;
}
