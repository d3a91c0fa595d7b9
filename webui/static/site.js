// Progressive enhancement of the pages; all of them work without it.
"use strict";

(() => {
  const POLL_MILLISECONDS = 1000;

  // Buttons that copy a text to the clipboard.
  const copyButtons = (root) => {
    for (const button of root.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const label = button.textContent;
        button.textContent = await copied(document.getElementById(button.dataset.copy)) ? "Copied" : "Selected: press Ctrl+C";
        setTimeout(() => { button.textContent = label; }, 1500);
      });
    }
  };

  // Copy the text of an element. Browsers have a clipboard for pages of HTTPS alone; elsewhere what is selected is copied.
  const copied = async (element) => {
    if (navigator.clipboard) {
      const isWritten = await navigator.clipboard.writeText(element.textContent).then(() => true, () => false);
      if (isWritten) return true;
    }
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  };

  // Progress of an inspection; reloads the page at its end.
  const inspections = (root) => {
    for (const box of root.querySelectorAll("[data-inspection]")) follow(box);
  };

  const follow = (box) => {
    const source = new EventSource(`${box.dataset.inspection}/events`);
    const stop = () => {
      source.close();
      poll(box);
    };
    source.addEventListener("job", (event) => {
      const job = JSON.parse(event.data);
      if (!["PENDING", "QUEUED", "EXECUTING"].includes(job.phase)) return stop();
      showProgress(box, job);
    });
    source.addEventListener("removed", stop);
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) poll(box);
    });
  };

  const showProgress = (box, job) => {
    box.querySelector("progress").value = 100 * (job.progress ?? 0);
    box.querySelector("[data-message]").textContent = job.message ?? "";
  };

  // Poll: the state of the product is stored shortly after the end of the job.
  const poll = async (box) => {
    try {
      const answer = await fetch(box.dataset.inspection, { headers: { Accept: "application/json" } });
      const inspection = await answer.json();
      if (inspection.state !== "running") {
        location.reload();
        return;
      }
      showProgress(box, inspection);
    } catch {
      // Retried in the next round.
    }
    setTimeout(poll, POLL_MILLISECONDS, box);
  };

  // Progress of a run; reloads the page at its end.
  const runs = (root) => {
    for (const box of root.querySelectorAll("[data-run]")) followRun(box);
  };

  const followRun = async (box) => {
    try {
      const answer = await fetch(box.dataset.run, { headers: { Accept: "application/json" } });
      const run = await answer.json();
      if (!["Pending", "Running"].includes(run.status)) {
        location.reload();
        return;
      }
      box.querySelector("progress").value = 100 * (run.progress ?? 0);
      box.querySelector("[data-message]").textContent = run.message ?? "";
      const logs = await (await fetch(`${box.dataset.run}/logs`)).json();
      document.querySelector("[data-log]").textContent = logs.pipeline.content;
    } catch {
      // Retried in the next round.
    }
    setTimeout(followRun, POLL_MILLISECONDS, box);
  };

  // Filter of lists by words.
  const pickers = (root) => {
    for (const field of root.querySelectorAll("[data-narrow]")) {
      field.hidden = false;
      field.addEventListener("input", () => {
        const words = field.value.toLowerCase().split(/\s+/);
        for (const row of document.querySelectorAll(`#${field.dataset.narrow} tbody tr`)) {
          const text = row.textContent.toLowerCase();
          row.hidden = !words.every((word) => text.includes(word)) && !row.querySelector(":checked");
        }
      });
    }
  };

  // Filters of the list of products are submitted when they change.
  const filters = (root) => {
    for (const form of root.querySelectorAll("form.filters")) {
      form.addEventListener("change", (event) => {
        if (event.target.matches("select, [type=checkbox]")) form.requestSubmit();
      });
    }
  };

  // Pop-up with the addresses of a product; without it the link leads to a page that has them.
  const shareDialog = (root) => {
    const dialog = document.getElementById("share-dialog");
    if (!dialog?.showModal) return;
    for (const link of root.querySelectorAll("[data-share]")) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        dialog.querySelector("#share-dialog-url code").textContent = link.dataset.shareUrl;
        dialog.querySelector("#share-dialog-name code").textContent = link.dataset.share;
        dialog.showModal();
      });
    }
  };

  // Menus close when something else is clicked, and with Escape.
  const closeMenus = (kept) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(kept)) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });

  const enhance = (root) => [copyButtons, shareDialog, inspections, runs, pickers, filters].forEach((part) => part(root));
  enhance(document);
})();
