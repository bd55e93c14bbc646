import { createTheme, type CSSVariablesResolver } from '@mantine/core';

// The header of a dialog is not the banner of the page.
const DIALOG = { closeButtonProps: { 'aria-label': 'Close' }, attributes: { header: { role: 'presentation' } } };

export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'md',
  autoContrast: true,
  respectReducedMotion: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  components: {
    Badge: { defaultProps: { tt: 'none' } },
    Modal: { defaultProps: DIALOG, styles: { title: { fontWeight: 600 } } },
    Drawer: { defaultProps: DIALOG, styles: { title: { fontWeight: 600 } } },
  },
});

/** Greys and light labels that keep a contrast of 4.5 to 1 on every surface of ours, and borders that are seen on a dark card. */
export const contrast: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636a',
    '--mantine-color-placeholder': '#6b7178',
    '--mantine-color-success': '#066b4c',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-teal-light-color': '#066b4c',
    '--mantine-color-yellow-light-color': '#7a4a00',
    '--mantine-color-red-light-color': '#b02020',
    '--mantine-color-gray-light-color': '#495057',
    '--mantine-color-blue-light-color': '#145591',
  },
  dark: {
    '--mantine-color-dimmed': '#a6a9ae',
    '--mantine-color-placeholder': '#9a9da3',
    '--mantine-color-default-border': '#63686e',
    '--mantine-color-disabled': '#3a3e42',
    '--mantine-color-disabled-color': '#8f949a',
    '--code-bg': '#1b1c1e',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-red-light-color': '#ffb3b3',
    '--mantine-color-gray-light': '#3d4247',
    '--mantine-color-gray-light-color': '#dee2e6',
  },
});
