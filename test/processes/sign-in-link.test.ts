import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Browser, browserEnv } from '../people/browser.ts';
import { makeFolder } from '../support/folder.ts';
import { runToEnd, startProcess } from '../support/process.ts';

const linkLine = /^http:\S+\/link\?token=\S+$/m;

describe('the command for a lost link, embedded', () => {
  it('prints a link whether the server runs or not', async () => {
    const { folder, remove } = await makeFolder();
    const env = { ...browserEnv, SKILLETT_DATA: path.join(folder, 'data'), SKILLETT_MASTER_KEY: randomBytes(32).toString('base64') };
    const tooEarly = await runToEnd(env, ['sign-in-link']);
    expect(tooEarly).toMatchObject({ code: 1, stderr: expect.stringContaining('no owner yet') });
    let server = await startProcess(env);
    try {
      const printed = server.stdout().match(linkLine)?.[0] as string;
      const beside = await runToEnd(env, ['sign-in-link']);
      expect(beside).toMatchObject({ code: 0, stderr: '' });
      const another = new Browser(server);
      expect((await another.open(beside.stdout.match(linkLine)?.[0] as string)).headers.get('location')).toContain('/dashboard');
      expect(await runToEnd(env, ['migrate'])).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date') });
      expect(await another.whoAmI()).toBe('owner@skillett.invalid');
      await server.stop();
      const { code, stdout } = await runToEnd(env, ['sign-in-link']);
      expect(code).toBe(0);
      const link = stdout.match(linkLine)?.[0] as string;
      server = await startProcess(env);
      expect(server.stdout()).not.toContain('token=');
      const browser = new Browser(server);
      expect((await browser.open(printed)).headers.get('location')).toContain('/sign-in?error=link_invalid');
      expect((await browser.open(link)).headers.get('location')).toContain('/dashboard');
      expect(await browser.whoAmI()).toBe('owner@skillett.invalid');
    } finally {
      await server.stop();
      await remove();
    }
    // Five starts of a process, which take a busy machine half a minute.
  }, 120_000);
});
