/** `serve`: the server of the package as a process of its own. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../../support/port.ts';
import { Command } from './command.ts';

it('has two places of memory for all threads, and ends when SIGINT is sent to it alone', async () => {
  const command = new Command();
  const port = await freePort();
  const { child, output } = command.start(['serve'], {
    env: { PORT: String(port), SKILLETT_DATA: path.join(command.home, 'data'), SKILLETT_URL: '' },
  });
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 60_000 },
    )
    .toBe(200);
  const pid = readFileSync(path.join(command.home, 'data/skillett.pid'), 'utf8').match(/\d+/)?.[0];
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')).toContain('MALLOC_ARENA_MAX=2');
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGINT');
  expect(await ended, output.stderr).toBe(0);
  await expect(fetch(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow();
  command.remove();
});
