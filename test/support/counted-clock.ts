// Virtual time that tells how many timers nobody has ended.
import { VirtualClock } from '../../host/testing/virtual-clock.js';

export class CountedClock extends VirtualClock {
  /** Timers that are neither over nor cancelled */
  open = 0;

  override after(ms: number, callback: () => void): () => void {
    let counted = true;
    const end = (): void => {
      if (counted) this.open--;
      counted = false;
    };
    this.open++;
    const cancel = super.after(ms, () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }
}
