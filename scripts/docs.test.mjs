/** The documents against the code they speak of. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rooms } from './house.mjs';
import { parse, walk } from './imports.mjs';
import { root } from './steps.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');
const documents = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true }).map((file) => `docs/${file}`)].filter((path) => path.endsWith('.md'));
const wire = parse('wire.ts', read('src/contract/wire.ts'));
const wireDocument = read('docs/wire-protocol.md');

/** Members of a union of string literals. */
function union(program, name) {
  const members = [];
  walk(program, (node) => {
    if (node.type === 'TSTypeAliasDeclaration' && node.id.name === name)
      walk(node.typeAnnotation, (inner) => {
        if (inner.type === 'TSLiteralType' && typeof inner.literal.value === 'string') members.push(inner.literal.value);
      });
  });
  return members;
}

function fields(program, name) {
  const names = [];
  walk(program, (node) => {
    if (node.type === 'TSInterfaceDeclaration' && node.id.name === name) names.push(...node.body.body.map((member) => member.key?.name).filter(Boolean));
  });
  return names;
}

describe('docs/wire-protocol.md', () => {
  it.each(['Outcome', 'ContextKind', 'RefreshReason', 'WireError', 'EndedReason', 'WireReason'])('names every member of %s', (name) => {
    const members = union(wire, name);
    expect(members.length).toBeGreaterThan(1);
    expect(members.filter((member) => !wireDocument.includes(`\`${member}\``))).toEqual([]);
  });

  it.each(['RefreshBody', 'RefreshAnswer'])('names every field of %s', (name) => {
    const names = fields(wire, name);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((field) => !wireDocument.includes(`\`${field}\``))).toEqual([]);
  });

  it('says of each reason what the endpoint says of the session', () => {
    const rows = [...wireDocument.matchAll(/^\| [\d, ]+ \| `\w+` \| (.+?) \| `(intact|none|ended)` \|/gm)];
    expect(rows.length).toBeGreaterThan(8);
    const over = union(wire, 'EndedReason');
    const said = rows.flatMap(([, reasons, session]) => [...reasons.matchAll(/`([a-z_]+)`/g)].map(([, reason]) => [reason, session]));
    // As src/server/handler/draft.ts builds them: ended(), nobody(), and everything else.
    for (const [reason, session] of said) expect([reason, session]).toEqual([reason, over.includes(reason) ? 'ended' : reason === 'no_cookie' ? 'none' : 'intact']);
  });

  it('gives every constant its value', async () => {
    const { transformWithOxc } = await import('vite');
    const { code } = await transformWithOxc(read('src/contract/wire.ts'), 'wire.ts');
    const values = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const rows = [...wireDocument.matchAll(/^\| `([A-Z_]+)`[^|]*\| ([\d ]+) \|/gm)];
    expect(rows.length).toBeGreaterThan(8);
    for (const [, name, value] of rows) expect([name, Number(value.replaceAll(' ', ''))]).toEqual([name, values[name]]);
  });
});

describe('docs/browser-protocol.md', () => {
  it('names every message and no other', () => {
    const types = new Set();
    walk(parse('messages.ts', read('src/core/messages.ts')), (node) => {
      if (node.type === 'TSTypeAliasDeclaration' && node.id.name === 'MessageBody')
        walk(node.typeAnnotation, (inner) => {
          if (inner.type === 'TSPropertySignature' && inner.key.name === 'type') types.add(inner.typeAnnotation.typeAnnotation.literal.value);
        });
    });
    const table = read('docs/browser-protocol.md').split('## Messages')[1].split('\n## ')[0];
    const named = table.split('\n').flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name));
    expect(types.size).toBeGreaterThan(5);
    expect(named.toSorted()).toEqual([...types].toSorted());
  });
});

describe('docs/server.md', () => {
  it.each([
    ['EndpointOptions', 'config/endpoint-options.ts'],
    ['Authenticated', 'config/endpoint-options.ts'],
    ['LimitOptions', 'config/endpoint-options.ts'],
    ['PlaceOptions', 'config/place.ts'],
    ['TimingOptions', 'config/timing.ts'],
    ['ClientOptions', 'config/clients.ts'],
    ['IssuerOptions', 'issuer/local-issuer.ts'],
    ['Endpoint', 'endpoint.ts'],
    ['NodeOptions', 'node.ts'],
    ['MemoryStoreOptions', 'stores/memory.ts'],
    ['SqliteStoreOptions', 'stores/sqlite.ts'],
    ['RedisStoreOptions', 'stores/redis.ts'],
    ['OidcOptions', 'upstream/oidc-options.ts'],
    ['FunctionUpstream', 'upstream/function-upstream.ts'],
    ['UpstreamTokens', 'upstream/upstream.ts'],
    ['TokenManagerOptions', 'manager/manager-options.ts'],
    ['TokenWish', 'manager/token-manager.ts'],
    ['ServicesOptions', 'manager/service-token.ts'],
    ['DeviceGrantOptions', 'config/device-grant.ts'],
    ['RefreshDueOptions', 'batch/refresh-due.ts'],
    ['BatchReport', 'batch/refresh-due.ts'],
    ['PreloadOptions', 'batch/preload.ts'],
  ])('names every field of %s', (name, file) => {
    const names = fields(parse('options.ts', read(`src/server/${file}`)), name);
    expect(names.length).toBeGreaterThan(1);
    // In code, not in prose: `limit` and `spread` are English, too.
    const code = [...read('docs/server.md').matchAll(/```[^]*?```|`[^`]+`/g)].join('\n');
    expect(names.filter((field) => !new RegExp(`\\b${field}\\b`).test(code))).toEqual([]);
  });
});

describe('the defaults in docs/server.md', () => {
  const serverDocument = read('docs/server.md');
  const spaced = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ' ');

  it('of lifetimes are the ones in the code', () => {
    const unit = { MINUTE: (n) => (n % 60 ? `${n} min` : `${n / 60} h`), DAY: (n) => `${n} days` };
    const shown = (text) => (text === 'NEVER' ? 'never' : unit[text.split(' * ')[1]](Number(text.split(' * ')[0])));
    const rows = [...read('src/server/config/clients.ts').matchAll(/^ {2}(\w+): \{ access: ([^,]+), idle: ([^,]+), absolute: (.+?) \},$/gm)];
    expect(rows).toHaveLength(5);
    for (const [, client, ...times] of rows) expect(serverDocument).toContain(`| \`${client}\` | ${times.map(shown).join(' | ')} |`);
  });

  it.each([
    ['limits', 'handler/service.ts', /LIMITS[^{]*= \{([^}]*)\}/],
    ['timing', 'config/timing.ts', /DEFAULTS[^{]*= \{([^}]*)\}/],
  ])('of %s are the ones in the code', (option, file, object) => {
    const constants = Object.fromEntries([...read('src/contract/wire.ts').matchAll(/^export const (\w+) = ([\d_]+);/gm)].map(([, name, value]) => [name, value]));
    const defaults = [...object.exec(read(`src/server/${file}`))[1].matchAll(/(\w+): (\w+)/g)].map(([, name, value]) => `\`${name}\` ${spaced(Number((constants[value] ?? value).replaceAll('_', '')))}`);
    expect(defaults.length).toBeGreaterThan(3);
    const row = serverDocument.split('\n').find((line) => line.startsWith(`| \`${option}\``));
    expect(defaults.filter((said) => !row.includes(said))).toEqual([]);
  });
});

describe('docs/service-worker.md', () => {
  it.each([
    ['WorkerRegistration', 'browser/worker-link.ts'],
    ['WorkerApi', 'contract/worker.ts'],
    ['WorkerConfig', 'contract/worker.ts'],
    ['PeerOptions', 'worker/peer.ts'],
    ['VitePluginOptions', 'vite/index.ts'],
  ])('names every field of %s', (name, file) => {
    const names = fields(parse('options.ts', read(`src/${file}`)), name);
    expect(names.length).toBeGreaterThan(0);
    const code = [...read('docs/service-worker.md').matchAll(/```[^]*?```|`[^`]+`/g)].join('\n');
    expect(names.filter((field) => !new RegExp(`\\b${field}\\b`).test(code))).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  it('names every room of the house', () => {
    const text = read('docs/architecture.md');
    expect(Object.keys(rooms).filter((room) => !text.includes(`\`${room}\``))).toEqual([]);
  });
});

describe('every document', () => {
  it.each(documents)('%s: its links lead somewhere', (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, link]) => link);
    for (const link of links) expect(existsSync(join(root, dirname(path), link)), `${path} links to ${link}`).toBe(true);
  });

  it.each(documents)('%s: the headings it points at are there', (path) => {
    const links = [...read(path).matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)].map(([, file, heading]) => ({ file: file ? join(dirname(path), file) : path, heading }));
    // As GitHub makes an anchor of a heading.
    const anchors = (file) => [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, text]) => text.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
    expect(links.filter(({ file, heading }) => !anchors(file).includes(heading))).toEqual([]);
  });
});
