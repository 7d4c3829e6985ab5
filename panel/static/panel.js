"use strict";
// What the panel's pages do without asking the server: keys, and telling it that somebody is at work.
window.wenzhengPanel = (() => {
  const REPORT_EVERY_MS = 60_000;
  const csrf = () => document.querySelector('meta[name="csrf-token"]').content;
  const post = (path) => fetch(path, { method: "POST", headers: { "X-CSRF-Token": csrf() } });
  const toLogin = (reason) => {
    const next = encodeURIComponent(location.pathname + location.search);
    location.assign(`/panel/login?reason=${reason}&next=${next}`);
  };

  function expired() {
    if (document.getElementById("panel-expired")) return;
    const dialog = document.createElement("dialog");
    dialog.id = "panel-expired";
    const title = document.createElement("h2");
    title.textContent = "登录已过期";
    const text = document.createElement("p");
    text.textContent = "太久没有操作，或账号有变动，需要重新登录。登录后会回到这个页面。";
    const button = document.createElement("button");
    button.textContent = "重新登录";
    button.addEventListener("click", () => toLogin("expired"));
    dialog.append(title, text, button);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  }

  let reported = Date.now();
  async function atWork() {
    if (Date.now() - reported < REPORT_EVERY_MS) return;
    reported = Date.now();
    const answer = await post("/panel/session").catch(() => null);
    if (answer && answer.status === 401) expired();
  }
  for (const kind of ["keydown", "pointerdown", "wheel"]) addEventListener(kind, atWork, { passive: true });

  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "?" && !typing && !event.ctrlKey && !event.metaKey) {
      document.getElementById("panel-help")?.click();
    } else if (event.altKey && /^[1-9]$/.test(event.key)) {
      const place = document.querySelectorAll("a.panel-place")[Number(event.key) - 1];
      if (place) {
        event.preventDefault();
        place.click();
      }
    }
  });

  async function logOut() {
    await post("/panel/logout").catch(() => null);
    location.assign("/panel/login?reason=out");
  }

  return { expired, toLogin, logOut, csrf };
})();
