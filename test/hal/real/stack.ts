// What one call of the kit needs of the stack, by what the compiler says of each function: of its deepest chain of calls.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BUILD, folder, type Part, type Way } from './projects.js';

interface Command {
  readonly directory: string;
  readonly command: string;
  readonly file: string;
}

/** The kit, and what it calls of the HAL */
const SOURCES = /\/(iap_app|iap_hal|stm32f.xx_hal_(flash|cortex))\.c$/;

/** Where the kit's calls through a pointer go, by the function they stand in */
function behindPointer(caller: string): readonly string[] {
  if (/flash_read|port_flash/.test(caller)) return ['flash'];
  if (/program/.test(caller)) return ['program'];
  return /erase|poll/.test(caller) ? [] : ['send', 'flush'];
}
const POINTER = '__indirect_call';

interface Function {
  readonly name: string;
  readonly bytes: number;
}

/** Functions by title, who calls whom; from what gcc writes for -fcallgraph-info=su */
class Graph {
  readonly #functions = new Map<string, Function>();
  readonly #calls = new Map<string, Set<string>>();

  add(text: string): void {
    for (const [, title = '', label = ''] of text.matchAll(
      /node: \{ title: "(.*?)" label: "(.*?)"/g,
    )) {
      const name = label.split('\\n')[0] ?? '';
      const bytes = /(\d+) bytes \(/.exec(label)?.[1];
      if (bytes !== undefined) this.#functions.set(title, { name, bytes: Number(bytes) });
    }
    for (const [, from = '', to = ''] of text.matchAll(
      /sourcename: "(.*?)" targetname: "(.*?)"/g,
    )) {
      const calls = this.#calls.get(from) ?? new Set();
      this.#calls.set(from, calls.add(to));
    }
  }

  #titles(name: string): string[] {
    return [...this.#functions].filter(([, one]) => one.name === name).map(([title]) => title);
  }

  /** [bytes]; a call of what is not known, as of memcpy, needs none */
  #below(title: string, above: readonly string[]): number {
    if (above.includes(title)) return 0;
    const own = this.#functions.get(title)?.bytes ?? 0;
    const targets = [...(this.#calls.get(title) ?? [])].flatMap((target) =>
      target === POINTER ? behindPointer(title).flatMap((name) => this.#titles(name)) : [target],
    );
    return own + Math.max(0, ...targets.map((target) => this.#below(target, [...above, title])));
  }

  deepest(name: string): number {
    const titles = this.#titles(name);
    if (titles.length === 0) throw new Error(`the compiler says nothing of ${name}`);
    return Math.max(...titles.map((title) => this.#below(title, [])));
  }
}

/** Of what the product calls, the deepest [bytes] */
export function stack(part: Part, way: Way, optimisation: '-Os' | '-O0'): number {
  const commands = JSON.parse(
    readFileSync(join(BUILD, 'compile_commands.json'), 'utf8'),
  ) as Command[];
  const project = folder(part, way, 'v1');
  const own = commands.filter(
    ({ file, command }) =>
      SOURCES.test(file) &&
      (file.includes(`/${project}/`) || command.includes(`${part}-drivers.dir`)),
  );
  const graph = new Graph();
  const out = join(BUILD, 'stack', `${part}-${way}${optimisation}`);
  mkdirSync(out, { recursive: true });
  for (const { directory, command, file } of own) {
    const object = join(process.cwd(), out, `${basename(file)}.o`);
    const words = command.replace(/ -o \S+/, ` -o ${object}`).replace(' -Os ', ` ${optimisation} `);
    execFileSync('sh', ['-c', `${words} -fcallgraph-info=su`], { cwd: directory });
    graph.add(readFileSync(object.replace(/\.o$/, '.ci'), 'utf8'));
  }
  return Math.max(
    ...['iap_hal_interrupt', 'iap_hal_receive', 'iap_hal_confirm'].map((name) =>
      graph.deepest(name),
    ),
  );
}
