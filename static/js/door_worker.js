/* Keeps the door's page on the device, so that it opens without a network. What is kept here names nobody: the list of
   people is kept by the page itself (door.js), which also puts the page and what it is drawn with into this cache. */
const KEPT = "door";

async function kept(request) {
  const cache = await caches.open(KEPT);
  const page = new URL("?shell=1", self.registration.scope).href;
  const found = await cache.match(request.mode === "navigate" ? page : request.url, { ignoreVary: true });
  return found || Response.error();
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(fetch(event.request).catch(() => kept(event.request)));
});
