// What an agent typed and has not sent, by conversation: it outlives a reload, a new login and a restart of the server.
import { Memory, newKey } from "./api.js";

const NOTHING = { draft: "", from: null, note: "", unsure: null };

export class Unsent {
  constructor(me) {
    this.memory = new Memory("wenzheng-desk", me);
    const kept = this.memory.read();
    this.view = kept.view ?? null; // the list that was open
    this.drafts = kept.drafts ?? {};
  }

  of(id) { return { ...NOTHING, ...this.drafts[id] }; }

  keep(id, { draft, from, note, unsure }) {
    if (draft || note || unsure) this.drafts[id] = { draft, from, note, unsure };
    else delete this.drafts[id];
    this.save();
  }

  save() { this.memory.keep({ view: this.view, drafts: this.drafts }); }
}

// `unsure`: what was sent and is not known to have arrived; the same words again go under the same key and are said once
export function attempt(unsure, body) {
  const words = JSON.stringify(body);
  return unsure?.words === words ? unsure : { words, key: newKey() };
}

// what is left to be sent when the message of this key has arrived; whatever was typed meanwhile stays
export function without(typed, key) {
  if (typed.unsure?.key !== key) return typed;
  const { text } = JSON.parse(typed.unsure.words);
  return { ...typed, unsure: null, ...(typed.draft.trim() === text ? { draft: "", from: null } : {}) };
}
