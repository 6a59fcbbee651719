// iap web: the page that updates devices out of a browser, served on this computer or made for a server.
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { concat } from '../../base/bytes.js';
import { IapError } from '../../base/errors.js';
import { excerpt } from '../../base/text.js';
import { writeBytes } from '../../node/files.js';
import { serveSite } from '../../node/web-server.js';
import { type Site, webSite } from '../../node/web-site.js';
import { makeUpdateManifest, type Translated } from '../../pack/update-manifest.js';
import { command } from '../command.js';
import type { Context } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { OUTPUT_OPTION } from '../options.js';
import { packagePath, readPackageFile } from '../package-file.js';

const POSITIONALS = {
  package: {
    type: 'string',
    complete: 'file',
    describe: 'Package that the page offers (.iap); without one people choose a file',
  },
} as const;

/** One port each time: browsers keep permissions for an address with its port. */
const USUAL_PORT = 8460;

const OPTIONS = {
  port: {
    type: 'number',
    least: 0,
    most: 0xffff,
    requiresArg: true,
    default: USUAL_PORT,
    describe: 'TCP port on this computer; 0 is any that is free',
  },
  name: {
    type: 'string',
    many: true,
    requiresArg: true,
    describe: 'What people call the product, LANGUAGE=TEXT; may be given again',
  },
  notes: {
    type: 'string',
    many: true,
    requiresArg: true,
    describe: 'What is new, LANGUAGE=TEXT; may be given again',
  },
  output: {
    ...OUTPUT_OPTION.output,
    demandOption: false,
    describe: 'Folder to write the page to, for any web server, instead of serving it',
  },
} as const;

type WebArguments = ArgumentsOf<typeof POSITIONALS & typeof OPTIONS>;

export const WEB = command({
  name: 'web [package]',
  description: 'Serve the page that updates devices out of a browser, or make it for a server',
  positionals: POSITIONALS,
  options: OPTIONS,
  examples: [
    ['web pump.iap', 'prints the address to open in Chrome, Edge or Firefox'],
    ['web pump.iap -o site --notes "en=Quieter" --notes "zh=更安静"', 'files for a web server'],
  ],
  handler: web,
});

async function web(
  args: WebArguments,
  { output, signal }: Pick<Context, 'output' | 'signal'>,
): Promise<void> {
  const { site, facts } = await siteOf(args);
  if (args.output !== undefined) {
    await write(site, args.output);
    output.line(`written to ${args.output}: ${site.size} files; serve them over https`);
    output.result({ path: args.output, files: site.size, ...facts });
    return;
  }
  const server = await serveSite(site, args.port);
  output.event('serving', { url: server.url });
  output.line(`open ${server.url} in Chrome, Edge or Firefox; Ctrl-C ends it`);
  await aborted(signal);
  await server.close();
  output.result({ url: server.url, requests: server.requests, files: site.size, ...facts });
}

interface SiteAndFacts {
  readonly site: Site;
  /** Of the package, for programs */
  readonly facts: { readonly version?: string; readonly sha256?: string };
}

async function siteOf(args: WebArguments): Promise<SiteAndFacts> {
  const texts = { ...translated('--name', args.name), ...translated('--notes', args.notes) };
  if (args.package === undefined) {
    if (Object.keys(texts).length > 0) {
      throw new IapError('USAGE', '--name and --notes are of a package, and none is given');
    }
    return { site: await webSite(), facts: {} };
  }
  const { raw, bytes } = await readPackageFile(packagePath(args.package));
  const file = concat([raw, bytes]);
  const name = basename(args.package);
  const manifest = makeUpdateManifest(file, encodeURIComponent(name), texts);
  const { version, sha256 } = manifest;
  return { site: await webSite({ file, name, manifest }), facts: { version, sha256 } };
}

/** en=Text, as many as there are languages */
function translated(
  option: '--name' | '--notes',
  typed: readonly string[] | undefined,
): { readonly name?: Translated; readonly notes?: Translated } {
  if (typed === undefined) return {};
  const texts = typed.map((text) => {
    const [, language, words] = /^([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)=(.+)$/s.exec(text) ?? [];
    if (language !== undefined && words !== undefined) return [language, words] as const;
    throw new IapError('USAGE', `${option} is LANGUAGE=TEXT; got "${excerpt(text)}"`, {
      hint: `for example: ${option} "en=…" ${option} "zh=…"`,
    });
  });
  return { [option.slice(2)]: Object.fromEntries(texts) };
}

async function write(site: Site, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IapError('FILE_UNWRITABLE', `the folder can not be made: ${why}`, {
      hint: 'choose another one',
      details: { path: folder },
      cause: error,
    });
  }
  for (const [name, bytes] of site) await writeBytes(join(folder, name), bytes);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
