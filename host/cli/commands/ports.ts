// iap ports: which serial ports are there.
import { command } from '../command.js';
import type { Context } from '../link.js';

export const PORTS = command({
  name: 'ports',
  description: 'List the serial ports',
  positionals: {},
  options: {},
  examples: [['ports', 'what is plugged in']],
  handler: ports,
});

async function ports(_: object, { output, ports: source }: Context): Promise<void> {
  const found = await source.list();
  for (const port of found) {
    output.event('port', port);
    output.line(port.description === '' ? port.path : `${port.path}  ${port.description}`);
  }
  if (found.length === 0) output.line('no serial adapter found');
  output.result({ ports: found.length });
}
