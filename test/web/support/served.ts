// What "iap web" serves, which can stop and come back at the same address.
import { Iap } from '../../support/iap.js';

export class Served {
  readonly origin: string;
  readonly #args: readonly string[];
  #run: Iap;

  private constructor(run: Iap, args: readonly string[], origin: string) {
    this.#run = run;
    this.#args = args;
    this.origin = origin;
  }

  /** @param args of "iap web" */
  static async start(...args: string[]): Promise<Served> {
    const { run, origin } = await serve('0', args);
    return new Served(run, args, origin);
  }

  async stop(): Promise<void> {
    await this.#run.signal('SIGINT');
  }

  async restart(): Promise<void> {
    this.#run = (await serve(new URL(this.origin).port, this.#args)).run;
  }
}

async function serve(port: string, args: readonly string[]): Promise<{ run: Iap; origin: string }> {
  const run = new Iap(['web', ...args, '--port', port, '--json']);
  const { url } = await run.until('serving');
  return { run, origin: new URL(String(url)).origin };
}
