// One update in a worker, over the port that the page may use.
import { loadImage, type UpdateOptions, update } from '../../../host/index.js';
import { openWebSerial } from '../../../host/web/serial.js';

export interface Job {
  readonly bytes: Uint8Array;
  readonly options: UpdateOptions;
}

export interface Report {
  readonly events: readonly unknown[];
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

async function run({ bytes, options }: Job): Promise<Report> {
  const events: unknown[] = [];
  try {
    const [port] = await navigator.serial.getPorts();
    if (!port) throw new Error('the worker sees no port');
    const transport = await openWebSerial(port, { rate: 115200 });
    try {
      const work = update(transport, loadImage(bytes), options);
      let step = await work.next();
      for (; !step.done; step = await work.next()) {
        events.push(step.value);
        postMessage({ event: step.value });
      }
      return { events, result: step.value };
    } finally {
      await transport.close();
    }
  } catch (error) {
    const { code = 'BUG', message } = error as Error & { code?: string };
    return { events, error: { code, message } };
  }
}

addEventListener('message', (message: MessageEvent<Job>) => {
  run(message.data).then((report) => postMessage({ report }));
});
