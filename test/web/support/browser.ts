// Chromium with serial adapters that are files, and with the permission to use them.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { built, TempDir } from '../../support/board.js';
import { type Adapter, Adapters } from './adapters.js';
import { CHROMIUM } from './chromium.js';

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
  const { display, locale = 'en-US' } = options;
  const setup = new BrowserSetup(options);
  const context = await chromium.launchPersistentContext(setup.profile, {
    executablePath: CHROMIUM,
    headless: display === undefined,
    locale,
    args: [...ARGUMENTS],
    env: setup.env,
  });
  return {
    context,
    adapters: setup.adapters,
    close: async () => {
      await context.close();
      setup.remove();
    },
  };
}

export const ARGUMENTS: readonly string[] = [
  '--no-sandbox', // which root can not have, nor a container
  '--disable-dev-shm-usage', // containers have little of it
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP *.test 127.0.0.1', // a site that is not on localhost
];

/** What a browser is started with, and leaves behind. */
export class BrowserSetup {
  readonly adapters = new Adapters();
  readonly env: Readonly<Record<string, string>>;
  readonly #profile = new TempDir();

  constructor({ origin, granted = [], display }: BrowserOptions) {
    if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: scripts/setup installs it`);
    mkdirSync(join(this.profile, 'Default'));
    writeFileSync(join(this.profile, 'Default', 'Preferences'), preferences(origin, granted));
    this.env = {
      ...definedOf(process.env),
      ...this.adapters.env,
      ...(display === undefined ? {} : { DISPLAY: display }),
      LD_PRELOAD: resolve(built('build', 'web', 'udev.so')),
    };
  }

  get profile(): string {
    return this.#profile.path;
  }

  remove(): void {
    this.adapters.remove();
    this.#profile.remove();
  }
}

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
