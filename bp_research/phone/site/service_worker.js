// Keeps the page's files on the device, so that it opens with no network.

const FILES = []; // by the build
const CACHE = 'bp-research-VERSION';

self.addEventListener('install', (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES))));

self.addEventListener('activate', (event) => {
  const isOld = (name) => name.startsWith('bp-research-') && name !== CACHE;
  const clear = async () => Promise.all((await caches.keys()).filter(isOld).map((name) => caches.delete(name)));
  event.waitUntil(clear());
});

self.addEventListener('fetch', (event) => {
  const kept = caches.open(CACHE).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(kept.then((answer) => answer ?? fetch(event.request)));
});
