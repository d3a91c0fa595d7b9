// Page of a query's job: progress without a reload, and a reload at the end.
"use strict";

(() => {
  const box = document.querySelector("[data-job]");
  if (!box) return;
  const source = new EventSource(`${box.dataset.job}/events`);
  source.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
    if (!["PENDING", "QUEUED", "EXECUTING", "HELD", "SUSPENDED"].includes(job.phase)) {
      source.close();
      location.reload();
      return;
    }
    box.querySelector("progress").value = 100 * (job.progress ?? 0);
    if (job.message) box.querySelector("[data-message]").textContent = job.message;
  });
  source.addEventListener("removed", () => source.close());
})();
