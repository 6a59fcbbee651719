export interface Equivalent {
  readonly file: string;
  readonly function: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}
export const EQUIVALENTS: readonly Equivalent[] = [];
