/* Comforts only: every page works without this file. */
document.addEventListener("change", (event) => {
  // A list that says so submits its form when another choice is made; its button stays for keyboards and for no script.
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});

// After a form came back, the first field that needs another look has the focus.
const wrong = document.querySelector("main [aria-invalid='true']");
if (wrong) wrong.focus();

// The list that the door of a forum keeps on this device goes when its owner is signed out, and a day after the forum.
try {
  const isSignedOut = document.querySelector(".who a[href^='/accounts/login']");
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith("door-list:"))) {
    if (isSignedOut || new Date(JSON.parse(localStorage.getItem(key)).until) < new Date()) localStorage.removeItem(key);
  }
} catch {
  // this browser keeps nothing for us, so there is nothing to take away
}
