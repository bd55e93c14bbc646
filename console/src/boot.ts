/*
 * The first script: a few kilobytes, and no part of React. It shows the outline of the screen that index.html holds,
 * asks the API for what the screen will show, and loads the code of the screen, all at once.
 */
import type { ComponentType } from 'react';

import { session } from './api/session';
import { begin } from './early';
import { INVITATION, screenAt } from './screens';

const page = document.documentElement;
const address = window.location.pathname;

/** The application, for a session or an invitation. Otherwise the sign-in, at whatever address. */
function inside(): boolean {
  return session.token() !== null || window.location.pathname === INVITATION;
}

async function application(): Promise<ComponentType> {
  const { Application, ready } = await import('./application');
  await ready();
  return Application;
}

async function signIn(): Promise<ComponentType> {
  return (await import('./pages/sign_in')).SignIn;
}

/** Shows the one or the other; the screen before stays until the next is there. */
async function show(): Promise<void> {
  const wanted = inside();
  try {
    const [{ render }, Screen] = await Promise.all([import('./main'), wanted ? application() : signIn()]);
    if (wanted === inside()) render(Screen);
  } catch (error) {
    broken();
    throw error;
  }
}

/** A newer release took the files away, or the network is gone. */
function broken(): void {
  const template = document.querySelector<HTMLTemplateElement>('#broken');
  if (template) document.body.replaceChildren(template.content.cloneNode(true));
}

/** The outline comes first: anything that loads before it makes it late. A tab in the background paints nothing. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden) resolve();
    else requestAnimationFrame(() => setTimeout(resolve));
  });
}

// Mantine does this later in the same way; until then the outline would have the colours of the system.
const chosen = localStorage.getItem('mantine-color-scheme-value');
const dark = chosen === 'dark' || (chosen !== 'light' && window.matchMedia('(prefers-color-scheme: dark)').matches);
page.dataset.mantineColorScheme = dark ? 'dark' : 'light';
page.dataset.outline = inside() ? 'application' : 'sign-in';

if (session.token()) begin(address);
session.listen(() => void show());
void painted().then(() => {
  if (inside()) screenAt(address)?.().catch(() => undefined); // the router says so in its place
  void show();
});
