/** As much of MessagePack as Redis's Lua writes and reads: booleans, numbers, strings and arrays. */

export type Packable = boolean | number | string | Buffer | readonly Packable[];
/** Strings come back as bytes: only the reader knows which of them are text. */
export type Unpacked = boolean | number | Buffer | null | Unpacked[];

export const pack = packer();

/** Writes into one page for all values, since nothing is awaited in between, and copies out what was written. */
function packer(): (value: Packable) => Buffer {
  let page = Buffer.allocUnsafe(4_096);
  let end = 0;

  /** Makes room for so many bytes, and says where it begins. The page may be another one afterwards. */
  function room(bytes: number): number {
    if (end + bytes > page.length) {
      const larger = Buffer.allocUnsafe(2 * (end + bytes));
      page.copy(larger, 0, 0, end);
      page = larger;
    }
    end += bytes;
    return end - bytes;
  }
  function byte(value: number): void {
    const at = room(1);
    page[at] = value;
  }

  function write(value: Packable): void {
    if (typeof value === 'boolean') byte(value ? 0xc3 : 0xc2);
    else if (typeof value === 'number') writeNumber(value);
    else if (typeof value === 'string') write(Buffer.from(value));
    else if (Buffer.isBuffer(value)) {
      writeHead(value.length, 0xa0, 0x1f, [0xd9, 0xda, 0xdb]);
      const at = room(value.length);
      page.set(value, at);
    } else {
      writeHead(value.length, 0x90, 0x0f, [null, 0xdc, 0xdd]);
      for (const item of value) write(item);
    }
  }
  function writeNumber(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value < 0x80) return byte(value);
    byte(0xcb);
    const at = room(8);
    page.writeDoubleBE(value, at);
  }
  /** Type and length in one byte for short ones, else a type byte and 1, 2 or 4 bytes of length. */
  function writeHead(length: number, short: number, most: number, [one, two, four]: readonly [number | null, number, number]): void {
    if (length <= most) return byte(short | length);
    if (one !== null && length < 0x100) {
      byte(one);
      byte(length);
    } else if (length < 0x1_0000) {
      byte(two);
      const at = room(2);
      page.writeUInt16BE(length, at);
    } else {
      byte(four);
      const at = room(4);
      page.writeUInt32BE(length, at);
    }
  }

  return (value) => {
    end = 0;
    write(value);
    return Buffer.from(page.subarray(0, end));
  };
}

export function unpack(bytes: Buffer): Unpacked {
  let at = 0;
  const skip = (count: number) => (at += count) - count;
  const string = (length: number) => bytes.subarray(skip(length), at);
  const array = (length: number) => {
    const items: Unpacked[] = [];
    while (items.length < length) items.push(value());
    return items;
  };

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
      case 0xcf: return bytes.readUInt32BE(skip(4)) * 2 ** 32 + bytes.readUInt32BE(skip(4));
      case 0xd0: return bytes.readInt8(skip(1));
      case 0xd1: return bytes.readInt16BE(skip(2));
      case 0xd2: return bytes.readInt32BE(skip(4));
      case 0xd3: return bytes.readInt32BE(skip(4)) * 2 ** 32 + bytes.readUInt32BE(skip(4));
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
