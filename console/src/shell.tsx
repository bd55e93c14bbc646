import {
  ActionIcon,
  AppShell,
  Badge,
  Box,
  Burger,
  Button,
  Group,
  NavLink,
  Progress,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Link, Outlet, useLocation, useNavigation } from 'react-router';

import { api, type Schemas } from './api/client';
import { covers } from './api/covers';
import { useMe } from './api/queries';
import { session } from './api/session';
import { useToken } from './api/use_token';
import logo from './favicon.svg';
import { Failure, Page, PlanNotice, RoleNotice, Waiting } from './parts/layout';
import { Tip } from './parts/tip';
import { texts } from './texts';
import { Face } from './parts/face';
import { MoonIcon, SunIcon } from './parts/icons';

const PersonMenu = lazy(async () => ({ default: (await import('./parts/person_menu')).PersonMenu }));
const Enrol = lazy(async () => ({ default: (await import('./pages/enrol')).Enrol }));

/** A page of the menu: the scope that it needs, and whether it needs the plan Enterprise. */
type Entry = { to: string; label: string; scope?: Schemas['Scope']; gated?: true };

const GROUPS: { title: string; entries: Entry[] }[] = [
  { title: '', entries: [{ to: '/settings/overview', label: texts.nav.overview }] },
  {
    title: texts.nav.integrations,
    entries: [
      { to: '/settings/integrations/connections', label: texts.nav.hub, scope: 'connections:read', gated: true },
      { to: '/settings/integrations/api', label: texts.nav.tokens, scope: 'tokens:read', gated: true },
      { to: '/settings/integrations/webhooks', label: texts.nav.webhooks, scope: 'webhooks:read', gated: true },
      { to: '/settings/integrations/incoming-webhooks', label: texts.nav.incoming, scope: 'webhooks:read' },
      { to: '/settings/integrations/commands', label: texts.nav.commands, scope: 'webhooks:read' },
      { to: '/settings/integrations/bots', label: texts.nav.bots, scope: 'bots:read' },
      { to: '/settings/integrations/applications', label: texts.nav.applications, scope: 'admin:*' },
      { to: '/admin/integrations', label: texts.nav.wide, scope: 'admin:*', gated: true },
      { to: '/settings/integrations/signature', label: texts.nav.helper, scope: 'webhooks:read' },
    ],
  },
  {
    title: texts.nav.workspace,
    entries: [
      { to: '/settings/chats', label: texts.nav.chats, scope: 'chats:read' },
      { to: '/settings/users', label: texts.nav.users, scope: 'users:read' },
      { to: '/settings/workspace', label: texts.nav.settings, scope: 'admin:*' },
      { to: '/settings/security', label: texts.nav.policy, scope: 'admin:*' },
      { to: '/settings/audit', label: texts.nav.audit, scope: 'audit:read' },
      { to: '/settings/subscription', label: texts.nav.subscription },
    ],
  },
  {
    title: texts.nav.you,
    entries: [
      { to: '/me/agent', label: texts.nav.myWebhooks, scope: 'me:webhooks' },
      { to: '/me/notifications', label: texts.nav.notifications, scope: 'notifications:read' },
      { to: '/me/profile', label: texts.nav.profile },
      { to: '/me/security', label: texts.nav.security },
    ],
  },
];

/** Pages that have no entry of their own in the menu. */
const OTHERS: Entry[] = [{ to: '/settings/integrations/deliveries', label: texts.nav.webhooks, scope: 'webhooks:read', gated: true }];

/** The entry that a page is below: it says what the page needs. */
function entryOf(pathname: string): Entry | undefined {
  const entries = [...GROUPS.flatMap((group) => group.entries), ...OTHERS];
  return entries.find(({ to }) => pathname === to || pathname.startsWith(`${to}/`));
}

/** The page, or why this person or this workspace does not get it. */
function Allowed({ me, entry }: { me: Schemas['MeOut']; entry: Entry | undefined }) {
  if (entry?.scope && !covers(me, entry.scope)) return <RoleNotice page={entry.label} />;
  if (entry?.gated && me.plan !== 'enterprise') {
    return (
      <Page title={entry.label}>
        <PlanNotice detail={`${texts.plan.about(texts.plan.names[me.plan])} ${texts.plan.how}`} />
      </Page>
    );
  }
  return <Outlet />;
}

/** Every screen but the invitation. Without a session, the first script shows the sign-in at the same address. */
export function SignedIn() {
  const token = useToken();
  return token ? <Entered key={token} /> : <Waiting />;
}

/** A session: every screen, or the enrolment alone while the workspace requires a second factor that is missing. */
function Entered() {
  const me = useMe();
  const signOut = useSignOut();
  const [enrolling, setEnrolling] = useState(false);
  if (!me.data?.must_enrol && !enrolling) return <Shell />;
  return (
    <Suspense fallback={<Waiting />}>
      <Enrol keep={setEnrolling} signOut={signOut} />
    </Suspense>
  );
}

function useSignOut(): () => void {
  async function signOut() {
    // The session ends on the server first; a session that ended already is signed out as well.
    await api.DELETE('/v1/sessions/current').catch(() => undefined);
    session.end('signed-out');
  }
  return () => void signOut();
}

function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const me = useMe();
  const { pathname, search } = useLocation();
  const moving = useNavigation().state === 'loading';
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    close();
    window.scrollTo(0, 0);
  }, [pathname, close]);
  useHotkeys([['/', () => document.querySelector<HTMLInputElement>('input[type=search]')?.focus()]]);
  const groups = GROUPS.map(({ title, entries }) => ({
    title,
    // Until it is known what the person may see, nothing: entries that appear later would move the others.
    entries: entries.filter(({ scope }) => me.data && (!scope || covers(me.data, scope))),
  })).filter(({ entries }) => entries.length > 0);

  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 236, breakpoint: 'sm', collapsed: { mobile: !opened } }}>
      <a href="#main" className="skip" onClick={() => main.current?.focus()}>
        {texts.nav.skip}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={texts.nav.menu} />
            <Group component={Link} {...{ to: '/settings/overview' }} gap={8} wrap="nowrap" className="brand">
              <img src={logo} alt="" width={26} height={26} />
              <Text fw={700}>{texts.product}</Text>
            </Group>
            {me.data && !me.data.livemode && <Badge color="orange">{texts.nav.testMode}</Badge>}
          </Group>
          <Group gap={4} wrap="nowrap">
            <Button component="a" href="/docs" target="_blank" variant="subtle" color="gray" visibleFrom="xs" size="sm">
              {texts.nav.docs}
            </Button>
            <Scheme />
            <Person me={me.data} />
          </Group>
        </Group>
        {moving && <Progress value={100} animated size={2} aria-label={texts.loading} />}
      </AppShell.Header>
      <AppShell.Navbar component="nav" aria-label={texts.nav.main}>
        <Box p="xs" className="menu">
          {groups.map(({ title, entries }) => (
            <Box key={title} mb="sm">
              {title && (
                <Text size="xs" c="dimmed" fw={600} px="sm" py={4}>
                  {title}
                </Text>
              )}
              {entries.map(({ to, label }) => (
                <NavLink
                  key={to}
                  component={Link}
                  to={to}
                  label={label}
                  active={pathname === to || pathname.startsWith(`${to}/`)}
                  aria-current={pathname === to ? 'page' : undefined}
                  className="nav"
                />
              ))}
            </Box>
          ))}
        </Box>
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className="main" aria-busy={moving || undefined} data-address={pathname + search}>
        <Box maw={1180} mx="auto" p={{ base: 'md', sm: 'xl' }}>
          {me.data ? <Allowed me={me.data} entry={entryOf(pathname)} /> : me.error ? <Failure error={me.error} retry={() => void me.refetch()} /> : <Waiting />}
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}

function Scheme() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  const label = other === 'dark' ? texts.nav.dark : texts.nav.light;
  return (
    <Tip label={label}>
      <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => setColorScheme(other)} aria-label={label}>
        {scheme === 'dark' ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
    </Tip>
  );
}

function Person({ me }: { me: Schemas['MeOut'] | undefined }) {
  const signOut = useSignOut();
  const [wanted, setWanted] = useState(false);
  const face = <Face person={me} onClick={() => setWanted(true)} aria-haspopup="menu" aria-expanded={false} />;
  if (!wanted) return face;
  return (
    <Suspense fallback={face}>
      <PersonMenu me={me} signOut={signOut} />
    </Suspense>
  );
}
