/** As much of MessagePack as Redis's Lua writes and reads: booleans, numbers, strings and arrays. */

export type Packable = boolean | number | string | Buffer | readonly Packable[];
/** Strings come back as bytes: only the reader knows which of them are text. */
export type Unpacked = boolean | number | Buffer | null | Unpacked[];

export function pack(value: Packable): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: Packable, to: Buffer[]): void {
  if (typeof value === 'boolean') to.push(Buffer.of(value ? 0xc3 : 0xc2));
  else if (typeof value === 'number') to.push(packNumber(value));
  else if (typeof value === 'string') write(Buffer.from(value), to);
  else if (Buffer.isBuffer(value)) to.push(head(value.length, 0xa0, 0x1f, [0xd9, 0xda, 0xdb]), value);
  else {
    to.push(head(value.length, 0x90, 0x0f, [null, 0xdc, 0xdd]));
    for (const item of value) write(item, to);
  }
}

function packNumber(value: number): Buffer {
  if (Number.isInteger(value) && value >= 0 && value < 0x80) return Buffer.of(value);
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcb;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** Type and length in one byte for short ones, else a type byte and 1, 2 or 4 bytes of length. */
function head(length: number, short: number, most: number, [one, two, four]: readonly [number | null, number, number]): Buffer {
  if (length <= most) return Buffer.of(short | length);
  if (one !== null && length < 0x100) return Buffer.of(one, length);
  if (length < 0x1_0000) return Buffer.of(two, length >> 8, length & 0xff);
  const bytes = Buffer.alloc(5);
  bytes[0] = four;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

export function unpack(bytes: Buffer): Unpacked {
  let at = 0;
  const skip = (count: number) => (at += count) - count;
  const string = (length: number) => bytes.subarray(skip(length), at);
  const array = (length: number) => Array.from({ length }, value);

  function value(): Unpacked {
    const type = bytes[skip(1)]!;
    if (type < 0x80) return type;
    if (type >= 0xe0) return type - 0x100;
    if (type < 0xa0) return array(type & 0x0f);
    if (type < 0xc0) return string(type & 0x1f);
    switch (type) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xca: return bytes.readFloatBE(skip(4));
      case 0xcb: return bytes.readDoubleBE(skip(8));
      case 0xcc: return bytes.readUInt8(skip(1));
      case 0xcd: return bytes.readUInt16BE(skip(2));
      case 0xce: return bytes.readUInt32BE(skip(4));
      case 0xcf: return Number(bytes.readBigUInt64BE(skip(8)));
      case 0xd0: return bytes.readInt8(skip(1));
      case 0xd1: return bytes.readInt16BE(skip(2));
      case 0xd2: return bytes.readInt32BE(skip(4));
      case 0xd3: return Number(bytes.readBigInt64BE(skip(8)));
      case 0xd9: return string(bytes.readUInt8(skip(1)));
      case 0xda: return string(bytes.readUInt16BE(skip(2)));
      case 0xdb: return string(bytes.readUInt32BE(skip(4)));
      case 0xdc: return array(bytes.readUInt16BE(skip(2)));
      case 0xdd: return array(bytes.readUInt32BE(skip(4)));
      default: throw new Error(`A stored family has the unknown type 0x${type.toString(16)}.`);
    }
  }
  return value();
}
