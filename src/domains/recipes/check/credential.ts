/** Credentials that are more than a header: in paths, and as user name and password. */
import { findBasicFault, namesOfBasic } from '../basic.ts';
import type { Integration } from '../format/format.ts';
import { pathCredentialOf } from '../path-credential.ts';
import { isVariable, namesIn } from '../variables.ts';
import type { FaultPath, Report } from './texts.ts';

export function checkForms(recipe: Integration, report: Report): void {
  for (const [at, auth] of recipe.auth.entries()) {
    const path = ['auth', at];
    if (auth.type === 'basic') {
      const fault = findBasicFault(auth.sends);
      if (fault !== undefined) report([...path, 'sends'], fault);
      else if (namesOfBasic(auth.sends).join() === 'api_key' && recipe.auth.some(({ type }) => type === 'api_key'))
        report([...path, 'sends'], 'asks for {api_key}, as another way to connect does: nobody could say which is meant');
    }
    if (auth.type === 'bearer' && auth.sends !== undefined) checkBearer(auth.sends, [...path, 'sends'], recipe, report);
    if (auth.type !== 'api_key' || auth.in !== 'path') continue;
    if (!/^[a-z][a-z0-9_]*$/.test(auth.name)) report([...path, 'name'], 'must be lower-case letters, digits and underscores in a path');
    if (isVariable(recipe, auth.name)) report([...path, 'name'], `is a variable of the connection too: call one of them otherwise`);
    if (auth.prefix !== '') report([...path, 'prefix'], 'is for a header or the query; in a path write it before the brace');
    if (recipe.auth.length > 1) report([...path, 'in'], 'a key in the path must be the only way to connect: no other fills its place');
  }
}

function checkBearer(sends: string, path: FaultPath, recipe: Integration, report: Report): void {
  const names = namesIn(sends);
  if (names.filter((name) => name === 'token').length !== 1) report(path, 'must hold {token} once, which the token stands in for');
  for (const name of names)
    if (name !== 'token' && !recipe.variables?.[name]) report(path, `holds {${name}}, which is no variable of recipe.json`);
    else if (recipe.variables?.[name]?.default === '')
      report(path, `holds {${name}}, which an account may be without, since its \`default\` is empty`);
}

/** Every path has the place of the key once, or the request would go out without it. */
export function checkCredentialPath(path: string, at: FaultPath, recipe: Integration, report: Report): void {
  const name = pathCredentialOf(recipe);
  if (name !== undefined && namesIn(path).filter((found) => found === name).length !== 1)
    report(at, `must hold {${name}} once, which the API key stands in for`);
}
