// iap conformance: holds a bootloader against its specification, from outside.
import { spawn } from 'node:child_process';
import { KEY_SLOTS } from '../../../protocol/index.js';
import { IapError } from '../../base/errors.js';
import type { SignHeader } from '../../conformance/bench.js';
import { Deviation } from '../../conformance/deviation.js';
import type { Power } from '../../conformance/power.js';
import { REQUIREMENTS } from '../../conformance/requirements.js';
import type { CheckResult, Conformance, ConformanceEvent } from '../../conformance/run.js';
import { readSigningKey } from '../../node/key-file.js';
import { forKey, signedPart, withSignature } from '../../signing/header.js';
import { command } from '../command.js';
import { deviceJson, deviceLine } from '../describe.js';
import { type Context, withPort } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { LINK_OPTIONS } from '../options.js';
import type { Output } from '../output.js';
import { PASSPHRASE_OPTION, passphraseOf } from '../passphrase.js';
import { consent } from '../prompt.js';

const OPTIONS = {
  ...LINK_OPTIONS,
  yes: {
    type: 'boolean',
    default: false,
    describe: 'Overwrite the application without asking',
  },
  'power-cmd': {
    type: 'string',
    requiresArg: true,
    describe: 'Shell command that switches the device: run as "CMD off" and "CMD on"',
  },
  key: {
    type: 'string',
    requiresArg: true,
    complete: 'file',
    describe: 'Private key (PEM) that the device knows, where it takes signed images alone',
  },
  'key-id': {
    type: 'number',
    least: 0,
    most: KEY_SLOTS - 1,
    requiresArg: true,
    default: 1,
    describe: 'Its number in the device',
  },
  ...PASSPHRASE_OPTION,
  only: {
    type: 'string',
    requiresArg: true,
    describe: 'Checks to run, separated by commas',
  },
  permanent: {
    type: 'boolean',
    default: false,
    describe: 'Also check what can not be undone: raises the security counter for ever',
  },
} as const;

type ConformanceArguments = ArgumentsOf<typeof OPTIONS>;

export const CONFORMANCE = command({
  name: 'conformance',
  description: 'Hold a bootloader against its specification; overwrites the application',
  positionals: {},
  options: OPTIONS,
  examples: [['conformance --port COM5 --power-cmd relay', 'all checks, power cuts too']],
  epilogue: [
    'Checks the requirements of docs/bootloader-spec.md that can be seen from the other end of the line, in two minutes.',
    'Leaves the device in its bootloader with an unfinished image: install an application afterwards.',
    'Exit code: 0 nothing failed, 6 a check failed, 4 no bootloader answers.',
  ].join('\n'),
  handler: conformance,
});

/** A power switch that does not answer is a fault of the set-up [ms]. */
const POWER_MS = 15_000;
const FRAMES_SHOWN = 6;

async function conformance(args: ConformanceArguments, context: Context): Promise<void> {
  const { output } = context;
  const { checkIds, conform } = await import('../../conformance/run.js');
  const only = selected(args.only, checkIds());
  const findMs = args.timeout ?? (args.wait ? Number.POSITIVE_INFINITY : undefined);
  if (!args.yes) {
    const device = args.port ?? 'the port';
    await consent(`this overwrites the application of the device on ${device}`, context);
  }
  const sign = await signerOf(args, context);
  const run = await withPort(
    args,
    context,
    async (transport, { clock, address, halfDuplex, signal }) => {
      const work = conform(transport, {
        clock: clock ?? context.clock,
        address: address ?? 0,
        halfDuplex: halfDuplex ?? false,
        permanent: args.permanent,
        ...(signal ? { signal } : {}),
        ...(sign ? { sign } : {}),
        ...(only ? { only } : {}),
        ...(findMs === undefined ? {} : { findMs }),
        ...(args.powerCmd === undefined ? {} : { power: powerCommand(args.powerCmd) }),
        ...(args.verbose ? { trace: (line) => output.trace(line) } : {}),
      });
      return found(async () => {
        for await (const event of work) tell(output, event);
        return work.result;
      });
    },
  );
  report(run, only === undefined, context);
}

async function signerOf(
  args: ConformanceArguments,
  context: Context,
): Promise<SignHeader | undefined> {
  const { key: path, keyId } = args;
  if (path === undefined) return undefined;
  const key = await readSigningKey(path, () => passphraseOf(path, args, context));
  return (header) => {
    const named = forKey(header, keyId);
    return withSignature(named, key.sign(signedPart(named)));
  };
}

function tell(output: Output, event: ConformanceEvent): void {
  if (event.event === 'found') {
    output.line(deviceLine(event.device));
    output.event('found', { device: deviceJson(event.device) });
    return;
  }
  const { ms, ...values } = event.result;
  output.event('check', { ...values, ms: Math.round(ms) });
  for (const line of progressLines(event.result)) output.line(line);
}

async function found<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof Deviation)) throw error;
    throw new IapError('NO_ANSWER', `no bootloader answers: ${error.found}`, {
      hint: 'check port and rate; if an application is running that does not answer, reset the device now, or give --power-cmd',
    });
  }
}

function selected(only: string | undefined, known: readonly string[]): string[] | undefined {
  if (only === undefined) return undefined;
  const ids = only.split(',').map((id) => id.trim());
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length === 0) return ids;
  throw new IapError('USAGE', `there is no check ${unknown.join(', ')}`, {
    hint: `checks: ${known.join(', ')}`,
  });
}

function powerCommand(command: string): Power {
  return { off: () => shell(`${command} off`), on: () => shell(`${command} on`) };
}

function shell(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(line, {
      shell: true,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: POWER_MS,
    });
    const fail = (why: string): void =>
      reject(
        new IapError('USAGE', `the power command failed: ${line}: ${why}`, {
          hint: 'it must end with exit code 0',
        }),
      );
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => (code === 0 ? resolve() : fail(`exit code ${code}`)));
  });
}

const MARK = { pass: 'pass', fail: 'FAIL', 'not testable': ' -- ' } as const;

function progressLines({
  id,
  title,
  verdict,
  ms,
  reason,
  expected,
  found,
  frames,
}: CheckResult): string[] {
  const head = `${MARK[verdict]}  ${id.padEnd(20)} ${seconds(ms)}  ${title}${reason === undefined ? '' : ` (${reason})`}`;
  if (verdict !== 'fail') return [head];
  return [
    head,
    `      expected: ${expected}`,
    `      found:    ${found}`,
    ...(frames ?? []).slice(-FRAMES_SHOWN).map((frame) => `      ${frame}`),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}

interface Row {
  readonly requirement: string;
  readonly check: string;
  readonly verdict: string;
  readonly ms: number | undefined;
  readonly note: string;
}

/** One row for each requirement and check; requirements that nobody can see from here, too. */
function rows(results: readonly CheckResult[], complete: boolean): Row[] {
  return Object.entries(REQUIREMENTS).flatMap(([requirement, why]): Row[] => {
    const checks = results.filter(({ requirements }) => requirements.includes(requirement));
    if (checks.length === 0) {
      if (!complete) return [];
      const note = why ?? 'no check was run';
      return [{ requirement, check: '-', verdict: 'not testable', ms: undefined, note }];
    }
    return checks.map(({ id, verdict, ms, reason, expected, found }) => {
      const note = reason ?? (expected === undefined ? '' : `expected ${expected}; found ${found}`);
      return { requirement, check: id, verdict, ms, note };
    });
  });
}

function report(
  { device, results, left, ms }: Conformance,
  complete: boolean,
  { output }: Context,
): void {
  const table = rows(results, complete);
  output.line('');
  for (const { requirement, check, verdict, ms: took, note } of table) {
    const time = took === undefined ? '       ' : seconds(took);
    output.line(
      `${requirement.padEnd(5)} ${check.padEnd(20)} ${verdict.padEnd(12)} ${time}  ${note}`.trimEnd(),
    );
    output.event('requirement', { requirement, check, verdict, note });
  }
  const count = (verdict: string): number =>
    results.filter((result) => result.verdict === verdict).length;
  const failed = results.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);
  const state =
    left === 'unfinished'
      ? 'the device waits in its bootloader for an update: install an application with "iap flash"'
      : 'the device may be in any state';
  output.line('');
  output.line(state);
  const summary = `${count('pass')} checks passed, ${failed.length} failed, ${count('not testable')} not testable, in ${(ms / 1000).toFixed(0)} s`;
  if (failed.length > 0) {
    throw new IapError('VERIFY_FAILED', `${summary}: ${failed.join(', ')}`, {
      hint: `the device does not keep to docs/bootloader-spec.md; ${state}`,
      details: {
        passed: count('pass'),
        failed: failed.join(' '),
        notTestable: count('not testable'),
      },
    });
  }
  output.line(summary);
  output.result({
    passed: count('pass'),
    failed: [],
    notTestable: count('not testable'),
    left,
    device: deviceJson(device),
  });
}
