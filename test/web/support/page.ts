// <iap-update> in a page of the browser, as a person goes about it: buttons by what they do, in whatever language they are.
import { mkdirSync } from 'node:fs';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { BrowserSerial } from '../../../host/web/browser-serial.js';
import type { Fault } from '../../../host/web/fault.js';
import type { Step } from '../../../host/web/flow.js';
import type { Report } from '../../../host/web/report.js';
import { LANGUAGES } from '../../../host/web/texts/language.js';
import type { Language, Texts } from '../../../host/web/texts/texts.js';
import type { Deed } from '../../../host/web/view.js';

/** A busy computer only needs longer. */
const LONGEST_MS = 300_000;

/** Where a person can look at every state; not kept */
const SCREENSHOTS = 'build/screenshots';
/** A laptop, and the narrowest that must work [CSS pixels] */
const WIDTHS = [1280, 320];

export class UpdatePage {
  readonly page: Page;
  /** What its content security policy did not let through */
  readonly violations: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(LONGEST_MS);
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) this.violations.push(message.text());
    });
    page.on('pageerror', (error) => this.violations.push(String(error)));
  }

  /** Clicks the button that does this. */
  async press(deed: Deed): Promise<void> {
    await this.page.locator(`button[data-do=${deed}]`).click();
  }

  /** Until the update is at that step. */
  async until(at: Step['at']): Promise<void> {
    const fault = this.page.locator('[data-fault]');
    const there = this.page.locator(`iap-update[state=${at}]`);
    const ended = this.page.locator('iap-update[state=failed]');
    await there.or(ended).waitFor();
    if (await there.isVisible()) return;
    throw new Error(`it failed instead of being ${at}: ${await fault.getAttribute('data-fault')}`);
  }

  async faultCode(): Promise<Fault['code'] | null> {
    const fault = this.page.locator('[data-fault]');
    if ((await fault.count()) === 0) return null;
    const code = await fault.getAttribute('data-fault');
    return code as Fault['code'] | null;
  }

  /** Until so much is sent, from 0 to 1. */
  async untilDone(share: number): Promise<void> {
    await this.page.locator('progress[data-progress]').and(this.page.locator('[value]')).waitFor();
    await this.page.waitForFunction((least) => {
      const shadow = document.querySelector('iap-update')?.shadowRoot;
      const bar = shadow?.querySelector<HTMLProgressElement>('progress[data-progress]');
      return bar !== undefined && bar !== null && bar.value >= least;
    }, share);
  }

  async title(): Promise<string | null> {
    return this.page.locator('h2').textContent();
  }

  /** What is shown beside a name */
  async fact(name: string): Promise<string | null> {
    return this.page.locator('dt', { hasText: name }).first().locator('+ dd').textContent();
  }

  /** @param rate of the transfer [baud] */
  async transferAt(rate: number): Promise<void> {
    await this.page.locator('details:has(select option[value=auto]) > summary').click();
    await this.page.locator('select:has(option[value=auto])').selectOption(String(rate));
  }

  /** Until the browser has what a page without a network needs. */
  async untilKept(): Promise<void> {
    await this.page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await this.page.waitForFunction(async () => {
      const names = await caches.keys();
      const kept = names.map(async (name) => (await (await caches.open(name)).keys()).length);
      return (
        names.some((name) => name.startsWith('iap-firmware ')) &&
        (await Promise.all(kept)).every((count) => count > 1)
      );
    });
  }

  async chooseFile(path: string): Promise<void> {
    await this.page.locator('input[type=file]').setInputFiles(path);
  }

  async speak(language: Language): Promise<void> {
    await this.page.locator('select[data-do=language]').selectOption(language);
  }

  /** The report as it is saved */
  async report(): Promise<Report> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.press('save-json'),
    ]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Uint8Array);
    return JSON.parse(Buffer.concat(chunks).toString()) as Report;
  }

  /**
   * The state as people have it: heading in each language, nothing that axe finds fault with, nothing wider than the window. Leaves
   * pictures to look at.
   */
  async look(name: string, title: (texts: Texts) => string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    for (const [language, texts] of Object.entries(LANGUAGES)) {
      await this.speak(language as Language);
      expect(await this.title()).toBe(title(texts));
      for (const width of WIDTHS) {
        await this.page.setViewportSize({ width, height: 800 });
        const path = `${SCREENSHOTS}/${name}-${language}-${width}.png`;
        await this.page.screenshot({ path, fullPage: true });
        const wide = await this.page.evaluate(() => document.documentElement.scrollWidth);
        expect({ name, language, wide }).toEqual({ name, language, wide: width });
      }
      expect({ name, language, findings: await this.#findings() }).toMatchObject({ findings: [] });
    }
    await this.speak('en');
  }

  /** What axe-core finds, in words */
  async #findings(): Promise<string[]> {
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate(() => window.axe.run());
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary}`),
    );
  }
}

declare global {
  interface Window {
    readonly axe: typeof axe;
  }
  interface Navigator {
    readonly serial: BrowserSerial;
  }
}
