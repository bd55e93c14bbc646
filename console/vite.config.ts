import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import react from '@vitejs/plugin-react';
import { defineConfig, type HtmlTagDescriptor, type Plugin, type Rolldown } from 'vite';

import { texts } from './src/texts';

/** Writes each file also compressed, so that no request has to do it. */
function compressed(): Plugin {
  let target = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      target = config.build.outDir;
    },
    closeBundle() {
      for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const content = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
      }
    },
  };
}

/** Puts the texts of the console into the page, in place of `{{signIn.title}}`. */
function worded(): Plugin {
  function text(path: string): string {
    const found = path.split('.').reduce<unknown>((place, name) => (place as Record<string, unknown>)[name], texts);
    if (typeof found !== 'string') throw new Error(`index.html names a text that does not exist: ${path}`);
    return found;
  }
  return {
    name: 'worded',
    transformIndexHtml: (html) => html.replace(/\{\{([\w.]+)\}\}/g, (_, path: string) => text(path)),
  };
}

/**
 * Lets the page paint its outline at once. The rules of the outline move into the page; the first script, which chooses
 * the outline, is waited for; the code of every screen loads beside it.
 */
function quick(): Plugin {
  return {
    name: 'quick',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const files = Object.values(bundle);
        const style = /<link rel="stylesheet"[^>]*href="\/([^"]+)"[^>]*>/;
        const sheet = bundle[style.exec(html)?.[1] ?? ''];
        if (sheet?.type !== 'asset') throw new Error('index.html has no rules of its own.');
        Reflect.deleteProperty(bundle, sheet.fileName);
        const core = files.find((file) => file.type === 'chunk' && file.moduleIds.some((id) => id.endsWith('/src/main.tsx')));
        if (core?.type !== 'chunk') throw new Error('There is no chunk of src/main.tsx.');
        const needed = all(core, bundle).filter((name) => !html.includes(name));
        return {
          html: html
            .replace(style, `<style>${String(sheet.source)}</style>`)
            .replace('<script type="module"', '<script type="module" blocking="render"'),
          tags: needed.map((name): HtmlTagDescriptor => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, fetchpriority: 'low', href: `/${name}` },
            injectTo: 'head',
          })),
        };
      },
    },
  };
}

/** A chunk and all that it imports. */
function all(chunk: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle): string[] {
  const names = new Set([chunk.fileName]);
  for (const name of names) {
    const file = bundle[name];
    if (file?.type === 'chunk') for (const one of file.imports) names.add(one);
  }
  return [...names];
}

/**
 * Modules that are loaded together, each with all that it imports: a phone needs long for each request. A module belongs
 * to the first of these that needs it: the first script, every screen, the sign-in and forms, the application.
 */
const GROUPS = [
  /src\/boot\.ts$/,
  // Mantine's parts are named where a later group would have them otherwise.
  /src\/(main\.tsx|texts\.ts|favicon\.svg|parts\/failure\.tsx|api\/client\.ts)$|\/(ActionIcon|Anchor|Card|Center|CheckIcon)\.mjs$|\/(Input|Title|get-auto-contrast-value|use-merged-ref|use-uncontrolled)\.mjs$/,
  /@mantine\/form\/|\/(Checkbox|PasswordInput|TextInput)\.mjs$/,
  /src\/(application|parts\/(copy|facts|health|layout|reason|statistics|values))\.tsx?$|\/SimpleGrid\.mjs$/,
].map((test, number) => ({ name: ['first', 'core', 'fields', 'shell'][number] ?? '', test, priority: 9 - number }));

export default defineConfig({
  plugins: [react(), worded(), quick(), compressed()],
  build: {
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: { output: { codeSplitting: { groups: GROUPS } } },
  },
  // `npm run dev` against a running stack.
  server: { proxy: { '/v1': process.env.FERRYMAN_URL ?? 'http://localhost:8080' } },
});
