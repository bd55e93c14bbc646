import './mantine.css';
import './styles.css';

import { MantineProvider } from '@mantine/core';
import { type ComponentType, startTransition, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';

import { contrast, theme } from './theme';

let root: Root | undefined;

/** Shows a screen as soon as all of it is there; until then the outline, or the screen before, stays. */
export function render(Screen: ComponentType): void {
  const place = document.getElementById('root');
  if (!place) return;
  root ??= createRoot(place);
  const to = root;
  // A transition is rendered in small steps, so the browser stays responsive on a slow phone.
  startTransition(() => {
    to.render(
      <StrictMode>
        <MantineProvider theme={theme} cssVariablesResolver={contrast} defaultColorScheme="auto">
          <Screen />
        </MantineProvider>
      </StrictMode>,
    );
  });
}
