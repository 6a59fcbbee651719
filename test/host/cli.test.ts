// The command as a shell sees it: exit codes, the last JSON line, help. Spawned for real.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { PROTOCOL_MAJOR, PROTOCOL_MINOR } from '../../protocol/index.js';
import { iap, jsonLines, MAIN } from '../support/cli.js';
import { appImage, tableImage } from '../support/images.js';

/** Opening it gives a new pseudo terminal with nobody at the other end: a port that is silent. */
const SILENT_PORT = '/dev/ptmx';
let folder: string;
let image: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iap-'));
  image = join(folder, 'app.bin');
  writeFileSync(image, appImage(5000));
});

describe('usage', () => {
  test.each([
    [['flash'], 'something is missing: iap flash <image>'],
    [['nonsense'], 'nonsense'],
    [[], 'which command?'],
    [['keys'], 'which keys command? new, show, prove, export'],
    [['keys', 'new'], 'something is missing: -o, --output'],
    [['info', '--port'], 'port'],
    [['info', '--port', 'x', '--baudrate', '9'], 'baudrate'],
    [['info', '--port', 'x', '--initial-baud', 'fast'], '--initial-baud must be a whole number'],
    [
      ['flash', 'x', '--baud', 'fast'],
      '--baud must be a whole number from 300 to 12000000, or auto',
    ],
    [['info', '--port', 'x', '--address', '255'], '--address must be a whole number from 0 to 254'],
    [['info', '--port', 'x', '--timeout', '-1'], '--timeout must be a whole number'],
    [['board', '--part', 'stm32z'], 'Invalid values: Argument: part, Given: "stm32z"'],
    [['board', '--part', 'stm32z'], 'stm32f103xe'],
  ])('iap %j', async (args, text) => {
    const { code, out, error } = await iap(args);
    expect(error).toContain(text);
    expect(error).not.toContain('at file:');
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  test.each([
    [['isp'], 'iap isp --help'],
    [['isp', 'nonsense'], 'iap isp --help'],
    [['isp', 'write'], 'iap isp write --help'],
    [['isp', 'read', 'a.bin', '--port', 'x', '--nonsense'], 'iap isp read --help'],
    [['flash'], 'iap flash --help'],
    [['info', '--nonsense'], 'iap info --help'],
    [['--nonsense', 'info'], 'iap info --help'],
    [['check', 'x', '--part', 'x', '--board', 'y'], 'iap check --help'],
    [['isp', 'protect'], 'iap isp protect --help', 'read-out protection, or'],
    [['nonsense'], 'iap --help'],
  ])('iap %j: which help', async (args, help, other = `"${help}" shows how`) => {
    const { code, error } = await iap(args);
    expect(error).toContain(other);
    expect(code).toBe(2);
  });

  test.each([
    [['fash', 'x'], 'there is no command fash', 'did you mean flash?'],
    [['isp', 'wirte', 'x'], 'there is no command wirte', 'did you mean write?'],
    [['info', '--prot', 'x'], 'there is no option --prot', 'did you mean --port?'],
    [['flash', 'x', '--initial-bod', '1'], 'no option --initial-bod\n', 'mean --initial-baud?'],
    [['flash', 'x', '--baudrate', '1'], 'there is no option --baudrate', 'did you mean --baud?'],
    [['info', '-q'], 'there is no option -q', '"iap info --help"'],
    [['info', 'x'], '"x" is one word too many', '"iap info --help"'],
    [['flash', 'x', '--no-boto'], 'there is no option', 'did you mean --boot?'],
    [['constructor'], 'there is no command constructor', '"iap --help"'],
  ])('iap %j: what was probably meant', async (args, what, meant) => {
    const { code, error } = await iap(args);
    expect(error).toContain(what);
    expect(error).toContain(meant);
    expect(code).toBe(2);
  });

  test('no port: never guesses', async () => {
    for (const command of [['info'], ['flash', image], ['boot']]) {
      const { code, error } = await iap(command);
      expect(error).toContain('no port given');
      expect(error).toContain('--port');
      expect(code).toBe(2);
    }
  });

  test('with --json a mistake is a result as well', async () => {
    const { code, out, error } = await iap(['flash', '--json']);
    expect(jsonLines(out)).toEqual([
      expect.objectContaining({ event: 'result', ok: false, code: 'USAGE', exitCode: 2 }),
    ]);
    expect(error).toBe('');
    expect(code).toBe(2);
  });
});

test.each([
  '',
  'ports',
  'info',
  'flash',
  'verify',
  'boot',
  'pack',
  'factory',
  'dump-record',
  'board',
])('iap %s --help', async (name) => {
  const { code, out } = await iap([name, '--help'].filter((word) => word !== ''));
  expect(code).toBe(0);
  expect(out).toContain('--help');
  if (name !== '') expect(out).toContain('Examples:');
});

test('--version', async () => {
  const { code, out } = await iap(['--version']);
  expect(code).toBe(0);
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('--version is that of this package, not of who has installed it', async () => {
  const consumer = mkdtempSync(join(tmpdir(), 'iap-'));
  const modules = join(consumer, 'node_modules');
  mkdirSync(modules);
  writeFileSync(join(consumer, 'package.json'), '{"name":"consumer","version":"99.0.0"}');
  for (const name of readdirSync('node_modules').filter((one) => !one.startsWith('.'))) {
    // A link would lead out of the consumer's folder.
    const own = resolve('node_modules', name);
    if (name === 'yargs') cpSync(own, join(modules, name), { recursive: true });
    else symlinkSync(own, join(modules, name));
  }
  const here = join(modules, 'stm32-iap');
  for (const part of ['package.json', 'dist/host', 'dist/protocol']) {
    cpSync(part, join(here, part), { recursive: true });
  }
  const main = join(here, 'dist/host/cli/start.js');
  const { stdout } = spawnSync(process.execPath, [main, '--version'], {
    encoding: 'utf8',
    cwd: consumer,
  });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(stdout).toBe(`${version}\n`);
  rmSync(consumer, { recursive: true });
});

test('the language of the user is not that of messages', () => {
  for (const locale of ['de_DE.UTF-8', 'ja_JP.UTF-8']) {
    const env = { ...process.env, LC_ALL: locale, LANG: locale, LANGUAGE: 'de' };
    const run = (...args: string[]): SpawnSyncReturns<string> =>
      spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env });
    expect(run('flash', '--json').stdout).toContain('something is missing: iap flash <image>');
    expect(run('flash', '--help').stdout).toContain('[required]');
  }
});

describe('a name that begins with a dash', () => {
  test.each([
    ['check', '--'],
    ['check', '--json', '--', 'other.bin'],
    ['verify', '--port', '/dev/absent', '--'],
    ['flash', '--port', '/dev/absent', '--'],
    ['pack', '--output', 'x.iap', '--version', '1.0.0', '--'],
    ['factory', '--output', 'x.hex', '--board', 'stm32f103xb', '--'],
    ['dump-record', '--'],
    ['isp', 'write', '--port', '/dev/absent', '--base', '0x08000000', '--'],
    ['isp', 'verify', '--port', '/dev/absent', '--base', '0x08000000', '--'],
    ['isp', 'factory', '--port', '/dev/absent', '--'],
  ])('iap %s %s %s', (...words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words, '-x.bin'], {
      encoding: 'utf8',
      cwd: folder,
    });
    expect(stdout + stderr).toContain(
      'the image -x.bin can not be read: ENOENT'.replace(
        'image',
        words[0] === 'dump-record' ? 'dump' : 'image',
      ),
    );
    expect(status).toBeGreaterThanOrEqual(2);
  });

  test('iap isp read', () => {
    const args = [MAIN, 'isp', 'read', '--port', '/dev/absent', '--', '-x.elf'];
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toContain('got ".elf"');
  });

  test('an option behind "--" is a name', () => {
    const args = [MAIN, 'check', '--', '--json'];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stdout).toContain('the image --json can not be read');
    expect(stdout).not.toContain('{');
  });

  test('names that look like numbers are names', () => {
    const { stdout } = spawnSync(
      process.execPath,
      [MAIN, 'check', '0x10', '1e3', '007', '--json'],
      { encoding: 'utf8' },
    );
    expect(jsonLines(stdout).flatMap(({ path }) => path ?? [])).toEqual(['0x10', '1e3', '007']);
  });
});

test('ports', async () => {
  const { code, out } = await iap(['ports', '--json']);
  expect(jsonLines(out).at(-1)).toMatchObject({ event: 'result', ok: true });
  expect(code).toBe(0);
});

describe('images are refused before a port is opened', () => {
  test.each([
    ['absent', undefined, 'IMAGE_UNREADABLE'],
    ['empty.bin', new Uint8Array(), 'IMAGE_EMPTY'],
    ['broken.hex', new TextEncoder().encode(':0000'), 'IMAGE_FORMAT'],
  ])('%s', async (name, bytes, code) => {
    const path = join(folder, name);
    if (bytes) writeFileSync(path, bytes);
    const ended = await iap(['flash', path, '--port', '/dev/absent', '--json']);
    expect(jsonLines(ended.out).at(-1)).toMatchObject({ ok: false, code, exitCode: 3 });
    expect(ended.code).toBe(3);
  });
});

describe('ports', () => {
  test('absent', async () => {
    const { code, error } = await iap(['flash', image, '--port', '/dev/absent']);
    expect(error).toContain('there is no port /dev/absent');
    expect(error).toContain('iap ports');
    expect(code).toBe(4);
  });

  test('not a serial port', async () => {
    const { code, error } = await iap(['info', '--port', '/dev/null']);
    expect(error).toContain('is not a serial port');
    expect(code).toBe(4);
  });

  test('silent', async () => {
    const args = ['info', '--port', SILENT_PORT, '--timeout', '300', '--json'];
    const { code, out } = await iap(args);
    expect(jsonLines(out)).toEqual([
      expect.objectContaining({ event: 'result', ok: false, code: 'NO_ANSWER', exitCode: 4 }),
    ]);
    expect(code).toBe(4);
  });

  test('absent with --wait and a time-out: waited for, then given up', async () => {
    const args = ['info', '--port', '/dev/absent', '--wait', '--timeout', '2000'];
    const { code, out } = await iap(args);
    expect(out).toContain('waiting for /dev/absent');
    expect(code).toBe(4);
  });
});

test('a package named like something else is not written', async () => {
  const out = join(folder, 'package.hex');
  const { code, error } = await iap(['pack', image, '-o', out, '--version', '1.0.0']);
  expect(error).toContain('must end in .iap; got ".hex"');
  expect(code).toBe(2);
  expect(existsSync(out)).toBe(false);
});

test('an output that can not be written whole: what was there before stays', async () => {
  const out = join(folder, 'kept.iap');
  writeFileSync(out, 'earlier');
  const large = join(folder, 'large.bin');
  writeFileSync(large, tableImage(20_000));
  // A limit on files in place of a full disk
  const limited = ['-c', 'trap "" XFSZ; ulimit -f 16; exec "$0" "$@"', process.execPath, MAIN];
  const pack = ['pack', large, '-o', out, '--version', '1.0.0'];
  const { status, stderr } = spawnSync('bash', [...limited, ...pack], { encoding: 'utf8' });
  expect(stderr).toContain('kept.iap can not be written: EFBIG');
  expect(status).toBe(2);
  expect(readFileSync(out, 'utf8')).toBe('earlier');
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test.runIf(existsSync('/dev/full'))('a result that can not be written is no success', () => {
  const run = (target: string): SpawnSyncReturns<string> =>
    spawnSync(
      'bash',
      ['-c', `set -o pipefail; "$0" "$@" ${target}`, process.execPath, MAIN, 'ports', '--json'],
      {
        encoding: 'utf8',
      },
    );
  const full = run('> /dev/full');
  expect(full.stderr).toContain('error: the output can not be written: ENOSPC');
  expect(full.status).toBe(1);
  const gone = run('| true');
  expect(gone.stderr).toBe('');
  expect(gone.status).toBe(0);
});

describe('Ctrl-C', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s while waiting for a device', async (signal, exitCode) => {
    const args = ['flash', image, '--port', SILENT_PORT, '--wait', '--json'];
    const { code, out } = await iap(args, { at: 'waiting', signal });
    const result = jsonLines(out).at(-1);
    expect(result).toMatchObject({
      event: 'result',
      ok: false,
      code: 'INTERRUPTED',
      exitCode,
    });
    expect(String(result?.message)).toContain('nothing was changed');
    expect(code).toBe(exitCode);
  });
});

test('board: the parts are those there are files for', async () => {
  const { out } = await iap(['board', '--help']);
  expect(out).toContain('"stm32f103xe"');
});

test('board: says how to build it', async () => {
  const { runBoard } = await import('../../host/cli/virtual-board.js');
  await expect(runBoard([], join(folder, 'absent'))).rejects.toMatchObject({
    code: 'BOARD_MISSING',
    hint: expect.stringContaining('npm run build'),
  });
});

test('board: options go to it as they are, and its exit code comes back', async () => {
  const { runBoard } = await import('../../host/cli/virtual-board.js');
  expect(await runBoard(['-c', 'exit 7'], '/bin/sh')).toBe(7);
});

test('a wire trace goes to standard error', async () => {
  const args = ['info', '--port', SILENT_PORT, '--timeout', '100', '--verbose', '--json'];
  const { out, error } = await iap(args);
  const version = [PROTOCOL_MAJOR, PROTOCOL_MINOR].map((n) => n.toString(16).padStart(2, '0'));
  expect(error).toMatch(new RegExp(`-> @0 type 01 seq +0 {2}${version.join('')}0000`));
  expect(jsonLines(out)).toHaveLength(1);
});
