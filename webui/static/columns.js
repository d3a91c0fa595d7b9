// Step 3 of the wizard: what publication would refuse is told while meanings are chosen, and changes are not lost.
"use strict";

// One box accepts a stand-in for missing values in all of its columns.
for (const group of document.querySelectorAll("[data-group]")) {
  const all = group.querySelector("[data-all]");
  const each = [...group.querySelectorAll("input[name]")];
  const show = () => {
    const count = each.filter((box) => box.checked).length;
    all.checked = count === each.length;
    all.indeterminate = count > 0 && count < each.length;
  };
  all.closest("label").hidden = false;
  group.querySelector("[data-single]").hidden = true;
  all.addEventListener("change", () => { for (const box of each) box.checked = all.checked; });
  for (const box of each) box.addEventListener("change", show);
  show();
}

(() => {
  const PAUSE = 300;
  const form = document.querySelector("[data-columns]");
  if (!form) return;
  let waiting;
  let running;
  let changed = false;

  // The server returns the page that it would show for these choices, without saving them.
  const check = async () => {
    running?.abort();
    running = new AbortController();
    const fields = new URLSearchParams(new FormData(form));
    fields.set("then", "check");
    fields.set("partial", "1");
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields, signal: running.signal });
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The form tells it when it is sent.
    }
  };

  const show = (page) => {
    const box = page.querySelector("#summary-box");
    if (box) document.querySelector("#summary-box").replaceWith(document.adoptNode(box));
    for (const fault of form.querySelectorAll("[data-fault]")) {
      const found = page.getElementById(fault.id);
      if (!found) continue;
      fault.textContent = found.textContent;
      const row = fault.closest("tr");
      row.className = found.closest("tr").className;
      const guess = row.querySelector(".guess");
      if (guess) guess.textContent = page.getElementById(guess.id)?.textContent ?? guess.textContent;
      const select = row.querySelector("select");
      if (!select) continue;
      if (fault.textContent) {
        select.setAttribute("aria-invalid", "true");
        select.setAttribute("aria-describedby", fault.id);
      } else {
        select.removeAttribute("aria-invalid");
        select.removeAttribute("aria-describedby");
      }
    }
  };

  form.addEventListener("change", (event) => {
    if (event.target.id === "show" || event.target.id === "q") return;
    changed = true;
    if (event.target.matches("select[name^=meaning-]")) {
      clearTimeout(waiting);
      waiting = setTimeout(check, PAUSE);
    }
  });
  form.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
})();
