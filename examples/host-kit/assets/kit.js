// What a hand expects more. Every page works without it.

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The summary of mistakes takes the focus; its links lead to the control itself.
const summary = document.querySelector("[data-focus]");
summary?.focus();
for (const link of all(".summary a")) {
  link.addEventListener("click", () => document.querySelector(link.hash)?.focus());
}

// A part that belongs to one answer, `name=value`, is there when that answer is chosen.
for (const part of all("[data-shown-by]")) {
  const [name, value] = part.dataset.shownBy.split("=");
  const answers = all(`input[name="${name}"]`);
  const show = () => { part.hidden = !answers.some((answer) => answer.checked && answer.value === value); };
  answers.forEach((answer) => answer.addEventListener("change", show));
  show();
}

// A form is sent once, however often its button is pressed. A page that a browser kept has the key of a report that was
// sent, so each showing draws a new one; a form that came back with mistakes keeps its key.
for (const form of all("form[method=post]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    setTimeout(() => { sent = false; }, 5000);
  });
  const key = form.querySelector("[data-key]");
  if (key && !summary && globalThis.isSecureContext) key.value = crypto.randomUUID();
}

// What is typed into a report survives a reload of this tab, and is gone when the tab is closed or the report was taken. A
// patient's file number is never kept.
const drafts = (() => { try { return sessionStorage; } catch { return undefined; } })();
const PRIVATE = ["key", "medical_file_number", "involved_person"];
for (const form of drafts ? all("form[data-outbox]") : []) {
  const place = `draft:${location.pathname}`;
  const fields = () => [...form.elements].filter((field) => field.name && !PRIVATE.includes(field.name));
  const keep = () => {
    const typed = fields()
      .filter((field) => field.type !== "radio" && field.type !== "checkbox" || field.checked)
      .map((field) => [field.name, field.value]);
    drafts.setItem(place, JSON.stringify(typed));
  };
  if (!summary) {
    for (const [name, value] of JSON.parse(drafts.getItem(place) ?? "[]")) {
      for (const field of fields().filter((field) => field.name === name)) {
        if (field.type === "radio" || field.type === "checkbox") field.checked ||= field.value === value;
        else field.value = value;
        field.dispatchEvent(new Event("change"));
      }
    }
  }
  form.addEventListener("input", keep);
}
if (drafts && document.querySelector("[data-taken]")) {
  Object.keys(drafts).filter((name) => name.startsWith("draft:")).forEach((name) => drafts.removeItem(name));
}

// The signs that are left, once few are.
for (const text of all("[data-counted]")) {
  const left = text.parentElement.querySelector("[data-left]");
  const count = () => {
    const rest = text.maxLength - text.value.length;
    if (left) {
      left.hidden = rest > text.maxLength / 10;
      left.textContent = new Intl.NumberFormat(document.documentElement.lang).format(rest);
    }
  };
  text.addEventListener("input", count);
}

// Two minutes before the session ends, a question. Each request keeps the session alive, so the tabs tell each other.
const warning = document.querySelector("[data-session]");
if (warning) {
  const tabs = new BroadcastChannel("session");
  let timer;
  const until = (seconds) => {
    clearTimeout(timer);
    if (warning.open) warning.close();
    timer = setTimeout(() => warning.showModal(), Math.max(0, seconds - 120) * 1000);
  };
  until(warning.dataset.seconds);
  tabs.postMessage(warning.dataset.seconds);
  tabs.addEventListener("message", (told) => until(told.data));
  warning.querySelector("button").addEventListener("click", async () => {
    const answer = await fetch(warning.dataset.session, { method: "POST" });
    if (!answer.ok) return location.reload();
    const seconds = await answer.text();
    until(seconds);
    tabs.postMessage(seconds);
  });
}

// A page that the browser shows again, after going back, may be another person's by now.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
