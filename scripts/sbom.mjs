#!/usr/bin/env node
// @ts-check
// dist/sbom.json (CycloneDX): what is in the package, bundled or in the bootloaders, and what npm installs with it. No time and no
// random number in it: the same sources give the same bytes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root } from './generated.mjs';

/** @typedef {{ name: string, version: string, purl: string, 'bom-ref': string }} Component */

/** @param {string[]} args @returns {{ serialNumber?: string, metadata: { timestamp?: string, component: Component }, components: Component[], dependencies: { ref: string }[] }} */
function npmSbom(...args) {
  const options = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', ...args];
  return JSON.parse(
    execFileSync('npm', options, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
}

const sbom = npmSbom('--omit', 'dev');
const bundled = new Set(
  readJson('build/bundled.json').map((/** @type {string} */ folder) => {
    const { name, version } = readJson(`${folder}/package.json`);
    return `${name}@${version}`;
  }),
);
const known = new Set(sbom.components.map((component) => component['bom-ref']));
for (const component of npmSbom().components) {
  if (bundled.has(`${component.name}@${component.version}`) && !known.has(component['bom-ref'])) {
    sbom.components.push(component);
  }
}
const bearssl =
  readdirSync(join(root, 'build', 'vendor')).find((name) => name.startsWith('bearssl-')) ?? '';
const version = bearssl.replace('bearssl-', '');
const parts = {
  type: 'library',
  licenses: [{ license: { id: 'MIT' } }],
  description: 'SHA-256 in dist/bootloaders',
};
sbom.components.push({
  'bom-ref': `bearssl@${version}`,
  name: 'bearssl',
  version,
  purl: `pkg:generic/bearssl@${version}`,
  ...parts,
});
sbom.components.push({
  type: 'library',
  'bom-ref': 'p256-m',
  name: 'p256-m',
  purl: 'pkg:generic/p256-m',
  licenses: [{ expression: 'Apache-2.0 OR GPL-2.0-or-later' }],
  description: 'ECDSA in dist/bootloaders/*-signed.bin; part of Mbed TLS',
});
delete sbom.serialNumber;
delete sbom.metadata.timestamp;
sbom.metadata.component.name = readJson('package.json').name;
mkdirSync(join(root, 'dist'), { recursive: true });
writeFileSync(join(root, 'dist', 'sbom.json'), `${JSON.stringify(sbom, null, 2)}\n`);
