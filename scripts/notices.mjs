#!/usr/bin/env node
// @ts-check
// dist/THIRD-PARTY-NOTICES.md: licences of what others wrote and the package contains. After scripts/build host.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, readText, root } from './generated.mjs';

/** @param {string} folder */
function licence(folder) {
  const name = readdirSync(join(root, folder)).find((file) => /^licen[cs]e/i.test(file));
  if (!name) throw new Error(`${folder} has no licence in it`);
  return readText(`${folder}/${name}`).replaceAll('\r', '').trim();
}

/** @param {string} title @param {string} where @param {string} text */
function section(title, where, text) {
  return `## ${title}\n\n${where}\n\n\`\`\`\n${text.replaceAll(/[ \t]+$/gm, '')}\n\`\`\`\n`;
}

const bearssl = `build/vendor/${readdirSync(join(root, 'build', 'vendor')).find((name) => name.startsWith('bearssl-'))}`;
/** @type {string[]} */
const bundled = readJson('build/bundled.json');
/** Of a package that is there twice, both versions @type {Map<string, Set<string>>} */
const versions = new Map();
/** @type {Map<string, string>} */
const texts = new Map();
for (const folder of bundled) {
  const { name, version, license } = readJson(`${folder}/package.json`);
  const title = `${name} (${license})`;
  versions.set(title, (versions.get(title) ?? new Set()).add(version));
  texts.set(title, licence(folder));
}

const text = [
  '# Third-party notices\n',
  'Made by `scripts/notices.mjs`. What npm installs beside this package has its own licences with it.\n',
  section(
    `BearSSL ${bearssl.replace(/.*-/, '')} (MIT)`,
    'Its SHA-256 is in the bootloaders, `dist/bootloaders`.',
    licence(bearssl),
  ),
  section(
    'p256-m (Apache-2.0 OR GPL-2.0-or-later)',
    'Part of Mbed TLS; in the bootloaders for signed images, `dist/bootloaders/*-signed.bin`, under Apache-2.0.',
    licence('build/vendor/p256-m'),
  ),
  ...[...texts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, licenceText]) =>
      section(
        title,
        `In the command, \`dist/iap\`, and where the page needs it in \`dist/web\`: version ${[...(versions.get(title) ?? [])].sort().join(' and ')}.`,
        licenceText,
      ),
    ),
].join('\n');
writeFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.md'), text);
