/** What a call needs beside single parameters: one of several, or all of one of several sets. */
import type { Endpoint } from '../format/format.ts';

/** Sentences without a full stop, of what these parameters do not meet; `undefined` parameters meet nothing, for whoever describes the endpoint. */
export function listNeeds({ required_any = [], any_of }: Endpoint, params: object | undefined): string[] {
  const isGiven = (name: string) => params !== undefined && Object.hasOwn(params, name);
  const needs = required_any
    .filter((names) => !names.some(isGiven))
    .map((names) => `at least one of ${names.map(quote).join(', ')} is required`);
  if (any_of && !any_of.some((names) => names.every(isGiven))) needs.push(`${any_of.map(nameSet).join(', or ')} is required`);
  return needs;
}

function nameSet(names: readonly string[]): string {
  return names.map(quote).join(' with ');
}

function quote(name: string): string {
  return `\`${name}\``;
}
