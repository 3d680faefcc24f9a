/** Who is signed in, as the last answer said, so that the frame of the page needs no request of its own. */
import { useSyncExternalStore } from 'react';
import { graphql } from './graphql.ts';

export interface Person {
  displayName: string;
  email: string;
  isOwner: boolean;
}

/** Every page's document asks for this beside its own fields. */
export const personFields = graphql(`
  fragment Person on Viewer @_unmask {
    user {
      id
      displayName
      email
      isOwner
    }
  }
`);

let person: Person | undefined;
const listeners = new Set<() => void>();

export function rememberPerson(next: Partial<Person>): void {
  const { displayName, email, isOwner } = next;
  if (displayName === undefined || email === undefined || isOwner === undefined) return;
  if (person?.displayName === displayName && person.email === email && person.isOwner === isOwner) return;
  person = { displayName, email, isOwner };
  for (const listener of listeners) listener();
}

export function knownPerson(): Person | undefined {
  return person;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePerson(): Person | undefined {
  return useSyncExternalStore(subscribe, () => person);
}
