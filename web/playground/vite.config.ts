/** A build of its own: what the playground shares with the dashboard must not move into a file that the dashboard loads. */
import path from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { compressAssets } from '../compress-assets.ts';

const dist = path.resolve(import.meta.dirname, 'dist');

export default defineConfig({
  // The server writes where it is into the document.
  base: './',
  plugins: [react(), dropFonts(), compressAssets(dist)],
  build: {
    outDir: dist,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2024',
    // The editor is 2.8 MB in one piece, and nothing works without it.
    chunkSizeWarningLimit: 3_000,
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});

/** GraphiQL's style holds 330 KB of type faces, compressed; the page is set in the reader's own. */
function dropFonts(): Plugin {
  return {
    name: 'drop-fonts',
    enforce: 'pre',
    transform: (code, id) => (id.endsWith('/graphiql/dist/style.css') ? code.replaceAll(/@font-face\s*\{[^}]*\}/g, '') : undefined),
  };
}
