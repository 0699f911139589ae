import type { CandidatesFragment, RoutingSettingsQuery } from '../../graphql/graphql.ts';

export type Candidate = CandidatesFragment['candidates'][number];
export type Weights = Pick<RoutingSettingsQuery['settings'], 'costWeight' | 'performanceWeight' | 'reliabilityWeight'>;

export const parts = ['cost', 'performance', 'reliability'] as const;

/** A part of a score: how much of it there is, 0..1, what that adds, and what it could add at most. */
export interface Part {
  readonly name: (typeof parts)[number];
  readonly share: number;
  readonly adds: number;
  readonly most: number;
}

/** The score that these weights make of a candidate. */
export function scoreOf(candidate: Candidate, weights: Weights): number {
  const sum = candidate.cost * weights.costWeight + candidate.performance * weights.performanceWeight + candidate.reliability * weights.reliabilityWeight;
  return candidate.penalties.reduce((score, { factor }) => score * factor, sum);
}

const near = 0.002;

/** Whether a decision was made with these weights. */
export function madeWith(candidates: readonly Candidate[], weights: Weights): boolean {
  return candidates.every((candidate) => candidate.excluded !== null || Math.abs(scoreOf(candidate, weights) - candidate.score) < near);
}

/** The parts of a candidate's score; without weights each counts as it is. */
export function partsOf(candidate: Candidate, weights: Weights | undefined): readonly Part[] {
  const of = weights === undefined ? { cost: 1, performance: 1, reliability: 1 } : { cost: weights.costWeight, performance: weights.performanceWeight, reliability: weights.reliabilityWeight };
  return parts.map((name) => {
    const share = Math.min(1, Math.max(0, candidate[name]));
    return { name, share, adds: share * of[name], most: of[name] };
  });
}
