// The package from the tarball, in an empty folder, without compiler, network or checkout: as somebody has it who installed it from npm.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, demoImage } from '../support/board.js';
import { jsonLines } from '../support/cli.js';
import { Installed } from '../support/installed.js';
import { powerUp } from './bench.js';

const root = resolve(import.meta.dirname, '..', '..');
const PART = 'stm32f103xe';
let user: Installed;

beforeAll(() => {
  user = new Installed();
  writeFileSync(join(user.folder, 'app.bin'), demoImage(PART, 1));
});
afterAll(() => user.remove());

/** All files of the package, from its folder */
function packed(): string[] {
  return readdirSync(user.package, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(user.package.length + 1));
}

test('has nothing of tests and build trees, and no maps to sources that are not there', () => {
  const files = packed();
  expect(files.filter((file) => /\.map$|\.test\.|^build|^test|node_modules/.test(file))).toEqual(
    [],
  );
  expect(files).toContain('dist/host/index.d.ts');
  expect(files).toContain('dist/THIRD-PARTY-NOTICES.md');
  const mapped = files.filter(
    (file) =>
      file.endsWith('.js') &&
      /sourceMappingURL/.test(readFileSync(join(user.package, file), 'utf8')),
  );
  expect(mapped).toEqual([]);
});

test('nothing in it imports what is not in it', () => {
  const { dependencies } = JSON.parse(readFileSync(join(user.package, 'package.json'), 'utf8')) as {
    readonly dependencies: object;
  };
  const known = Object.keys(dependencies);
  const files = packed();
  const wrong = files
    .filter((file) => /^dist\/.*\.(js|d\.ts)$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(user.package, file), 'utf8');
      return [...text.matchAll(/(?:^|\n)\s*(?:im|ex)port [^'";]*?from ["']([^"']+)["']/g)]
        .map(([, name = '']) => name)
        .filter((name) => {
          if (name.startsWith('.')) {
            const target = resolve(user.package, file, '..', name).slice(user.package.length + 1);
            return !files.includes(target);
          }
          const owner = name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/');
          return (
            !name.startsWith('node:') && !known.includes(owner) && !NODE_MODULES.includes(name)
          );
        })
        .map((name) => `${file}: ${name}`);
    });
  expect(wrong).toEqual([]);
});

test('the generator makes what the package has, and a board of your own', () => {
  const boards = join(user.package, 'bootloader-c', 'boards');
  const own = JSON.parse(readFileSync(join(boards, `${PART}.json`), 'utf8')) as object;
  writeFileSync(join(boards, 'own.json'), JSON.stringify({ ...own, name: 'own' }));
  const wrote = user.node(join(user.package, 'bootloader-c', 'generate', 'generate.mjs'));
  const inC = wrote.split('\n').filter((line) => line.includes('bootloader-c/generated/'));
  expect(inC.length).toBeGreaterThan(0);
  expect(inC.filter((line) => !line.includes('own'))).toEqual([]);
  rmSync(join(boards, 'own.json'));
});

/** Node.js's own, named without node: by packages that are in the bundle */
const NODE_MODULES = ['assert', 'fs', 'path', 'url', 'util'];

describe('without a compiler', () => {
  test('bootloader: lists them, and writes one that is as it was built', () => {
    const { bootloaders } = user.iap('bootloader') as {
      readonly bootloaders: {
        readonly board: string;
        readonly sha256: string;
        readonly from: string;
      }[];
    };
    const boards = readdirSync(join(root, 'bootloader-c', 'boards')).map((file) =>
      file.slice(0, -5),
    );
    expect(bootloaders.map(({ board }) => board).sort()).toEqual(boards.sort());
    const listed = bootloaders.find(({ board }) => board === PART);
    expect(listed?.from).toBe('package');
    const written = user.iap('bootloader', PART, '-o', 'bootloader.bin');
    expect(written).toMatchObject({
      ok: true,
      board: PART,
      from: 'package',
      sha256: listed?.sha256,
    });
    const bytes = readFileSync(join(user.folder, 'bootloader.bin'));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(listed?.sha256);
    expect(bytes).toEqual(readFileSync(join(root, 'build', PART, 'bootloader.bin')));
  });

  test('bootloader: a damaged one is not written', () => {
    const file = join(user.package, 'dist', 'bootloaders', 'stm32f303xc.bin');
    const bytes = readFileSync(file);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(() => user.iap('bootloader', 'stm32f303xc', '-o', 'damaged.bin')).toThrow();
    expect(readdirSync(user.folder)).not.toContain('damaged.bin');
  });

  test('check, pack, factory', () => {
    expect(user.iap('check', 'app.bin', '--board', PART)).toMatchObject({ ok: true });
    const pack = ['pack', 'app.bin', '-o', 'app.iap', '--product', 'PUMP-2', '--version', '1.0.0'];
    expect(user.iap(...pack, '--board', PART)).toMatchObject({ ok: true });
    writeFileSync(join(user.folder, 'pump.json'), '{ "product": "PUMP-2", "version": "1.0.1" }');
    expect(user.iap('pack', 'app.bin', '-o', 'b.iap', '--from', 'pump.json')).toMatchObject({
      ok: true,
    });
    const factory = [
      'factory',
      'app.iap',
      '-o',
      'unit.hex',
      '--board',
      PART,
      '--product',
      'PUMP-2',
    ];
    expect(user.iap(...factory)).toMatchObject({ ok: true, bootloader: { from: 'package' } });
  });

  test('flash: a board with the bootloader of the package', async () => {
    user.iap('bootloader', PART, '-o', 'flash.bin');
    const board = await powerUp(PART, { flash: join(user.folder, 'flash.bin') });
    const { argv, env } = command(['flash', 'app.bin', '--port', board.port, '--json']);
    // On the board's clock; the tests' command is the checkout's.
    user.env.IAP_BOARD_CLOCK = env.IAP_BOARD_CLOCK;
    const said = user.node(...argv.map((word) => (word.endsWith('main.js') ? user.main : word)));
    const events = jsonLines(said);
    expect(events.at(-1)).toMatchObject({ ok: true, changed: true, boot: 'started' });
  });
});

describe('as a library', () => {
  const SHOW = `
    const bench = { clock: new testing.VirtualClock() };
    const line = new testing.FakeLine(bench.clock, 115200, {});
    new testing.FakeDevice(bench.clock, line);
    const parts = [iap.update, isp.enter, node.openSerial, node.parsePart, protocol.crc32, serial.openSerial];
    console.log(parts.every((part) => typeof part === 'function'));`;
  const NAMES = {
    iap: '',
    isp: '/isp',
    node: '/node',
    protocol: '/protocol',
    serial: '/transport/serial',
    testing: '/testing',
  };

  test.each([
    ['mjs', (name: string, path: string) => `import * as ${name} from 'stm32-iap${path}';`],
    ['cjs', (name: string, path: string) => `const ${name} = require('stm32-iap${path}');`],
  ])('.%s', (extension, load) => {
    const lines = Object.entries(NAMES).map(([name, path]) => load(name, path));
    writeFileSync(join(user.folder, `consumer.${extension}`), [...lines, SHOW].join('\n'));
    expect(user.node(`consumer.${extension}`)).toBe('true\n');
  });

  /** Compiles one file against the package as its users do. */
  function compile(file: string, text: string, module: string, types: readonly string[]): void {
    writeFileSync(join(user.folder, file), text);
    const options = {
      module,
      moduleResolution: module === 'esnext' ? 'bundler' : module,
      target: 'es2023',
      lib: ['es2023', 'dom'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types,
      typeRoots: [join(root, 'node_modules', '@types')],
    };
    const project = { compilerOptions: options, files: [file] };
    writeFileSync(join(user.folder, 'tsconfig.json'), JSON.stringify(project));
    const compiler = join(root, 'node_modules', '.bin', 'tsc');
    const { stdout, status } = spawnSync(compiler, ['-p', user.folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  }

  test.each([
    ['consumer.mts', 'nodenext'],
    ['consumer.cts', 'nodenext'],
    ['consumer.ts', 'esnext'],
  ])('%s, module %s: the types compile, ours too, without those of Node.js', (file, module) => {
    compile(file, CONSUMER, module, []);
  });

  test('the example in README.md compiles', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [, example = ''] = /```ts\n(.*?)\n```/s.exec(readme) ?? [];
    expect(example).toContain('stm32-iap');
    compile('readme.mts', example, 'nodenext', ['node']);
  });
});

const CONSUMER = `
import { update, loadImage, IapError, type Transport, type UpdateEvent, type UpdateResult } from 'stm32-iap';
import { loadBoard, openSerial, parseBoard } from 'stm32-iap/node';
import { FakeDevice, FakeLine, VirtualClock } from 'stm32-iap/testing';
import { enter } from 'stm32-iap/isp';
import { crc32 } from 'stm32-iap/protocol';

export async function run(bytes: Uint8Array): Promise<UpdateResult | undefined> {
  const clock = new VirtualClock();
  const line: Transport = new FakeLine(clock, 115200, {});
  try {
    const work = update(line, loadImage(bytes, { name: 'app.hex' }), { clock });
    for await (const event of work) {
      const told: UpdateEvent = event;
      console.log(told);
    }
  } catch (error) {
    if (error instanceof IapError) console.log(error.code, error.hint);
  }
  return undefined;
}
export const parts: readonly unknown[] = [crc32, enter, FakeDevice, loadBoard, openSerial, parseBoard];
`;
