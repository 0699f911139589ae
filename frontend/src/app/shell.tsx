import { ActionIcon, Anchor, AppShell, Divider, Group, Menu, NavLink, Progress, ScrollArea, Stack, Text, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconCloudOff, IconMenu2, IconSearch, IconUserCircle } from '@tabler/icons-react';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useMutation } from 'urql';
import { SignOutDocument } from '../graphql/graphql.ts';
import { useConnection } from '../shared/api.ts';
import { unitsOf } from '../shared/money.ts';
import { ReauthenticateProvider } from '../shared/reauthenticate.tsx';
import { Credits } from '../shared/ui/money.tsx';
import { Colours, Languages } from '../shared/ui/switches.tsx';
import { isAdmin, useViewer, type Viewer, ViewerProvider } from '../shared/viewer.tsx';
import { defineWords } from '../shared/words/words.ts';
import { adminPlaces, type Place, places, usePlaceWords } from './places.ts';
import classes from './shell.module.css';

const Palette = lazy(() => import('./palette.tsx'));

const useWords = defineWords(
  'shell',
  {
    skip: 'Skip to the content',
    navigation: 'Main',
    available: 'Available',
    held: '{{held}} Cr held by requests in flight',
    search: 'Search and commands',
    person: 'Account menu of {{name}}',
    account: 'Account and security',
    signOut: 'Sign out',
    broken: 'Reconnecting. Nothing is lost.',
    offline: 'You are offline. What you see may be old.',
    frozen: 'Your account is frozen: you can read, not spend, deposit or withdraw. Ask the operator.',
    menu: 'Menu',
  },
  {
    skip: '跳到内容',
    navigation: '主导航',
    available: '可用',
    held: '进行中的请求冻结了 {{held}} 积分',
    search: '搜索与命令',
    person: '{{name}} 的账户菜单',
    account: '账户与安全',
    signOut: '退出登录',
    broken: '正在重新连接，不会丢失任何内容。',
    offline: '你已离线，所见内容可能不是最新的。',
    frozen: '你的账户已被冻结：可以查看，但不能消费、存入或取回。请联系管理员。',
    menu: '菜单',
  },
);

/** The frame of the app: where to go, what there is to spend, who is here. */
export function Shell({ viewer }: { readonly viewer: Viewer }) {
  return (
    <ViewerProvider viewer={viewer}>
      <ReauthenticateProvider>
        <Frame />
      </ReauthenticateProvider>
    </ViewerProvider>
  );
}

function Frame() {
  const t = useWords();
  const viewer = useViewer();
  const narrow = useMediaQuery('(max-width: 47.99em)') ?? false;
  const [opened, menu] = useDisclosure(false);
  const [palette, setPalette] = useState(false);
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !opened } }} footer={{ height: 56, collapsed: !narrow }} padding="md">
      <a href="#content" className={classes.skip}>
        {t('skip')}
      </a>
      <AppShell.Header className={classes.bar}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Anchor component={Link} to="/home" c="inherit" fw={600} underline="never" visibleFrom="sm">
            Resource Pool
          </Anchor>
          <Balance />
          <Group gap={4} wrap="nowrap">
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('search')} aria-keyshortcuts="Meta+K Control+K" onClick={() => setPalette(true)}>
              <IconSearch size={18} aria-hidden />
            </ActionIcon>
            <Languages />
            <Colours />
            <Person />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.rail} p="xs" aria-label={t('navigation')}>
        <ScrollArea type="auto">
          <Rail admin={isAdmin(viewer)} go={menu.close} />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <Notices frozen={viewer.status === 'FROZEN'} />
        <Outlet />
      </AppShell.Main>
      {narrow && (
        <AppShell.Footer className={classes.bar}>
          <Tabs toggle={menu.toggle} opened={opened} go={menu.close} />
        </AppShell.Footer>
      )}
      <Suspense>
        <Palette opened={palette} open={setPalette} />
      </Suspense>
    </AppShell>
  );
}

/** What is available, and how much of the wallet requests in flight hold. */
function Balance() {
  const t = useWords();
  const { wallet } = useViewer();
  if (wallet == null) {
    return null;
  }
  const available = unitsOf(wallet.available);
  const held = unitsOf(wallet.held);
  const all = available + held;
  return (
    <Tooltip label={t('held', { held: wallet.held })} disabled={held === 0n}>
      <UnstyledButton component={Link} to="/usage" className={classes.balance}>
        <Text size="sm" span c="dimmed" visibleFrom="xs">
          {t('available')}{' '}
        </Text>
        <Text span fw={600}>
          <Credits amount={wallet.available} places={2} />
        </Text>
        {held > 0n && <Progress value={Number((available * 100n) / all)} size={3} aria-label={t('held', { held: wallet.held })} />}
      </UnstyledButton>
    </Tooltip>
  );
}

function Rail({ admin, go }: { readonly admin: boolean; readonly go: () => void }) {
  const t = usePlaceWords();
  return (
    <Stack gap={2}>
      {places.map((place) => (
        <PlaceLink key={place.word} place={place} go={go} />
      ))}
      {admin && (
        <>
          <Divider my="xs" label={t('admin')} labelPosition="left" />
          {adminPlaces.map((place) => (
            <PlaceLink key={place.word} place={place} go={go} />
          ))}
        </>
      )}
    </Stack>
  );
}

function PlaceLink({ place, go }: { readonly place: Place; readonly go: () => void }) {
  const t = usePlaceWords();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const here = path === place.to || (place.to !== '/admin' && path.startsWith(`${place.to}/`));
  return (
    <NavLink
      component={Link}
      to={place.to}
      activeOptions={{ exact: place.to === '/admin' }}
      label={t(place.word)}
      leftSection={<place.icon size={18} stroke={1.6} aria-hidden />}
      active={here}
      aria-current={here ? 'page' : undefined}
      onClick={go}
      className={classes.place}
    />
  );
}

function Tabs({ toggle, opened, go }: { readonly toggle: () => void; readonly opened: boolean; readonly go: () => void }) {
  const t = usePlaceWords();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <nav className={classes.tabs} aria-label={t('more')}>
      {places
        .filter(({ word }) => ['home', 'playground', 'deposit', 'usage'].includes(word))
        .map((place) => (
          <UnstyledButton key={place.word} component={Link} to={place.to} onClick={go} className={classes.tab} aria-current={path === place.to ? 'page' : undefined}>
            <place.icon size={20} stroke={1.6} aria-hidden />
            {t(place.word)}
          </UnstyledButton>
        ))}
      <UnstyledButton className={classes.tab} onClick={toggle} aria-expanded={opened}>
        <IconMenu2 size={20} stroke={1.6} aria-hidden />
        {t('more')}
      </UnstyledButton>
    </nav>
  );
}

function Person() {
  const t = useWords();
  const viewer = useViewer();
  const [, signOut] = useMutation(SignOutDocument);
  // The next person starts with an empty cache, and this one's socket ends.
  const leave = () => signOut({}).then(() => window.location.assign('/'));
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('person', { name: viewer.displayName })}>
          <IconUserCircle size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className={classes.name}>{viewer.displayName}</Menu.Label>
        <Menu.Item component={Link} to="/account">
          {t('account')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => void leave()}>{t('signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** What concerns every page: the connection, and a frozen account. */
function Notices({ frozen }: { readonly frozen: boolean }) {
  const t = useWords();
  const connection = useConnection();
  const word = connection === 'offline' ? 'offline' : connection === 'broken' ? 'broken' : undefined;
  return (
    <div aria-live="polite">
      {word !== undefined && (
        <Text className={classes.notice} size="sm">
          <IconCloudOff size={16} aria-hidden /> {t(word)}
        </Text>
      )}
      {frozen && (
        <Text className={classes.notice} size="sm">
          {t('frozen')}
        </Text>
      )}
      {word === undefined && !frozen && <VisuallyHidden />}
    </div>
  );
}
