// Pages of jobs follow their jobs: the part that changes is fetched anew while a job has not ended.
"use strict";

(() => {
  const PAUSE_MILLISECONDS = 2000;

  const follow = async () => {
    const shown = document.querySelector("[data-follow]");
    if (shown?.dataset.follow !== "yes") return;
    try {
      // Whoever uses a button or reads with the keyboard is not disturbed.
      if (!document.hidden && !shown.contains(document.activeElement)) {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-follow]");
        if (fresh) shown.replaceWith(document.adoptNode(fresh));
      }
    } catch {
      // Tried again in the next round.
    }
    setTimeout(follow, PAUSE_MILLISECONDS);
  };

  setTimeout(follow, PAUSE_MILLISECONDS);
})();
