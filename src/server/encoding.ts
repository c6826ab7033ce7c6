/** Bytes and text: base64url, UTF-8, digests and comparison in constant time. */
import { native } from './keys/node-crypto.js';

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const utf8 = (text: string): Bytes => encoder.encode(text);
export const text = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Node's own, which is many times faster; other runtimes need not have it. */
const { Buffer: buffers } = globalThis as { Buffer?: typeof Buffer };

export function base64url(bytes: Uint8Array): string {
  if (buffers) return buffers.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Of a text in UTF-8. */
export function base64urlOf(text: string): string {
  return buffers ? buffers.from(text).toString('base64url') : base64url(utf8(text));
}

/** Undefined when the text is not the one canonical encoding of some bytes. */
export function fromBase64url(value: string): Bytes | undefined {
  if (buffers) {
    // It skips what it cannot read, and what it skipped is missing when it writes it again.
    const bytes = new Uint8Array(buffers.from(value, 'base64url'));
    return base64url(bytes) === value ? bytes : undefined;
  }
  if (!/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1) return undefined;
  const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  return base64url(bytes) === value ? bytes : undefined;
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

export async function sha256(data: string | Bytes): Promise<Bytes> {
  if (native) return new Uint8Array(native.hash('sha256', data, 'buffer'));
  return new Uint8Array(await crypto.subtle.digest('SHA-256', typeof data === 'string' ? utf8(data) : data));
}

/** 128 bits of a SHA-256 in base64url: enough to be unique, short enough to be stored by the thousand. */
export async function shortHash(data: string): Promise<string> {
  return base64url((native ? native.hash('sha256', data, 'buffer') : await sha256(data)).subarray(0, 16));
}

/** Compares without telling by its duration where the difference is. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
