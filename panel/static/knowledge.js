"use strict";
// The workshop's keys, files that are uploaded, and what was typed but not saved.
window.wenzhengKnowledge = (() => {
  const KEPT_MS = 7 * 24 * 3600 * 1000;
  let dirty = false;
  const besides = {}; // what is no field of the page, as the server tells it
  const form = () => document.getElementById("kb-form");
  const keyOf = (entry) => `wenzheng-entry-${entry}`;

  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  const press = (id) => {
    const button = document.getElementById(id);
    if (button && !button.disabled && button.offsetParent) button.click();
    return Boolean(button);
  };

  addEventListener("keydown", (event) => {
    const held = event.ctrlKey || event.metaKey;
    if (held && event.key === "s" && press("kb-save")) event.preventDefault();
    else if (held && event.key === "Enter" && !event.target.closest?.(".q-dialog") && press("kb-submit")) event.preventDefault();
    if (held || event.altKey || typing(event.target)) return;
    const search = document.querySelector("#kb-search, .kb-search input");
    if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "n" && !document.querySelector(".q-dialog")) press("kb-new");
    else if (event.key === "ArrowLeft") press("kb-back");
    else if (event.key === "ArrowRight") press("kb-on");
  });

  // Kept in this browser, so that a reload, a lost session or a broken connection loses nothing.
  function keep() {
    const texts = { ...besides };
    for (const field of form().querySelectorAll("[name]")) texts[field.getAttribute("name")] = field.value;
    try {
      const kept = { at: Date.now(), seen: Number(form().dataset.seen), texts };
      localStorage.setItem(keyOf(form().dataset.entry), JSON.stringify(kept));
    } catch { /* a full or forbidden store: the warning on leaving remains */ }
    dirty = true;
  }
  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#kb-form")) return;
    dirty = true;
    if (event.target.getAttribute("name")) keep();
  });
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

  function keepAlso(values) {
    Object.assign(besides, values);
    keep();
  }
  function touched() {
    dirty = true;
  }
  function kept(entry) {
    let found = null;
    try {
      found = JSON.parse(localStorage.getItem(keyOf(entry)));
    } catch { /* unreadable: as if there were none */ }
    if (!found || Date.now() - found.at > KEPT_MS) return null;
    return found;
  }
  function forget(entry) {
    dirty = false;
    localStorage.removeItem(keyOf(entry));
  }

  async function upload(input, address, fields) {
    const file = input.files[0];
    if (!file) return null;
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file);
    input.value = "";
    try {
      const answer = await fetch(address, { method: "POST", headers: { "X-CSRF-Token": wenzhengPanel.csrf() }, body: form });
      return await answer.json();
    } catch {
      return { error: "上传没有完成。", fix: "检查网络后重试。" };
    }
  }

  return { touched, keepAlso, kept, forget, upload };
})();
