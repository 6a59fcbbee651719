import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';

test.each([
  'bootloader-c/part.schema.json',
  'bootloader-c/board.schema.json',
  'protocol/protocol.schema.json',
  'protocol/package.schema.json',
  'protocol/update-manifest.schema.json',
  'protocol/json-lines.schema.json',
  'protocol/production-log.schema.json',
])('%s is a JSON Schema', (path) => {
  const schema = JSON.parse(readFileSync(path, 'utf8')) as object;
  expect(() => new Ajv({ strict: true, allowUnionTypes: true }).compile(schema)).not.toThrow();
});
