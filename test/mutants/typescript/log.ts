// What the judge writes down as it goes, so that one that hangs can be stopped and gone on with.

export interface Log {
  /** Mutant to the test that noticed it */
  readonly killed: ReadonlyMap<string, string>;
  /** Mutants of what runs while a module is loaded */
  readonly loaded: ReadonlySet<string>;
  /** "mutant test" */
  readonly judged: ReadonlySet<string>;
  /** Tests that fail when they are run again */
  readonly once: ReadonlySet<string>;
  /** What became of the runs of each test */
  readonly tried: ReadonlyMap<string, Tried>;
}

export interface Tried {
  readonly runs: number;
  /** So many of them noticed their mutant */
  readonly noticed: number;
}

/** A mutant whose run began and did not end has hung the judge, once there is a line "stopped" after it. */
export function parseLog(text: string): Log {
  const killed = new Map<string, string>();
  const loaded = new Set<string>();
  const judged = new Set<string>();
  const once = new Set<string>();
  const tried = new Map<string, Tried>();
  /** Noticed since a test was last made sure of */
  let unsure: string[] = [];
  let running: { readonly id: string; readonly test: string } | undefined;
  for (const line of text.split('\n')) {
    const [word = '', id = '', ...rest] = line.split(' ');
    const test = rest.join(' ');
    if (word === 'start') {
      running = { id, test };
    } else if (word === 'passed' || word === 'killed') {
      judged.add(`${id} ${test}`);
      const { runs, noticed } = tried.get(test) ?? { runs: 0, noticed: 0 };
      tried.set(test, { runs: runs + 1, noticed: noticed + (word === 'killed' ? 1 : 0) });
      if (word === 'killed' && !killed.has(id)) {
        killed.set(id, test);
        unsure.push(id);
      }
      running = undefined;
    } else if (word === 'stopped' && running) {
      judged.add(`${running.id} ${running.test}`);
      killed.set(running.id, running.test);
      running = undefined;
    } else if (word === 'loaded') {
      for (const one of id.split(',')) loaded.add(one);
    } else if (word === 'once') {
      once.add(test);
    } else if (word === 'sound') {
      unsure = [];
    } else if (word === 'spoiled') {
      for (const mutant of unsure) killed.delete(mutant);
      unsure = [];
    }
  }
  return { killed, loaded, judged, once, tried };
}
