/**
 * A program of its own, which reads a stranger's document: a heap of its own, and nothing of the server's. It takes on its input a line
 * of JSON (RecipeWish) and then the document, and writes one JSON text: `{"made"}` or `{"fault"}`; meanwhile, on its fourth stream, a byte
 * each time it is a per cent further.
 */
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { DescriptionFault, readDescription } from '../../recipes/import/read-description.ts';
import { makeRecipe, type RecipeWish } from '../../recipes/import/whole-recipe/make-recipe.ts';
import { plainLine } from '../../recipes/import/whole-recipe/sentences.ts';

const faultLengthMax = 500;
void text(process.stdin).then((input) => {
  const end = input.indexOf('\n');
  process.stdout.write(JSON.stringify(answer(JSON.parse(input.slice(0, end)) as RecipeWish, input.slice(end + 1))));
});

function answer(wish: RecipeWish, document: string): object {
  try {
    return { made: makeRecipe(readDescription(document), wish, tellProgress()) };
  } catch (error) {
    if (error instanceof DescriptionFault) return { fault: plainLine(error.message, faultLengthMax) };
    // A document that is malformed in a way nobody thought of: not a word of ours about it, but where it broke.
    return { fault: `The document is not as its kind is written (${plainLine((error as Error).message, 200)}).` };
  }
}

function tellProgress(): (done: number) => void {
  let told = 0;
  return (done) => {
    const percent = Math.floor(done * 100);
    if (percent > told) writeSync(3, Uint8Array.of(percent));
    told = Math.max(told, percent);
  };
}
