/**
 * Whether bytes are one complete JSON text (RFC 8259), told while they pass and in whatever pieces they come. No values are
 * built. That they are UTF-8 is for others to see. The work is done in WebAssembly (wasm/json-scan.ts).
 */
import { jsonScanModule } from './json-scan-module.ts';

type Cell = WebAssembly.Global<'i32'>;

interface Scanner {
  memory: WebAssembly.Memory;
  containers: Cell;
  input: Cell;
  inputBytesMax: Cell;
  state: Cell;
  depth: Cell;
  isKey: Cell;
  left: Cell;
  rest: Cell;
  /** Whether the next `length` bytes of the input can go on. */
  scan(length: number): number;
  isComplete(): number;
}

const scanner = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(jsonScanModule, 'base64'))).exports as unknown as Scanner;
const memory = new Uint8Array(scanner.memory.buffer);
const containersAt = scanner.containers.value;
const inputAt = scanner.input.value;
const inputBytesMax = scanner.inputBytesMax.value;

/** What the scanner knows of one text. */
interface Progress {
  state: number;
  isKey: number;
  left: number;
  rest: number;
  /** Of the containers that are open: their opening bytes. */
  open: Uint8Array;
}

const beginning: Progress = { state: 0, isKey: 0, left: 0, rest: 0, open: new Uint8Array(0) };

/** Whose text the scanner knows of now. */
let current: JsonScan | undefined;

export class JsonScan {
  /** Up to date while another text is scanned. */
  #progress = beginning;
  #failed = false;

  /** Whether these bytes and those before begin a JSON text. */
  take(bytes: Uint8Array): boolean {
    if (this.#failed) return false;
    this.#goOn();
    for (let at = 0; at < bytes.length; at += inputBytesMax) {
      const piece = bytes.length <= inputBytesMax ? bytes : bytes.subarray(at, at + inputBytesMax);
      memory.set(piece, inputAt);
      if (scanner.scan(piece.length) === 1) continue;
      this.#failed = true;
      current = undefined;
      return false;
    }
    return true;
  }

  /** Whether all that was taken is one complete JSON text. */
  get isComplete(): boolean {
    if (this.#failed) return false;
    this.#goOn();
    return scanner.isComplete() === 1;
  }

  #goOn(): void {
    if (current === this) return;
    if (current) current.#putAside();
    current = this;
    const { state, isKey, left, rest, open } = this.#progress;
    scanner.state.value = state;
    scanner.isKey.value = isKey;
    scanner.left.value = left;
    scanner.rest.value = rest;
    scanner.depth.value = open.length;
    if (open.length > 0) memory.set(open, containersAt);
  }

  #putAside(): void {
    this.#progress = {
      state: scanner.state.value,
      isKey: scanner.isKey.value,
      left: scanner.left.value,
      rest: scanner.rest.value,
      open: memory.slice(containersAt, containersAt + scanner.depth.value),
    };
  }
}

export function isJson(bytes: Uint8Array): boolean {
  const scan = new JsonScan();
  return scan.take(bytes) && scan.isComplete;
}
