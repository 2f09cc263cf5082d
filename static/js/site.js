/* Comforts only: every page works without this file. */
document.addEventListener("change", (event) => {
  // A list that says so submits its form when another choice is made; its button stays for keyboards and for no script.
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});

// After a form came back, the first field that needs another look has the focus.
const wrong = document.querySelector("main [aria-invalid='true']");
if (wrong) wrong.focus();
