/** The dashboard quotes as the server does; this is the only thing that it takes from the server's code. */
export { quoted } from '../../../src/core/text/quoted.ts';
