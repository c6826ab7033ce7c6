/** The ledger in IndexedDB: one database per origin, one record per endpoint, one transaction per update. */
import { promisifyRequest } from 'idb-keyval';
import type { Ledger } from '../core/ports.js';

export const DATABASE = 'tabaton';

/** How long an opening may take before another one is tried. */
const OPEN_MS = 1_000;

export const createLedger = (key: string): Ledger => {
  let opening: Promise<IDBDatabase> | undefined;

  const open = () => {
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => request.result.createObjectStore(DATABASE);
    const database = promisifyRequest(request);
    const forget = () => {
      if (opening === database) opening = undefined;
    };
    // WebKit may never answer: the next operation asks anew.
    const patience = setTimeout(forget, OPEN_MS);
    database.then((db) => {
      clearTimeout(patience);
      // Browsers close a connection when site data are cleared, and WebKit when it pleases.
      db.onclose = forget;
      // Somebody deletes the database: a connection kept open would block them.
      db.onversionchange = () => {
        forget();
        db.close();
      };
    }, forget);
    return database;
  };

  /** `strict`: on disk before the promise resolves, so that not even a killed browser forgets an attempt. */
  const within = async <T>(mode: IDBTransactionMode, durability: IDBTransactionDurability, run: (records: IDBObjectStore) => Promise<T>): Promise<T> => {
    const begin = async () => (await (opening ??= open())).transaction(DATABASE, mode, { durability }).objectStore(DATABASE);
    // A connection that was closed behind our back throws here, before anything happened: open another.
    return run(await begin().catch(() => ((opening = undefined), begin())));
  };

  return {
    read: () => within('readonly', 'default', (records) => promisifyRequest(records.get(key))),
    update: (change, options) =>
      within('readwrite', options?.durable ? 'strict' : 'default', async (records) => {
        const stored = change(await promisifyRequest(records.get(key)));
        records.put(stored, key);
        await promisifyRequest(records.transaction);
        return stored;
      }),
  };
};
