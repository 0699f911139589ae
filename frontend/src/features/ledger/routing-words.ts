import { defineWords } from '../../shared/words/words.ts';

const useReasonWords = defineWords(
  'routing-reason',
  {
    fallback_to_backup: 'fallback to backup',
    failover: 'failover',
    only_candidate: 'only candidate',
    session_affinity: 'has the conversation',
    expiring_soon: 'expiring soon',
    lowest_cost: 'lowest cost',
    fastest: 'fastest',
    highest_success_rate: 'highest success rate',
    best_overall: 'best overall',
  },
  {
    fallback_to_backup: '启用备用密钥',
    failover: '故障切换',
    only_candidate: '唯一候选',
    session_affinity: '已有会话缓存',
    expiring_soon: '即将到期',
    lowest_cost: '成本最低',
    fastest: '速度最快',
    highest_success_rate: '成功率最高',
    best_overall: '综合最优',
  },
);

const reasons = ['fallback_to_backup', 'failover', 'only_candidate', 'session_affinity', 'expiring_soon', 'lowest_cost', 'fastest', 'highest_success_rate', 'best_overall'] as const;

/** Says why a key was chosen; a reason that is not known yet as the server writes it. */
export function useSayReason(): (reason: string) => string {
  const t = useReasonWords();
  return (reason) => {
    const known = reasons.find((one) => one === reason);
    return known === undefined ? reason.replaceAll('_', ' ') : t(known);
  };
}

export const useDecisionWords = defineWords(
  'routing-decision',
  {
    why: 'Why this key',
    cost: 'cost',
    performance: 'performance',
    reliability: 'reliability',
    score: 'Score',
    chosen: 'chosen',
    backup: 'Backup: only when no other key can serve',
    backupServes: 'Backup: it serves because no other key could',
    platform: 'Platform',
    of: '{{part}} of at most {{most}}',
    parts: 'Each bar is what a part adds to the score, of what it could add at most. Penalties multiply the sum.',
    otherWeights: 'The weights have changed since: the bars show each part of 1.',
    none: 'No key could serve.',
    notKept: 'How a key was chosen is kept for 30 days.',
    keptTold: 'The ten best keys of the moment are kept; how many were left out is not shown here.',
    out: 'Left out',
    outTold_one: '{{count}} key was not scored',
    outTold_other: '{{count}} keys were not scored',
    platform_owned: 'platform owned',
    low_quota: 'low quota',
    used_recently: 'used recently',
    in_flight: 'requests in flight',
    near_limit: 'near its limit',
    cold_cache: 'cold cache',
    wrong_model: 'does not serve this model',
    unpriced: 'its provider has no price for this model',
    not_active: 'not active',
    too_little_quota: 'too little quota left',
    cooling_down: 'cooling down after a rate limit',
    breaker_open: 'its provider is failing',
    concurrency_limit: 'at its limit of requests at a time',
    rate_limit: 'at its limit per minute',
    tried_already: 'tried already',
    unsupported: 'its provider can’t do this kind of request',
    backing_off: 'resting after failures',
  },
  {
    why: '为什么是这把密钥',
    cost: '成本',
    performance: '性能',
    reliability: '可靠性',
    score: '得分',
    chosen: '已选中',
    backup: '备用：仅在没有其他密钥可用时启用',
    backupServes: '备用：没有其他密钥可用，因此由它服务',
    platform: '平台',
    of: '{{part}}，最高 {{most}}',
    parts: '每条表示该项对得分的贡献，以其最高贡献为满格。惩罚系数与总和相乘。',
    otherWeights: '权重此后已调整：各条显示该项本身的得分（满分 1）。',
    none: '没有密钥可以服务。',
    notKept: '密钥的选择过程保留 30 天。',
    keptTold: '只保留当时最优的十把密钥，未参与评分的密钥不在此显示。',
    out: '未参与',
    outTold_one: '{{count}} 把密钥未参与评分',
    outTold_other: '{{count}} 把密钥未参与评分',
    platform_owned: '平台自有',
    low_quota: '额度偏低',
    used_recently: '刚刚用过',
    in_flight: '有进行中的请求',
    near_limit: '接近限额',
    cold_cache: '无会话缓存',
    wrong_model: '不支持该模型',
    unpriced: '供应商没有该模型的价格',
    not_active: '未启用',
    too_little_quota: '剩余额度不足',
    cooling_down: '触发限速，冷却中',
    breaker_open: '供应商故障',
    concurrency_limit: '已达并发上限',
    rate_limit: '已达每分钟上限',
    tried_already: '本次请求已尝试过',
    unsupported: '供应商不支持此类请求',
    backing_off: '多次失败，暂停使用',
  },
);

type DecisionWord = Parameters<ReturnType<typeof useDecisionWords>>[0];
const known = new Set<string>([
  'platform_owned', 'low_quota', 'used_recently', 'in_flight', 'near_limit', 'cold_cache', 'wrong_model', 'unpriced', 'not_active', 'too_little_quota',
  'cooling_down', 'breaker_open', 'concurrency_limit', 'rate_limit', 'tried_already', 'unsupported', 'backing_off',
]);
const isKnown = (name: string): name is DecisionWord => known.has(name);

/** Says a penalty, or why a key was left out. */
export function useSayPart(): (name: string) => string {
  const t = useDecisionWords();
  return (name) => (isKnown(name) ? t(name) : name.replaceAll('_', ' '));
}
