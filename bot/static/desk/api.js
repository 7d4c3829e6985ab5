// Talks to /api/desk with the panel's session, or with a pass where cookies are blocked.
const TIMEOUT_MS = 15000;

export class Problem extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

// the login has ended; what was typed is kept, and the login leads back here
export const leave = () => window.wenzhengPanel?.toLogin("ended");

export class Api {
  constructor({ csrf = "", pass = "" } = {}) {
    this.csrf = csrf;
    this.pass = pass;
  }

  async call(method, path, body = undefined, { key = "", signal = undefined, timeoutMs = TIMEOUT_MS } = {}) {
    const headers = { Accept: "application/json" };
    if (method === "GET") headers["X-Background"] = "1"; // reading by itself keeps no login alive; the panel reports what people do
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.pass) headers.Authorization = `Assist ${this.pass}`;
    else if (method !== "GET") headers["X-CSRF-Token"] = this.csrf;
    if (key) headers["Idempotency-Key"] = key;
    const limit = AbortSignal.timeout(timeoutMs);
    let response;
    try {
      response = await fetch(path, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, limit]) : limit, credentials: this.pass ? "omit" : "same-origin",
      });
    } catch (failure) {
      if (signal?.aborted) throw failure;
      throw new Problem("网络不通，没有完成。请检查网络后重试。", 0);
    }
    if (response.status === 204) return null;
    const content = await response.json().catch(() => null);
    if (response.ok) return content;
    if (response.status === 401 && !this.pass) leave();
    throw new Problem(content ? `${content.error}${content.fix ?? ""}` : "服务暂时不可用，请稍后重试。", response.status);
  }

  get(path, options) { return this.call("GET", path, undefined, options); }
  post(path, body = {}, options = {}) { return this.call("POST", path, body, options); }
}

export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// what one person typed in this tab, across reloads and logins
export class Memory {
  constructor(name, me) { this.key = `${name}:${me}`; }

  read() {
    try { return JSON.parse(sessionStorage.getItem(this.key)) ?? {}; } catch { return {}; }
  }

  keep(content) {
    try { sessionStorage.setItem(this.key, JSON.stringify(content)); } catch { /* full, or private mode */ }
  }
}

export function debounced(wait, work) {
  let timer = null;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
}
