import type { DepositProgressSubscription } from '../../graphql/graphql.ts';

export type Step = DepositProgressSubscription['depositProgress'];

/** How one of the four steps is. */
export interface StepState {
  readonly name: Step['step'];
  readonly state: 'waiting' | 'running' | 'passed' | 'failed';
  readonly detail?: string;
  readonly elapsedMs?: number;
}

const order = ['KEY', 'MODELS', 'BALANCE', 'BOOKED'] as const;

/** Lays what was told of the steps over the four that there are: the first that nothing is known of is running. */
export function stepsOf(told: readonly Step[], over: boolean): readonly StepState[] {
  const failed = told.some((step) => !step.ok);
  const next = order.find((name) => !told.some((step) => step.step === name));
  return order.map((name) => {
    const step = told.find((one) => one.step === name);
    if (step === undefined) {
      return { name, state: name === next && !failed && !over ? 'running' : 'waiting' };
    }
    return { name, state: step.ok ? 'passed' : 'failed', detail: step.detail, elapsedMs: step.elapsedMs };
  });
}

const told = [
  [/^the provider accepts the key$/u, 'accepted'],
  [/^the provider did not refuse the key$/u, 'notRefused'],
  [/^the key may call (?<count>\d+) models$/u, 'models'],
  [/^the provider did not list its models/u, 'modelsAssumed'],
  [/^the provider reports a balance of (?<amount>[\d.]+) USD$/u, 'balance'],
  [/^the provider reports credit, but not in USD$/u, 'otherMoney'],
  [/^the key answered a call of one token/u, 'declared'],
  [/^the provider limits the rate of the key/u, 'limited'],
  [/^no model could be asked for one token/u, 'unasked'],
  [/^the deposit is booked$/u, 'booked'],
  [/^the provider does not accept the key$/u, 'notAccepted'],
  [/^nothing is left on the key$/u, 'empty'],
  [/^the provider reports (?<amount>[\d.]+) USD, less than the quota$/u, 'tooHigh'],
  [/^(?:no connection to the provider|the provider took too long|the provider failed|the provider's answer can't be read|the provider answered with a redirect|the provider gave no usable answer)/u, 'noAnswer'],
] as const;

/** What the server says of a step, as a word and what it is given; undefined where it is news. */
export function wordOf(detail: string): { readonly word: (typeof told)[number][1]; readonly values: Readonly<Record<string, string>> } | undefined {
  for (const [pattern, word] of told) {
    const match = pattern.exec(detail);
    if (match !== null) {
      return { word, values: { ...match.groups } };
    }
  }
  return undefined;
}
