// JSON that people write: read, held against a schema, and what is wrong in words: where, what was expected, what was found.
import { Ajv, type ErrorObject } from 'ajv';
import { IapError } from './errors.js';
import { printable } from './text.js';

/** So much of a value that is wrong is shown [characters]. */
const SHOWN = 60;

/** Compiles a schema once: it is most of the time that a description takes. The schemas are ours, and held against JSON Schema by a test. */
const ajv = new Ajv({ allErrors: true, verbose: true, validateSchema: false });

/**
 * Parses and validates.
 * @param name of the file, for errors
 * @param schema JSON Schema; the shape of T is its promise. The same object is compiled once.
 * @throws IapError DESCRIPTION_WRONG with everything that is wrong
 */
export function parseJson<T>(text: string, name: string, schema: object): T {
  let value: unknown;
  // Another file was meant. It may hold a passphrase, of which an error would show the first characters, or all if they are digits.
  if (!/^\s*[{[]/.test(text)) {
    throw new IapError(
      'DESCRIPTION_WRONG',
      `${printable(name)} is no JSON: it does not begin with {`,
      {
        hint: 'check that it is the right file',
      },
    );
  }
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? printable(error.message) : '';
    throw new IapError('DESCRIPTION_WRONG', `${printable(name)} is no JSON: ${why}`, {
      hint: 'look for a comma, quote or bracket that is missing or too many',
      cause: error,
    });
  }
  const validate = ajv.compile<T>(schema);
  if (validate(value)) return value;
  const faults = outermost(validate.errors ?? []).map(faultText);
  throw new IapError('DESCRIPTION_WRONG', `${printable(name)}: ${faults.join('; ')}`, {
    details: { faults: faults.length },
  });
}

/** Without those that lie below another one: of a value that fits none of several forms, why it does not fit each is left out. */
function outermost(errors: readonly ErrorObject[]): ErrorObject[] {
  return errors.filter(
    (e) => !errors.some((outer) => e.schemaPath.startsWith(`${outer.schemaPath}/`)),
  );
}

function faultText(error: ErrorObject): string {
  const where = error.instancePath === '' ? 'it' : error.instancePath.slice(1).replaceAll('/', '.');
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
    const list = known.filter((key) => !key.startsWith('$')).join(', ');
    return `"${printable(String(params.additionalProperty))}" is not known in ${where}; known are ${list}`;
  }
  if (error.keyword === 'required') return `${where} lacks "${String(params.missingProperty)}"`;
  return `${where} ${expectation(error)}, found ${shown(error.data)}`;
}

/** The schema's own words, if it has some; a pattern alone says nothing to most people. */
function expectation({ message = 'is wrong', parentSchema, params, keyword }: ErrorObject): string {
  const description: unknown = parentSchema?.description;
  if (typeof description === 'string') return `must be ${description}`;
  if (keyword === 'enum') {
    const values = (params as { readonly allowedValues: readonly unknown[] }).allowedValues;
    return `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  return message;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return printable(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
