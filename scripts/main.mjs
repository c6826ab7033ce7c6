import { pathToFileURL } from 'node:url';

/** True where the module was started by `node <file>`, false where a test imported it. */
export const isMain = (meta) => Boolean(process.argv[1]) && meta.url === pathToFileURL(process.argv[1]).href;
