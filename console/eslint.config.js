import hooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import typescript from 'typescript-eslint';

export default defineConfig(
  { ignores: ['node_modules', 'src/api/schema.d.ts'] },
  typescript.configs.strict,
  typescript.configs.stylistic,
  hooks.configs.flat.recommended,
  { rules: { '@typescript-eslint/consistent-type-definitions': ['error', 'type'] } },
);
