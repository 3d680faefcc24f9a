/** HTML from templates: every value is escaped unless it was made here itself. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const pieces = values.map((value, at) => (value instanceof Html ? value.text : escapeHtml(value)) + (parts[at + 1] as string));
  return new Html((parts[0] as string) + pieces.join(''));
}

export function joinHtml(parts: readonly Html[]): Html {
  return new Html(parts.map(({ text }) => text).join('\n'));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
