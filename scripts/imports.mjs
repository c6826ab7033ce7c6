/** Reads the imports of a TypeScript module with a real parser (type-only and `import('…')` types included). */
import { parseSync } from 'vite';

/** @returns {{ specifier: string, typeOnly: boolean, dynamic: boolean, line: number }[]} */
export function importsOf(filename, code) {
  const found = [];
  walk(parse(filename, code), (node) => {
    const source = node.source ?? (node.type === 'TSImportType' ? (node.argument ?? node.source) : undefined);
    const imports = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType'];
    if (!source || !imports.includes(node.type)) return;
    const literal = source.type === 'TSLiteralType' ? source.literal : source;
    found.push({
      specifier: typeof literal.value === 'string' ? literal.value : '<computed>',
      typeOnly: node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType',
      dynamic: node.type === 'ImportExpression',
      line: lineOf(code, node.start),
    });
  });
  return found;
}

/** The syntax tree, with the file's comments. Throws on a syntax error: what cannot be read must not pass as empty. */
export function parse(filename, code) {
  const { program, comments, errors } = parseSync(filename, code);
  const fatal = errors.filter((error) => error.severity === 'Error');
  if (fatal.length) throw new Error(`${filename}: ${fatal[0].message}`);
  return Object.assign(program, { comments });
}

export function walk(node, visit, parents = []) {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, visit, parents);
    return;
  }
  if (!node || typeof node !== 'object' || typeof node.type !== 'string') return;
  visit(node, parents);
  const above = [node, ...parents];
  for (const key of Object.keys(node)) if (key !== 'parent' && key !== 'comments') walk(node[key], visit, above);
}

export function lineOf(code, offset) {
  return code.slice(0, offset).split('\n').length;
}
