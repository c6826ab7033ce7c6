/** Version of this package; a test compares it with package.json. A copied worker script carries it. */
export const VERSION = '0.1.0';
