/** The words of a search: what belongs to the asking and not to what is asked for, endings, and words that mean the same. English. */

/** What people write around what they look for. It decides only where nothing else does. */
const weak = new Set(
  (
    'a all also am an and any anyone anything are as ask at be been being but by can could did do does doing for from go going got had has have ' +
    'hello help hey how i if in into is it its just know let like look me mine must my need of off ok on one onto or other our out over own please ' +
    'really see shall should so some something tell than thank that the their them there these they thing this those to too up us use via want was way ' +
    'we were what when where which who whom whose why will wish with would yes you your'
  ).split(' '),
);

/** Each line means about the same. */
const alike = [
  'alert page incident',
  'answer reply respond response',
  'appointment event meeting',
  'approve accept allow',
  'attach attachment file',
  'bug issue ticket problem',
  'build run',
  'cancel stop abort end',
  'change edit update modify correct fix',
  'channel chat room',
  'ci workflow pipeline',
  'city town place location',
  'colleague teammate coworker',
  'color colour',
  'column property field',
  'comment remark feedback',
  'copy duplicate fork',
  'create make add new',
  'deal opportunity',
  'delete remove erase discard',
  'deploy deployment',
  'customer client',
  'document doc page',
  'done complete finish close resolve',
  'emoji reaction',
  'entry row item record',
  'error failure fail broken break',
  'find search look',
  'folder label category',
  'get read open',
  'holiday vacation away',
  'image picture photo',
  'invite add',
  'invoice bill',
  'log output',
  'latest newest recent last new',
  'mail email inbox',
  'newsletter campaign',
  'organisation organization company',
  'person people user member someone somebody',
  'post send write publish',
  'private direct',
  'repo repository project',
  'rename name title',
  'restore recover undo',
  'reschedule move postpone',
  'show list',
  'sms text',
  'song track music',
  'spreadsheet sheet table tab',
  'start trigger launch run',
  'speech voice audio',
  'task todo',
  'website site',
].map((line) => line.split(' ').map(stem));

/** Written short, and what it stands for. */
const short: Record<string, readonly string[]> = {
  dm: ['direct', 'message'],
  mr: ['pull', 'request'],
  msg: ['message'],
  pr: ['pull', 'request'],
};

const others = new Map<string, readonly string[]>();
for (const words of alike)
  for (const word of words) others.set(word, [...(others.get(word) ?? []), ...words.filter((other) => other !== word)]);

/** In the form in which it is kept: lower case, without the ending of a plural or a verb. Nothing for a single letter. */
export function termsOf(word: string): readonly string[] {
  const lower = word.toLowerCase();
  if (Object.hasOwn(short, lower)) return short[lower] as readonly string[];
  return lower.length < 2 && !/\d|\p{Lo}/u.test(lower) ? [] : [stem(lower)];
}

/** Of a text, each once. */
export function termsIn(text: string): string[] {
  return [...new Set(text.split(/[^\p{L}\p{N}]+/u).flatMap(termsOf))];
}

export function isWeak(term: string): boolean {
  return weak.has(term);
}

/** Other words that mean about the same as this one. */
export function wordsLike(term: string): readonly string[] {
  return others.get(term) ?? [];
}

function stem(word: string): string {
  if (weak.has(word)) return word;
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(ch|sh|x|ss)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith('s') && !/(ss|us|is)$/.test(word)) return stem(word.slice(0, -1));
  const [, start] = /^(.*[aeiouy].*?)(?:ing|ed)$/.exec(word) ?? [];
  if (start === undefined || start.length < 3) return word;
  if (/([bdgmnprt])\1$/.test(start)) return start.slice(0, -1);
  return /(?:[au]t|let|dul|[cgvzu]|[^s]s)$/.test(start) ? `${start}e` : start;
}
