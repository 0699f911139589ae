import type { CreateApiTokenInput, SpendLimitPeriod, TokenScope } from '../../graphql/graphql.ts';
import { formatUnits, parseAmount } from '../../shared/money.ts';

/** What is in the form of a new token. */
export interface TokenForm {
  readonly name: string;
  readonly models: readonly string[];
  readonly scopes: readonly TokenScope[];
  readonly networks: readonly string[];
  readonly spendLimit: string;
  /** '' for one budget that does not begin again. */
  readonly spendLimitPeriod: SpendLimitPeriod | '';
  /** The last day, YYYY-MM-DD; '' for none. */
  readonly lastDay: string;
}

export const emptyForm: TokenForm = { name: '', models: [], scopes: [], networks: [], spendLimit: '', spendLimitPeriod: '', lastDay: '' };

export type FormField = keyof TokenForm;
/** What is wrong with a field; the words are the form's. */
export type FormFault = 'nameMissing' | 'limitInvalid' | 'periodAlone' | 'dayInvalid' | 'dayPast' | 'networkInvalid';
export type FormFaults = Readonly<Partial<Record<FormField, FormFault>>>;

const number = (text: string, most: number) => /^\d{1,3}$/u.test(text) && Number(text) <= most;

/** Whether a text is an address or a network; the server has the last word. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.trim().split('/');
  if (rest.length > 0) {
    return false;
  }
  if (address.includes(':')) {
    return /^[0-9a-f:.]{2,45}$/iu.test(address) && (prefix === undefined || number(prefix, 128));
  }
  const parts = address.split('.');
  return parts.length === 4 && parts.every((part) => number(part, 255)) && (prefix === undefined || number(prefix, 32));
}

/** The end of a day in the reader's zone; undefined for what is no day. */
function endOf(day: string): Date | undefined {
  const [, year = '', month = '', date = ''] = /^(\d{4})-(\d\d)-(\d\d)$/u.exec(day) ?? [];
  const end = new Date(Number(year), Number(month) - 1, Number(date), 23, 59, 59);
  return year !== '' && end.getMonth() === Number(month) - 1 && end.getDate() === Number(date) ? end : undefined;
}

/** What is wrong with a form before it is sent. */
export function faultsOf(form: TokenForm, now: Date = new Date()): FormFaults {
  const faults: Partial<Record<FormField, FormFault>> = {};
  if (form.name.trim() === '') {
    faults.name = 'nameMissing';
  }
  if (form.spendLimit.trim() !== '') {
    const limit = parseAmount(form.spendLimit);
    if (limit === undefined || limit < 0n) {
      faults.spendLimit = 'limitInvalid';
    }
  } else if (form.spendLimitPeriod !== '') {
    faults.spendLimit = 'periodAlone';
  }
  if (form.lastDay !== '') {
    const end = endOf(form.lastDay);
    if (end === undefined) {
      faults.lastDay = 'dayInvalid';
    } else if (end <= now) {
      faults.lastDay = 'dayPast';
    }
  }
  if (!form.networks.every(isNetwork)) {
    faults.networks = 'networkInvalid';
  }
  return faults;
}

/** The form as the API takes it, where nothing is wrong with it. */
export function inputOf(form: TokenForm): CreateApiTokenInput {
  const limit = form.spendLimit.trim() === '' ? undefined : parseAmount(form.spendLimit);
  const end = endOf(form.lastDay);
  return {
    name: form.name.trim(),
    models: form.models.length === 0 ? null : form.models,
    scopes: form.scopes.length === 0 ? null : form.scopes,
    networks: form.networks.length === 0 ? null : form.networks.map((network) => network.trim()),
    spendLimit: limit === undefined ? null : formatUnits(limit),
    spendLimitPeriod: form.spendLimitPeriod === '' ? null : form.spendLimitPeriod,
    expiresAt: end === undefined ? null : end.toISOString(),
  };
}

const fields: Readonly<Record<string, FormField>> = {
  name: 'name',
  models: 'models',
  scopes: 'scopes',
  networks: 'networks',
  spendLimit: 'spendLimit',
  spendLimitPeriod: 'spendLimitPeriod',
  expiresAt: 'lastDay',
};

/** The field of the form that the API's argument is, such as input.expiresAt. */
export function fieldOf(argument: string | undefined): FormField | undefined {
  return argument === undefined ? undefined : fields[argument.replace(/^input\./u, '').replace(/[.[].*$/u, '')];
}

export type TokenState = 'active' | 'expired' | 'revoked';

/** What has become of a token. */
export function stateOf(token: { readonly revokedAt?: string | null; readonly expiresAt?: string | null }, now: Date = new Date()): TokenState {
  if (token.revokedAt != null) {
    return 'revoked';
  }
  return token.expiresAt != null && new Date(token.expiresAt) <= now ? 'expired' : 'active';
}
