/** The languages that the page is written in. */
export type Language = 'en' | 'zh';

/** The text of the page. A language that lacks a word does not compile. */
export interface Words {
  readonly title: string;
  readonly what: string;
  readonly contribute: string;
  readonly use: string;
  readonly book: string;
  readonly here: string;
  readonly graphql: string;
  readonly graphiql: string;
  readonly health: string;
}

export const words: Readonly<Record<Language, Words>> = {
  en: {
    title: 'A bank for LLM API keys',
    what: 'This is a running Resource Pool.',
    contribute: 'Deposit a key with quota left on it, and receive Credits at once.',
    use: 'Spend Credits on any model in the pool. Every request is routed to the best key; you never need to know whose.',
    book: 'Every movement is booked twice in a ledger that can be checked by anyone who may read it.',
    here: 'What runs here',
    graphql: 'the API, for queries, mutations and live subscriptions',
    graphiql: 'try the API in the browser',
    health: 'whether the server is up',
  },
  zh: {
    title: '存放大模型 API 密钥的银行',
    what: '资源池（Resource Pool）正在此处运行。',
    contribute: '存入一把还有额度的密钥，立即获得积分。',
    use: '用积分调用资源池中的任何模型。每个请求都会交给最合适的密钥，您无需知道它属于谁。',
    book: '每一笔变动都以复式记入账本，有权查看的人都可以核对。',
    here: '这里有什么',
    graphql: '接口：查询、变更与实时订阅',
    graphiql: '在浏览器中试用接口',
    health: '服务器是否在运行',
  },
};

/** Picks the first language that the reader prefers and we have. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'en' || primary === 'zh') {
      return primary;
    }
  }
  return 'en';
}
