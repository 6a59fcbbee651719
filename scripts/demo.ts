// A first look for a newcomer: the real bootloader on a virtual board, updated by the real command. Also a test: anything
// that does not come out as it should ends it with exit code 1.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import {
  Board,
  bootloaderFile,
  built,
  command,
  type DemoLine,
  demoImage,
  hostOptions,
  mistakes,
  PART_NAMES,
  PARTS,
  type Part,
} from '../test/support/board.js';

const PART = chosenPart();
const { appSize, vectors } = PARTS[PART];
/** Large enough for a progress bar to be seen: the demo application, padded */
const IMAGE_SIZE = Math.min(64_000, appSize);
/** For one command, on a machine that has a lot else to do */
const LONGEST_MS = 500_000;

function chosenPart(): Part {
  const { values } = parseArgs({ options: { part: { type: 'string' } } });
  const part = PART_NAMES.find((name) => name === values.part);
  if (part) return part;
  process.stderr.write(`--part names no board that runs here: ${PART_NAMES.join(', ')}\n`);
  process.exit(2);
}

const terminal = process.stdout.isTTY === true && !process.env.NO_COLOR;
const bold = (text: string): string => (terminal ? `\u001b[1m${text}\u001b[0m` : text);
const say = (text = ''): void => {
  process.stdout.write(`${text}\n`);
};

let step = 0;
function heading(text: string): void {
  step += 1;
  say(`\n${bold(`${step}. ${text}`)}`);
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** The real command, with this terminal, so that its progress bar is the real one. Returns its seconds. */
async function iap(...args: string[]): Promise<number> {
  say(`   $ iap ${args.join(' ')}`);
  const startedAt = performance.now();
  const { argv, env } = command(args);
  const child = spawn(process.execPath, argv, {
    env,
    stdio: 'inherit',
    timeout: LONGEST_MS,
  });
  const orphaned = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', orphaned);
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('exit', orphaned);
  check(code === 0, `iap ${args[0]} ended with exit code ${code}`);
  return (performance.now() - startedAt) / 1000;
}

/** What the application prints, straight from the line */
async function showApp(board: Board, version: number, count = 3): Promise<void> {
  say(`   what ${board.port} prints:`);
  const output = await board.listen();
  let lines: DemoLine[];
  try {
    lines = (await output.lines(count)).slice(0, count);
  } finally {
    await output.close();
  }
  for (const line of lines) {
    say(
      `     demo ${line.version}: tick ${line.tick}, vectors 0x${line.vectors.toString(16).padStart(8, '0')}`,
    );
    check(line.version === version, `version ${line.version} runs instead of ${version}`);
    check(line.vectors === vectors, 'the application does not run from its own vector table');
  }
  const ticks = lines.map(({ tick }) => tick);
  check(
    ticks.every((tick, i) => i === 0 || tick > (ticks[i - 1] ?? 0)),
    'the ticks do not grow',
  );
}

async function demo(board: Board): Promise<void> {
  const line = ['--port', board.port, ...hostOptions(PART)];
  const image = (version: 1 | 2): string =>
    board.dir.write(`demo-v${version}.bin`, demoImage(PART, version, IMAGE_SIZE));
  const v1 = image(1);
  const v2 = image(2);

  say(bold('STM32 firmware updates over a UART: a demonstration'));
  say(`A virtual ${PART} has just been switched on. It runs ${bootloaderFile(PART)}, the file`);
  say(`that goes into real chips. Its serial port is ${board.port}, as fast as this computer can.`);

  heading('A board from the factory: a bootloader and nothing else');
  await iap('info', ...line);

  heading('First update');
  await iap('flash', v1, ...line);
  await showApp(board, 1);

  heading('Update to version 2 while version 1 runs: no button, no reset');
  const before = await board.counters();
  await iap('flash', v2, ...line);
  const after = await board.counters();
  check(after.resets.pin === before.resets.pin, 'somebody pressed reset');
  check(after.resets.power === before.resets.power, 'somebody switched the board off and on');
  await showApp(board, 2);

  heading('The same image again: nothing to do, nothing written');
  const { flashOps } = await board.counters();
  const seconds = await iap('flash', v2, ...line);
  check((await board.counters()).flashOps === flashOps, 'the flash was written to');
  say(`   the whole command took ${seconds.toFixed(2)} s`);

  const counters = await board.counters();
  const faults = mistakes(counters);
  check(faults.length === 0, `the board holds against its firmware: ${faults.join(', ')}`);
  say(
    `\n${bold('All of it worked.')} The board programmed ${counters.halfWords} half-words, erased ${counters.erases} pages,`,
  );
  say('and saw no fault, no flash error and no byte lost.');
  say('\nTry it yourself: in one terminal');
  say(`   npx iap board --part ${PART}`);
  say('and in another, with the port that it prints,');
  const again = ['--port /dev/pts/N', ...hostOptions(PART)].join(' ');
  say(`   npx iap flash ${built('build', PART, 'demo-v1.hex')} ${again}`);
  say('Stop it half-way with Ctrl-C and run it again. With a real board only the port differs;');
  say('README.md tells how to get the bootloader into it.');
}

// The board and the command go with this program, also on Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const board = await Board.start(PART);
try {
  await demo(board);
} catch (error) {
  process.stderr.write(
    `\nThe demonstration failed: ${error instanceof Error ? error.message : error}\n`,
  );
  process.exitCode = 1;
} finally {
  await board.stop();
}
