/* The door of a forum, with or without a network. The device keeps the list (name, district, seat, ticket) and its own
   check-ins, and sends them when it can. Check-ins not yet sent hold no name, and outlive the list. */
const page = document.querySelector("[data-door]");
const part = (name, within = page) => within.querySelector(`[data-${name}]`);
const LIST = `door-list:${page.dataset.forum}`;
const QUEUE = `door-queue:${page.dataset.forum}`;
const SHOWN = 12;
const EVERY = 15_000; // milliseconds

let list = read(LIST);
let csrf = page.querySelector("[name=csrfmiddlewaretoken]").value;
let isSending = false;

function read(key) {
  const kept = JSON.parse(localStorage.getItem(key) || "null");
  if (!kept || !kept.until || new Date(kept.until) > new Date()) return kept;
  localStorage.removeItem(key);
  return null;
}
const waiting = () => read(QUEUE) || [];
const keep = (entries) => localStorage.setItem(QUEUE, JSON.stringify(entries));

// --- sending ---------------------------------------------------------------------------------------------------------
async function ask(entries) {
  const options = { redirect: "manual", headers: { Accept: "application/json" } };
  if (entries.length) {
    options.method = "POST";
    options.headers = { ...options.headers, "Content-Type": "application/json", "X-CSRFToken": csrf };
    options.body = JSON.stringify({ entries });
  }
  return fetch(page.dataset.device, options);
}

async function send() {
  if (isSending) return;
  isSending = true;
  try {
    const entries = waiting();
    let response = await ask(entries);
    if (response.status === 403 && entries.length) {
      const fresh = await ask([]); // somebody signed in again since this page was opened
      if (fresh.ok) csrf = (await fresh.json()).csrf;
      response = await ask(entries);
    }
    if (response.ok) take(await response.json());
    else if (response.type === "opaqueredirect") offline("You are signed out. Sign in again, and what waits is sent.");
    else if (response.status < 500) offline((await response.json().catch(() => ({}))).sentence || "You may not check people in any more.");
    else offline("The site does not answer.");
  } catch {
    offline("No network.");
  }
  isSending = false;
  show();
}

function take(answer) {
  const done = new Set((answer.outcomes || []).map((outcome) => outcome.entry));
  keep(waiting().filter((entry) => !done.has(entry.entry)));
  for (const { conflict, sentence } of answer.outcomes || []) if (conflict) report(sentence);
  ({ csrf } = answer);
  list = { people: answer.people, counts: answer.counts, until: answer.until };
  localStorage.setItem(LIST, JSON.stringify(list));
  read(LIST); // a forum long past leaves nothing here
  part("offline").hidden = true;
}

function offline(why) {
  const count = waiting().length;
  const what = count === 1 ? "1 check-in waits" : `${count} check-ins wait`;
  part("offline-words").textContent = count ? `${why} ${what} on this device.` : `${why} Go on: what you do is kept here and sent later.`;
  part("offline").hidden = false;
}

function report(sentence) {
  const notice = part("notice").content.cloneNode(true);
  notice.querySelector("p").textContent = sentence;
  part("conflicts").append(notice);
}

// --- checking in -----------------------------------------------------------------------------------------------------
function checkIn(person, way) {
  const entry = crypto.randomUUID();
  keep([...waiting(), { entry, registration: person.id, at: new Date().toISOString(), door: page.dataset.door, way }]);
  part("said").textContent = `${person.name} is checked in.`;
  field.value = "";
  show();
  field.focus();
  send();
}

function takeBack(person) {
  keep(waiting().filter((entry) => entry.registration !== person.id));
  show();
}

// --- the list --------------------------------------------------------------------------------------------------------
const field = document.getElementById("q");
let scanned = "";

function found() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const says = (person, word) => `${person.name} ${person.district}`.toLowerCase().includes(word) || person.ticket.toLowerCase().startsWith(word.replaceAll("-", ""));
  return words.length ? list.people.filter((person) => words.every((word) => says(person, word))) : [];
}

function row(person, waits) {
  const item = part("row").content.cloneNode(true);
  item.querySelector("h2").textContent = person.name;
  part("district", item).textContent = person.district;
  part("seat", item).textContent = `Seat ${person.seat}`;
  const act = part("act", item);
  if (waits) {
    act.append(part("waits").content.cloneNode(true));
    act.querySelector("span").textContent = "In, waits to be sent";
    act.querySelector("button").addEventListener("click", () => takeBack(person));
  } else if (person.in) {
    act.append(part("is-in").content.cloneNode(true));
    act.querySelector("span").textContent = `In since ${person.in}`;
  } else {
    act.append(part("button").content.cloneNode(true));
    act.querySelector("span").textContent = ` ${person.name}`;
    const way = person.ticket === scanned ? "scanned" : "by_name";
    act.querySelector("button").addEventListener("click", () => checkIn(person, way));
  }
  return item;
}

function show() {
  if (!list) return;
  const waits = new Set(waiting().map((entry) => entry.registration));
  const people = found();
  part("people").replaceChildren(...people.slice(0, SHOWN).map((person) => row(person, waits.has(person.id))));
  part("nobody").hidden = people.length > 0 || !field.value.trim();
  const notYet = list.people.filter((person) => waits.has(person.id) && !person.in).length;
  part('count="in"').textContent = list.counts.in + notYet;
  part('count="of"').textContent = list.counts.of;
  part("doors").replaceChildren(...list.counts.doors.map(({ door, people: count }) => {
    const item = document.createElement("li");
    item.textContent = `${door}: ${count}`;
    return item;
  }));
}

// --- the camera ------------------------------------------------------------------------------------------------------
async function scan() {
  const camera = part("camera");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).catch(() => null);
  if (!stream) {
    part("said").textContent = "The camera is not open to this page. Find the person by name.";
    return;
  }
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  camera.srcObject = stream;
  camera.hidden = false;
  await camera.play();
  for (let code = ""; !code; await new Promise((wake) => setTimeout(wake, 200))) {
    const [seen] = await detector.detect(camera).catch(() => []);
    code = seen ? (/\/t\/([0-9A-Za-z]+)\/?$/.exec(seen.rawValue) || [])[1] : "";
    if (code) field.value = scanned = code;
  }
  for (const track of stream.getTracks()) track.stop();
  camera.hidden = true;
  show();
  part("people").querySelector("button")?.focus();
}

// --- begin -----------------------------------------------------------------------------------------------------------
async function keepThePage() {
  const cache = await caches.open("door");
  const shell = await fetch(page.dataset.shell);
  if (shell.ok && !shell.redirected) await cache.put(page.dataset.shell, shell);
  const parts = document.querySelectorAll("link[rel=stylesheet], link[rel=preload], link[rel=icon], script[src]");
  await cache.addAll([...parts].map((element) => element.href || element.src));
}

field.addEventListener("input", show);
field.form.addEventListener("submit", (event) => {
  if (!list) return; // the site answers then
  event.preventDefault();
  show();
});
addEventListener("online", send);
setInterval(send, EVERY);
if ("BarcodeDetector" in window && navigator.mediaDevices) {
  part("scanning").hidden = false;
  part("scan").addEventListener("click", scan);
}
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(page.dataset.worker).catch(() => null);
  keepThePage().catch(() => null);
}
show();
send();
