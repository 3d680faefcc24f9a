/** Preloaded into servers of others that listen on every address of the machine: a benchmark is nobody else's business. */
import { type ListenOptions, Server } from 'node:net';

const listen = Server.prototype.listen as (this: Server, options: ListenOptions, done?: () => void) => Server;

Object.assign(Server.prototype, {
  listen(this: Server, ...given: unknown[]) {
    const [first] = given;
    const options = typeof first === 'object' && first !== null ? first : { port: Number(first) };
    const done = given.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    return listen.call(this, { ...options, host: '127.0.0.1' }, done);
  },
});
