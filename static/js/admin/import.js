// Moves the progress of an import without loading the page anew. Without this script there is a link to look again.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const look = async () => {
    const shown = document.getElementById("import-progress");
    let found = null;
    try {
      const answer = await fetch(window.location.href, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      found = page.getElementById("import-progress");
      if (!found || found.dataset.state !== shown.dataset.state) {
        window.location.reload();
        return;
      }
    } catch {
      found = null; // no connection just now: look again later
    }
    if (found) {
      shown.querySelector("[role=status]").textContent = found.querySelector("[role=status]").textContent;
      shown.querySelector("progress").max = found.querySelector("progress").max;
      shown.querySelector("progress").value = found.querySelector("progress").value;
    }
    window.setTimeout(look, 2000);
  };
  if (document.getElementById("import-progress")) window.setTimeout(look, 1500);
});
