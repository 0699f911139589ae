import type { CombinedError } from 'urql';
import { defineWords } from './words/words.ts';

/** What went wrong, as the API tells it. */
export interface Problem {
  /** One of the contract's codes; OFFLINE where there was no answer. */
  readonly code: string;
  /** The server's own words, in English. */
  readonly message: string;
  /** The argument at fault, such as input.quota. */
  readonly field?: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** The first error of an answer. */
export function problemOf(error: CombinedError): Problem {
  const first = error.graphQLErrors[0];
  if (first === undefined) {
    return { code: 'OFFLINE', message: error.networkError?.message ?? error.message, extensions: {} };
  }
  const { code, field } = first.extensions;
  return {
    code: typeof code === 'string' ? code : 'INTERNAL',
    message: first.message,
    extensions: first.extensions,
    ...(typeof field === 'string' ? { field } : {}),
  };
}

const useProblemWords = defineWords(
  'problem',
  {
    UNAUTHENTICATED: 'You are not signed in, or your session has ended.',
    FORBIDDEN: 'You are not allowed to do this.',
    NOT_FOUND: 'This does not exist, or is not yours to see.',
    BAD_USER_INPUT: 'Something you entered is not valid.',
    CONFLICT: 'This can’t be done in the present state.',
    RATE_LIMITED: 'Too many attempts. Wait a moment, then try again.',
    TOO_COMPLEX: 'This asks for too much at once.',
    INSUFFICIENT_CREDITS: 'You have too few Credits for this. Nothing was charged.',
    MODEL_NOT_FOUND: 'This model is not on the price list.',
    NO_RESOURCE_AVAILABLE: 'No key can serve this now. Nothing was charged; try again later.',
    OVERLOADED: 'The server is busy. Nothing was done; try again.',
    UPSTREAM_REJECTED: 'The provider refused the request. Nothing was charged.',
    UPSTREAM_FAILED: 'Every attempt failed. Nothing was charged.',
    KEY_REJECTED: 'The provider does not accept this key.',
    KEY_ALREADY_DEPOSITED: 'This key is in the pool already.',
    DECLARED_QUOTA_TOO_HIGH: 'The provider reports a lower balance than you declared.',
    PROVIDER_UNREACHABLE: 'The provider did not answer. Nothing was kept; try again.',
    IDEMPOTENCY_CONFLICT: 'This was sent before with other contents.',
    SECOND_FACTOR_REQUIRED: 'Enter the code of your authenticator app too.',
    REAUTHENTICATION_REQUIRED: 'Confirm that it is you, then try again.',
    EMAIL_NOT_VERIFIED: 'Confirm your e-mail first: open the link that was sent to you.',
    INTERNAL: 'Something went wrong on our side. Your money is as it was.',
    OFFLINE: 'No connection to the server. Nothing was done.',
  },
  {
    UNAUTHENTICATED: '你尚未登录，或登录已失效。',
    FORBIDDEN: '你没有权限执行此操作。',
    NOT_FOUND: '内容不存在，或你无权查看。',
    BAD_USER_INPUT: '输入有误。',
    CONFLICT: '当前状态下无法执行此操作。',
    RATE_LIMITED: '尝试过于频繁，请稍后再试。',
    TOO_COMPLEX: '一次请求的内容过多。',
    INSUFFICIENT_CREDITS: '积分不足，未产生任何扣费。',
    MODEL_NOT_FOUND: '价目表中没有这个模型。',
    NO_RESOURCE_AVAILABLE: '暂时没有可用的密钥。未扣费，请稍后再试。',
    OVERLOADED: '服务器繁忙，未执行任何操作，请重试。',
    UPSTREAM_REJECTED: '供应商拒绝了该请求，未扣费。',
    UPSTREAM_FAILED: '所有尝试均失败，未扣费。',
    KEY_REJECTED: '供应商不接受这把密钥。',
    KEY_ALREADY_DEPOSITED: '这把密钥已在资源池中。',
    DECLARED_QUOTA_TOO_HIGH: '供应商报告的余额低于你申报的额度。',
    PROVIDER_UNREACHABLE: '供应商没有响应。未保存任何内容，请重试。',
    IDEMPOTENCY_CONFLICT: '该请求此前以不同内容提交过。',
    SECOND_FACTOR_REQUIRED: '请同时输入验证器应用中的验证码。',
    REAUTHENTICATION_REQUIRED: '请先确认是你本人，然后重试。',
    EMAIL_NOT_VERIFIED: '请先确认邮箱：打开发送给你的链接。',
    INTERNAL: '我们这边出了问题，你的资金没有变化。',
    OFFLINE: '无法连接服务器，未执行任何操作。',
  },
);

type Code = Parameters<ReturnType<typeof useProblemWords>>[0];
const codes = new Set<string>([
  'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT', 'CONFLICT', 'RATE_LIMITED', 'TOO_COMPLEX', 'INSUFFICIENT_CREDITS', 'MODEL_NOT_FOUND',
  'NO_RESOURCE_AVAILABLE', 'OVERLOADED', 'UPSTREAM_REJECTED', 'UPSTREAM_FAILED', 'KEY_REJECTED', 'KEY_ALREADY_DEPOSITED', 'DECLARED_QUOTA_TOO_HIGH',
  'PROVIDER_UNREACHABLE', 'IDEMPOTENCY_CONFLICT', 'SECOND_FACTOR_REQUIRED', 'REAUTHENTICATION_REQUIRED', 'EMAIL_NOT_VERIFIED', 'INTERNAL', 'OFFLINE',
]);

const isCode = (code: string): code is Code => codes.has(code);

/** Says a problem in the reader's language; what the server says of an input is added, since it is about what was typed. */
export function useSayProblem(): (problem: Problem) => string {
  const say = useProblemWords();
  return (problem) => {
    const told = say(isCode(problem.code) ? problem.code : 'INTERNAL');
    return ['BAD_USER_INPUT', 'CONFLICT', 'FORBIDDEN'].includes(problem.code) ? `${told} (${problem.message})` : told;
  };
}
