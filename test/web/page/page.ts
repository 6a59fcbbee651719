// Starts updates for a test, and keeps what they tell.
import type { Report } from './worker.js';

export interface TestPage {
  /** What the update that runs has told so far */
  events: { readonly event: string; readonly [name: string]: unknown }[];
  update(file: string, options: object): Promise<Report>;
}

declare global {
  interface Window {
    iap: TestPage;
  }
}

window.iap = {
  events: [],
  async update(file, options) {
    window.iap.events = [];
    const bytes = new Uint8Array(await (await fetch(file)).arrayBuffer());
    const worker = new Worker('worker.js', { type: 'module' });
    return await new Promise((resolve) => {
      worker.onmessage = ({ data }) => {
        if (data.event) window.iap.events.push(data.event);
        if (!data.report) return;
        worker.terminate();
        resolve(data.report);
      };
      worker.postMessage({ bytes, options });
    });
  },
};
