/** Texts that are no arguments, since every process of the machine sees arguments: from standard input, or typed unseen. */
import { CommandFailure } from '../failure.ts';
import { printable } from './print.ts';

/** All of standard input, without the line's end that `echo` adds. */
export async function readInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

export async function readInputText(): Promise<string> {
  return (await readInput()).toString('utf8').replace(/\r?\n$/, '');
}

/** Asks on a terminal; `secret` shows no letter of what is typed. */
export async function askPerson(message: string, secret: boolean): Promise<string> {
  if (!process.stdin.isTTY)
    throw new CommandFailure(`${message} is needed, and nobody can be asked here. Give it on standard input, as in: skillett … < file`);
  const { isCancel, password, text } = await import('@clack/prompts');
  const required = (value: string | undefined) => (value ? undefined : 'This is needed.');
  // A server names what it asks for.
  const options = { message: printable(message), validate: required, output: process.stderr };
  const answer = await (secret ? password(options) : text(options));
  if (isCancel(answer)) throw new CommandFailure('Nothing was changed.');
  return answer;
}
