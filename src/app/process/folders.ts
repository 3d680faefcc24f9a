/** Where things of the installation lie, beside its sources. */
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

export const bundledRecipes = path.join(root, 'recipes');

/** What a build or a start leaves for the next start to be faster; may be deleted at any time. */
export const cacheFolder = path.join(root, 'node_modules/.cache/skillett');
