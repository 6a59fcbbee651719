// Options as data, and what a command is given of them.
import type { InferredOptionType, Options } from 'yargs';

/** An option or a positional: yargs' own, and what it has no words for */
export interface Option extends Options {
  readonly type: 'string' | 'number' | 'boolean';
  /** Bounds of a whole number, which every option of type "number" has */
  readonly least?: number;
  readonly most?: number;
  /** May be given again: a list then. All others are given once. */
  readonly many?: boolean;
  /** Values that a shell completes besides `choices`: names of files, or these */
  readonly complete?: 'file' | (() => readonly string[]);
}

export type OptionTable = Readonly<Record<string, Option>>;

type Camel<S> = S extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : S;
type ValueOf<O extends Option> = O extends { readonly many: true }
  ? readonly Exclude<InferredOptionType<O>, undefined>[] | undefined
  : InferredOptionType<O>;
type Values<O extends OptionTable> = { readonly [K in keyof O as Camel<K>]: ValueOf<O[K]> };
type Given<T> = { [K in keyof T]: undefined extends T[K] ? never : K }[keyof T];

/** What a command is given of these options: those that may be missing are optional. */
export type ArgumentsOf<O extends OptionTable> = Pick<Values<O>, Given<Values<O>>> &
  Partial<Omit<Values<O>, Given<Values<O>>>>;
