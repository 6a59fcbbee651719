// Which findings keep an image from being written: the errors, but for those that somebody has looked at and allows.
import { IapError } from '../base/errors.js';
import { errorOf, type Finding, type FindingId } from './finding.js';

/**
 * What can be allowed: findings that rest on evidence in the code, which may be wrong of an unusual program. Of the others there is
 * nothing to write, or the device itself refuses them, some of them only when the old application is gone.
 */
export const ALLOWABLE = [
  'wrong-address',
  'linked-unclear',
  'stack-unaligned',
  'vector-even',
  'vector-outside',
  'ram-over-vectors',
  'wrong-core',
  'kit-other-board',
] as const satisfies readonly FindingId[];

export type Allowable = (typeof ALLOWABLE)[number];

/** With these, what a programmer may write: it has no device behind it that refuses, and may write what is no application. */
export const ALLOWABLE_IN_FLASH: readonly FindingId[] = [
  ...ALLOWABLE,
  'stack-outside-ram',
  'reset-even',
  'reset-outside',
];

const NONE: readonly FindingId[] = [];

/** The findings, those errors marked that `allow` names */
export function marked(findings: Iterable<Finding>, allow: readonly FindingId[] = NONE): Finding[] {
  return [...findings].map((finding) =>
    finding.severity === 'error' && allow.includes(finding.id)
      ? { ...finding, allowed: true }
      : finding,
  );
}

/** Whether it keeps the image from being written */
export function isBlocking({ severity, allowed }: Finding): boolean {
  return severity === 'error' && !allowed;
}

/**
 * What is left to tell of an image that may be written: warnings, and errors that are allowed.
 * @param allowable what `allow` may name: others stay errors
 * @throws IapError of the first error that is not allowed
 */
export function tolerated(
  findings: Iterable<Finding>,
  allow: readonly FindingId[] = NONE,
  allowable: readonly FindingId[] = ALLOWABLE,
): Finding[] {
  const all = marked(
    findings,
    allow.filter((id) => allowable.includes(id)),
  );
  const [first, ...more] = all.filter(isBlocking);
  if (first) throw blocked(first, more.length, allowable.includes(first.id));
  return all;
}

/** Names of the errors that were allowed, each once: for results */
export function allowedIds(findings: readonly Finding[]): FindingId[] {
  return [...new Set(findings.filter(({ allowed }) => allowed).map(({ id }) => id))];
}

/** In a line */
function toleratedText({ allowed, message, hint }: Finding): string {
  return allowed ? `allowed: ${message}` : `${message}; ${hint}`;
}

/** Fields of the warning that tells it: for programs */
export function warningOf(finding: Finding): {
  readonly message: string;
  readonly finding: FindingId;
  readonly allowed?: true;
} {
  const { id, allowed } = finding;
  return {
    message: toleratedText(finding),
    finding: id,
    ...(allowed ? { allowed } : {}),
  };
}

function blocked(finding: Finding, more: number, mayBeAllowed: boolean): IapError {
  const { code, message, details } = errorOf(finding);
  const hints = [
    finding.hint,
    ...(mayBeAllowed
      ? [`if you are sure that it is right, --allow ${finding.id} goes on all the same`]
      : []),
    ...(more > 0 ? [`"iap check" names ${more} more`] : []),
  ];
  return new IapError(code, message, { hint: hints.join('; '), details });
}
