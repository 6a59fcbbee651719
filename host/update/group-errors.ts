// What ends an update of many devices for all of them, what for one, and what one may get over by itself.
import { Status } from '../../protocol/index.js';
import { IapError, type IapErrorCode } from '../base/errors.js';
import { isRefusedWith } from '../device/refusal.js';
import type { Member } from './group-member.js';

/** With these nobody on the pair is reached any more. */
const ENDS_ALL: ReadonlySet<IapErrorCode> = new Set([
  'INTERRUPTED',
  'PORT_LOST',
  'PORT_STALLED',
  'PORT_FAILED',
]);

export function isLost(error: unknown): boolean {
  return error instanceof IapError && error.code === 'LINK_LOST';
}

export function endsAll({ code }: IapError): boolean {
  return ENDS_ALL.has(code);
}

/**
 * What one device alone may get over. A page that fails, too: a device tells its status until the page's head has come again, and whether
 * that was lost or the page has failed once more can not be told while others are sent the same frames.
 */
const PASSING: ReadonlySet<IapErrorCode> = new Set([
  'LINK_LOST',
  'BAD_ANSWER',
  'VERIFY_FAILED',
  'PAGE_FAILED',
]);
const PASSING_REFUSALS = [Status.NO_SESSION, Status.IN_APP, Status.SUPPLY_LOW, Status.NOT_NOW];

export function mayWorkAlone({ device, error }: Member): boolean {
  if (!device || !error) return false;
  return PASSING.has(error.code) || PASSING_REFUSALS.some((status) => isRefusedWith(error, status));
}

export function nobody(address: number): IapError {
  return new IapError('NO_ANSWER', `no device answers at address ${address}`, {
    hint: '"iap scan" finds who is there; check power and cable, and with the application without the app kit use --wait and reset the device',
    details: { address },
  });
}

const AGAIN = 'run the same command again: it goes on where it stopped';

/** What ended it for all, of one that had not had its turn */
export function endingOf({ begun, entered }: Member, ending: IapError): IapError {
  if (!endsAll(ending)) return ending;
  if (begun) return leftBegun(ending);
  const left = entered ? ', but its application was asked to leave' : '';
  return leftAs(ending, `nothing was written to it${left}`, false);
}

/** The same, of one whose update was begun */
export function leftBegun(ending: IapError): IapError {
  return leftAs(ending, 'its update is begun, and goes on where it stopped', true);
}

function leftAs(ending: IapError, how: string, resumable: boolean): IapError {
  const { code, message } = ending;
  return new IapError(code, `${code === 'INTERRUPTED' ? 'interrupted' : message}; ${how}`, {
    hint: AGAIN,
    details: { resumable },
    cause: ending,
  });
}

/** How all of them are left */
interface Left {
  /** Addresses of those that have the image */
  readonly done: readonly number[];
  /** There are others. */
  readonly others: boolean;
  /** … and the update of one of these is begun. */
  readonly resumable: boolean;
}

/** What ended it for all, in these words, with how they are left */
export function endedForAll(
  ending: IapError,
  text: string,
  { done, others, resumable }: Left,
  hint: string = AGAIN,
): IapError {
  const left = resumable ? 'the others can be updated' : 'nothing was written to the others';
  return new IapError(ending.code, others ? `${text}, ${left}` : text, {
    hint,
    details: { ...ending.details, resumable, installed: done.join(' ') },
    cause: ending,
  });
}

export function late(): IapError {
  return new IapError('LINK_LOST', 'it was silent when all were called');
}

export function notYet(): IapError {
  return new IapError('LINK_LOST', 'it does not have all of the image yet');
}

export function otherNumber(): IapError {
  return new IapError('LINK_LOST', 'an update goes on there that was begun by another host');
}

export function silent(): IapError {
  return new IapError('LINK_LOST', 'it does not answer any more');
}

export function tooNoisy(): IapError {
  return new IapError('LINK_LOST', 'it loses every data frame, although it answers');
}

export function rejects(): IapError {
  return new IapError('LINK_LOST', 'it does not decode a page as the others do');
}

export function holdsUp(): IapError {
  return new IapError('LINK_LOST', 'it loses so much that it would hold the others up');
}
