// When a line's noise is the cause, and what is said of it.

/** From this share of damaged answers on noise is named. */
const NOISY = 0.02;
/** Fewer tell nothing. */
const LEAST = 2;

export interface Noise {
  readonly found: string;
  readonly remedy: string;
  readonly details: { readonly damaged: number; readonly answers: number };
}

/** As a session counts them */
interface Counted {
  readonly answersDamaged: number;
  readonly framesReceived: number;
  readonly staleAnswers: number;
}

/** What the counters say of noise, since they were as in `before`; undefined if it can not be told to be the cause. */
export function noiseOf(stats: Counted, before?: Counted): Noise | undefined {
  const since = (name: keyof Counted): number => stats[name] - (before?.[name] ?? 0);
  const damaged = since('answersDamaged');
  const answers = damaged + since('framesReceived') + since('staleAnswers');
  if (damaged < LEAST || damaged < NOISY * answers) return undefined;
  return {
    found: `the line is noisy, ${damaged} of ${answers} answers came damaged`,
    remedy: 'try a lower --baud, a shorter cable, a common ground',
    details: { damaged, answers },
  };
}
