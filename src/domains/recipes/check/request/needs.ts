/** Alternatives of parameters: whether a call could ever choose between them. */
import type { Endpoint } from '../../format/format.ts';
import { listNeeds } from '../../values/needs.ts';
import type { FaultPath, Report } from '../texts.ts';

export function checkNeeds(endpoint: Endpoint, report: Report): void {
  for (const [at, names] of (endpoint.required_any ?? []).entries()) checkNames(names, ['required_any', at], endpoint, report);
  const { any_of = [] } = endpoint;
  for (const [at, names] of any_of.entries()) {
    checkNames(names, ['any_of', at], endpoint, report);
    const within = any_of.findIndex((others, index) => index !== at && others.every((name) => names.includes(name)));
    if (within !== -1) report(['any_of', at], `holds all of alternative ${within}, which is enough without the rest`);
  }
  const named = [...(endpoint.required_any ?? []), ...any_of].flat();
  if (!named.every((name) => Object.hasOwn(endpoint.parameters, name))) return;
  for (const need of listNeeds(endpoint, endpoint.example)) report(['example'], `does not give what a call needs: ${need}`);
}

function checkNames(names: readonly string[], path: FaultPath, { parameters }: Endpoint, report: Report): void {
  for (const [index, name] of names.entries()) {
    const place = [...path, index];
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!parameter) report(place, `there is no parameter ${name}`);
    else if (parameter.required) report(place, `${name} is required anyway`);
    else if (parameter.send_default || parameter.default_from !== undefined)
      report(place, `${name} is sent in any case, so nothing needs it from the caller`);
    else if (names.indexOf(name) !== index) report(place, `${name} is listed twice`);
  }
}
