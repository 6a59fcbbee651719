// How far work has come, in words: a bar on a terminal, and a line at each tenth elsewhere.

export type ProgressLine =
  | {
      readonly bytesDone: number;
      readonly bytesTotal: number;
      readonly rate: number;
      readonly secondsLeft: number;
    }
  | {
      readonly addressesDone: number;
      readonly addressesTotal: number;
      readonly secondsLeft: number;
    };

const BAR_CELLS = 24;
/** A log does not want a hundred lines. */
const STEP_PERCENT = 10;

export function barText(line: ProgressLine): string {
  const cells = Math.floor(BAR_CELLS * whole(line));
  return `[${'#'.repeat(cells)}${'.'.repeat(BAR_CELLS - cells)}] ${doneText(line)}`;
}

function doneText(line: ProgressLine): string {
  const left = `${duration(line.secondsLeft)} left`;
  const percent = `${String(percentOf(line)).padStart(3)} %`;
  if ('addressesDone' in line) {
    return `${percent}  ${line.addressesDone} of ${line.addressesTotal} addresses  ${left}`;
  }
  const { bytesDone, bytesTotal, rate } = line;
  const pace = `${(rate / 1000).toFixed(1)} kB/s`;
  return `${percent}  ${bytesDone} of ${bytesTotal} bytes  ${pace}, ${left}`;
}

function whole(line: ProgressLine): number {
  const [done, total] =
    'addressesDone' in line
      ? [line.addressesDone, line.addressesTotal]
      : [line.bytesDone, line.bytesTotal];
  return total === 0 ? 1 : done / total;
}

/** What is not done is not said to be: never rounded up. */
function percentOf(line: ProgressLine): number {
  return Math.floor(100 * whole(line));
}

export class ProgressSteps {
  #step = -1;

  /** Undefined within a step */
  next(line: ProgressLine): string | undefined {
    const step = Math.floor(percentOf(line) / STEP_PERCENT);
    if (step === this.#step) return undefined;
    this.#step = step;
    return doneText(line);
  }
}

export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
