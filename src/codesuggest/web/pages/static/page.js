// Keys, type-ahead, highlights and sending. Everything here is on top of forms that work without it.
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const words = text => [...text.toLowerCase().split(/\s+/), ...text.toLowerCase().split(/[^\p{L}\p{N}]+/u)].filter(Boolean);

document.documentElement.classList.add("script");
$$("[data-needs-script]").forEach(element => { element.hidden = false; });
$$("[data-copy]").forEach(button => button.addEventListener("click", () => copy(button)));
$$("form[data-once]").forEach(form => form.addEventListener("submit", () => { $("button", form).disabled = true; }));
addEventListener("pageshow", event => { if (event.persisted) $$("form[data-once] button").forEach(button => { button.disabled = false; }); });
$("[data-start]")?.focus({ preventScroll: true });
const refused = $("#refusal");
refused?.focus();

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  try { await navigator.clipboard.writeText(field.value); }
  catch { field.select(); document.execCommand("copy"); }
  say("Copied");
}

function say(message) {
  const status = $("[data-status]");
  if (status) status.textContent = message;
}

// ------------------------------------------------------------------ one coding form

const form = $("[data-coding]");
const axes = form ? $$(".axis", form) : [];
const visited = new Set();
let current = 0;

const inputs = axis => $$("input[type=radio], input[type=checkbox]", axis);
const given = axis => inputs(axis).filter(input => input.checked);
const typed = axis => $("input[id^=typed-]", axis)?.value.trim() ?? "";
const labelOf = input => $(".option-label", input.closest(".option")).textContent;
const isOpen = axis => !given(axis).length && !typed(axis) && !("optional" in axis.dataset && visited.has(axis));

function go(number, { focus = true } = {}) {
  current = Math.max(0, Math.min(axes.length - 1, number));
  axes.forEach((axis, n) => { axis.open = n === current; axis.classList.toggle("current", n === current); });
  visited.add(axes[current]);
  if (focus) {
    $("summary", axes[current]).focus({ preventScroll: true });
    axes[current].scrollIntoView({ block: "nearest" });
  }
  light(given(axes[current])[0] ?? inputs(axes[current])[0]);
}

function next() {
  const after = axes.findIndex((axis, n) => n > current && isOpen(axis));
  const open = after >= 0 ? after : axes.findIndex(isOpen);
  if (open >= 0) go(open);
  return open >= 0;
}

function light(input) {
  const spans = (input?.closest(".option").dataset.words ?? "").trim().split(/\s+/).filter(Boolean).map(span => span.split("-").map(Number));
  $$("#narrative [data-to]").forEach(piece => {
    const from = Number(piece.dataset.from), to = Number(piece.dataset.to);
    piece.classList.toggle("lit", spans.some(([start, end]) => start <= from && to <= end));
  });
}

function choose(input, { on = true } = {}) {
  const axis = input.closest(".axis");
  if ("many" in axis.dataset) {
    input.checked = on;
    if (on) given(axis).forEach(other => { if (other !== input && ("unsaid" in other.dataset || "unsaid" in input.dataset)) other.checked = false; });
  } else {
    input.checked = on;
  }
  changed(axis);
  light(input);
}

function changed(axis) {
  const chosen = given(axis).map(labelOf);
  if (typed(axis)) chosen.push(typed(axis));
  $("[data-given]", axis).textContent = chosen.join("; ");
  say(chosen.length ? `${axis.dataset.label}: ${chosen.join("; ")}` : `${axis.dataset.label}: nothing chosen`);
  brief();
  keepDraft();
}

function brief() {
  const todo = axes.filter(axis => !given(axis).length && !typed(axis) && !("optional" in axis.dataset));
  $("[data-todo]").textContent = todo.length ? `Open: ${todo.map(axis => axis.dataset.label.toLowerCase()).join(", ")}` : "";
  const codes = axes.flatMap(axis => [...given(axis).map(input => input.value).filter(code => code !== "-"), ...typed(axis).split(/\s+/).filter(Boolean)]);
  const string = $("[data-string]");
  if (string) {
    string.hidden = todo.length > 0 || axes.some(axis => given(axis).some(input => "unsaid" in input.dataset && !("optional" in axis.dataset)));
    $("#string").value = [form.dataset.trigger, ...codes].join(form.dataset.separator);
  }
}

function press(digit) {
  const options = $$("[data-options] .option", axes[current]);
  const option = digit === 0 ? options.find(one => $("[data-unsaid]", one)) : options.filter(one => !$("[data-unsaid]", one))[digit - 1];
  if (!option) return;
  const input = $("input", option), on = !input.checked;
  choose(input, { on });
  if (on && !("many" in axes[current].dataset)) next() || settleFocus();
}

function settleFocus() {
  $("[data-confirm]").focus({ preventScroll: true });
  say("Everything is chosen. Enter confirms.");
}

// ------------------------------------------------------------------ choices survive a reload (codes only, never words)

const draft = form?.dataset.draft;

function keepDraft() {
  const chosen = axes.flatMap(axis => given(axis).map(input => input.id));
  sessionStorage.setItem(draft, JSON.stringify(chosen));
}

function takeDraft() {
  const chosen = JSON.parse(sessionStorage.getItem(draft) ?? "[]").map(id => document.getElementById(id)).filter(Boolean);
  if (!chosen.length) return;
  axes.forEach(axis => inputs(axis).forEach(input => { input.checked = false; }));
  chosen.forEach(input => { input.checked = true; offer(input); });
  axes.forEach(axis => { if (given(axis).length) { visited.add(axis); changed(axis); } });
}

// ------------------------------------------------------------------ type-ahead over every code of the axis (WAI-ARIA combobox)

function offer(input) {
  const options = $("[data-options]", input.closest(".axis")), option = input.closest(".option");
  if (option.parentElement === options) return;
  const others = $$(".option", options), n = others.length;
  option.classList.add("added");
  if (n <= 9) $("label", option).insertAdjacentHTML("afterbegin", `<kbd aria-hidden="true">${n}</kbd>`);
  $(".option-unsaid", options).before(option);
}

function finder(axis) {
  const box = $("[data-finder]", axis);
  if (!box) return;
  const field = $("input", box), list = $("ul", box);
  let found = [], active = -1;
  box.hidden = false;
  $("[data-others]", axis)?.toggleAttribute("hidden", true);
  const codes = inputs(axis).filter(input => !("unsaid" in input.dataset)).map(input => {
    const option = input.closest(".option"), code = input.value, label = labelOf(input), parent = option.dataset.parent ?? "";
    return { input, code, label, parent, words: words(`${code} ${label} ${parent}`) };
  });
  const show = () => {
    const parts = words(field.value);
    found = codes.filter(one => parts.every(part => one.words.some(word => word.startsWith(part))));
    active = found.length && field.value.trim() ? 0 : -1;
    list.replaceChildren(...found.map((one, n) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${n}`;
      item.role = "option";
      item.append(one.label, " ");
      const code = Object.assign(document.createElement("span"), { className: "code", textContent: one.code });
      item.append(code, one.parent ? ` – ${one.parent}` : "", one.input.checked ? " ✓" : "");
      item.addEventListener("mousedown", event => { event.preventDefault(); take(n); });
      return item;
    }));
    if (!found.length) list.append(Object.assign(document.createElement("li"), { className: "none", role: "option", textContent: "No code begins so. Try fewer letters.", ariaDisabled: "true" }));
    list.hidden = false;
    list.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-expanded", "true");
    mark();
  };
  const mark = () => {
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === active)));
    if (active >= 0) { field.setAttribute("aria-activedescendant", `${list.id}-${active}`); list.children[active].scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  };
  const close = () => { list.hidden = true; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
  const take = n => {
    const input = found[n].input;
    offer(input);
    choose(input);
    field.value = "";
    close();
    if ("many" in axis.dataset) $("summary", axis).focus({ preventScroll: true });
    else next() || settleFocus();
  };
  field.addEventListener("input", show);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", event => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) show();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (found.length) active = (active + step + (active < 0 && step < 0 ? 1 : 0) + found.length) % found.length;
      mark();
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!list.hidden && active >= 0) take(active);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      field.value = "";
      close();
      $("summary", axis).focus({ preventScroll: true });
    }
  });
}

// ------------------------------------------------------------------ sending: what is on the screen stays there until it is recorded

let seen = 0, since = document.hidden ? null : performance.now();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { seen += since === null ? 0 : performance.now() - since; since = null; }
  else since = performance.now();
});

async function send({ again = true } = {}) {
  const button = $("[data-confirm]");
  if (button.disabled && again) return;
  button.disabled = true;
  form.elements.time_on_screen_ms.value = Math.round(seen + (since === null ? 0 : performance.now() - since));
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/problem+json" }, redirect: "manual" });
  } catch {
    return refuse("Not recorded yet: the service does not answer. Your choices are kept here. Press Enter to send them again; they are recorded once.");
  }
  if (answer.type === "opaqueredirect") {
    sessionStorage.removeItem(draft);
    location.assign(form.dataset.next);
    return;
  }
  if (answer.status === 403 && again && await freshToken()) return send({ again: false });
  if (answer.status === 401) return refuse("Not recorded yet: you are signed out. Sign in in another tab, then press Enter here: your choices are kept.");
  const problem = await answer.json().catch(() => ({ detail: "The service could not take it. Press Enter to try again." }));
  refuse(`Not recorded: ${problem.detail}`);
}

async function freshToken() {
  const me = await fetch("/v1/me").then(answer => (answer.ok ? answer.json() : null)).catch(() => null);
  if (!me || me.csrf === form.elements.csrf.value) return false;
  $$("input[name=csrf]").forEach(input => { input.value = me.csrf; });
  return true;
}

function refuse(message) {
  const place = $("[data-refusal]");
  place.textContent = message;
  place.hidden = false;
  place.focus();
  $("[data-confirm]").disabled = false;
}

function enter() {
  visited.add(axes[current]);
  if (axes.some(isOpen)) { next(); return; }
  send();
}

if (form) {
  axes.forEach(finder);
  axes.forEach((axis, n) => {
    if (given(axis).length || typed(axis)) visited.add(axis);
    axis.addEventListener("toggle", () => { if (axis.open && n !== current) go(n, { focus: false }); });
    axis.addEventListener("change", event => { if (event.target.name?.startsWith("code.")) { event.target.checked === undefined ? changed(axis) : choose(event.target, { on: event.target.checked }); } });
    axis.addEventListener("focusin", event => { if (event.target.closest(".option")) light(event.target); });
    axis.addEventListener("mouseover", event => { const option = event.target.closest("[data-options] .option"); if (option) light($("input", option)); });
  });
  form.addEventListener("submit", event => { event.preventDefault(); enter(); });
  takeDraft();
  const first = axes.findIndex(axis => $(".fault", axis)), open = axes.findIndex(isOpen);
  go(first >= 0 ? first : Math.max(0, open), { focus: false });
  brief();
}

// ------------------------------------------------------------------ keys

const dialog = $("#keys");
const singleKeys = () => localStorage.getItem("single-keys") !== "off";
$$("[data-single-keys]").forEach(box => {
  box.checked = singleKeys();
  box.addEventListener("change", () => localStorage.setItem("single-keys", box.checked ? "on" : "off"));
});

function reveal(selector) {
  const details = $(selector, selector === "[data-why]" ? axes[current] : document);
  if (!details) return;
  details.open = selector === "[data-why]" ? !details.open : true;
  const field = $("input:not([type=hidden]), textarea", details) ?? $("summary", details);
  if (selector === "[data-flag]") {
    const selected = String(getSelection()).trim();
    if (selected) field.value = selected;
  }
  field.focus();
  details.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  n: () => go(current + 1),
  p: () => go(current - 1),
  "/": () => $("[data-finder] input, input[id^=typed-]", axes[current])?.focus(),
  w: () => reveal("[data-why]"),
  c: () => reveal("[data-comment]"),
  s: () => reveal("[data-skip]"),
  f: () => reveal("[data-flag]"),
  y: () => { const button = $("[data-copy]"); if (button?.closest("[hidden]") === null) copy(button); },
  r: () => $("[data-start]")?.focus(),
  "?": () => (dialog ? dialog.showModal() : $("[data-key='?']")?.click()),
};

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || dialog?.open) return;
  const at = event.target, isTyping = at.matches("textarea, select, input:not([type=radio], [type=checkbox], [readonly])");
  if (event.key === "Escape" && isTyping) { at.blur(); if (!at.value) at.closest("details:not(.axis)")?.removeAttribute("open"); if (form) go(current); return; }
  if (isTyping) return;
  if (event.key === "Enter") {
    if (form && !at.closest("a, .aside, .similar, header, details details > summary, .end summary, details:not([open]) > summary, [data-copy]")) { event.preventDefault(); if (!event.repeat) enter(); }
    else if (!form && !at.closest("a, button, summary")) $("[data-key=Enter]")?.click();
    return;
  }
  if (!singleKeys()) return;
  const link = $(`[data-key="${CSS.escape(event.key)}"]`);
  if (form && /^\d$/.test(event.key)) press(Number(event.key));
  else if (event.key !== "?" && link) link.click();
  else if (event.key === "?" || (form && event.key in KEYS)) KEYS[event.key]();
  else return;
  event.preventDefault();
});
