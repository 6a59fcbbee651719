// iap ports: which serial ports are there.
import type { Context } from '../link.js';

export async function ports({ output, ports: source }: Context): Promise<void> {
  const found = await source.list();
  for (const port of found) {
    output.event('port', port);
    output.line(port.description === '' ? port.path : `${port.path}  ${port.description}`);
  }
  if (found.length === 0) output.line('no serial adapter found');
  output.result({ ports: found.length });
}
