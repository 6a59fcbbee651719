// Chromium with serial adapters that are files, and with the permission to use them.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { built, TempDir } from '../../support/board.js';
import { type Adapter, Adapters } from './adapters.js';

/** Debian's; playwright's own would be a download. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export interface BrowserOptions {
  /** The site that may use these adapters without being asked; scheme, host and port */
  readonly origin: string;
  readonly granted?: readonly Adapter[];
  /** A window on this X display instead of none */
  readonly display?: string;
  readonly locale?: string;
}

export interface Browser {
  readonly context: BrowserContext;
  readonly adapters: Adapters;
  close(): Promise<void>;
}

export async function startBrowser(options: BrowserOptions): Promise<Browser> {
  const { origin, granted = [], display, locale = 'en-US' } = options;
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: scripts/setup installs it`);
  const profile = new TempDir();
  mkdirSync(join(profile.path, 'Default'));
  writeFileSync(join(profile.path, 'Default', 'Preferences'), preferences(origin, granted));
  const adapters = new Adapters();
  const context = await chromium.launchPersistentContext(profile.path, {
    executablePath: CHROMIUM,
    headless: display === undefined,
    locale,
    args: ARGUMENTS,
    env: {
      ...definedOf(process.env),
      ...adapters.env,
      ...(display === undefined ? {} : { DISPLAY: display }),
      LD_PRELOAD: join(process.cwd(), built('build', 'web', 'udev.so')),
    },
  });
  return {
    context,
    adapters,
    close: async () => {
      await context.close();
      adapters.remove();
      profile.remove();
    },
  };
}

const ARGUMENTS = [
  '--no-sandbox', // which root can not have, nor a container
  '--disable-dev-shm-usage', // containers have little of it
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A profile in which the user has chosen these adapters before */
function preferences(origin: string, granted: readonly Adapter[]): string {
  const objects = granted.map(({ name, vendorId, productId, serialNumber }) => ({
    name,
    vendor_id: vendorId,
    product_id: productId,
    serial_number: serialNumber,
  }));
  const chosen = { [`${origin},*`]: { setting: { 'chosen-objects': objects } } };
  return JSON.stringify({
    profile: { content_settings: { exceptions: { serial_chooser_data: chosen } } },
  });
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => !!entry[1]);
  return Object.fromEntries(entries);
}
