// @ts-check
// Writes generated files, or with --check only compares them: the one place where generators touch the disk.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

/** @param {string} path relative to the repository */
export function readText(path) {
  return readFileSync(resolve(root, path), 'utf8');
}

/** @param {string} path relative to the repository */
export function readJson(path) {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    console.error(`${path}: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}

/** Errors of ajv as lines that name the place in the file.
 * @param {string} path @param {import('ajv').ErrorObject[] | null | undefined} errors */
export function fail(path, errors) {
  for (const error of errors ?? []) {
    console.error(`${path}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
  }
  process.exit(1);
}

/** Replaces what stands between two marker lines of a text that people write.
 * @param {string} text @param {string} name @param {string} content */
export function between(text, name, content) {
  const begin = `<!-- generated: ${name} -->`;
  const end = '<!-- end generated -->';
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`no marker "${begin}"`);
  return `${text.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${text.slice(to)}`;
}

/** @param {Map<string, string>} files path relative to the repository → content
 * @param {string} remedy the command that writes them */
export function emit(files, remedy = 'npm run generate') {
  const check = process.argv.includes('--check');
  let stale = 0;
  for (const [path, content] of files) {
    const full = resolve(root, path);
    let old = '';
    try {
      old = readFileSync(full, 'utf8');
    } catch {
      // A file that is not there yet differs from any content.
    }
    if (old === content) continue;
    stale++;
    if (check) {
      console.error(`${path} is not what its source says: run ${remedy}`);
    } else {
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, content);
      console.log(`wrote ${relative(root, full)}`);
    }
  }
  if (check && stale > 0) process.exit(1);
}
