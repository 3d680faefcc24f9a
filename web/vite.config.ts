import path from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressAssets } from './compress-assets.ts';

const dist = path.resolve(import.meta.dirname, 'dist');

export default defineConfig({
  // The server writes where it is into the document.
  base: './',
  plugins: [react(), compressAssets(dist)],
  build: {
    outDir: dist,
    emptyOutDir: true,
    // A data: address would need a gap in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2024',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  },
});
