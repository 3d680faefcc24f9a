/** Reads single settings, and gathers what is wrong with them. */

/** All faults of the environment, one sentence each. */
export class ConfigFaults extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The settings have ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigFaults';
    this.faults = faults;
  }
}

export type Env = Readonly<Record<string, string | undefined>>;

/** Every fault becomes a sentence in `faults`; what is given back then is only good to go on reading. */
export class Reader {
  readonly faults: string[] = [];
  readonly env: Env;
  readonly #asked = new Set<string>();
  constructor(env: Env) {
    this.env = env;
  }

  /** Every name that was asked for. */
  get names(): string[] {
    return [...this.#asked];
  }

  text(name: string): string | undefined {
    this.#asked.add(name);
    const value = this.env[name]?.trim();
    return value === '' ? undefined : value;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    this.faults.push(`${name} is "${value}", but must be a whole number from ${min} to ${max}.`);
    return fallback;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.text(name);
    if (value === undefined) return fallback;
    if ((choices as readonly string[]).includes(value)) return value as Choice;
    this.faults.push(`${name} is "${value}", but must be one of ${choices.join(', ')}.`);
    return fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], fallback ? 'true' : 'false') === 'true';
  }

  list(name: string): string[] {
    return (this.text(name) ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  httpUrl(name: string, value: string): string {
    const url = URL.parse(value);
    if (url && (url.protocol === 'http:' || url.protocol === 'https:') && !url.username && !url.search && !url.hash)
      return url.href.replace(/\/$/, '');
    this.faults.push(
      `${name} must be an http or https address without user name, query or fragment, such as https://skillett.example.org.`,
    );
    return value;
  }
}
