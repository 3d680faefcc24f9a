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
    if (auth.type !== 'api_key' || auth.in !== 'path') continue;
    if (!/^[a-z][a-z0-9_]*$/.test(auth.name)) report([...path, 'name'], 'must be lower-case letters, digits and underscores in a path');
    if (isVariable(recipe, auth.name)) report([...path, 'name'], `is a variable of the connection too: call one of them otherwise`);
    if (auth.prefix !== '') report([...path, 'prefix'], 'is for a header or the query; in a path write it before the brace');
    if (recipe.auth.length > 1) report([...path, 'in'], 'a key in the path must be the only way to connect: no other fills its place');
  }
}

/** Every path has the place of the key once, or the request would go out without it. */
export function checkCredentialPath(path: string, at: FaultPath, recipe: Integration, report: Report): void {
  const name = pathCredentialOf(recipe);
  if (name !== undefined && namesIn(path).filter((found) => found === name).length !== 1)
    report(at, `must hold {${name}} once, which the API key stands in for`);
}
