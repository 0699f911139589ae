import {
  IconCash,
  IconChartBar,
  IconCoins,
  IconGauge,
  IconHistory,
  IconHome,
  IconKey,
  IconListSearch,
  IconMessageCircle,
  IconReportAnalytics,
  IconRoute,
  IconSettings,
  IconShieldCheck,
  IconTerminal2,
  IconTrophy,
  IconUsers,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';
import { defineWords } from '../shared/words/words.ts';

export const usePlaceWords = defineWords(
  'places',
  {
    home: 'Home',
    playground: 'Playground',
    usage: 'Usage',
    deposit: 'Deposit',
    keys: 'My keys',
    tokens: 'Tokens',
    account: 'Account',
    overview: 'Overview',
    ledger: 'Live ledger',
    ranking: 'Ranking',
    resources: 'Resources',
    people: 'People',
    prices: 'Prices',
    routing: 'Routing',
    settings: 'Settings',
    audit: 'Audit log',
    books: 'Books',
    admin: 'Admin',
    more: 'More',
    graphiql: 'GraphiQL',
  },
  {
    home: '首页',
    playground: '试用',
    usage: '用量',
    deposit: '存入',
    keys: '我的密钥',
    tokens: '令牌',
    account: '账户',
    overview: '总览',
    ledger: '实时账本',
    ranking: '排行',
    resources: '资源',
    people: '用户',
    prices: '价格',
    routing: '路由',
    settings: '设置',
    audit: '审计日志',
    books: '核账',
    admin: '管理',
    more: '更多',
    graphiql: 'GraphiQL',
  },
);

/** A place of the app that the rail and the palette lead to. */
export interface Place {
  readonly word: Parameters<ReturnType<typeof usePlaceWords>>[0];
  readonly to: NonNullable<LinkProps['to']>;
  readonly icon: typeof IconHome;
}

export const places: readonly Place[] = [
  { word: 'home', to: '/home', icon: IconHome },
  { word: 'playground', to: '/playground', icon: IconMessageCircle },
  { word: 'usage', to: '/usage', icon: IconChartBar },
  { word: 'deposit', to: '/deposit', icon: IconCoins },
  { word: 'keys', to: '/keys', icon: IconKey },
  { word: 'tokens', to: '/tokens', icon: IconTerminal2 },
];

export const adminPlaces: readonly Place[] = [
  { word: 'overview', to: '/admin', icon: IconGauge },
  { word: 'ledger', to: '/admin/ledger', icon: IconReportAnalytics },
  { word: 'ranking', to: '/admin/ranking', icon: IconTrophy },
  { word: 'resources', to: '/admin/resources', icon: IconListSearch },
  { word: 'people', to: '/admin/people', icon: IconUsers },
  { word: 'prices', to: '/admin/prices', icon: IconCash },
  { word: 'routing', to: '/admin/routing', icon: IconRoute },
  { word: 'settings', to: '/admin/settings', icon: IconSettings },
  { word: 'audit', to: '/admin/audit', icon: IconHistory },
  { word: 'books', to: '/admin/books', icon: IconShieldCheck },
];

