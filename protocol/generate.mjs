// @ts-check
// protocol.json → TypeScript, C header and the tables of docs/protocol.md. With --check nothing is written.
import { Ajv } from 'ajv';
import { between, emit, fail, readJson, readText } from '../scripts/generated.mjs';

const SOURCE = 'protocol/protocol.json';
const BANNER = `Generated from ${SOURCE} by protocol/generate.mjs. Do not edit.`;
const FIXED = { u8: 1, u16: 2, u32: 4 };
const TRAILING = new Set(['u32s', 'rest']);

const definition = readJson(SOURCE);
const validate = new Ajv({ allErrors: true }).compile(readJson('protocol/protocol.schema.json'));
if (!validate(definition)) fail(SOURCE, validate.errors);

const structs = new Map(definition.structs.map((/** @type {any} */ s) => [s.name, s]));

/** Every layout of the definition: structures, then requests and responses.
 * @type {{name: string, doc: string, fields: any[]}[]} */
const layouts = [
  ...definition.structs,
  ...definition.messages.flatMap((/** @type {any} */ m) => [
    { name: `${m.name}_request`, doc: `Request ${m.name.toUpperCase()}`, fields: m.request },
    { name: `${m.name}_response`, doc: `Response to ${m.name.toUpperCase()}`, fields: m.response },
  ]),
];

/** @param {any} field @returns {number} bytes; 0 for a trailing field */
function sizeOf(field) {
  if (field.type in FIXED) return FIXED[/** @type {keyof FIXED} */ (field.type)];
  if (TRAILING.has(field.type)) return 0;
  if (field.type === 'bytes' || field.type === 'chars') return field.size;
  const struct = structs.get(field.type);
  if (!struct) throw new Error(`unknown type ${field.type}`);
  return total(struct.fields);
}

/** @param {any[]} fields @returns {number} */
function total(fields) {
  return fields.reduce((sum, field) => sum + sizeOf(field), 0);
}

/** @param {any[]} fields @returns {any[]} the fields, each with its offset */
function placed(fields) {
  let offset = 0;
  return fields.map((field) => {
    const at = { ...field, offset };
    offset += sizeOf(field);
    return at;
  });
}

for (const layout of layouts) {
  const trailing = layout.fields.findIndex((f) => TRAILING.has(f.type));
  if (trailing >= 0 && trailing !== layout.fields.length - 1)
    throw new Error(`${layout.name}: only the last field may take what is left`);
}

/** @param {number | string} value */
const num = (value) => Number(value);
/** @param {number | string} value as it is written in the definition, so that bit patterns stay in hex */
const literal = (value) =>
  typeof value === 'string' ? `0x${value.slice(2).toLowerCase()}` : String(value);
/** @param {string} name */
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase());
/** @param {string} name */
const pascal = (name) => camel(`_${name}`);

function typescript() {
  const out = [`// ${BANNER}`, "import type { Layout } from './layout.js';", ''];
  out.push(
    `/** Version of the protocol. */`,
    `export const PROTOCOL_MAJOR = ${definition.version.major};`,
    `export const PROTOCOL_MINOR = ${definition.version.minor};`,
    '',
  );
  for (const c of definition.constants) {
    out.push(
      `/** ${c.doc}${c.unit ? ` [${c.unit}]` : ''} */`,
      `export const ${c.name} = ${literal(c.value)};`,
    );
  }
  out.push(
    '',
    `/** Check value of ${definition.crc.name}: the CRC of the ASCII bytes 123456789. */`,
    `export const CRC_CHECK = ${literal(definition.crc.check)};`,
    '',
  );
  out.push('/** Message types of requests. */', 'export const Command = {');
  for (const m of definition.messages)
    out.push(`  /** ${m.doc} */`, `  ${m.name.toUpperCase()}: ${m.code},`);
  out.push('} as const;', 'export type Command = (typeof Command)[keyof typeof Command];', '');
  for (const e of definition.enums) {
    out.push(`/** ${e.doc} */`, `export const ${pascal(e.name)} = {`);
    for (const v of e.values) out.push(`  /** ${v.doc} */`, `  ${v.name}: ${literal(v.value)},`);
    out.push(
      '} as const;',
      `export type ${pascal(e.name)} = (typeof ${pascal(e.name)})[keyof typeof ${pascal(e.name)}];`,
      '',
    );
  }
  for (const f of definition.flags) {
    out.push(`/** ${f.doc} */`, `export const ${pascal(f.name)} = {`);
    for (const v of f.values)
      out.push(`  /** ${v.doc} */`, `  ${v.name}: 0x${(2 ** v.bit).toString(16)},`);
    out.push('} as const;', '');
  }
  for (const layout of layouts) {
    const name = pascal(layout.name);
    out.push(`/** ${layout.doc} */`, `export interface ${name} {`);
    for (const f of layout.fields) {
      const type =
        f.type in FIXED
          ? 'number'
          : f.type === 'u32s'
            ? 'readonly number[]'
            : f.type === 'chars'
              ? 'string'
              : f.type === 'bytes' || f.type === 'rest'
                ? 'Uint8Array'
                : pascal(f.type);
      if (f.doc) out.push(`  /** ${f.doc} */`);
      out.push(`  readonly ${camel(f.name)}: ${type};`);
    }
    out.push(
      '}',
      `export const ${name}: Layout<${name}> = {`,
      `  name: '${layout.name}',`,
      `  size: ${total(layout.fields)},`,
      '  fields: [',
    );
    for (const f of placed(layout.fields)) {
      const base = `name: '${camel(f.name)}', offset: ${f.offset}`;
      if (f.type in FIXED || TRAILING.has(f.type)) out.push(`    { ${base}, type: '${f.type}' },`);
      else if (f.type === 'bytes' || f.type === 'chars')
        out.push(`    { ${base}, type: '${f.type}', size: ${f.size} },`);
      else out.push(`    { ${base}, type: 'struct', layout: ${pascal(f.type)} },`);
    }
    out.push('  ],', '};', '');
  }
  return `${out.join('\n').trimEnd()}\n`;
}

function header() {
  const out = [`// ${BANNER}`, '#ifndef IAP_PROTOCOL_H', '#define IAP_PROTOCOL_H', ''];
  out.push(
    `#define IAP_PROTOCOL_MAJOR ${definition.version.major}u`,
    `#define IAP_PROTOCOL_MINOR ${definition.version.minor}u`,
    '',
  );
  for (const c of definition.constants)
    out.push(
      `// ${c.doc}${c.unit ? ` [${c.unit}]` : ''}`,
      `#define IAP_${c.name} ${literal(c.value)}u`,
    );
  out.push(
    '',
    `// Check value of ${definition.crc.name}`,
    `#define IAP_CRC_CHECK ${literal(definition.crc.check)}u`,
    `#define IAP_CRC_POLYNOMIAL ${literal(definition.crc.polynomial)}u`,
    '',
  );
  out.push('// Message types of requests', 'enum iap_command {');
  for (const m of definition.messages)
    out.push(`    IAP_COMMAND_${m.name.toUpperCase()} = ${m.code}, // ${m.doc}`);
  out.push('};', '');
  for (const e of definition.enums) {
    out.push(`// ${e.doc}`, `enum iap_${e.name} {`);
    for (const v of e.values)
      out.push(`    IAP_${e.name.toUpperCase()}_${v.name} = ${literal(v.value)}, // ${v.doc}`);
    out.push('};', '');
  }
  for (const f of definition.flags) {
    out.push(`// ${f.doc}`);
    for (const v of f.values)
      out.push(
        `#define IAP_${f.name.toUpperCase()}_${v.name} 0x${(2 ** v.bit).toString(16)}u // ${v.doc}`,
      );
    out.push('');
  }
  for (const layout of layouts) {
    const prefix = `IAP_${layout.name.toUpperCase()}`;
    out.push(`// ${layout.doc}: offsets of its fields, and its size`);
    for (const f of placed(layout.fields))
      out.push(`#define ${prefix}_AT_${f.name.toUpperCase()} ${f.offset}u`);
    out.push(`#define ${prefix}_SIZE ${total(layout.fields)}u`, '');
  }
  out.push('#endif');
  return `${out.join('\n')}\n`;
}

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** @param {any[]} fields */
function fieldTable(fields) {
  if (fields.length === 0) return 'No payload.';
  const kind = (/** @type {any} */ f) =>
    f.type === 'bytes' || f.type === 'chars'
      ? `${f.type}[${f.size}]`
      : structs.has(f.type)
        ? `[${f.type}](#${f.type})`
        : f.type;
  const meaning = (/** @type {any} */ f) =>
    [f.doc, f.enum || f.flags ? `(${f.enum ?? f.flags})` : ''].filter(Boolean).join(' ');
  return table(
    ['offset', 'size', 'type', 'field', 'meaning'],
    placed(fields).map((f) => [
      String(f.offset),
      TRAILING.has(f.type) ? 'rest' : String(sizeOf(f)),
      kind(f),
      `\`${f.name}\``,
      meaning(f),
    ]),
  );
}

function tables() {
  const hex = (/** @type {number} */ v) => `0x${v.toString(16).padStart(2, '0')}`;
  return new Map([
    [
      'crc',
      table(
        ['parameter', 'value'],
        [
          ['name', definition.crc.name],
          ['polynomial', definition.crc.polynomial],
          ['initial value', definition.crc.init],
          ['input and output reflected', 'yes'],
          ['final xor', definition.crc.xorOut],
          ['check: CRC of `123456789`', definition.crc.check],
        ],
      ),
    ],
    [
      'constants',
      table(
        ['name', 'value', 'meaning'],
        definition.constants.map((/** @type {any} */ c) => [
          `\`${c.name}\``,
          `${c.value}${c.unit ? ` ${c.unit}` : ''}`,
          c.doc,
        ]),
      ),
    ],
    [
      'status',
      table(
        ['code', 'name', 'meaning'],
        definition.enums[0].values.map((/** @type {any} */ v) => [
          hex(num(v.value)),
          `\`${v.name}\``,
          v.doc,
        ]),
      ),
    ],
    [
      'messages',
      definition.messages
        .map(
          (/** @type {any} */ m) =>
            `### ${m.name.toUpperCase()}, type ${hex(m.code)}\n\n${m.doc}.\n\nRequest:\n\n${fieldTable(m.request)}\n\nResponse, type ${hex(m.code | 0x80)}:\n\n${fieldTable(m.response)}`,
        )
        .join('\n\n')
        .replace(/\.\.\n/g, '.\n'),
    ],
    [
      'structures',
      definition.structs
        .map(
          (/** @type {any} */ s) =>
            `### ${s.name}\n\n${s.doc}. ${total(s.fields)} bytes.\n\n${fieldTable(s.fields)}`,
        )
        .join('\n\n')
        .replace(/\.\. /g, '. '),
    ],
    [
      'enums',
      definition.enums
        .slice(1)
        .map(
          (/** @type {any} */ e) =>
            `### ${e.name}\n\n${e.doc}.\n\n${table(
              ['value', 'name', 'meaning'],
              e.values.map((/** @type {any} */ v) => [
                String(num(v.value)),
                `\`${v.name}\``,
                v.doc,
              ]),
            )}`,
        )
        .join('\n\n'),
    ],
    [
      'flags',
      definition.flags
        .map(
          (/** @type {any} */ f) =>
            `### ${f.name}\n\n${f.doc}.\n\n${table(
              ['bit', 'name', 'meaning'],
              f.values.map((/** @type {any} */ v) => [String(v.bit), `\`${v.name}\``, v.doc]),
            )}`,
        )
        .join('\n\n')
        .replace(/\.\.\n/g, '.\n'),
    ],
  ]);
}

let document = readText('docs/protocol.md');
for (const [name, content] of tables()) document = between(document, name, content);

emit(
  new Map([
    ['protocol/definition.generated.ts', typescript()],
    ['bootloader-c/generated/iap_protocol.h', header()],
    ['docs/protocol.md', document],
  ]),
);
