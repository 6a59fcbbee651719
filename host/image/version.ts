// Versions of images: 1.4.0, or 1.4.0+17 with a build number.
import type { Version } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { excerpt } from '../base/text.js';

const LARGEST = 0xffff;

/** @throws IapError USAGE */
export function parseVersion(text: string): Version {
  const found = /^(\d+)\.(\d+)\.(\d+)(?:\+(\d+))?$/
    .exec(text)
    ?.slice(1)
    .map((n = '0') => Number(n));
  // What is missing is not a number, which is no larger and no smaller than any.
  const [major = NaN, minor = NaN, patch = NaN, build = NaN] = found ?? [];
  if ([major, minor, patch, build].every((n) => n <= LARGEST)) {
    return { major, minor, patch, build };
  }
  throw new IapError(
    'USAGE',
    `a version is MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH+BUILD, each up to ${LARGEST}; got "${excerpt(text)}"`,
  );
}

export function versionText({ major, minor, patch, build }: Version): string {
  return `${major}.${minor}.${patch}${build === 0 ? '' : `+${build}`}`;
}
