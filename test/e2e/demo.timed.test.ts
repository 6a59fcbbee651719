// npm run demo is the first thing a newcomer sees.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { built, TempDir } from '../support/board.js';

async function demo(
  ...args: string[]
): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(process.execPath, [built('dist', 'scripts', 'demo.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 500_000,
  });
  let said = '';
  const hear = (bytes: Buffer): void => {
    said += bytes.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

test('the demonstration shows what it promises', async () => {
  const { code, said } = await demo('--part', 'stm32f103xe');
  expect(code, said).toBe(0);
  const story = [
    'no application was ever installed',
    'pages to send',
    '100 %',
    'application started',
    'demo 1: tick',
    'vectors 0x08008000',
    'asking the application to enter the bootloader',
    'demo 2: tick',
    'nothing to do',
    'All of it worked.',
    'iap board --part stm32f103xe',
  ];
  let from = 0;
  for (const line of story) {
    const at = said.indexOf(line, from);
    expect(at, `"${line}" is missing after:\n${said.slice(0, from)}`).toBeGreaterThanOrEqual(0);
    from = at;
  }
});

/** Whether a process of this group is left */
function runs(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

test.each([
  ['Ctrl-C, which reaches all', 'SIGINT', -1],
  ['kill, which reaches the demonstration alone', 'SIGTERM', 1],
] as const)('%s, leaves no process and no file', async (_, signal, whom) => {
  const dir = new TempDir();
  const child = spawn(
    process.execPath,
    [built('dist', 'scripts', 'demo.js'), '--part', 'stm32f103xe'],
    {
      detached: true,
      env: { ...process.env, TMPDIR: dir.path },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const group = child.pid ?? 0;
  expect(group).toBeGreaterThan(0);
  let said = '';
  for await (const bytes of child.stdout) {
    said += String(bytes);
    if (said.includes('pages to send')) break;
  }
  const ended = once(child, 'exit');
  process.kill(whom * group, signal);
  expect(await ended).toEqual([130, null]);
  await expect.poll(() => runs(group), { timeout: 5000 }).toBe(false);
  expect(readdirSync(dir.path)).toEqual([]);
  dir.remove();
});
