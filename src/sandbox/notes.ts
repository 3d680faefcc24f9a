/** Notes, per account and in memory: gone with the process, which is what a sandbox is for. */
export interface Note {
  id: number;
  title: string;
  text: string;
  tags: string[];
  created_at: string;
  updated_at: string;
}

export const notesPerAccountMax = 1_000;

const seeds: [title: string, text: string, tags: string[]][] = [
  ['Welcome', 'These notes are served by Skillett itself. Change them as you like.', ['start']],
  ['Groceries', 'Bread, tea, apples', ['home']],
  ['Call the plumber', 'The tap in the kitchen drips.', ['home', 'urgent']],
  ['Release checklist', 'Changelog, tag, announcement', ['work']],
  ['Book list', 'Something about gardens, something about the sea', ['home']],
];

export class Notebook {
  readonly #notes = new Map<number, Note>();
  #lastId = 0;
  /** Answers by idempotency key. */
  readonly #created = new Map<string, Note>();

  constructor() {
    for (const [title, text, tags] of seeds) this.create({ title, text, tags });
  }

  /** Newest first, after `cursor` (the last id seen). */
  list(options: { limit: number; cursor?: number | undefined; tag?: string | undefined; search?: string | undefined }): {
    notes: Note[];
    next_cursor: string | null;
  } {
    const search = options.search?.toLowerCase();
    const matching = [...this.#notes.values()]
      .reverse()
      .filter((note) => options.cursor === undefined || note.id < options.cursor)
      .filter((note) => options.tag === undefined || note.tags.includes(options.tag))
      .filter((note) => search === undefined || `${note.title}\n${note.text}`.toLowerCase().includes(search));
    const notes = matching.slice(0, options.limit);
    return { notes, next_cursor: matching.length > notes.length ? String(notes.at(-1)?.id) : null };
  }

  find(id: number): Note | undefined {
    return this.#notes.get(id);
  }

  /** Undefined when the notebook is full. */
  create(fields: { title: string; text?: string; tags?: string[] }, idempotencyKey?: string): Note | undefined {
    const earlier = idempotencyKey === undefined ? undefined : this.#created.get(idempotencyKey);
    if (earlier) return earlier;
    if (this.#notes.size >= notesPerAccountMax) return undefined;
    this.#lastId += 1;
    const now = new Date().toISOString();
    const note: Note = {
      id: this.#lastId,
      title: fields.title,
      text: fields.text ?? '',
      tags: fields.tags ?? [],
      created_at: now,
      updated_at: now,
    };
    this.#notes.set(note.id, note);
    if (idempotencyKey !== undefined) this.#created.set(idempotencyKey, note);
    return note;
  }

  update(id: number, fields: { title?: string; text?: string; tags?: string[] }): Note | undefined {
    const note = this.#notes.get(id);
    if (note) Object.assign(note, fields, { updated_at: new Date().toISOString() });
    return note;
  }

  delete(id: number): boolean {
    return this.#notes.delete(id);
  }
}
