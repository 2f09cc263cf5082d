// Rows that are not needed yet stay out of sight until asked for; without this file all of them are there.
for (const rows of document.querySelectorAll("[data-rows]")) {
  const empty = (row) => [...row.querySelectorAll("input")].every((input) => !input.value && !input.ariaInvalid);
  const spare = [...rows.querySelectorAll("[data-row]")].slice(1).filter(empty);
  spare.forEach((row) => (row.hidden = true));
  if (spare.length) {
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "button button-small",
      textContent: rows.dataset.rows,
    });
    button.addEventListener("click", () => {
      const row = spare.shift();
      row.hidden = false;
      row.querySelector("input").focus();
      if (!spare.length) button.remove();
    });
    rows.after(button);
  }
}
