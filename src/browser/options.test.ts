import { describe, expect, it } from 'vitest';
import { isTabatonError } from '../core/errors.js';
import { checkOptions, type SessionOptions } from './options.js';

const refusal = (options: unknown): { code: string; message: string } | undefined => {
  try {
    checkOptions(options as SessionOptions);
    return undefined;
  } catch (error) {
    if (!isTabatonError(error)) throw error;
    return { code: error.code, message: error.message };
  }
};

const endpointSentence = /^The option `endpoint` cannot be this \w+: write a URL such as '\/auth' \(a whole one on a page without http\), routes such as .* or a function\.$/;
const apisSentence = /^The option `apis` cannot be .+: write a list such as \[\{ origin: 'https:\/\/api\.example\.com'/;

describe('options that cannot be used', () => {
  it.each([
    ['endpoint', '', endpointSentence],
    ['endpoint', 'ftp://host/auth', endpointSentence],
    ['endpoint', 'https://user:secret@host/auth', endpointSentence],
    ['endpoint', '/auth?key=secret', endpointSentence],
    ['endpoint', '/auth#x', endpointSentence],
    ['endpoint', 'http://', endpointSentence],
    ['endpoint', 'javascript:alert(1)', endpointSentence],
    ['endpoint', 7, /^The option `endpoint` cannot be 7: write a URL/],
    ['endpoint', null, /^The option `endpoint` cannot be null: write a URL/],
    ['endpoint', true, endpointSentence],
    ['endpoint', {}, endpointSentence],
    ['endpoint', [], endpointSentence],
    ['endpoint', { refresh: '' }, endpointSentence],
    ['endpoint', { refresh: '/r', logout: 7 }, endpointSentence],
    ['endpoint', { refresh: '/r', login: 'ftp://x' }, endpointSentence],
    ['endpoint', { refresh: '/r', session: '' }, endpointSentence],
    ['endpoint', { refresh: '/r', headers: 'X: 1' }, endpointSentence],
    ['endpoint', { refresh: '/r', read: 'access_token' }, endpointSentence],
    ['endpoint', { refresh: '/r', credentials: 'yes' }, endpointSentence],
    ['endpoint', { logout: '/l' }, endpointSentence],
    ['level', 'best', /^The option `level` cannot be this string: write auto, plain, fenced, full\.$/],
    ['level', 3, /^The option `level` cannot be 3: write auto, plain, fenced, full\.$/],
    ['level', '', /`level`/],
    ['level', 'auto|plain', /`level`/],
    ['start', true, /^The option `start` cannot be this boolean: write hint, lazy, eager\.$/],
    ['leadership', 'hidden', /^The option `leadership` cannot be this string: write visible, always, never\.$/],
    ['refreshAhead', -1, /^The option `refreshAhead` cannot be -1: write a number from 0 up\.$/],
    ['refreshAhead', NaN, /^The option `refreshAhead` cannot be NaN: write a number from 0 up\.$/],
    ['refreshAhead', Infinity, /^The option `refreshAhead` cannot be Infinity/],
    ['refreshAhead', '60s', /^The option `refreshAhead` cannot be this string: write a number from 0 up\.$/],
    ['clockTolerance', -5, /`clockTolerance` cannot be -5: write a number from 0 up/],
    ['timeout', 0, /`timeout` cannot be 0: write a number from 1 up/],
    ['timeout', null, /`timeout` cannot be null: write a number from 1 up/],
    ['replayLimit', '1MB', /`replayLimit` cannot be this string: write a number from 0 up/],
    ['isUnauthorized', 401, /`isUnauthorized` cannot be 401: write a function that gets a Response/],
    ['apis', 'https://api.test', apisSentence],
    ['apis', [null], apisSentence],
    ['apis', ['https://api.test'], apisSentence],
    ['apis', [{}], apisSentence],
    ['apis', [{ origin: 'api.test' }], apisSentence],
    ['apis', [{ origin: 'https://api.test/v1' }], apisSentence],
    ['apis', [{ origin: 'https://api.test', path: 'v1' }], apisSentence],
    ['apis', [{ origin: 'https://api.test', scope: ['a'] }], apisSentence],
    ['apis', [{ origin: 'https://api.test', resource: '/api' }], apisSentence],
    ['apis', [{ origin: 'https://api.test', resource: 'https://api.test/#x' }], apisSentence],
    ['refreshahead', 5, /^There is no option `refreshahead`: write one of endpoint, ?level/],
    ['constructor', 5, /^There is no option `constructor`/],
  ])('%s: %j', (name, value, sentence) => {
    const refused = refusal({ [name]: value });
    expect(refused).toEqual({ code: 'invalid_option', message: expect.stringMatching(sentence) });
    expect(refused!.message).not.toContain('secret');
  });

  it.each([[null], ['/auth'], [7], [() => {}]])('no options at all: %s', (options) => {
    expect(refusal(options)).toEqual({ code: 'invalid_option', message: 'createSession() takes an object of options, or nothing.' });
  });
});

describe('options that can', () => {
  it.each([
    {},
    { endpoint: '/auth' },
    { endpoint: 'https://auth.example.com/base/' },
    { endpoint: { refresh: '/api/refresh' } },
    { endpoint: { refresh: '/r', logout: '/l', session: '/s', login: '/in', headers: { a: 'b' }, body: {}, credentials: 'omit', read: (json: unknown) => json } },
    { endpoint: { refresh: '/r?tenant=1', headers: () => ({}), body: 'x' } },
    { endpoint: async () => ({}) },
    { level: 'fenced', start: 'lazy', leadership: 'never' },
    { refreshAhead: 0, clockTolerance: 0, timeout: 1, replayLimit: 0 },
    { isUnauthorized: () => true },
    { apis: [] },
    { apis: [{ origin: 'https://api.example.com:8443', path: '/v1', scope: 'a b', resource: 'urn:api' }] },
    { level: undefined, endpoint: undefined, apis: undefined },
  ])('%j', (options) => {
    expect(refusal(options)).toBeUndefined();
  });
});
