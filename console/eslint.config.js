import hooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import typescript from 'typescript-eslint';

export default defineConfig(
  { ignores: ['node_modules', 'src/api/schema.d.ts'] },
  typescript.configs.strict,
  typescript.configs.stylistic,
  hooks.configs.flat.recommended,
  { rules: { '@typescript-eslint/consistent-type-definitions': ['error', 'type'] } },
  {
    // Parts that load when they are wanted: an import elsewhere would load them with a screen.
    ignores: ['src/parts/tooltip.ts', 'src/parts/notifications.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@mantine/core', importNames: ['Tooltip'], message: 'Tip of parts/tip.tsx loads it when it is wanted.' },
            { name: '@mantine/notifications', allowTypeImports: true, message: 'parts/notify.tsx loads it when it is wanted.' },
          ],
        },
      ],
    },
  },
);
