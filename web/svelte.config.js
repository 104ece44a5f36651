import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** Runes everywhere; TypeScript inside components is stripped by Vite. */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
};
