// What a program takes of the processors, whatever else the computer does meanwhile.
import { readFileSync } from 'node:fs';

/** Of /proc: what Linux counts in, on every machine that these tests run on */
const TICKS_PER_S = 100;
/** Fields of /proc/PID/stat behind the name, which may have spaces: utime and stime are 14 and 15, this begins with 3 */
const UTIME = 14 - 3;

/** Of a program that runs, so far [s] */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[UTIME + 1])) / TICKS_PER_S;
}

/** Environment in which a Node.js program leaves in this file what it has taken, when it ends. */
export function leavesCpu(file: string): Readonly<Record<string, string>> {
  const code = [
    "import { writeFileSync } from 'node:fs';",
    `process.on('exit', () => writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.cpuUsage())));`,
  ].join('');
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

/** What it has left there [s] */
export function leftCpuSeconds(file: string): number {
  const { user, system } = JSON.parse(readFileSync(file, 'utf8')) as NodeJS.CpuUsage;
  return (user + system) / 1e6;
}
