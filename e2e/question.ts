/** What every client asks, and how to read what the sandbox answers. */
import { z } from 'zod';

export const prompt = 'Tell me about banks.';

/** How many tokens every answer has that is not cut. */
export const length = 20;

/** How many tokens it thinks before the answer where it was asked to. */
export const thoughts = 12;

/** The sandbox answers in words that are a token each. */
export const words = (text: string): number => text.split(' ').length;

/** A tool. The sandbox calls the first that it is offered, until it gets a result. */
export const tool = {
  name: 'exchange_rate',
  description: 'What a currency is worth in dollars',
  arguments: z.object({ currency: z.string() }),
  parameters: {
    type: 'object' as const,
    properties: { currency: { type: 'string' } },
    required: ['currency'],
    additionalProperties: false,
  },
  result: 'It is worth 1.25 dollars.',
};

/** The form that an answer may have to take. The sandbox keeps to it. */
export const account = z.object({ owner: z.string(), currency: z.enum(['CHF', 'EUR']), open: z.boolean() });

/** An image of one pixel. */
export const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A model of each provider, by how the gateway reaches it. */
export const models = {
  openai: 'gpt-4o',
  deepseek: 'deepseek-v4-flash',
  anthropic: 'claude-sonnet-4-6',
  gemini: 'gemini-2.5-flash',
} as const;
