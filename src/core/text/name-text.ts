import { z } from 'zod';

/** A name that a person gives: on one line, and such that every store and every JSON can hold it. */
export function nameText(missing: string) {
  return z
    .string()
    .trim()
    .min(1, missing)
    .max(100, 'at most 100 characters')
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters and no half of a surrogate pair');
}
