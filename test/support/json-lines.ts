// What commands print with --json, held against its schema: a line or a key that it does not have is a mistake.
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

interface Definition {
  readonly properties?: { readonly event?: { readonly const: string } };
}

export const SCHEMA = JSON.parse(readFileSync('protocol/json-lines.schema.json', 'utf8')) as {
  readonly definitions: Readonly<Record<string, Definition>>;
};

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addSchema(SCHEMA, 'lines');

interface Form {
  readonly name: string;
  readonly validate: ValidateFunction;
}

/** Forms of each event, by its name */
const forms = new Map<string, Form[]>();
for (const [name, { properties }] of Object.entries(SCHEMA.definitions)) {
  const event = properties?.event?.const;
  if (event === undefined) continue;
  const validate = ajv.compile({ $ref: `lines#/definitions/${name}` });
  forms.set(event, [...(forms.get(event) ?? []), { name, validate }]);
}

/**
 * @param command words of the command line, if they are known: then only its own result will do
 * @throws Error what is not as documented
 */
export function checkLine(line: unknown, command?: readonly string[]): void {
  const { event, ok } = line as { readonly event?: unknown; readonly ok?: unknown };
  const known = forms.get(String(event)) ?? [];
  const special = specialResult(line as object);
  const own = event === 'result' && ok === true && command ? resultName(command) : undefined;
  const wrong = known
    .filter(({ name }) => own === undefined || name === (special ?? own))
    .map(({ name, validate }) => ({
      name,
      errors: validate(line) ? [] : [...(validate.errors ?? [])],
    }))
    .sort((a, b) => a.errors.length - b.errors.length)[0];
  if (wrong?.errors.length === 0) return;
  const why = wrong
    ? `${wrong.name}: ${wrong.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`).join('; ')}`
    : `there is no ${own ?? `event ${String(event)}`}`;
  throw new Error(`not as protocol/json-lines.schema.json has it: ${why}\n${JSON.stringify(line)}`);
}

/** The result of a command that is at several ports, or has several devices on one pair */
function specialResult(line: object): string | undefined {
  if ('skipped' in line) return 'result-several';
  return 'devices' in line && 'pagesSent' in line ? 'result-group' : undefined;
}

/** Commands that have commands of their own */
const GROUPS: readonly string[] = ['isp', 'keys'];

function resultName([first = '', second = '']: readonly string[]): string {
  return `result-${GROUPS.includes(first) ? `${first}-${second}` : first}`;
}
