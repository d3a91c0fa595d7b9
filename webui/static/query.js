// Query page: completion, highlighting, marks at errors, history, and results without a reload.
"use strict";

(() => {
  const form = document.getElementById("query-form");
  if (!form) return;
  const editor = form.querySelector("[data-editor]");
  const area = document.getElementById("query");
  const marks = editor.querySelector("[data-marks]");
  const list = document.getElementById("completions");
  const result = document.querySelector("[data-result]");
  const KEEP = 50;
  const LONGEST_ADDRESS = 6000;
  const HISTORY = "photoz-queries";

  const json = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };
  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // --- language

  let language = { keywords: [], functions: [] };
  let words = new Set();
  let functions = new Map();
  let languageLoading = null;
  const loadLanguage = () => {
    languageLoading ??= json("/query/language").then((found) => {
      language = found;
      functions = new Map(found.functions.map((item) => [item.name, item]));
      words = new Set(found.keywords.filter((word) => !functions.has(word)));
      mark();
    }).catch(() => { languageLoading = null; }); // the next one asks again
    return languageLoading;
  };

  // --- highlighting

  const TOKENS = /(--[^\n]*)|('(?:[^']|'')*'?)|("(?:[^"]|"")*"?)|([A-Za-z_][A-Za-z0-9_]*)|(\d+\.?\d*(?:[eE][+-]?\d+)?)|(\s+|.)/gy;
  let wrong = null;

  const mark = () => {
    const made = document.createDocumentFragment();
    const text = area.value;
    let at = 0;
    for (const [token, comment, string, , word] of text.matchAll(TOKENS)) {
      const upper = word?.toUpperCase();
      const kind = comment ? "comment" : string ? "text" : functions.has(upper) ? "function" : words.has(upper) ? "word" : "";
      const isWrong = wrong !== null && at <= wrong && wrong < at + token.length;
      const classes = [kind, isWrong ? "wrong" : ""].filter(Boolean).join(" ");
      made.append(classes ? element("span", token, { class: classes }) : token);
      at += token.length;
    }
    if (wrong !== null && wrong >= text.length) made.append(element("span", " ", { class: "wrong" }));
    made.append("\n");
    marks.replaceChildren(made);
    marks.scrollTop = area.scrollTop;
  };

  const offsetOf = (line, column) => {
    const lines = area.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    return Math.min(before + column - 1, area.value.length);
  };

  const showError = () => {
    const error = form.querySelector("#query-error[data-line]");
    wrong = error ? offsetOf(Number(error.dataset.line), Number(error.dataset.column)) : null;
    mark();
    if (wrong === null) return;
    const length = /^\w+/.exec(area.value.slice(wrong))?.[0].length ?? 1;
    area.focus();
    area.setSelectionRange(wrong, Math.min(wrong + length, area.value.length));
  };

  // --- completion

  const columnsOf = new Map();
  let options = [];
  let chosen = 0;
  let asked = 0;

  const loadColumns = (table) => {
    const failed = () => {
      columnsOf.delete(table); // the next one asks again
      return [];
    };
    if (!columnsOf.has(table)) columnsOf.set(table, json(`/query/columns?table=${encodeURIComponent(table)}`).then((found) => found.columns, failed));
    return columnsOf.get(table);
  };

  const NO_ALIAS = String.raw`(?!(?:ON|USING|WHERE|GROUP|HAVING|ORDER|OFFSET|NATURAL|INNER|LEFT|RIGHT|FULL|CROSS|JOIN|UNION|EXCEPT|INTERSECT)\b)`;
  const TABLE = String.raw`([A-Za-z_]\w*\.[A-Za-z_]\w*)(?:\s+(?:AS\s+)?${NO_ALIAS}([A-Za-z_]\w*))?`;
  const FROM = String.raw`\b(?:FROM|JOIN)\s+${TABLE}(?:\s*,\s*${TABLE})*`;

  // Tables of the query with their aliases, whatever is written so far; one may be there twice, as in a join with itself.
  const tablesOf = (text) => {
    const listed = (text.match(new RegExp(FROM, "gi")) ?? []).map((clause) => clause.replace(/^\w+\s+/, ""));
    const found = listed.flatMap((clause) => [...clause.matchAll(new RegExp(TABLE, "gi"))]);
    return found.map(([, name, alias]) => [name, alias ?? name.split(".")[1]]);
  };

  const findTables = async (prefix) => {
    const found = await json(`/query/tables?search=${encodeURIComponent(prefix.replace(".", " "))}`);
    return found.tables.map((table) => ({ text: table.name, label: table.name, about: table.description, start: 0 }));
  };

  const suggestions = async (prefix, before, after) => {
    const used = tablesOf(area.value);
    const [owner, part] = prefix.includes(".") ? [prefix.slice(0, prefix.lastIndexOf(".")), prefix.slice(prefix.lastIndexOf(".") + 1)] : ["", prefix];
    const low = part.toLowerCase().replace(/^"/, "");
    const fits = (name) => name.toLowerCase().replace(/^"/, "").startsWith(low);
    const made = [];
    const offered = new Set();
    if (/\b(FROM|JOIN)\s+$/i.test(before)) return findTables(prefix);
    for (const [table, alias] of used) {
      if (owner && owner.toLowerCase() !== alias.toLowerCase() && owner.toLowerCase() !== table.toLowerCase()) continue;
      if (offered.has(table)) continue;
      offered.add(table);
      for (const column of await loadColumns(table)) {
        if (!fits(column.name)) continue;
        const about = [column.type, column.unit, column.ucd, column.description].filter(Boolean).join(" · ");
        made.push({ text: column.name, label: column.name, about: `${about} – ${table}`, start: owner ? owner.length + 1 : 0 });
      }
    }
    if (!owner && part) {
      for (const item of language.functions) if (fits(item.name)) made.push({ text: `${item.form.split("(")[0]}(`, label: item.form, about: item.description, start: 0 });
      for (const word of words) if (fits(word)) made.push({ text: word, label: word, about: "", start: 0 });
    }
    if (part.length > 1 || owner) {
      const found = await findTables(prefix).catch(() => []); // columns and functions are offered without them
      made.push(...found.slice(0, 10).filter((table) => table.text.toLowerCase().startsWith(prefix.toLowerCase())));
    }
    return made.filter((option) => option.text.toLowerCase() !== prefix.toLowerCase() || after).slice(0, 60);
  };

  const prefixAt = () => /[A-Za-z_"][\w".]*$/.exec(area.value.slice(0, area.selectionStart))?.[0] ?? "";

  const complete = async (wanted) => {
    const prefix = prefixAt();
    const at = area.selectionStart;
    const before = area.value.slice(0, at - prefix.length);
    const isTable = /\b(FROM|JOIN)\s+$/i.test(before);
    const inComment = /--[^\n]*$/.test(before) || (before.match(/'/g) ?? []).length % 2 === 1;
    if (inComment || (!wanted && !prefix && !isTable) || (!wanted && prefix.length < 2 && !isTable && !prefix.endsWith("."))) return close();
    const mine = ++asked;
    await loadLanguage();
    let found = [];
    try {
      found = await suggestions(prefix, before, wanted);
    } catch {
      // The list stays away; typing goes on.
    }
    if (mine !== asked || area.selectionStart !== at) return;
    if (!found.length) return close();
    options = found.map((option) => ({ ...option, from: at - prefix.length + option.start }));
    chosen = 0;
    list.replaceChildren(...options.map((option, number) => {
      const item = element("li", option.label, { role: "option", id: `completion-${number}`, "aria-selected": number === 0 });
      if (option.about) item.append(element("small", option.about.slice(0, 160)));
      return item;
    }));
    list.hidden = false;
    place();
    area.setAttribute("aria-activedescendant", "completion-0");
  };

  // Below the line of the cursor: the marks have the same layout as the text.
  const place = () => {
    const range = document.createRange();
    const walker = document.createTreeWalker(marks, NodeFilter.SHOW_TEXT);
    let left = area.selectionStart;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (left <= node.length) {
        range.setStart(node, left);
        range.collapse(true);
        break;
      }
      left -= node.length;
    }
    const box = editor.getBoundingClientRect();
    const at = range.getBoundingClientRect();
    const top = (at.bottom || box.top + 30) - box.top;
    list.style.top = `${Math.min(top + 4, area.offsetHeight)}px`;
    list.style.left = `${Math.max(0, Math.min(at.left - box.left, box.width - list.offsetWidth))}px`;
  };

  const close = () => {
    asked += 1;
    options = [];
    list.hidden = true;
    area.removeAttribute("aria-activedescendant");
  };

  const choose = (step) => {
    list.children[chosen].setAttribute("aria-selected", "false");
    chosen = (chosen + step + options.length) % options.length;
    list.children[chosen].setAttribute("aria-selected", "true");
    list.children[chosen].scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", `completion-${chosen}`);
  };

  const insert = (text, from = area.selectionStart, to = area.selectionEnd) => {
    area.focus();
    area.setSelectionRange(from, to);
    // Unlike a new value, this can be undone; browsers without it replace the text.
    if (!document.execCommand("insertText", false, text)) area.setRangeText(text, from, to, "end");
    changed();
  };

  const accept = () => {
    const option = options[chosen];
    close();
    insert(option.text, option.from, area.selectionStart);
    close();
  };

  const changed = () => {
    wrong = null;
    mark();
  };

  const keys = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      close();
      form.requestSubmit(form.querySelector("[value=run]"));
    } else if (event.ctrlKey && event.key === " ") {
      event.preventDefault();
      complete(true);
    } else if (options.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (options.length && ["Enter", "Tab"].includes(event.key)) {
      event.preventDefault();
      accept();
    } else if (event.key === "Escape") {
      close();
    }
  };

  // --- running

  let running = null;

  const submit = async (event) => {
    const action = event.submitter?.value;
    const isTable = event.submitter?.name === "table" || event.submitter?.name === "page" || action === "tables";
    if (isTable) {
      event.preventDefault();
      return listTables(event.submitter);
    }
    if (action !== "run") return;
    event.preventDefault();
    remember(area.value);
    running?.abort();
    running = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("action", "run");
    busy(true);
    try {
      const answer = await fetch("/query", { method: "POST", body, signal: running.signal });
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (error) {
      const words = error.name === "AbortError" ? "The query was stopped." : "The server could not be reached. Try again.";
      result.replaceChildren(element("p", words, { class: "notice", role: "status" }));
    }
    busy(false);
  };

  const busy = (is) => {
    result.setAttribute("aria-busy", is);
    form.querySelector("[data-stop]").hidden = !is;
    if (is) result.prepend(element("p", "Running …", { role: "status", class: "notice", "data-running": "" }));
    else result.querySelector("[data-running]")?.remove();
  };

  const show = (page) => {
    for (const name of ["[data-error]", "[data-result]"]) {
      const found = page.querySelector(name);
      document.querySelector(name).replaceChildren(...(found ? [...found.childNodes].map((node) => document.adoptNode(node)) : []));
    }
    const other = page.querySelector("main > .alert, main > p");
    if (!page.querySelector("[data-result]") && other) result.append(document.adoptNode(other));
    area.toggleAttribute("aria-invalid", !!form.querySelector("#query-error"));
    showError();
    const address = `/query?query=${encodeURIComponent(area.value)}`;
    if (address.length < LONGEST_ADDRESS) history.replaceState(null, "", address);
    document.dispatchEvent(new CustomEvent("photoz:rows", { detail: result }));
    document.getElementById("result-title")?.focus();
  };

  // --- tables beside the editor

  const box = document.querySelector("[data-tables]");

  const listTables = async (button) => {
    if (button?.name === "table") return showColumns(button);
    const search = document.getElementById("search").value;
    const page = button?.name === "page" ? button.value : "1";
    let found;
    try {
      found = await json(`/query/tables?search=${encodeURIComponent(search)}&page=${page}`);
    } catch {
      return;
    }
    const rows = element("ul", undefined, { class: "table-names" });
    for (const table of found.tables) {
      const item = element("li");
      const name = element("button", undefined, { class: "small quiet", name: "table", value: table.name, form: "query-form", title: table.description, formnovalidate: "" });
      name.append(...table.name.split(/(?<=[_.])/).flatMap((part) => [part, document.createElement("wbr")]));
      const many = table.rows === null ? "" : ` · ${table.rows.toLocaleString("en").replaceAll(",", "\u202f")} rows`;
      item.append(name, " ", element("small", `${table.columns} columns${many}`, { class: "size" }));
      rows.append(item);
    }
    const parts = [found.tables.length ? rows : element("p", "No table has all of these words.", { class: "hint" })];
    if (found.pages > 1) {
      const pages = element("nav", undefined, { class: "pages", "aria-label": "Pages of tables" });
      const step = (words, number) => element("button", words, { class: "small", name: "page", value: number, form: "query-form", formnovalidate: "" });
      if (found.page > 1) pages.append(step("Previous", found.page - 1));
      pages.append(element("span", `${found.page} of ${found.pages}`));
      if (found.page < found.pages) pages.append(step("Next", found.page + 1));
      parts.push(pages);
    }
    box.replaceChildren(...parts);
    document.querySelector("#tables small").textContent = found.total;
    const suggested = found.tables.filter((table) => table.position).map((table) => element("option", undefined, { value: table.name }));
    document.getElementById("cone-tables").replaceChildren(...suggested);
  };

  const showColumns = async (button) => {
    const item = button.closest("li");
    const shown = item.querySelector(".column-names");
    button.setAttribute("aria-expanded", !shown);
    if (shown) return shown.remove();
    const names = element("ul", undefined, { class: "column-names" });
    const all = element("li");
    all.append(insertButton(button.value), " ", element("small", "the name of the table"));
    names.append(all);
    for (const column of await loadColumns(button.value)) {
      const row = element("li");
      row.append(insertButton(column.name), " ", element("small", [column.type, column.unit, column.ucd, column.description].filter(Boolean).join(" · ")));
      names.append(row);
    }
    item.append(names);
  };

  const insertButton = (name) => {
    const button = element("button", name, { type: "button", class: "small quiet", title: "Insert into the query" });
    button.addEventListener("click", () => insert(name));
    return button;
  };

  // --- history

  const past = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
      return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
    } catch {
      return [];
    }
  };

  const remember = (text) => {
    if (!text.trim()) return;
    try {
      localStorage.setItem(HISTORY, JSON.stringify([text, ...past().filter((other) => other !== text)].slice(0, KEEP)));
    } catch {
      // Storage is full or forbidden; the history is a convenience.
    }
    showHistory();
  };

  const showHistory = () => {
    const kept = past();
    const section = document.querySelector("[data-history]");
    section.hidden = !kept.length;
    section.querySelector("ul").replaceChildren(...kept.map((text) => {
      const item = element("li");
      const button = element("button", text.replace(/\s+/g, " ").slice(0, 120), { type: "button", class: "small quiet" });
      button.addEventListener("click", () => replace(text));
      item.append(button);
      return item;
    }));
  };

  const replace = (text) => {
    insert(text, 0, area.value.length);
    area.scrollIntoView({ block: "nearest" });
  };

  // --- start

  for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-controls": "completions", "aria-haspopup": "listbox" })) area.setAttribute(name, value);
  marks.hidden = false;
  editor.classList.add("marked");
  document.querySelector("[data-keys]").hidden = false;
  area.addEventListener("input", () => {
    changed();
    clearTimeout(area.waiting);
    area.waiting = setTimeout(complete, 120, false);
  });
  area.addEventListener("keydown", keys);
  area.addEventListener("scroll", () => { marks.scrollTop = area.scrollTop; });
  area.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest("[role=option]");
    event.preventDefault();
    if (!item) return;
    chosen = [...list.children].indexOf(item);
    accept();
  });
  form.addEventListener("submit", submit);
  form.querySelector("[data-stop]").addEventListener("click", () => running?.abort());
  document.getElementById("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    listTables(null);
  });
  for (const link of document.querySelectorAll("[data-query]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      replace(link.dataset.query);
    });
  }
  document.querySelector("[data-forget]").addEventListener("click", () => {
    localStorage.removeItem(HISTORY);
    showHistory();
  });
  addEventListener("resize", () => { if (!list.hidden) place(); });
  loadLanguage();
  showHistory();
  showError();
})();
