/** Everything that script of this origin can read from a disk, a jar or an address, as text. */
export async function belongings(): Promise<Record<string, string>> {
  return {
    indexedDB: await databases(),
    localStorage: JSON.stringify({ ...localStorage }),
    sessionStorage: JSON.stringify({ ...sessionStorage }),
    cookie: document.cookie,
    caches: await cached(),
    address: location.href + JSON.stringify(history.state) + window.name + document.referrer,
    resources: performance.getEntriesByType('resource').map((entry) => entry.name).join('\n'),
    document: document.documentElement.outerHTML,
  };
}

async function databases(): Promise<string> {
  const found: unknown[] = [];
  for (const { name } of await indexedDB.databases()) {
    if (name === undefined) continue;
    const database = await wanted(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const transaction = database.transaction(store).objectStore(store);
      found.push([name, store, await wanted(transaction.getAllKeys()), await wanted(transaction.getAll())]);
    }
    database.close();
  }
  return JSON.stringify(found);
}

async function cached(): Promise<string> {
  const found: string[] = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) found.push(name, request.url, (await (await cache.match(request))?.text()) ?? '');
  }
  return found.join('\n');
}

function wanted<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
