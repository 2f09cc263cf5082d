// Shows only the fields of the chosen way to make an edition. Without this script all of them are there, and work.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const ways = document.querySelectorAll('input[name="way"]');
  if (!ways.length) return;
  const show = () => {
    const chosen = document.querySelector('input[name="way"]:checked')?.value;
    const rows = { ".field-file": "upload", ".field-source": "write", '[data-way="write"]': "write" };
    for (const [selector, way] of Object.entries(rows)) {
      document.querySelectorAll(selector).forEach((row) => { row.hidden = chosen !== way; });
    }
  };
  ways.forEach((way) => way.addEventListener("change", show));
  show();
});
