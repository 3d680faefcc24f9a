/** Passwords that are tried first, because many people have them: a list of leaked ones, and what is made of a person's own address. */

/** Loaded when the first password is chosen: it takes some megabytes, and most processes never need it. */
let loading: Promise<ReadonlySet<string>> | undefined;

/** Why a new password is refused, as a sentence for the person. Undefined when it may be had. */
export async function findPasswordFault(password: string, email: string): Promise<string | undefined> {
  const address = email.trim().toLowerCase();
  const own = new Set([address, address.split('@', 1)[0] as string]);
  const forms = listForms(password);
  if (forms.some((form) => own.has(form)))
    return 'This password is your e-mail address or a part of it, which is guessed first. Choose another one.';
  loading ??= loadCommonPasswords();
  const common = await loading;
  if (forms.some((form) => common.has(form) || shortUnit.test(form)))
    return 'This password is on lists of common passwords, or nearly, and is guessed first. Choose another one; a few words that only you would put together are good.';
  return undefined;
}

async function loadCommonPasswords(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common'] as Iterable<string>);
}

/** One to three characters again and again, such as `aaaaaaaaaa` and `abcabcabcabc`. */
const shortUnit = /^(.{1,3}?)\1{2,}$/u;

const lettersFor: Record<string, string> = { '@': 'a', '4': 'a', '3': 'e', '1': 'i', '!': 'i', '0': 'o', $: 's', '5': 's', '7': 't' };

/** The spellings under which a guesser has it: in lower case, with letters for the digits that stand for them, without what was put behind, and said once. */
function listForms(password: string): string[] {
  const plain = password.normalize('NFKC').trim().toLowerCase();
  const bare = plain.replace(/[^\p{L}]{1,4}$/u, '');
  const forms = [plain, bare].flatMap((form) => [form, form.replace(/[@431!0$57]/g, (sign) => lettersFor[sign] as string)]);
  return [...forms, ...forms.map((form) => form.replace(/^(.+?)\1+$/u, '$1'))];
}
